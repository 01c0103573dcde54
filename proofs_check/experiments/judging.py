"""Intervals of what runs show, and how far they are from what is stated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

Interval = tuple[float, float]


def share(good: Iterable[bool], level: float = 0.95) -> Interval:
    """The Clopper-Pearson interval of the probability with which a run is good."""
    from scipy.stats import binomtest

    judged = list(good)
    found = binomtest(sum(judged), len(judged)).proportion_ci(level)
    return float(found.low), float(found.high)


def mean(sample: ArrayLike, level: float = 0.99) -> Interval:
    """Student's interval of the mean of a sample."""
    from scipy.stats import t

    values = np.asarray(sample, float)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"sample must be at least two numbers, got {sample!r}")
    error = values.std(ddof=1) / np.sqrt(values.size)
    reach = float(t.ppf((1 + level) / 2, values.size - 1) * error)
    return float(values.mean()) - reach, float(values.mean()) + reach


def gap(one: ArrayLike, other: ArrayLike) -> float:
    """How far two intervals are apart: 0 where they overlap, NaN where one holds a NaN."""
    (low, high), (other_low, other_high) = np.asarray(one, float), np.asarray(other, float)
    return float(np.max([low - other_high, other_low - high, 0.0]))
