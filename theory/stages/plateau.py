r"""Duration of the unigram stage: squared loss, infinite context, normalised scores, k = 2.

The loss is the quartic of `context_limit` in x_0 = alpha sum_j v_j and x_j = beta v_j, with
J lags. From v = epsilon 1, W = 0 the first stage ends on the unigram predictor, which for spread v
is any point with d sum_j v_j = 1, where W has d = alpha + beta on its diagonal and o = alpha off
it. Of the two only d is pushed on the way there (at order 1/J), and flow keeps |W|^2 = |v|^2:

    o = 0,   d = beta = (2J)^(-1/4),   v_j = d (2/J)^(1/2).

On that surface the gradient is -2 p in beta and -2 beta h_j in v_j, with p = sum_j v_j h_j and
h_j = E[lambda^j (1 - |pi|^2)]. With S = 1/d and the multiplier mu that holds d sum_j v_j = 1,

    o' = -p,   d' = p - mu S / 2,   p' = 2 (d - o) |h|^2 - mu d sum_j h_j,
    mu = (p S + 2 (d - o) d sum_j h_j) / (S^2 / 2 + d^2 J),

up to terms of second order in beta v. Nothing here knows epsilon. For many lags mu vanishes as soon
as d has grown, beta grows at the rate 2|h|, and the stage lasts log(J) / (8 |h|) and a constant.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from theory import checks
from theory.chains.prior_moments import moments

Array = NDArray[np.float64]

_MOST_LAGS = 10**5  # summed one by one; what is left of the sums is below 1e-5


def residual_forces(lags: int) -> Array:
    """h_j = E[lambda^j (1 - |pi|^2)] for j = 1..lags, flat prior: what unigrams leave at a lag."""
    j = np.arange(1, checks.integer("lags", lags, 1) + 1)
    # 1 - |pi|^2 = 1/2 - 2 y^2
    return np.asarray(moments(0, j) / 2 - 2 * moments(1, j))


@cache
def _sums(lags: float) -> tuple[float, float]:
    """|h| and sum_j h_j."""
    h = residual_forces(int(min(lags, _MOST_LAGS)))
    return float(np.linalg.norm(h)), float(h.sum())


def plateau_start(lags: float) -> float:
    """beta = d at the end of the first stage, ``(2J)^(-1/4)``, from a small start.

    Parameters
    ----------
    lags : float
        J, above 0.

    Returns
    -------
    float
    """
    return float((2.0 * checks.positive("lags", lags)) ** -0.25)


def plateau_slope() -> float:
    """Growth of the unigram stage with the logarithm of the lags, ``1 / (8 |h|)``, for many lags.

    Returns
    -------
    float
        Flow time per unit of log J.
    """
    return 1.0 / (8.0 * _sums(float(_MOST_LAGS))[0])


def plateau_growth(lags: float, times: ArrayLike) -> Array:
    """beta after the end of the first stage, while predictions are close to the unigram strategy.

    Parameters
    ----------
    lags : float
        J, at least 2.
    times : array (n,)
        Increasing, from 0 or later.

    Returns
    -------
    array (n,)
    """
    wanted = checks.real_array("times", times)
    if wanted.ndim != 1 or not len(wanted) or wanted[0] < 0 or np.any(np.diff(wanted) <= 0):
        raise ValueError(f"times must increase from >= 0, got {checks.shown(times)}")
    found = solve_ivp(_slow(lags), (0.0, float(wanted[-1])), _start(lags), "DOP853", wanted,
                      rtol=1e-10, atol=1e-14)  # fmt: skip
    return np.asarray(found.y[1] - found.y[0])


def plateau_time(lags: float, beta: float) -> float:
    """Flow time after the end of the first stage at which beta has grown to a value.

    Parameters
    ----------
    lags : float
        J, at least 2.
    beta : float
        Above `plateau_start`, and well below 1: the law holds while predictions are still close
        to the unigram strategy.

    Returns
    -------
    float
    """
    begins = plateau_start(lags)
    if not checks.positive("beta", beta) > begins:
        raise ValueError(
            f"beta must be above its start (2J)^(-1/4) = {begins:.4g}, got {checks.shown(beta)}"
        )

    def reached(_: float, y: Array) -> float:
        return float(y[1] - y[0] - beta)

    reached.terminal = True  # type: ignore[attr-defined]
    rate = _sums(lags)[0]
    latest = 20.0 * (1.0 + math.log(beta / begins)) / rate
    found = solve_ivp(_slow(lags), (0.0, latest), _start(lags), "DOP853", rtol=1e-10, atol=1e-14,
                      events=reached)  # fmt: skip
    return float(found.t_events[0][0])


def _start(lags: float) -> list[float]:
    d = plateau_start(lags)
    return [0.0, d, math.sqrt(2.0 / lags) * d * _sums(lags)[1]]


def _slow(lags: float):  # type: ignore[no-untyped-def]
    if not checks.positive("lags", lags) >= 2:
        raise ValueError(f"lags must be >= 2, got {checks.shown(lags)}")
    size, total = _sums(lags)

    def velocity(_: float, y: Array) -> list[float]:
        o, d, p = y
        beta, spread = d - o, 1.0 / d
        mu = (p * spread + 2.0 * beta * d * total) / (spread**2 / 2.0 + d * d * lags)
        return [-p, p - mu * spread / 2.0, 2.0 * beta * size**2 - mu * d * total]

    return velocity
