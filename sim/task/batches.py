"""Fresh training batches, determined by the seed and the step alone."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.files import json_bytes
from sim.kernels import training as kernels
from sim.randomness import Seed, generator
from sim.task.priors import Prior
from sim.task.priors.prior import sampled_chains
from sim.task.sequences import initial_distribution

# numbers in the transition matrices drawn at a time
BLOCK_SIZE = 2**16
MOST_STEPS = 64


class Block(NamedTuple):
    """Chains of consecutive batches: transition (steps, B, S, k), initial (steps, B, S)."""

    first_step: int
    transition: NDArray[np.float64]
    initial: NDArray[np.float64]

    @property
    def stop_step(self) -> int:
        """First step of the next block."""
        return self.first_step + len(self.transition)


class BatchStream:
    """The batches of a training run.

    Chains are drawn for a block of steps at a time, tokens with counter-based random numbers keyed
    by step, sequence and position: when records are taken, and who draws a batch, changes nothing.

    Parameters
    ----------
    prior : Prior
    batch_size, length : int
        Sequences in a batch, tokens in a sequence.
    rng : None, int, SeedSequence or Generator
    start : {"stationary", "uniform"} or array_like of shape (k**order,)
    """

    def __init__(
        self,
        prior: Prior,
        batch_size: int,
        length: int,
        rng: Seed = None,
        start: str | ArrayLike = "stationary",
    ) -> None:
        self.prior, self.start = prior, start
        self.batch_size = checks.integer("batch_size", batch_size, 1)
        self.length = checks.integer("length", length, 1)
        self._rng = generator(rng)
        self.key = self._rng.integers(0, 2**32, size=2, dtype=np.uint64)
        numbers = self.batch_size * checks.histories(prior.k, prior.order) * int(prior.k)
        self._steps = max(1, min(MOST_STEPS, BLOCK_SIZE // numbers))
        self._block = self._draw(0)

    def block(self, step: int) -> Block:
        """The block `step` lies in; steps have to be asked for in order."""
        while step >= self._block.stop_step:
            self._block = self._draw(self._block.stop_step)
        return self._block

    def tokens(self, step: int, dtype: str = "float64") -> NDArray[np.int32]:
        """Batch (B, length) of a step; float32 rounds the transition probabilities."""
        block = self.block(step)
        index = step - block.first_step
        out = np.empty((self.batch_size, self.length), dtype=np.int32)
        chains = (block.transition[index].astype(dtype), block.initial[index].astype(dtype))
        kernels.draw(self.prior.order, *chains, self.key, step, out)
        return out

    def state(self) -> dict[str, NDArray[Any]]:
        """Where the random numbers are: what `restore` needs to draw the present block again."""
        return {
            "key": self.key,
            "block": np.array(self._block.first_step),
            "generator": np.frombuffer(json_bytes(self._before), np.uint8),
        }

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go to where `state` was taken.

        Raises
        ------
        ValueError
            If that was another stream.
        """
        if not np.array_equal(state["key"], self.key):
            raise ValueError("rng must be the seed that the run began with, got another")
        self._rng.bit_generator.state = json.loads(state["generator"].tobytes())
        self._block = self._draw(int(state["block"]))

    def _draw(self, first_step: int) -> Block:
        steps, batch = self._steps, self.batch_size
        self._before = self._rng.bit_generator.state
        transition = sampled_chains(self.prior, steps * batch, self._rng)
        initial = initial_distribution(self.start, transition)
        return Block(
            first_step,
            transition.reshape(steps, batch, *transition.shape[1:]),
            initial.reshape(steps, batch, -1),
        )
