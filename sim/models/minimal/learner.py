"""SGD of the minimal model as one compiled loop: sampling, gradient and update."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.kernels import training as kernels
from sim.kernels.barrier import CLOSED, STRIDE
from sim.kernels.minimal import CHUNK, partial_size
from sim.models.contracts import Gradient, Parameters
from sim.models.minimal.readable import ReadableGradient
from sim.models.minimal.settings import kernel_setting
from sim.task.batches import BatchStream
from sim.task.losses import Loss

Array = NDArray[np.float64]
SHORT = 128  # contexts for which whole attention matrices are small


class FusedLearner:
    """SGD on a stream of fresh batches (Sec. 3), each step in one compiled loop.

    A `sim.learning.learners.Learner`. Parameters are the model, the batches, a loss that the
    kernels know, learning rates and weight decays of v and W, the dtype and the number of threads.

    The loss of a record is the mean over the batches since the record before it, so an unbiased
    estimate of the population loss along the way: no sequence is seen twice. The first record has
    the loss of the first batch.
    """

    def __init__(
        self,
        model: Any,
        stream: BatchStream,
        loss: Loss,
        rates: tuple[tuple[float, float], tuple[float, float]],
        *,
        dtype: str = "float64",
        threads: int = 1,
    ) -> None:
        self.learning_rate, self.weight_decay = rates
        self._model, self._stream, self._loss = model, stream, loss
        self.setting = kernel_setting(model.architecture, loss, dtype)
        self._threads = checks.threads(threads)
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._v, self._W = model.v.astype(dtype), model.W.astype(dtype)
        self._rates = np.array([*self.learning_rate, *self.weight_decay])
        self._squares = np.zeros(2)
        self._step = 0
        self._since: list[Array] = []
        self.last_loss = np.nan

    @property
    def model(self) -> Any:
        return self._model.with_parameters(self._v, self._W)

    @property
    def parameters(self) -> Parameters:
        return {"v": self._v, "W": self._W}

    def advance(self, steps: int) -> int:
        left = steps
        while left > 0:
            block = self._stream.block(self._step)
            losses = np.empty(min(left, block.stop_step - self._step))
            done = self._train_steps(losses, self._v, self._W, self._rates, self._squares)
            self._step += done
            left -= done
            self.last_loss = float(losses[min(done, len(losses) - 1)])
            self._since.append(losses[:done])
            if done < len(losses):
                break
        return steps - left

    def _train_steps(
        self, losses: Array, v: NDArray[Any], W: NDArray[Any], rates: Array, squares: Array
    ) -> int:
        block, stream = self._stream.block(self._step), self._stream
        chosen = slice(self._step - block.first_step, self._step - block.first_step + len(losses))
        batches = kernels.Batches(
            order=stream.prior.order,
            transition=block.transition[chosen],
            initial=block.initial[chosen],
            key=stream.key,
            first_step=self._step,
        )
        chunks = -(-stream.batch_size // CHUNK)
        workers = min(self._threads, chunks)
        turns = np.zeros(workers * STRIDE, np.int64)
        partial = np.empty((2, chunks, partial_size(len(v), len(W))), v.dtype)

        def work(worker: int, *own: NDArray[Any]) -> int:
            try:
                return kernels.train_steps(
                    self.setting, batches, *own[:2], rates, worker, turns, partial, *own[2:]
                )
            finally:
                turns[worker * STRIDE] = CLOSED  # whatever happened, nobody waits for it

        mine = (v, W, losses, squares)
        try:
            jobs = []
            for worker in range(1, workers):
                assert self._pool is not None
                own = [array.copy() for array in mine]
                jobs.append(self._pool.submit(work, worker, *own))
            done = work(0, *mine)
        finally:
            turns[:] = CLOSED
        for job in jobs:
            job.result()
        return done

    def recorded_loss(self) -> float:
        losses, self._since = self._since, []
        if losses:
            return float(np.concatenate(losses).mean())
        first = np.empty(1)  # a step at rate zero, by the kernel that is compiled anyway
        self._train_steps(first, self._v.copy(), self._W.copy(), np.zeros(4), np.zeros(2))
        return float(first[0])

    def state(self) -> Parameters:
        return self._stream.state() | {
            "v": self._v.copy(),
            "W": self._W.copy(),
            "squares": self._squares.copy(),
            "since": np.concatenate([np.empty(0), *self._since]),
            "updates": np.array(self._step),
        }

    def restore(self, state: Parameters) -> None:
        self._stream.restore(state)
        self._v[:], self._W[:], self._squares[:] = (state[name] for name in ("v", "W", "squares"))
        self._since = [state["since"]] if len(state["since"]) else []
        self._step = int(state["updates"])

    def sample_gradient(self) -> Callable[..., Gradient]:
        """Parameters to the gradient of the loss on the present batch."""
        batch, model = self._stream.tokens(self._step), self._model
        if model.T <= SHORT:  # the readable gradient has nothing to compile
            batch = batch[:16]
            evaluate: Any = ReadableGradient(model, self._loss, dtype="float64", threads=1)
        else:
            evaluate = model.evaluator(self._loss)
        weight = np.full(len(batch), 1.0 / len(batch))
        return lambda *arrays: evaluate(batch, weight, *arrays)[1]

    def measures(self) -> dict[str, float]:
        """``balance_drift``: what the steps have added to |W|_F^2 - |v|^2, where that is known.

        With one rate eta and no decay a step adds eta^2 (|dL/dW|^2 - |dL/dv|^2) exactly, since
        <W, dL/dW> = <v, dL/dv>.
        """
        eta_v, eta_W = self.learning_rate
        if eta_v != eta_W or any(self.weight_decay):
            return {}
        difference = self._squares[1] - self._squares[0]
        # a rate of 1e200 has a square beyond any float
        return {"balance_drift": float(np.float64(eta_v) ** 2 * difference)}
