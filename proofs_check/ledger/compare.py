"""How far two arrays of numbers are apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike


def relative_error(found: ArrayLike, expected: ArrayLike) -> float:
    """Largest absolute difference over the largest expected magnitude (absolute if that is 0)."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    if found.shape != expected.shape:
        raise ValueError(f"shapes differ: {found.shape} and {expected.shape}")
    scale = float(np.abs(expected).max())
    return float(np.abs(found - expected).max()) / (scale or 1.0)


def worst(residuals: Iterable[SupportsFloat]) -> float:
    """Largest of several residuals; NaN if one of them is (the built-in max would lose it)."""
    return float(np.max([float(residual) for residual in residuals]))


def limit(T: ArrayLike, found: ArrayLike, logs: int = 0) -> float:
    """Limit for large T of a sequence with corrections log(T)^i / T, i = 0..logs, by least squares.

    Parameters
    ----------
    T, found : array_like (n,)
        At least logs + 2 of them.
    logs : int
        Highest power of log T in the corrections.
    """
    lengths, values = np.asarray(T, dtype=float), np.asarray(found, dtype=float)
    if len(lengths) < logs + 2:
        raise ValueError(f"T must have at least {logs + 2} values, got {len(lengths)}")
    terms = [np.log(lengths) ** i / lengths for i in range(logs + 1)]
    columns = np.stack([np.ones_like(lengths), *terms], axis=1)
    return float(np.linalg.lstsq(columns, values, rcond=None)[0][0])
