"""A transformer on its way: fresh batches, hand-written gradient, optimizer on one flat vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.learning.optimizers import OPTIMIZERS, AdamW, Optimizer
from sim.models.transformer.model import Transformer
from sim.models.transformer.passes import LossGradient
from sim.task.batches import BatchStream
from sim.task.losses import Loss


class TransformerLearner:
    """Online training of a transformer (Sec. 3.1); losses of records as for `OnlineLearner`."""

    def __init__(
        self, model: Transformer, stream: BatchStream, loss: Loss, optimizer: Optimizer
    ) -> None:
        self._model, self._stream, self._optimizer = model, stream, optimizer
        self._evaluate = LossGradient(model, loss)
        self._parameters = model.parameters.copy()
        self._weight = np.full(stream.batch_size, 1.0 / stream.batch_size)
        self._step = 0
        self._since: list[float] = []
        self.learning_rate = (optimizer.learning_rate, optimizer.learning_rate)
        decay = float(getattr(optimizer, "weight_decay", 0.0))
        self.weight_decay = (decay, decay)
        self.last_loss = np.nan

    @property
    def model(self) -> Transformer:
        """The model with its present weights."""
        return self._model.with_parameters(self._parameters)

    @property
    def weights(self) -> dict[str, NDArray[Any]]:
        """The flat parameters; they go on changing."""
        return {"parameters": self._parameters}

    def advance(self, steps: int) -> int:
        """Make so many updates; fewer are returned if the next would not be finite."""
        for step in range(steps):
            self.last_loss, gradient = self._gradient()
            self._optimizer.update(self._parameters, gradient)
            if not np.isfinite(self.last_loss + float(self._parameters @ self._parameters)):
                return step
            self._since.append(self.last_loss)
            self._step += 1
        return steps

    def _gradient(self) -> tuple[float, NDArray[Any]]:
        # drawn in float64 whatever the precision of the weights: the same sequences for both
        return self._evaluate(self._stream.tokens(self._step), self._weight, self._parameters)

    def recorded_loss(self) -> float:
        """Mean over the batches since the record before, or the first batch's."""
        since, self._since = self._since, []
        return float(np.mean(since)) if since else self._gradient()[0]

    def measures(self) -> dict[str, float]:
        """Nothing more; what the heads attend to is measured with the predictions."""
        return {}


def optimizer_by_name(
    name: str, model: Transformer, learning_rate: Any, weight_decay: Any, clip: float | None
) -> Optimizer:
    """The rule a name stands for; AdamW spares embeddings, positions, gains and biases."""
    checks.one_of("optimizer", name, OPTIMIZERS)
    rate = checks.real("learning_rate", learning_rate)
    decay = checks.real("weight_decay", weight_decay, strict=False)
    if name == AdamW.name:
        return AdamW(rate, weight_decay=decay, decayed=model.decayed, clip=clip)
    if decay:
        raise ValueError(f"weight_decay must be 0 for {name}, got {weight_decay}: use adamw")
    return OPTIMIZERS[name](rate, clip=clip)
