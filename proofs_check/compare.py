"""Numbers side by side: how far two arrays are apart, and how fast an error falls."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def relative_error(found: ArrayLike, expected: ArrayLike) -> float:
    """Largest absolute difference over the largest expected magnitude (absolute if that is 0)."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    if found.shape != expected.shape:
        raise ValueError(f"shapes differ: {found.shape} and {expected.shape}")
    scale = float(np.abs(expected).max())
    return float(np.abs(found - expected).max()) / (scale or 1.0)


def slope(x: ArrayLike, y: ArrayLike) -> float:
    """Least-squares slope of log y over log x: the order of a power law."""
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])
