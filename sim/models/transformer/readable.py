"""The transformer's loss and gradient in plain NumPy, for losses without a compiled kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.models.contracts import Gradient, refuse_choices
from sim.models.transformer import reference
from sim.task.losses import Loss, WeightedLoss, checked

Array = NDArray[Any]


class ReadableGradient:
    """Loss and gradient by `sim.models.transformer.reference`, called like `LossGradient`."""

    def __init__(self, model: Any, loss: Loss, *, dtype: str, threads: int) -> None:
        refuse_choices(model, dtype=dtype, threads=threads)
        self._model, self._loss = model, loss

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, vector: Array
    ) -> tuple[float, Gradient]:
        context, weights = tokens[:, :-1], self._model.views(vector)
        logits, saved = reference.forward(self._model, weights, context)
        loss = WeightedLoss(self._loss, sequence_weight)
        value, d_logits = checked(loss, loss.value_and_gradient(logits, tokens[:, 1:]), logits)
        named = reference.backward(self._model, weights, context, saved, d_logits)
        flat = [named[name].ravel() for name in weights]
        return value, Gradient(parameters=np.concatenate(flat))
