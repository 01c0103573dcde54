"""The multihead model and its gradient in plain NumPy, for losses without a compiled kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.models.contracts import Gradient, refuse_choices
from sim.models.minimal.readable import first_layer, first_layer_backward
from sim.models.normalization import position_scale
from sim.task.losses import Loss, WeightedLoss, checked

Array = NDArray[np.float64]


class ReadableGradient:
    """Loss and gradient through the logits, called like `LossGradient` for any loss."""

    def __init__(self, model: Any, loss: Loss, *, dtype: str, threads: int) -> None:
        refuse_choices(model, dtype=dtype, threads=threads)
        self._loss, self._k = loss, model.k
        self._scale = position_scale(model.normalize, model.T)

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        x = tokens[:, :-1]
        one_hot = np.eye(self._k)[x]
        heads = range(len(v))
        # head n asks with the token n - 1 back; the first positions have none, and ask nothing
        queries = [np.pad(one_hot, ((0, 0), (n, 0), (0, 0)))[:, : x.shape[1]] for n in heads]
        M = [first_layer(v[n], False) for n in heads]
        scores = [np.tril(queries[n] @ W[n] @ (M[n] @ one_hot).swapaxes(1, 2)) for n in heads]
        logits = self._scale[:, None] * (np.prod(scores, axis=0) @ one_hot)
        loss = WeightedLoss(self._loss, sequence_weight)
        value, d_logits = checked(loss, loss.value_and_gradient(logits, tokens[:, 1:]), logits)
        d_product = np.tril((self._scale[:, None] * d_logits) @ one_hot.swapaxes(1, 2))
        gradient = Gradient(v=np.empty_like(v), W=np.empty_like(W))
        for n in heads:
            others = [scores[m] for m in heads if m != n]
            d_scores = d_product * np.prod(others, axis=0) if others else d_product
            keys = M[n] @ one_hot
            gradient.W[n] = np.einsum("npm,npt,ntl->ml", queries[n], d_scores, keys, optimize=True)
            d_M = np.einsum("npt,npl,nsl->ts", d_scores, queries[n] @ W[n], one_hot, optimize=True)
            gradient.v[n] = first_layer_backward(d_M, M[n], False)
        return value, gradient
