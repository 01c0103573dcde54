"""Chains from one of several priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior


@dataclass(frozen=True, eq=False)
class Mixture(Prior):
    """Each chain from one of several priors, chosen independently with the given weights."""

    priors: Sequence[Prior]
    weights: ArrayLike

    def __post_init__(self) -> None:
        checks.instance("priors", self.priors, Sequence, "a sequence of priors")
        for prior in self.priors:
            checks.instance("priors", prior, Prior, "priors such as Dirichlet(k)")
        if len(self.priors) == 0:
            raise ValueError("priors must hold at least one prior, got none")
        checks.distribution("weights", self.weights, len(self.priors))
        shapes = {(prior.k, prior.order) for prior in self.priors}
        if len(shapes) > 1:
            raise ValueError(f"priors must agree in (k, order), got {sorted(shapes)}")

    @property
    def k(self) -> int:  # type: ignore[override]
        return self.priors[0].k

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.priors[0].order

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        rng = generator(rng)
        weights = np.asarray(self.weights, dtype=np.float64)
        component = rng.choice(len(weights), size=n, p=weights / weights.sum())
        out = np.empty((n, self.k**self.order, self.k))
        for index, prior in enumerate(self.priors):
            chosen = component == index
            if chosen.any():
                out[chosen] = prior.sample(int(chosen.sum()), rng)
        return out

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "mixture",
            "priors": [prior.describe() for prior in self.priors],
            "weights": np.asarray(self.weights, dtype=float).tolist(),
        }
