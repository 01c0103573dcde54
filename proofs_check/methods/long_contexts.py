"""First-step gradients of two-state chains at any context length, averaged over a prior.

Sums over positions are powers of block matrices, taken by repeated squaring: T = 10^7 costs some
thirty products. Nothing is expanded in T or lambda. Nodes crowd towards lambda = 1, where sums over
gaps grow.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from proofs_check.methods.symbols import a, b, lam

Array = NDArray[np.float64]
_EYE, _ZERO = np.eye(2), np.zeros((2, 2))


def _panels(edges: Array, order: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on each interval between edges."""
    x, weights = np.polynomial.legendre.leggauss(order)
    width = np.diff(edges)[:, None] / 2
    return ((edges[:-1, None] + width * (1 + x)).ravel(), (width * weights).ravel())


@cache
def flat_nodes(depth: int = 26) -> tuple[Array, Array]:
    """Weights (n,) and chains (n, 2, 2) of the flat prior, for contexts up to about 2^(depth-3).

    The exit probabilities are (u, u r) or (u r, u) with density u; lambda = 1 - u (1 + r).
    """
    to_one = 1 - 2.0 ** -np.arange(1, 6)
    u, weight_u = _panels(np.array([0.0, *2.0 ** np.arange(-depth, 0), *to_one[1:], 1.0]), 8)
    r, weight_r = _panels(np.array([0.0, *to_one, 1.0]), 6)
    first, second = np.broadcast_arrays(u[:, None], u[:, None] * r)
    weights = ((u * weight_u)[:, None] * weight_r).ravel()
    exits = np.concatenate([np.stack([first, second], -1), np.stack([second, first], -1)])
    return np.tile(weights, 2), chains(exits.reshape(-1, 2))


@cache
def symmetric_nodes() -> tuple[Array, Array]:
    """Weights and chains of a = b uniform on (0, 1)."""
    u, weights = _panels(
        np.array([0.0, *2.0 ** np.arange(-26, 0), *(1 - 2.0 ** -np.arange(2, 26)), 1.0]), 8
    )
    return weights, chains(np.stack([u, u], -1))


def chains(exits: Array) -> Array:
    """Transition matrices with these probabilities (n, 2) to leave the states."""
    leave, back = exits.T
    return np.moveaxis(np.array([[1 - leave, leave], [back, 1 - back]]), -1, 0)


def _stationary(P: Array) -> Array:
    away = np.stack([P[:, 1, 0], P[:, 0, 1]], -1)
    return away / away.sum(-1, keepdims=True)


def _blocks(rows: list[list[Array]], n: int) -> Array:
    """Block matrices (n, 2k, 2k) from blocks that are (2, 2) or (n, 2, 2)."""
    return np.block([[np.broadcast_to(block, (n, 2, 2)) for block in row] for row in rows])


def lag_kernel(P: Array, lag: int, T: int) -> Array:
    """K_j of one chain or several: dL/dv_j = - sum_ml K_jml W_ml, shape (n, 2, 2).

    pi_l sum_i (P^(j-1))_li (P_mi - 1/2) R_im / T, where R is the sum of P^(p-t') over t' <= p.
    """
    n, left = len(P), T - lag + 1
    steps = _blocks([[_EYE, _EYE, _EYE], [_ZERO, P, P], [_ZERO, _ZERO, _EYE]], n)
    R = np.linalg.matrix_power(steps, left)[:, :2, 4:]
    back = np.linalg.matrix_power(P, lag - 1)
    return np.einsum("nl,nli,nmi,nim->nml", _stationary(P), back, P - 0.5, R) / T


def step_in_W(P: Array, T: int) -> Array:
    """-dL/dW at W = 11^T, v = 1 of one chain or several, shape (n, 2, 2).

    The blocks hold the sums over s of P^(t'-s), over s <= t' of these times P^(p-t'), and over p.
    """
    n, columns = len(P), []
    for m in range(2):
        here = np.einsum("ni,ij->nij", P[:, m] - 0.5, _EYE)
        steps = _blocks(
            [[_EYE, _EYE, here, here], [_ZERO, P, P @ here, P @ here],
             [_ZERO, _ZERO, P, P], [_ZERO, _ZERO, _ZERO, _EYE]], n)  # fmt: skip
        columns.append(np.linalg.matrix_power(steps, T)[:, :2, 6:][:, :, m])
    return np.einsum("nl,mnl->nml", _stationary(P), np.array(columns)) / T


@cache
def mean_step_in_W(T: int, prior: str = "flat") -> Array:
    """-dL/dW at W = 11^T, v = 1 averaged over the prior."""
    weights, P = flat_nodes() if prior == "flat" else symmetric_nodes()
    return np.tensordot(weights, step_in_W(P, T), 1)


@cache
def mean_kernel(lag: int, T: int, prior: str = "flat") -> Array:
    """K_j averaged over the prior."""
    weights, P = flat_nodes() if prior == "flat" else symmetric_nodes()
    return np.tensordot(weights, lag_kernel(P, lag, T), 1)


def all_lags(weights: Array, P: Array, T: int) -> Array:
    """K (T, 2, 2) averaged over weighted chains, from the powers of each of them one by one."""
    total = np.zeros((T, 2, 2))
    for part in np.array_split(np.arange(len(P)), 1 + len(P) * T // 10**6):
        powers = matrix_powers(P[part], T)
        pairs = np.cumsum(np.cumsum(powers, axis=0), axis=0)[::-1]  # sum over n of (r-n) P^n
        start = (weights[part, None] * _stationary(P[part]))[..., None] * powers
        ahead = np.swapaxes(P[part] - 0.5, -1, -2) * pairs
        total += np.swapaxes((start @ ahead).sum(axis=1), -1, -2)
    return total / T


@cache
def flat_kernel(T: int) -> Array:
    """K (T, 2, 2) on the flat prior."""
    return all_lags(*flat_nodes(T.bit_length() + 3), T)


def matrix_powers(P: Array, T: int) -> Array:
    """The first T powers of one or several matrices, from the 0th on."""
    powers = np.empty((T, *P.shape))
    powers[0] = np.eye(2)
    for n in range(1, T):
        powers[n] = powers[n - 1] @ P
    return powers


def flat_mean(expression: sp.Expr) -> float:
    """Mean of a printed expression in a, b and lambda over the flat prior."""
    weights, P = flat_nodes()
    x, y = P[:, 0, 0], P[:, 1, 1]
    return float(weights @ (sp.lambdify((a, b, lam), expression, "numpy")(x, y, x + y - 1) + 0 * x))
