"""Priors over Markov chains: where the transition matrices of the in-context task come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.birkhoff import sample_doubly_stochastic
from sim.randomness import Seed, generator


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
class DoublyStochastic(Prior):
    """Uniform on the Birkhoff polytope: unigram statistics carry no information.

    For ``k = 2`` this is the case a = b of Corollary A.2 with a uniform on (0, 1).
    """

    k: int
    order: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        checks.integer("k", self.k, 2)
        checks.histories(self.k, self.order)

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        return sample_doubly_stochastic(self._size(n), self.k, generator(rng))

    def describe(self) -> dict[str, Any]:
        return {"prior": "doubly_stochastic", "k": self.k}


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


@dataclass(frozen=True, eq=False)
class Interpolated(Prior):
    """The two-state family of App. B (Fig. 4a), rows ``(a, 1 - a)`` and ``(b, 1 - b)``.

    x ~ U(0, 1); mu = x + p (1 - 2x); y ~ U(mu - 0.2, mu + 0.2) clipped to [0, 1]; (a, b) is
    (x, y) or (y, x) with equal probability. At ``p = 0`` the rows nearly agree (tokens nearly
    i.i.d.); at ``p = 1`` the matrix is nearly doubly stochastic.
    """

    p: float
    k: int = field(default=2, init=False)
    order: int = field(default=1, init=False)
    half_width = 0.2

    def __post_init__(self) -> None:
        if checks.real("p", self.p, 0.0, strict=False) > 1.0:
            raise ValueError(f"p must lie in [0, 1], got {self.p}")

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        rng = generator(rng)
        x = rng.random(n)
        centre = x + self.p * (1 - 2 * x)
        y = np.clip(centre + self.half_width * (2 * rng.random(n) - 1), 0.0, 1.0)
        swap = rng.random(n) < 0.5
        first = np.stack([np.where(swap, y, x), np.where(swap, x, y)], axis=1)
        return np.stack([first, 1 - first], axis=2)

    def describe(self) -> dict[str, Any]:
        return {"prior": "interpolated", "p": float(self.p)}


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


@dataclass(frozen=True, eq=False)
class FiniteSet(Prior):
    """Uniform over `size` chains drawn once from `prior` with `seed`."""

    prior: Prior
    size: int
    seed: int
    chains: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks.instance("prior", self.prior, Prior, "a prior such as Dirichlet(k)")
        checks.integer("size", self.size, 1)
        checks.integer("seed", self.seed, 0)
        object.__setattr__(self, "chains", self.prior.sample(self.size, self.seed))

    @property
    def k(self) -> int:  # type: ignore[override]
        return self.prior.k

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.prior.order

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        return self.chains[generator(rng).integers(self.size, size=n)]

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "finite_set",
            "of": self.prior.describe(),
            "size": self.size,
            "seed": self.seed,
        }


NAMES = ("dirichlet", "doubly_stochastic", "unigram", "interpolated")


def prior_by_name(
    name: str, *, k: int, alpha: float = 1.0, order: int = 1, p: float | None = None
) -> Prior:
    """The prior a command line means by `name`; parameters the prior does not have are refused."""
    checks.one_of("prior", name, NAMES)
    if p is not None and name != "interpolated":
        raise ValueError(f"prior {name} has no p, got {p:g}")
    if name == "dirichlet":
        return Dirichlet(k, alpha, order)
    if order != 1:
        raise ValueError(f"prior {name} is defined for order 1, got order {order}")
    if name == "unigram":
        return Unigram(k, alpha)
    if alpha != 1.0:
        raise ValueError(f"prior {name} has no alpha, got {alpha:g}")
    if name == "doubly_stochastic":
        return DoublyStochastic(k)
    if k != 2:
        raise ValueError(f"prior interpolated is defined for k = 2, got {k}")
    if p is None:
        raise ValueError("prior interpolated needs p in [0, 1], got none")
    return Interpolated(p)
