r"""The time at which v_2 (previous token) overtakes v_1 (current token) in the linear flow.

In gradient flow, where `theory.first_steps.step_2` asks the same of two discrete steps.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from theory import checks
from theory.chains.weighted import Prior
from theory.first_steps.step_2 import critical_rate_constant
from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import modes

Array = NDArray[np.float64]


def overtaking_time(
    T: int, *, v: float = 1.0, W: float = 1.0, prior: Prior = "flat"
) -> float | None:
    """Flow time at which v_2 first overtakes v_1 in the linear flow.

    At first v_1 pulls ahead, linearly in t; v_2 gains with t^2 through the growth of W. For long
    contexts, two states and the flat prior the time is ``(W / v) C / T^3`` with C the constant of
    the critical learning rate, `critical_rate_constant`.

    Parameters
    ----------
    T : int
        Context length, at least 2.
    v, W : float
        The common initial value of all v_j, and of all entries of W; not negative and not both 0.
        Only their ratio matters.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic" (two states), or a weighted set of chains, as in
        `theory.population_kernel`.

    Returns
    -------
    float or None
        None if v_2 never overtakes v_1; 0.0 if it does so from the start.

    Raises
    ------
    ValueError
        If the kernel vanishes.
    """
    T = checks.integer("T", T, 2)
    for name, value in (("v", v), ("W", W)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be finite and >= 0, got {checks.shown(value)}")
    if v == W == 0:
        raise ValueError("v and W must not both be 0")
    K = population_kernel(T, prior=prior)
    found = modes(T, kernel=K)
    if not len(found.singular_values):
        raise ValueError("prior must have a kernel K that does not vanish: nothing grows")
    # u = K:w / sigma; the difference of two entries of the SVD's u would be rounded at large T
    lead = np.einsum("rml,ml->r", found.W_modes, K[1] - K[0]) / found.singular_values
    along_v, along_W = v * found.v_modes.sum(axis=1), W * found.W_modes.sum(axis=(1, 2))

    def ahead(t: ArrayLike) -> Array:
        """v_2 - v_1 over its fastest growth, so that late times do not overflow."""
        x = np.multiply.outer(t, found.singular_values)
        damp = np.exp(x - x[..., :1])
        stretch = damp * np.expm1(-x) ** 2 / 2
        swing = -damp * np.expm1(-2 * x) / 2
        return np.asarray((stretch * along_v + swing * along_W) @ lead)

    # From far below the law (W/v) C / T^3 of early times to where the first mode is alone.
    share = min(1.0, W / v) if v and W else 1.0
    law = share * float(critical_rate_constant()) / T**3
    start = 1e-3 * min(law, 1.0 / found.singular_values[0])
    rates = found.singular_values
    apart = [rate for rate in (rates[0] - rates[-1], rates[0]) if rate > 1e-9 * rates[0]]
    grid = np.geomspace(start, 60.0 / apart[0], 4000)
    with np.errstate(under="ignore"):
        positive = ahead(grid) > 0
    if not positive.any():
        return None
    index = int(np.argmax(positive))
    return (
        0.0
        if index == 0
        else float(brentq(ahead, *grid[index - 1 : index + 1], xtol=1e-300, rtol=1e-13))
    )
