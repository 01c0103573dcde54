"""The prior over doubly stochastic chains, whose unigram statistics carry no information."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.birkhoff import sample_doubly_stochastic
from sim.task.priors.prior import Prior
from sim.task.priors.rules import Quadrature, gauss, two_state


@dataclass(frozen=True, eq=False)
class DoublyStochastic(Prior):
    """Uniform on the Birkhoff polytope: unigram statistics carry no information.

    For ``k = 2`` this is the case a = b of Corollary A.2 with a uniform on (0, 1).
    """

    k: int
    order: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        checks.keep(self, k=checks.integer("k", self.k, 2))
        checks.histories(self.k, self.order)

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        return sample_doubly_stochastic(self._size(n), self.k, generator(rng))

    @property
    def has_exact_quadrature(self) -> bool:
        return self.k == 2

    def quadrature(self, nodes: int) -> Quadrature:
        if self.k != 2:
            return super().quadrature(nodes)
        a, weight = gauss(nodes)
        return Quadrature(weight, two_state(a, a))

    def describe(self) -> dict[str, Any]:
        return {"prior": "doubly_stochastic", "k": self.k}
