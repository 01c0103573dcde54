"""The Dirichlet prior (independent rows) and the unigram prior (all rows equal)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior
from sim.task.priors.rules import Quadrature, jacobi, special, two_state


def _concentration(alpha: Any, k: int) -> float | NDArray[np.float64]:
    """One positive number, or one for each state."""
    if isinstance(alpha, list | tuple) or np.ndim(alpha):
        vector = checks.array("alpha", alpha, (k,))
        if (vector <= 0).any():
            raise ValueError(f"alpha must be positive, got {vector.min():g}")
        return vector
    return checks.real("alpha", alpha)


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
        return generator(rng).dirichlet(np.broadcast_to(self.alpha, self.k), size=size)

    @property
    def has_exact_quadrature(self) -> bool:
        return self.k == 2 and self.order == 1

    def quadrature(self, nodes: int) -> Quadrature:
        if self.has_exact_quadrature:
            return _two_state_dirichlet(self, nodes)
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
        row = generator(rng).dirichlet(np.broadcast_to(self.alpha, self.k), size=n)
        return np.repeat(row[:, None, :], self.k, axis=1)

    @property
    def has_exact_quadrature(self) -> bool:
        return self.k == 2

    def quadrature(self, nodes: int) -> Quadrature:
        if self.k != 2:
            return super().quadrature(nodes)
        alpha = np.broadcast_to(np.asarray(self.alpha, dtype=np.float64), 2)
        a, weight = jacobi(nodes, alpha[0], alpha[1])
        return Quadrature(weight, two_state(a, 1 - a))

    def describe(self) -> dict[str, Any]:
        return {"prior": "unigram", "k": self.k, "alpha": np.asarray(self.alpha).tolist()}


def _two_state_dirichlet(prior: Dirichlet, nodes: int) -> Quadrature:
    """Duffy's substitution on both triangles of the square of exit probabilities (u, w).

    The stationary distribution pi = (1-b, 1-a)/(2-a-b) has no limit at a = b = 1, so plain tensor
    rules in (a, b) converge slowly. Splitting the square of exit probabilities (u, w) = (1-a, 1-b)
    along its diagonal and setting w = u s (or u = w s) makes pi a smooth function of s alone, and
    Gauss rules converge spectrally.
    """
    stay, leave = np.broadcast_to(np.asarray(prior.alpha, dtype=np.float64), 2)
    weights: list[NDArray[np.float64]] = []
    matrices: list[NDArray[np.float64]] = []
    # rows (a, 1-a) ~ Beta(stay, leave) and (1-b, b): exit probabilities u ~ Beta(leave, stay),
    # w ~ Beta(stay, leave); the larger of the two is x, the smaller x s
    for power_x, power_s in (((leave, stay), (stay, leave)), ((stay, leave), (leave, stay))):
        x, weight_x = special().roots_jacobi(nodes, power_x[1] - 1, leave + stay - 1)
        s, weight_s = special().roots_jacobi(nodes, 0.0, power_s[0] - 1)
        x, s = (x + 1) / 2, (s + 1) / 2
        big, small = np.meshgrid(x, s, indexing="ij")
        weight = np.outer(weight_x, weight_s) * (1 - big * small) ** (power_s[1] - 1)
        # the powers of two from mapping (-1, 1) to (0, 1) differ between the triangles
        weight *= 0.5 ** (power_x[1] + leave + stay + power_s[0])
        u, w = (big, big * small) if not matrices else (big * small, big)
        weights.append(weight.ravel())
        matrices.append(two_state(1 - u.ravel(), 1 - w.ravel()))
    return Quadrature(np.concatenate(weights), np.concatenate(matrices))


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
