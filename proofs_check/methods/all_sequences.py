"""Shared by several claims: population gradients by brute force, and the bound on remainders."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

import sim

PRIORS: dict[str, sim.Prior] = {
    "flat": sim.Dirichlet(2),
    "doubly_stochastic": sim.DoublyStochastic(2),
}


def enumerated_margin(
    v: ArrayLike, W: ArrayLike, prior: str = "flat"
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Population margin loss minus its value at W = 0, and -dL/dv, -dL/dW, for k = 2.

    All 2**(T + 1) sequences are enumerated with the hinge max(0, .) as it stands; Delta is above
    the largest difference of logits, so that every hinge is active, as (A.14) asks.
    """
    model = sim.MinimalModel(np.asarray(v), np.asarray(W))
    largest = np.abs(model.W).max() * np.abs(model.v).sum() * model.T
    delta = 1.0 + 2.0 * float(largest)
    evaluate = sim.Population(PRIORS[prior], model.T, sim.Margin(delta)).bind(model)
    value, gradient = evaluate(model.v, model.W)
    # copies, since the next call would overwrite the gradient
    result = value, -gradient.v.copy(), -gradient.W.copy()
    origin = evaluate(model.v, np.zeros_like(model.W))[0]
    return result[0] - origin, result[1], result[2]


@cache
def inverse_gap() -> sp.Expr:
    """E[1 / (1 - |lambda|)] under the flat prior, in the coordinates (s, y) of the prior.

    With s = 1 - lambda and y = pi_1 - 1/2 the density is s on s (1/2 + |y|) <= 1, |y| <= 1/2. The
    width in y is 1 for s <= 1 and 2 (1/s - 1/2) for 1 <= s <= 2.
    """
    s = sp.Symbol("s", positive=True)
    near_one = sp.integrate(sp.cancel(s / s), (s, 0, 1))
    near_minus_one = sp.integrate(
        sp.cancel(s * 2 * (1 / s - sp.Rational(1, 2)) / (2 - s)), (s, 1, 2)
    )
    return near_one + near_minus_one
