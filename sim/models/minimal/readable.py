"""The minimal model and its gradient in plain NumPy, for losses without a compiled kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.models.contracts import Gradient, refuse_choices
from sim.models.normalization import position_scale
from sim.task.losses import Loss, WeightedLoss, checked

Array = NDArray[np.float64]


class ReadableGradient:
    """Loss and gradient through the logits, called like `LossGradient` for any loss.

    Whole attention matrices, a few lines of algebra: some hundred times slower.
    """

    def __init__(self, model: Any, loss: Loss, *, dtype: str, threads: int) -> None:
        refuse_choices(model, dtype=dtype, threads=threads)
        self._loss, self._k, self._softmax = loss, model.k, model.first_layer == "softmax"
        self._scale = position_scale(model.normalize, model.T)

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        x = tokens[:, :-1]
        one_hot = np.eye(self._k)[x]
        M = first_layer(v, self._softmax)
        keys = M @ one_hot  # h_t(l), (n, T, k)
        # C[q, p, l, i] = sum over t <= p of h_t(l) 1{x_t = i}
        counts = np.cumsum(keys[:, :, :, None] * one_hot[:, :, None, :], axis=1)
        logits = self._scale[:, None] * np.einsum("ntl,ntli->nti", W[x], counts)
        loss = WeightedLoss(self._loss, sequence_weight)
        value, d_logits = checked(loss, loss.value_and_gradient(logits, tokens[:, 1:]), logits)
        g = self._scale[:, None] * d_logits
        d_W = np.zeros_like(W)
        np.add.at(d_W, x, np.einsum("nti,ntli->ntl", g, counts))
        # what every later position asks of C, then of the column of x_t in it
        d_counts = np.cumsum((W[x][..., None] * g[:, :, None, :])[:, ::-1], axis=1)[:, ::-1]
        d_keys = np.einsum("ntli,nti->ntl", d_counts, one_hot)
        d_M = np.einsum("ntl,nsl->ts", d_keys, one_hot)
        return value, Gradient(v=first_layer_backward(d_M, M, self._softmax), W=d_W)


def first_layer(v: Array, softmax: bool) -> Array:
    """M (T, T): M[t', s] = v_{t'-s+1} for s <= t', or the softmax of v over the lags there."""
    T = len(v)
    lag = np.arange(T)[:, None] - np.arange(T)
    causal = lag >= 0
    M = np.where(causal, v[np.maximum(lag, 0)], -np.inf if softmax else 0.0)
    if softmax:
        M = np.where(causal, np.exp(M - M.max(axis=1, keepdims=True)), 0.0)
        M /= M.sum(axis=1, keepdims=True)
    return M


def first_layer_backward(d_M: Array, M: Array, softmax: bool) -> Array:
    """The gradient in v from that in M: sums along the diagonals, through the softmax if any."""
    if softmax:
        d_M = M * (d_M - (d_M * M).sum(axis=1, keepdims=True))
    return np.array([np.trace(d_M, -lag) for lag in range(len(M))])
