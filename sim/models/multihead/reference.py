"""Slow NumPy reference of the multihead model's kernels, written from the definitions.

Written from the definition, with whole attention matrices; see `sim.models.minimal.reference`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.models.minimal.reference import loss_at

Array = NDArray[np.float64]
Tokens = NDArray[np.int32]


def _one_sequence(x: Tokens, v: Array, W: Array) -> tuple[Array, Array, Array, Array]:
    """One-hots X (T, k), queries Q (H, T, k), keys h = M X (H, T, k) and scores S (H, T, T).

    Head n asks with the token n - 1 back: row p of Q^n is that of x_{p-n+1}, zero where there is
    none. S^n = Q^n W^n (M^n X)^T.
    """
    (H, T), k = v.shape, W.shape[1]
    X = np.eye(k)[x]
    Q = np.zeros((H, T, k))
    M = np.zeros((H, T, T))
    for n in range(H):
        Q[n, n:] = X[: max(T - n, 0)]
        for t in range(T):
            for s in range(t + 1):
                M[n, t, s] = v[n, t - s]
    h = M @ X
    return X, Q, h, Q @ W @ h.swapaxes(1, 2)


def logits(tokens: Tokens, v: Array, position_scale: Array, W: Array) -> Array:
    """f_p = s_p sum_{t<=p} x_t prod_n S^n[p, t], of shape (n, T, k)."""
    result = []
    for x in tokens:
        X, _, _, S = _one_sequence(x, v, W)
        result.append(position_scale[:, None] * (np.tril(S.prod(axis=0)) @ X))
    return np.array(result)


def loss_and_gradient(
    tokens: Tokens,
    sequence_weight: Array,
    v: Array,
    position_scale: Array,
    position_weight: Array,
    W: Array,
    loss_code: int,
    margin: float,
) -> tuple[float, Array, Array]:
    """Value, d_v (H, T) and d_W (H, k, k)."""
    H, T = v.shape
    value, d_v, d_W = 0.0, np.zeros_like(v), np.zeros_like(W)
    for x, weight in zip(tokens, sequence_weight, strict=True):
        X, Q, h, S = _one_sequence(x[:T], v, W)
        f = position_scale[:, None] * (np.tril(S.prod(axis=0)) @ X)
        g = np.zeros_like(f)
        for p in range(T):
            loss, slope = loss_at(f[p], x[p + 1], loss_code, margin)
            value += weight * position_weight[p] * loss
            g[p] = weight * position_weight[p] * position_scale[p] * slope
        for n in range(H):
            d_S = np.tril(g @ X.T) * np.delete(S, n, axis=0).prod(axis=0)
            d_W[n] += Q[n].T @ d_S @ h[n]
            d_M = d_S.T @ Q[n] @ W[n] @ X.T
            for lag in range(T):
                d_v[n, lag] += np.trace(d_M, -lag)
    return value, d_v, d_W
