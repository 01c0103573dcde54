"""Population gradients by brute force, shared by several claims."""

from __future__ import annotations

import numpy as np
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
