"""Slow NumPy reference of the minimal model's kernels, written from the definitions.

Nothing is shared with the kernels and nothing is clever. The tests hold the two together; where
they differ, the reference is the one to trust.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tokens = NDArray[np.int32]


def _one_sequence(
    x: Tokens, k: int, lag_weight: Array, row_scale: Array
) -> tuple[Array, Array, Array]:
    """One-hots X (T, k), h (T, k) and C (T, k, k), C[p, l, i] = sum_{t<=p} r_t 1{x_t=i} h_t(l)."""
    T = len(lag_weight)
    X = np.eye(k)[x]
    h = np.zeros((T, k))
    for t in range(T):
        for j in range(t + 1):
            h[t] += lag_weight[j] * X[t - j]
    C = np.cumsum(row_scale[:, None, None] * h[:, :, None] * X[:, None, :], axis=0)
    return X, h, C


def logits(
    tokens: Tokens, lag_weight: Array, row_scale: Array, position_scale: Array, W: Array
) -> Array:
    """f_p(i) = s_p sum_l W[x_p, l] C_p(l, i), of shape (n, T, k)."""
    k = len(W)
    result = []
    for x in tokens:
        C = _one_sequence(x, k, lag_weight, row_scale)[2]
        result.append([s * (W[m] @ C_p) for s, m, C_p in zip(position_scale, x, C, strict=True)])
    return np.array(result)


def loss_at(f: Array, y: int, loss_code: int, margin: float) -> tuple[float, Array]:
    """Loss of the logits f (k,) for the target y, and its gradient (k,)."""
    k = len(f)
    target = np.eye(k)[y]
    if loss_code == 0:
        top = f.max()
        exponentials = np.exp(f - top)
        Z = exponentials.sum()
        return np.log(Z) + top - f[y], exponentials / Z - target
    if loss_code == 1:
        hinge = margin + f - f[y]
        active = ((hinge >= 0) & (target == 0)).astype(float)
        return (active @ np.maximum(hinge, 0)) / k, (active - active.sum() * target) / k
    return ((f - target) ** 2).sum(), 2 * (f - target)


def loss_and_gradient(
    tokens: Tokens,
    sequence_weight: Array,
    lag_weight: Array,
    row_scale: Array,
    position_scale: Array,
    position_weight: Array,
    W: Array,
    loss_code: int,
    margin: float,
) -> tuple[float, Array, Array, Array]:
    """Value, d_lag (T,), d_row (T,) and d_W (k, k)."""
    T, k = len(lag_weight), len(W)
    value, d_lag, d_row, d_W = 0.0, np.zeros(T), np.zeros(T), np.zeros((k, k))
    for x, a in zip(tokens, sequence_weight, strict=True):
        X, h, C = _one_sequence(x[:T], k, lag_weight, row_scale)
        d_C = np.zeros((T, k, k))  # of each position's own C_p
        for p in range(T):
            weight = a * position_weight[p]
            m, s = x[p], position_scale[p]
            loss, slope = loss_at(s * (W[m] @ C[p]), x[p + 1], loss_code, margin)
            value += weight * loss
            g = weight * s * slope
            d_W[m] += C[p] @ g
            d_C[p] = np.outer(W[m], g)
        for t in range(T):
            d_h = d_C[t:].sum(axis=0) @ X[t]  # the column of x_t, in every later C
            d_row[t] += d_h @ h[t]
            for j in range(t + 1):
                d_lag[j] += row_scale[t] * d_h[x[t - j]]
    return value, d_lag, d_row, d_W
