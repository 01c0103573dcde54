r"""Quantities that gradient flow conserves, their drift in steps, and their weight decay.

Logits of eq. (8) depend on v and W through products v_j W_ml alone, so that for every loss made of
them ``<v, dL/dv> = <W, dL/dW>``. Under ``dw/dt = -rate (dL/dw + decay w)`` therefore

    d/dt (|W|^2 / rate_W - |v|^2 / rate_v) = -2 (decay_W |W|^2 - decay_v |v|^2):

conserved without decay, and multiplied by exp(-2 m t) where both rate * decay are m. A softmax
first layer is not homogeneous in v; it is unchanged when all v_j are shifted alike, so that the
entries of dL/dv add up to 0 and sum_j v_j is conserved, by every single gradient step too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from theory import checks

Pair = tuple[float, float]


def balance(v: ArrayLike, W: ArrayLike, rates: Pair = (1.0, 1.0)) -> float:
    """``|W|_F^2 / rate_W - |v|^2 / rate_v``, conserved by flow of a linear first layer.

    Parameters
    ----------
    v : array (T,)
    W : array (k, k)
    rates : tuple of two floats
        Learning rates of v and of W, above 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a rate is not positive: the norm of a frozen layer is itself conserved.
    """
    rate_v, rate_W = _rates(rates)
    return float(np.sum(np.square(W)) / rate_W - np.sum(np.square(v)) / rate_v)


def balance_velocity(v: ArrayLike, W: ArrayLike, decay: Pair) -> float:
    """d/dt of `balance` in flow with weight decay, whatever the rates and the loss.

    Parameters
    ----------
    v : array (T,)
    W : array (k, k)
    decay : tuple of two floats
        Weight decay of v and of W.

    Returns
    -------
    float
    """
    return float(-2 * (decay[1] * np.sum(np.square(W)) - decay[0] * np.sum(np.square(v))))


def decayed_balance(start: float, time: ArrayLike, rates: Pair, decay: Pair) -> np.ndarray:
    """`balance` at flow times, from its value at 0.

    Parameters
    ----------
    start : float
        `balance` at time 0.
    time : float or array
        Flow times, of any shape.
    rates, decay : tuples of two floats
        Of v and of W.

    Returns
    -------
    array
        Of the shape of `time`.

    Raises
    ------
    ValueError
        If rate * decay differs between the layers: then there is no closed form.
    """
    rate_v, rate_W = _rates(rates)
    if not math.isclose(rate_v * decay[0], rate_W * decay[1], rel_tol=1e-12):
        raise ValueError(
            "rates and decay must have equal products for both layers, got "
            f"{rate_v * decay[0]:g} for v and {rate_W * decay[1]:g} for W"
        )
    return start * np.exp(-2 * rate_v * decay[0] * checks.real_array("time", time))


def step_drift(
    v: ArrayLike,
    W: ArrayLike,
    gradient_v: ArrayLike,
    gradient_W: ArrayLike,
    rates: Pair = (1.0, 1.0),
    decay: Pair = (0.0, 0.0),
) -> float:
    """Exact change of `balance` in one step ``w <- w - rate (gradient + decay w)``.

    Without decay ``rate_W |gradient_W|^2 - rate_v |gradient_v|^2``: of second order in the rates
    once measured in ``|W|^2`` and ``|v|^2``.

    Parameters
    ----------
    v, gradient_v : arrays (T,)
    W, gradient_W : arrays (k, k)
    rates, decay : tuples of two floats
        Of v and of W.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a rate is not positive.
    """
    rate_v, rate_W = _rates(rates)
    return _layer(W, gradient_W, rate_W, decay[1]) - _layer(v, gradient_v, rate_v, decay[0])


def _layer(weights: ArrayLike, gradient: ArrayLike, rate: float, decay: float) -> float:
    """Change of |w|^2 / rate, less -2 <w, gradient>, which is the same for both layers."""
    w, g = checks.real_array("weights", weights), checks.real_array("gradient", gradient)
    shrink = rate * decay
    own = (shrink - 2) * decay * np.sum(w**2)
    return float(own + 2 * shrink * np.sum(w * g) + rate * np.sum(g**2))


def position_sum(v: ArrayLike) -> float:
    """sum_j v_j, conserved by flow and by every gradient step of a softmax first layer."""
    return float(np.sum(v))


def _rates(rates: Pair) -> Pair:
    if len(rates) != 2 or not all(0 < rate < math.inf for rate in rates):
        raise ValueError(
            f"rates must be two finite numbers > 0, for v and W, got {checks.shown(rates)}"
        )
    return float(rates[0]), float(rates[1])
