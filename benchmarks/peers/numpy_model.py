"""The minimal model in NumPy: matrix products, cumulative sums, gradient by hand."""

from __future__ import annotations

import numpy as np


def loss_and_gradient(tokens, v, W):
    """Mean cross-entropy and its gradient in v and W; tokens (B, T + 1)."""
    x, y = tokens[:, :-1], tokens[:, 1:]
    B, T = x.shape
    k = len(W)
    onehot = np.eye(k, dtype=v.dtype)[x]
    lag = np.arange(T)[:, None] - np.arange(T)
    M = np.where(lag >= 0, v[np.maximum(lag, 0)], 0)
    h = M @ onehot
    C = np.cumsum(h[:, :, :, None] * onehot[:, :, None, :], axis=1)
    f = np.einsum("btl,btli->bti", W[x], C)
    f -= f.max(axis=2, keepdims=True)
    p = np.exp(f)
    Z = p.sum(axis=2, keepdims=True)
    p /= Z
    loss = (np.log(Z[..., 0]) - np.take_along_axis(f, y[..., None], 2)[..., 0]).mean()
    g = (p - np.eye(k, dtype=v.dtype)[y]) / (B * T)
    d_W = np.zeros_like(W)
    np.add.at(d_W, x, np.einsum("btli,bti->btl", C, g))
    d_C = np.cumsum((W[x][:, :, :, None] * g[:, :, None, :])[:, ::-1], axis=1)[:, ::-1]
    d_h = np.einsum("btli,bti->btl", d_C, onehot)
    d_M = np.einsum("btl,bsl->ts", d_h, onehot)
    d_v = np.array([np.trace(d_M, -j) for j in range(T)])
    return float(loss), d_v, d_W
