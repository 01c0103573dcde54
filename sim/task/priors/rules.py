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


def from_exits(u: Array, w: Array) -> Array:
    """Transition matrices (m, 2, 2) with rows (1 - u, u) and (w, 1 - w), however small u and w."""
    return np.stack([np.stack([1 - u, u], axis=1), np.stack([w, 1 - w], axis=1)], axis=1)


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
    """Gauss nodes on (0, 1) for the law Beta(p, q), and weights of sum 1, for any p, q > 0.

    Eigenvalues of the Jacobi matrix (Golub and Welsch, 1969), with its entries written without
    subtractions of nearly equal numbers.
    """
    from scipy.linalg import eigh_tridiagonal

    n, both = np.arange(1.0, nodes), p + q
    inner = 2 * n + both - 2
    diagonal = (2 * n * (n + both - 1) + (both - 2) * p) / (inner * (inner + 2))
    square = n[1:] * (n[1:] + q - 1) * (n[1:] + p - 1) * (n[1:] + both - 2) / (
        inner[1:] ** 2 * (inner[1:] ** 2 - 1)
    )  # fmt: skip
    first = p * q / (both * both * (both + 1))
    beside = np.sqrt(np.concatenate([[first], square])[: nodes - 1])
    x, vectors = eigh_tridiagonal(
        np.concatenate([[p / both], diagonal]), beside, lapack_driver="stev"
    )
    weight = vectors[0] ** 2
    return np.clip(x, 0.0, 1.0), weight / weight.sum()


def half_beta(nodes: int, p: float, q: float) -> tuple[Array, Array]:
    """Nodes and weights for x**(p-1) (1-x)**(q-1) dx on (0, 1/2)."""
    x, weight = jacobi(nodes, p, 1.0)
    return x / 2, weight * (1 - x / 2) ** (q - 1) * 0.5**p / p
