"""A minimal model with several heads on its way: fresh batches and plain SGD."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.learning.learners import FullBatchLearner, Rate
from sim.learning.objectives import Array, Evaluate
from sim.models.minimal.model import Gradient
from sim.models.models import Layered, gradient_kernel
from sim.models.multihead.model import MultiHeadModel
from sim.task.batches import BatchStream
from sim.task.losses import Loss


class _FreshBatch:
    """The loss on the batch of the present step, as an objective."""

    def __init__(self, stream: BatchStream, loss: Loss) -> None:
        self._stream, self._loss = stream, loss
        self._weight = np.full(stream.batch_size, 1.0 / stream.batch_size)
        self.step = 0

    def describe(self) -> dict[str, Any]:
        return {"objective": "fresh batches", **self._loss.describe()}

    def bind(self, model: Layered) -> Evaluate:
        kernel = gradient_kernel(model, self._loss)

        def evaluate(v: Array, W: Array) -> tuple[float, Gradient]:
            return kernel(self._stream.tokens(self.step), self._weight, v, W)

        return evaluate


class MultiHeadLearner(FullBatchLearner):
    """SGD on a stream of fresh batches; losses of records as for `OnlineLearner`."""

    def __init__(
        self,
        model: MultiHeadModel,
        stream: BatchStream,
        loss: Loss,
        *,
        learning_rate: Rate,
        weight_decay: Rate = 0.0,
    ) -> None:
        self._batch = _FreshBatch(stream, loss)
        self._since: list[float] = []
        super().__init__(model, self._batch, learning_rate=learning_rate, weight_decay=weight_decay)

    def advance(self, steps: int) -> int:
        for done in range(steps):
            if super().advance(1) == 0:
                return done
            self._since.append(self.last_loss)
            self._batch.step += 1
        return steps

    def recorded_loss(self) -> float:
        since, self._since = self._since, []
        return float(np.mean(since)) if since else super().recorded_loss()
