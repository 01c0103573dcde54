r"""The largest learning rate at which gradient descent follows the flow of the stages.

A step of size eta multiplies what lies along an eigenvector of the Hessian by 1 - eta lambda, so
descent follows the flow while eta is below 2 / lambda, lambda the largest eigenvalue (sharpness).

From v = c 1, W = 0 with c^2 T^{5/2} >> 1 it is the Hessian in W that is sharp. At logits 0 that of
cross-entropy is the variance of the logits over the k tokens. With f_{p,i} = (c p^2 / 2)
(o (1 - pi_m) + d pi_m) pi_i for W = o off the diagonal and d on it, and T^4 / 5 the mean of p^4
over p, it is for k = 2, delta = pi_1 - pi_2, E delta^2 = 3 - 4 log 2, E delta^4 = 17/3 - 8 log 2

    (c^2 T^4 / 640) [[a, a], [a, b]],   a = E delta^2 - E delta^4,   b = E delta^2 + 3 E delta^4

in the orthonormal coordinates (sqrt 2 o, sqrt 2 d).
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from theory.stages.flow import Flow
from theory.stages.population_loss import PopulationLoss

Array = NDArray[np.float64]

_TRIED = 12  # points of a flow


def start_sharpness() -> sp.Expr:
    """S of lambda = S c^2 T^4 at v = c 1, W = 0, for large T: two states, flat prior, eq. (6).

    Returns
    -------
    SymPy number
    """
    log_2 = sp.log(2)
    square, fourth = 3 - 4 * log_2, sp.Rational(17, 3) - 8 * log_2
    a, b = square - fourth, square + 3 * fourth
    return ((a + b) / 2 + sp.sqrt(((b - a) / 2) ** 2 + a**2)) / 640


def sharpness(model: PopulationLoss, alpha: float, beta: float, v: ArrayLike) -> float:
    """Largest eigenvalue of the Hessian, in the directions in which the weights move.

    Parameters
    ----------
    model : PopulationLoss
    alpha, beta : float
        W = alpha 11' + beta I.
    v : array (J,)
        Weights of the first layer.

    Returns
    -------
    float
    """
    return _sharpness(model, np.asarray(v, dtype=np.float64), alpha + beta * np.eye(model.k))


def largest_stable_rate(model: PopulationLoss, flow: Flow) -> float:
    """2 divided by the largest sharpness along a flow, including its start.

    Parameters
    ----------
    model : PopulationLoss
        Whose flow it is.
    flow : Flow

    Returns
    -------
    float
        Learning rate of both layers.
    """
    chosen = np.unique(np.linspace(0, len(flow.time) - 1, _TRIED).astype(int))
    return 2.0 / max(_sharpness(model, flow.v[r], flow.W[r]) for r in chosen)


def _sharpness(model: PopulationLoss, v: Array, W: Array) -> float:
    space = model.coordinates(v)
    x = space.point(W)
    # small beside the weights, large beside rounding in the gradient
    step = 1e-5 * max(float(np.abs(W).max()), float(np.abs(v).max()))

    def gradient(shift: Array) -> Array:
        return space.gradient(model.at_weights(*space.weights(x + shift))[1])

    def times(direction: Array) -> Array:
        shift = direction.ravel() * (step / np.linalg.norm(direction))
        return (gradient(shift) - gradient(-shift)) * (np.linalg.norm(direction) / (2.0 * step))

    hessian = LinearOperator((space.size, space.size), matvec=times, dtype=np.float64)
    first = np.ones(space.size)
    return float(eigsh(hessian, 1, which="LA", tol=1e-4, v0=first, return_eigenvectors=False)[0])
