"""The Dirichlet prior (independent rows) and the unigram prior (all rows equal)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior
from sim.task.priors.rules import Quadrature, jacobi, two_state
from sim.task.priors.two_states import two_state_dirichlet

# beyond these, powers and products of concentrations are beyond any float
LEAST, MOST = 1e-50, 1e50
# below it NumPy draws by breaking a stick, whose last piece is a difference: right to 1e-16 only
UNEVEN = 0.1


def _concentration(alpha: Any, k: int) -> float | NDArray[np.float64]:
    """One positive number, or one for each state."""
    several = isinstance(alpha, list | tuple | np.ndarray) and np.ndim(alpha) > 0
    found = checks.array("alpha", alpha, (k,)) if several else checks.real("alpha", alpha)
    low, high = np.min(found), np.max(found)
    if low <= 0:
        raise ValueError(f"alpha must be positive, got {low:g}")
    if low < LEAST or high > MOST:
        wrong = low if low < LEAST else high
        raise ValueError(f"alpha must lie between {LEAST:g} and {MOST:g}, got {wrong:g}")
    return found


def _draw(
    rng: np.random.Generator, alpha: NDArray[np.float64], size: tuple[int, ...]
) -> NDArray[np.float64]:
    """Dirichlet vectors (*size, k), each entry accurate to relative rounding error."""
    if alpha.max() >= UNEVEN:
        return rng.dirichlet(alpha, size=size)
    # Gamma(alpha) is Gamma(alpha + 1) times U**(1 / alpha), which underflows: in logarithms
    shape = (*size, len(alpha))
    logs = np.log(rng.standard_gamma(alpha + 1, shape)) - rng.standard_exponential(shape) / alpha
    with np.errstate(under="ignore"):
        rows = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return rows / rows.sum(axis=-1, keepdims=True)


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

    Examples
    --------
    >>> import sim
    >>> sim.Dirichlet(3).sample(5, rng=0).shape  # five chains of three states
    (5, 3, 3)
    >>> sim.Dirichlet(3, alpha=0.5, order=2).sample(5, rng=0).shape  # a row for each two tokens
    (5, 9, 3)
    """

    k: int
    alpha: float | ArrayLike = 1.0
    order: int = 1

    def __post_init__(self) -> None:
        k, order = checks.integer("k", self.k, 2), checks.integer("order", self.order, 1)
        checks.histories(k, order)
        checks.keep(self, k=k, order=order, alpha=_concentration(self.alpha, k))

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        size = (n, self.k**self.order)
        if np.ndim(self.alpha) == 0 and self.alpha == 1.0:
            # the flat law as normalised exponentials, three times faster
            rows = generator(rng).standard_exponential((*size, self.k))
            return rows / rows.sum(axis=2, keepdims=True)
        return _draw(generator(rng), np.broadcast_to(self.alpha, self.k), size)

    @property
    def has_exact_quadrature(self) -> bool:
        return self.k == 2 and self.order == 1

    def quadrature(self, nodes: int) -> Quadrature:
        if self.has_exact_quadrature:
            return two_state_dirichlet(nodes, *np.broadcast_to(self.alpha, 2).tolist())
        if np.ndim(self.alpha) == 0 and self.alpha == 1.0:
            return _sobol_flat(self, nodes)
        return super().quadrature(nodes)

    def describe(self) -> dict[str, Any]:
        return {
            "prior": "dirichlet",
            "k": self.k,
            "alpha": np.asarray(self.alpha).tolist(),
            "order": self.order,
        }


@dataclass(frozen=True, eq=False)
class Unigram(Prior):
    """All rows equal to one Dirichlet(alpha) draw: tokens are i.i.d. and unigrams are optimal."""

    k: int
    alpha: float | ArrayLike = 1.0
    order: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        k = checks.integer("k", self.k, 2)
        checks.histories(k, self.order)
        checks.keep(self, k=k, alpha=_concentration(self.alpha, k))

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        row = _draw(generator(rng), np.broadcast_to(self.alpha, self.k), (n,))
        return np.repeat(row[:, None, :], self.k, axis=1)

    @property
    def has_exact_quadrature(self) -> bool:
        return self.k == 2

    def quadrature(self, nodes: int) -> Quadrature:
        if self.k != 2:
            return super().quadrature(nodes)
        a, weight = jacobi(nodes, *np.broadcast_to(self.alpha, 2).tolist())
        return Quadrature(weight, two_state(a, 1 - a))

    def describe(self) -> dict[str, Any]:
        return {"prior": "unigram", "k": self.k, "alpha": np.asarray(self.alpha).tolist()}


def _sobol_flat(prior: Dirichlet, nodes: int) -> Quadrature:
    # scipy.stats alone would double the time to import sim
    from scipy.stats import qmc

    rows, k = prior.k**prior.order, prior.k
    exponent = int(np.ceil(2 * np.log2(nodes)))
    # `seed`, which SciPy before 1.15 knows too; a number there would give other points
    sobol = qmc.Sobol(rows * (k - 1), seed=np.random.default_rng(0))
    cube = sobol.random_base2(exponent).reshape(-1, rows, k - 1)
    # order statistics of k - 1 uniforms cut the unit interval into a flat Dirichlet vector
    cuts = np.sort(cube, axis=2)
    edges = np.concatenate(
        [np.zeros_like(cuts[..., :1]), cuts, np.ones_like(cuts[..., :1])], axis=2
    )
    return Quadrature(np.full(len(cube), 1.0 / len(cube)), np.diff(edges, axis=2))
