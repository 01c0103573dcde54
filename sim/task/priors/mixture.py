"""The mixture prior: each chain comes from one of several priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior, check_prior, sampled_chains
from sim.task.priors.quadrature import prior_quadrature
from sim.task.priors.rules import Quadrature


@dataclass(frozen=True, eq=False)
class Mixture(Prior):
    """Each chain from one of several priors, chosen independently with the given weights.

    Parameters
    ----------
    priors : sequence of Prior
        Of the same k and order.
    weights : array_like, shape (len(priors),)
        Nonnegative, summing to 1.
    """

    priors: Sequence[Prior]
    weights: ArrayLike

    def __post_init__(self) -> None:
        checks.instance("priors", self.priors, Sequence, "a sequence of priors")
        for index, prior in enumerate(self.priors):
            check_prior(prior, f"priors[{index}]")
        if len(self.priors) == 0:
            raise ValueError("priors must hold at least one prior, got none")
        weights = checks.distribution("weights", self.weights, len(self.priors))
        checks.keep(self, priors=tuple(self.priors), weights=weights)
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
        weights = np.asarray(self.weights)
        component = rng.choice(len(weights), size=n, p=weights / weights.sum())
        out = np.empty((n, checks.histories(self.k, self.order), self.k))
        for index, prior in enumerate(self.priors):
            chosen = component == index
            if chosen.any():
                out[chosen] = sampled_chains(prior, int(chosen.sum()), rng)
        return out

    @property
    def has_exact_quadrature(self) -> bool:
        return all(prior.has_exact_quadrature for prior in self.priors)

    def quadrature(self, nodes: int) -> Quadrature:
        parts = [prior_quadrature(prior, nodes) for prior in self.priors]
        outer = np.asarray(self.weights)
        weights = [w * part.weights for w, part in zip(outer, parts, strict=True)]
        return Quadrature(np.concatenate(weights), np.concatenate([p.transition for p in parts]))

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "mixture",
            "priors": [prior.describe() for prior in self.priors],
            "weights": np.asarray(self.weights).tolist(),
        }
