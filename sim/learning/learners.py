"""The state of a training run (parameters, batches, optimizer), the same for every model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.learning.objectives import Objective, bound
from sim.learning.optimizers import Optimizer
from sim.models.contracts import Evaluator, Parameters
from sim.models.model import Model
from sim.task.batches import BatchStream
from sim.task.losses import Loss


class Learner(Protocol):
    """What the loop of training asks of a model that learns.

    Attributes
    ----------
    learning_rate, weight_decay : tuple of float
        One for each array of parameters.
    last_loss : float
        Loss at the latest update.
    """

    learning_rate: tuple[float, ...]
    weight_decay: tuple[float, ...]
    last_loss: float

    @property
    def model(self) -> Model:
        """The model with its present parameters."""
        ...

    @property
    def parameters(self) -> Parameters:
        """What it has learnt, by name; the arrays go on changing."""
        ...

    def advance(self, steps: int) -> int:
        """Make so many updates; fewer are returned if the next would not be finite."""
        ...

    def recorded_loss(self) -> float:
        """The loss that belongs to a record taken now."""
        ...

    def measures(self) -> dict[str, float]:
        """What else belongs to a record."""
        ...

    def state(self) -> Parameters:
        """All that changes, copied: what `restore` needs to go on from here, to the same bits."""
        ...

    def restore(self, state: Parameters) -> None:
        """Go to where `state` was taken, by a learner of the same run."""
        ...


OPTIMIZER = "optimizer_"  # begins the names of its state, in that of a learner


class _StepLearner:
    """All parameters in one vector, changed by an optimizer step by step."""

    def __init__(self, model: Model, optimizer: Optimizer, dtype: str) -> None:
        self._model, self._optimizer = model, optimizer
        arrays = model.parameters
        self._vector = np.concatenate([array.ravel() for array in arrays.values()]).astype(dtype)
        self._views = split(self._vector, arrays)
        self.learning_rate, self.weight_decay = optimizer.rates, optimizer.decays
        self.last_loss = np.nan

    @property
    def model(self) -> Model:
        return self._model.with_parameters(**self._views)

    @property
    def parameters(self) -> Parameters:
        return self._views

    def measures(self) -> dict[str, float]:
        return {}

    def state(self) -> Parameters:
        memory = {f"{OPTIMIZER}{name}": value for name, value in self._optimizer.state().items()}
        return {"parameters": self._vector.copy()} | memory

    def restore(self, state: Parameters) -> None:
        self._vector[:] = state["parameters"]
        self._optimizer.restore(
            {
                name.removeprefix(OPTIMIZER): value
                for name, value in state.items()
                if name.startswith(OPTIMIZER)
            }
        )

    def _update(self, value: float, gradient: Any) -> bool:
        """One step; whether the loss and all parameters are still finite."""
        self.last_loss = value
        slope = [np.ravel(gradient[name]) for name in self._views]
        self._optimizer.update(self._vector, slope[0] if len(slope) == 1 else np.concatenate(slope))
        # one sum of squares is not finite as soon as any weight is not
        return bool(np.isfinite(value + float(self._vector @ self._vector)))


class OnlineLearner(_StepLearner):
    """Any optimizer on a stream of fresh batches (Sec. 3).

    The loss of a record is the mean over the batches since the record before it, so an unbiased
    estimate of the population loss along the way: no sequence is seen twice. The first record has
    the loss of the first batch.
    """

    def __init__(
        self,
        model: Model,
        stream: BatchStream,
        loss: Loss,
        optimizer: Optimizer,
        *,
        dtype: str = "float64",
        threads: int = 1,
    ) -> None:
        self._evaluate: Evaluator = model.evaluator(loss, dtype=dtype, threads=threads)
        super().__init__(model, optimizer, dtype)
        self._stream, self._step, self._loss = stream, 0, loss
        self._weight = np.full(stream.batch_size, 1.0 / stream.batch_size)
        self._since: list[float] = []

    def advance(self, steps: int) -> int:
        for step in range(steps):
            value, gradient = self._gradient()
            if not self._update(value, gradient):
                return step
            self._since.append(value)
            self._step += 1
        return steps

    def state(self) -> Parameters:
        since = np.array(self._since, dtype=float)
        steps = np.array(self._step)
        return super().state() | self._stream.state() | {"since": since, "updates": steps}

    def restore(self, state: Parameters) -> None:
        self._stream.restore(state)
        super().restore(state)
        self._since, self._step = state["since"].tolist(), int(state["updates"])

    def _gradient(self) -> tuple[float, Any]:
        # drawn in float64 whatever the precision of the weights: the same sequences for both
        return self._evaluate(self._stream.tokens(self._step), self._weight, *self._views.values())

    def sample_gradient(self) -> Callable[..., Any] | None:
        """Parameters to the gradient of the loss on the present batch, for plain SGD."""
        if self._optimizer.plain_rates(len(self._views)) is None:
            return None
        evaluate, batch = self._model.evaluator(self._loss), self._stream.tokens(self._step)
        return lambda *arrays: evaluate(batch, self._weight, *arrays)[1]

    def recorded_loss(self) -> float:
        since, self._since = self._since, []
        return float(np.mean(since)) if since else self._gradient()[0]


class FullBatchLearner(_StepLearner):
    """Gradient descent on an objective; the loss of a record is the objective's value there."""

    def __init__(self, model: Model, objective: Objective, optimizer: Optimizer) -> None:
        self._evaluate = bound(objective, model)
        super().__init__(model, optimizer, "float64")

    def advance(self, steps: int) -> int:
        for step in range(steps):
            if not self._update(*self._evaluate(*self._views.values())):
                return step
        return steps

    def sample_gradient(self) -> Callable[..., Any] | None:
        """Parameters to the gradient of the objective, for plain gradient descent."""
        if self._optimizer.plain_rates(len(self._views)) is None:
            return None
        return lambda *arrays: self._evaluate(*arrays)[1]

    def recorded_loss(self) -> float:
        return self._evaluate(*self._views.values())[0]


def split(vector: NDArray[Any], arrays: Parameters) -> Parameters:
    """Views into a vector (P,) by name, with the shapes of `arrays`."""
    ends = np.cumsum([array.size for array in arrays.values()])
    parts = np.split(vector, ends[:-1])
    return {
        name: part.reshape(array.shape)
        for (name, array), part in zip(arrays.items(), parts, strict=True)
    }
