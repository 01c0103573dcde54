"""Quadrature rules from which the priors build their own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Quadrature(NamedTuple):
    """Nodes of a prior: ``weights (m,)`` summing to 1 and ``transition (m, k**order, k)``."""

    weights: Array
    transition: Array


def two_state(a: Array, b: Array) -> Array:
    """Transition matrices (m, 2, 2) with rows (a, 1 - a) and (1 - b, b)."""
    return np.stack([np.stack([a, 1 - a], axis=1), np.stack([1 - b, b], axis=1)], axis=1)


def special() -> Any:
    """The module scipy.special, imported when it is needed."""
    # a fifth of the time to import sim, for those who integrate over no prior
    from scipy import special

    return special


def gauss(nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes on (0, 1) and weights of sum 1."""
    x, weight = special().roots_legendre(nodes)
    return (x + 1) / 2, weight / 2


def jacobi(nodes: int, p: float, q: float) -> tuple[Array, Array]:
    """Nodes on (0, 1) for the weight x**(p-1) (1-x)**(q-1), normalised to total weight 1."""
    x, weight = special().roots_jacobi(nodes, q - 1, p - 1)
    return (x + 1) / 2, weight / weight.sum()
