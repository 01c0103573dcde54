"""The prior that is uniform on a fixed finite set of chains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior, check_prior, sampled_chains
from sim.task.priors.rules import Quadrature


@dataclass(frozen=True, eq=False)
class FiniteSet(Prior):
    """Uniform over `size` chains drawn once from `prior` with `seed`.

    Parameters
    ----------
    prior : Prior
    size : int
        Number of chains, at least 1.
    seed : int
        At least 0.

    Attributes
    ----------
    chains : ndarray, shape (size, k**order, k)
    """

    prior: Prior
    size: int
    seed: int
    chains: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_prior(self.prior)
        size, seed = checks.integer("size", self.size, 1), checks.integer("seed", self.seed, 0)
        checks.keep(self, size=size, seed=seed, chains=sampled_chains(self.prior, size, seed))

    @property
    def k(self) -> int:  # type: ignore[override]
        return self.prior.k

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.prior.order

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        return self.chains[generator(rng).integers(self.size, size=n)]

    @property
    def has_exact_quadrature(self) -> bool:
        return True

    def quadrature(self, nodes: int) -> Quadrature:
        return Quadrature(np.full(self.size, 1.0 / self.size), self.chains)

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "finite_set",
            "of": self.prior.describe(),
            "size": self.size,
            "seed": self.seed,
        }
