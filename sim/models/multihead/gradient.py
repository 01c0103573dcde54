"""The compiled loss and gradient of the model with several heads, without checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels import multihead as kernels
from sim.messages import shown
from sim.models.contracts import Gradient, refuse_choices
from sim.models.normalization import position_scale
from sim.task.losses import Loss, position_weight

Array = NDArray[np.float64]


class LossGradient:
    """Loss and gradient of one architecture, for the inside of training loops.

    Calling it with ``tokens (n, T+1) int32, sequence_weight (n,), v (H, T), W (H, k, k)`` returns
    the weighted sum of losses and a Gradient whose arrays are overwritten by the next call.
    """

    def __init__(self, model: Any, loss: Loss, *, dtype: str = "float64", threads: int = 1) -> None:
        refuse_choices(model, dtype=dtype, threads=threads)
        if loss.compiled is None:
            raise TypeError(f"loss must be one that the kernels know, got {shown(loss)}")
        scale, weight = position_scale(model.normalize, model.T), position_weight(loss.at, model.T)
        self._setting = kernels.Setting(scale, weight, *loss.compiled)
        self._gradient = Gradient(v=np.empty_like(model.v), W=np.empty_like(model.W))

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        value = kernels.loss_and_gradient(
            self._setting, tokens, sequence_weight, np.ascontiguousarray(v),
            np.ascontiguousarray(W), *self._gradient.values(),
        )  # fmt: skip
        return float(value), self._gradient
