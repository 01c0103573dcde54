"""What every prior over Markov chains offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.randomness import Seed


class Prior(ABC):
    """A distribution over transition matrices of chains with `k` states.

    Attributes
    ----------
    k : int
        Number of states.
    order : int
        Length of the history the next token depends on; row ``s`` of a transition matrix belongs
        to the history whose base-k digits, oldest token first, spell ``s``.
    """

    k: int
    order: int

    @abstractmethod
    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        """Draw `n` transition matrices, shape ``(n, k**order, k)``, rows summing to 1."""

    def _size(self, n: int) -> int:
        """`n` as an int, if so many transition matrices can be held."""
        n = checks.integer("n", n, 1)
        what = f"sampling {n} chains with k = {self.k} states of order {self.order}"
        checks.memory(what, n, checks.histories(self.k, self.order), self.k)
        return n

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The prior as JSON-ready data, for provenance."""
