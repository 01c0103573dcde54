"""The learning rate below which descent follows its flow, estimated where a run has diverged.

A step of size eta multiplies what lies along an eigenvector of the Hessian by 1 - eta lambda, so
descent is stable while eta is below 2 / lambda, lambda the largest eigenvalue (sharpness).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.learning.learners import split
from sim.learning.rates import Rates
from sim.models.contracts import Gradient, Parameters

Array = NDArray[np.float64]

MOST_STEPS, MOST_SECONDS = 60, 2.0
ITERATIONS = 4  # of the power method at each step, from the vector of the step before


def stable_rate(
    gradient: Callable[..., Gradient], start: Parameters, rates: Sequence[float]
) -> Rates | None:
    """The given rates, scaled so that descent from `start` along the flow would be stable.

    The flow is followed with steps of 1 / lambda, and the sharpest of the points passed decides.

    Parameters
    ----------
    gradient : callable
        Parameters, in their order, to the gradient of the loss on a sample, by name.
    start : dict of str to ndarray
    rates : sequence of float
        One for each array of parameters.

    Returns
    -------
    float or tuple of float, or None
        One number where all rates are equal; None if no curvature was found.
    """
    scale = np.concatenate([
        np.full(array.size, rate / max(rates))
        for rate, array in zip(rates, start.values(), strict=True)
    ])  # fmt: skip

    def slope(vector: Array) -> Array:
        found = gradient(*split(vector, start).values())
        return np.concatenate([np.ravel(found[name]) for name in start])

    vector = np.concatenate([array.ravel() for array in start.values()]).astype(np.float64)
    direction = np.random.default_rng(0).standard_normal(vector.size)
    sharpest, began = 0.0, np.inf
    with np.errstate(all="ignore"):
        for _ in range(MOST_STEPS):
            sharpness, direction = _sharpness(slope, vector, np.sqrt(scale), direction)
            now = time.perf_counter()
            if not 0.0 < sharpness < np.inf or now - began > MOST_SECONDS:
                break
            began = min(began, now)  # not the time that compiling took
            sharpest = max(sharpest, sharpness)
            vector = vector - scale * slope(vector) / sharpness
    if sharpest == 0.0:
        return None
    limit = 2.0 / sharpest
    return limit if len(set(rates)) == 1 else tuple(limit * rate / max(rates) for rate in rates)


def _sharpness(
    slope: Callable[[Array], Array], vector: Array, root: Array, direction: Array
) -> tuple[float, Array]:
    """Largest eigenvalue of the scaled Hessian by the power method, and its vector."""
    size = 0.0
    for _ in range(ITERATIONS):
        direction = direction / np.linalg.norm(direction)
        step = 1e-5 * (1.0 + np.abs(vector).max())
        ahead, behind = (slope(vector + s * root * direction) for s in (step, -step))
        image = root * (ahead - behind) / (2 * step)
        size = float(np.linalg.norm(image))
        if not 0.0 < size < np.inf:
            break
        direction = image
    return size, direction
