"""Statistics of repeated runs: a median with its interval, and the exponent of a power law."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim import checks
from sim.messages import shown


class MedianInterval(NamedTuple):
    """A sample's median and an interval for the median of its law.

    Attributes
    ----------
    median : float
    low, high : float
        Two of the sample's values.
    coverage : float
        Probability with which such an interval holds the true median, whatever the law (at least
        this, if the law has atoms).
    """

    median: float
    low: float
    high: float
    coverage: float


class Slope(NamedTuple):
    """The exponent of a power law.

    Attributes
    ----------
    slope : float
    error : float
        Its standard error, from the scatter about the line.
    """

    slope: float
    error: float


def median_interval(sample: ArrayLike, level: float = 0.95) -> MedianInterval:
    """The median and its distribution-free interval between two order statistics.

    The interval from the l-th smallest to the l-th largest of n values misses the median with
    probability 2 P(Binomial(n, 1/2) < l). The narrowest one that reaches `level` is taken, or the
    whole range where none does (n <= 5 at 95 %): `coverage` says what it really has. Values of
    infinity, for what was not reached within a run, keep their place in the order.

    Parameters
    ----------
    sample : array_like, shape (n,)
        Without NaN, n >= 1.
    level : float
        Wanted coverage, inside (0, 1).
    """
    if checks.real("level", level) >= 1.0:
        raise ValueError(f"level must lie inside (0, 1), got {level}")
    values = np.sort(checks.real_array("sample", sample).astype(np.float64), axis=None)
    if np.ndim(sample) != 1 or values.size < 1 or np.isnan(values).any():
        raise ValueError(
            f"sample must be numbers of shape (n,), n >= 1, without NaN, got {shown(sample)}"
        )
    n = values.size
    from scipy import special  # as in sim.quadrature: not while sim is imported

    missed = 2.0 * special.bdtr(
        np.arange((n + 1) // 2), n, 0.5
    )  # by the interval that leaves l out
    left_out = max(0, int((missed <= 1.0 - level).sum()) - 1)
    # halved first: the sum of two large values may overflow
    median = values[(n - 1) // 2] / 2 + values[n // 2] / 2
    low, high = values[left_out], values[n - 1 - left_out]
    coverage = max(0.0, 1.0 - float(missed[left_out]))
    return MedianInterval(float(median), float(low), float(high), coverage)


def loglog_slope(x: ArrayLike, y: ArrayLike) -> Slope:
    """Slope of log y against log x by least squares: n in y ~ x**n.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Positive and finite, n >= 3, with at least two different x.
    """
    x, y = checks.array("x", x, (None,)), checks.array("y", y, (None,))
    if x.shape != y.shape or x.size < 3:
        raise ValueError(f"x and y must have one length >= 3, got {x.size} and {y.size}")
    for name, values in (("x", x), ("y", y)):
        if (values <= 0).any():
            raise ValueError(f"{name} must be positive, got {values.min():g}")
    if np.ptp(x) == 0.0:
        raise ValueError(f"x must hold at least two different values, got only {x[0]:g}")
    # scipy.stats.linregress takes the error from 1 - r**2, which is rounding where the fit is good
    coefficients, covariance = np.polyfit(np.log(x), np.log(y), 1, cov=True)
    return Slope(float(coefficients[0]), float(np.sqrt(covariance[0, 0])))
