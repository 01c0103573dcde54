"""Rows of the transition matrix from Dirichlet laws, each its own or all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior


def _concentration(alpha: float | ArrayLike, k: int) -> NDArray[np.float64]:
    if np.ndim(alpha) == 0:
        return np.full(k, checks.real("alpha", alpha))
    vector = checks.array("alpha", alpha, (k,))
    if (vector <= 0).any():
        raise ValueError(f"alpha must be positive, got {vector.min():g}")
    return vector


def _plain(alpha: float | ArrayLike) -> Any:
    return np.asarray(alpha, dtype=float).tolist()


@dataclass(frozen=True, eq=False)
class Dirichlet(Prior):
    """Every row an independent Dirichlet(alpha) draw; ``alpha = 1`` is the paper's flat prior.

    Parameters
    ----------
    k : int
        Number of states, at least 2.
    alpha : float or array_like of shape (k,)
        Concentration, positive.
    order : int
        Order of the chain; 1 for bigrams, n - 1 for n-grams (Sec. 3.3).
    """

    k: int
    alpha: float | ArrayLike = 1.0
    order: int = 1

    def __post_init__(self) -> None:
        checks.integer("k", self.k, 2)
        checks.integer("order", self.order, 1)
        checks.histories(self.k, self.order)
        _concentration(self.alpha, self.k)

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        size = (n, self.k**self.order)
        if np.ndim(self.alpha) == 0 and self.alpha == 1.0:
            # the flat law as normalised exponentials, three times faster
            rows = generator(rng).standard_exponential((*size, self.k))
            return rows / rows.sum(axis=2, keepdims=True)
        return generator(rng).dirichlet(_concentration(self.alpha, self.k), size=size)

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "dirichlet",
            "k": self.k,
            "alpha": _plain(self.alpha),
            "order": self.order,
        }


@dataclass(frozen=True, eq=False)
class Unigram(Prior):
    """All rows equal to one Dirichlet(alpha) draw: tokens are i.i.d. and unigrams are optimal."""

    k: int
    alpha: float | ArrayLike = 1.0
    order: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        checks.integer("k", self.k, 2)
        checks.histories(self.k, self.order)
        _concentration(self.alpha, self.k)

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        row = generator(rng).dirichlet(_concentration(self.alpha, self.k), size=n)
        return np.repeat(row[:, None, :], self.k, axis=1)

    def describe(self) -> dict[str, Any]:
        return {"prior": "unigram", "k": self.k, "alpha": _plain(self.alpha)}
