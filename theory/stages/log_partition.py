r"""E log sum_i exp f_i of logits that are linear in fluctuating counts, to second order.

By current token m, the logits are ``f_i = sum_ac u_a w_mc phi_{a,c,i}`` with counts phi of given
mean and covariance: u are the coordinates of v, and w_mc what W contributes to each of the columns
c that the matched token is sorted into. Token k - 1 has logit 0. With F and C the mean and
covariance of f and q = softmax F,

    E log sum exp f = log sum exp F + 1/2 tr((diag q - q q') C).

C is linear in the products u_a u_b w_mc w_mc', a <= b and c <= c', and is kept as that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory.stages.count_moments import CountMoments

Array = NDArray[np.float64]


class LogPartition:
    """The average over chains (and positions), and its gradient in u (r,) and w (k, c).

    Parameters
    ----------
    mass : array (k, N)
        What each sample contributes, by current token.
    mean : array (k, N, d, r c)
        Of the counts.
    covariance : array (k, N, pairs, packed), or None to leave out the second order
        Of the counts of next tokens i <= i', as coefficients of the products above.
    """

    def __init__(self, mass: Array, mean: Array, covariance: Array | None) -> None:
        self.mass, self.mean, self.covariance = mass, mean, covariance
        self.pairs = np.triu_indices(mean.shape[2])

    def at_the_mean(self) -> LogPartition:
        """The same without the second order."""
        return LogPartition(self.mass, self.mean, None)

    def value_and_gradient(self, u: Array, w: Array) -> tuple[float, Array, Array]:
        """The average, and its derivatives in u and w."""
        value, d_u, d_w = 0.0, np.zeros_like(u), np.zeros_like(w)
        packed_u = pack(u)
        for m, row in enumerate(w):
            mass, rows = self.mass[m][:, None], self.mean[m].reshape(-1, u.size * row.size)
            log_sum, q = _softmax_with_zero(
                (rows @ np.outer(u, row).ravel()).reshape(len(mass), -1)
            )
            along = mass * q
            value += float(self.mass[m] @ log_sum)
            if self.covariance is not None:
                packed = pack(row)
                coefficients = self.covariance[m].reshape(-1, packed_u.size * packed.size)
                C = (coefficients @ np.outer(packed_u, packed).ravel()).reshape(len(mass), -1)
                bend, slope, on_C = self._second_order(q, C)
                value += float(self.mass[m] @ bend)
                along = along + mass * slope
                on_products = (mass * on_C).ravel() @ coefficients
                on_products = on_products.reshape(packed_u.size, -1)
                d_u += unpacked(on_products @ packed, u)
                d_w[m] = unpacked(packed_u @ on_products, row)
            on_weights = (along.ravel() @ rows).reshape(u.size, -1)
            d_u += on_weights @ row
            d_w[m] += u @ on_weights
        return value, d_u, d_w

    def _second_order(self, q: Array, C: Array) -> tuple[Array, Array, Array]:
        """tr(H C) / 2 (N,), and its derivatives in F (N, d) and in C (N, pairs)."""
        i, j = self.pairs
        # a pair i < j stands for two entries of H C
        on_C = 0.5 * q[:, i] * ((i == j) - q[:, j]) * np.where(i == j, 1.0, 2.0)
        full = np.empty((*q.shape, q.shape[1]))
        full[:, i, j] = full[:, j, i] = C
        in_q = np.diagonal(full, axis1=1, axis2=2) - 2.0 * (full @ q[:, :, None])[..., 0]
        slope = 0.5 * q * (in_q - (q * in_q).sum(axis=1, keepdims=True))
        return (on_C * C).sum(axis=1), slope, on_C


def _softmax_with_zero(f: Array) -> tuple[Array, Array]:
    """log(1 + sum exp f) and the softmax of (f, 0) without its last entry."""
    top = np.maximum(f.max(axis=1, keepdims=True), 0.0)
    with np.errstate(under="ignore"):
        share = np.exp(f - top)
        total = share.sum(axis=1, keepdims=True) + np.exp(-top)
    return (top + np.log(total))[:, 0], share / total


def columns(k: int, symmetric: bool) -> Array:
    """What W[m, l] is made of: ``W[m, l] = sum_c w[m, c] columns[m, c, l]``, (k, c, k).

    With W = alpha 11' + beta I the columns are all tokens and those equal to the current one, w is
    (alpha, beta) for every m; else each matched token has its own, and w is W.
    """
    if not symmetric:
        return np.broadcast_to(np.eye(k), (k, k, k))
    return np.stack([np.ones((k, k)), np.eye(k)], axis=1)


def reduced(moments: CountMoments, column: Array) -> tuple[Array, Array]:
    """Means (k, n, d, r c) and covariances (k, n, pairs, packed) of a `LogPartition`."""
    n, k, r, _, d = moments.mean.shape
    c = column.shape[1]
    i, j = np.triu_indices(d)
    (a, b), (e, f) = np.triu_indices(r), np.triu_indices(c)
    mean = np.empty((k, n, d, r * c))
    covariance = np.empty((k, n, len(i), len(a) * len(e)))
    for m in range(k):
        mean[m] = np.einsum("nald,cl->ndac", moments.mean[:, m], column[m]).reshape(n, d, -1)
        one = np.einsum("naldbzg,cl->ndabzgc", moments.covariance[:, m], column[m], optimize=True)
        both = np.einsum("ndabzgc,ez->ndgabce", one, column[m], optimize=True)
        both = both + both.swapaxes(3, 4)
        both = (both + both.swapaxes(5, 6))[:, i, j] / 4.0
        covariance[m] = both[:, :, a, b][..., e, f].reshape(n, len(i), -1)
    return mean, covariance


def pack(x: Array) -> Array:
    """Products x_a x_b for a <= b, doubled where a < b."""
    a, b = np.triu_indices(len(x))
    return x[a] * x[b] * np.where(a == b, 1.0, 2.0)


def unpacked(gradient: Array, x: Array) -> Array:
    """The gradient in x, from that in `pack` of x."""
    full = np.empty((len(x), len(x)))
    a, b = np.triu_indices(len(x))
    full[a, b] = full[b, a] = gradient
    return 2.0 * full @ x
