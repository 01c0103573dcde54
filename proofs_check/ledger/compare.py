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
