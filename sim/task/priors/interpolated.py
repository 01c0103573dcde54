"""The two-state priors of App. B, between i.i.d. tokens and doubly stochastic chains."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior
from sim.task.priors.rules import Quadrature, gauss, two_state


@dataclass(frozen=True, eq=False)
class Interpolated(Prior):
    """The two-state family of App. B (Fig. 4a), rows ``(a, 1 - a)`` and ``(b, 1 - b)``.

    x ~ U(0, 1); mu = x + p (1 - 2x); y ~ U(mu - 0.2, mu + 0.2) clipped to [0, 1]; (a, b) is
    (x, y) or (y, x) with equal probability. At ``p = 0`` the rows nearly agree (tokens nearly
    i.i.d.); at ``p = 1`` the matrix is nearly doubly stochastic.

    Parameters
    ----------
    p : float
        In [0, 1].
    """

    p: float
    k: int = field(default=2, init=False)
    order: int = field(default=1, init=False)
    half_width = 0.2

    def __post_init__(self) -> None:
        p = checks.real("p", self.p, 0.0, strict=False)
        if p > 1.0:
            raise ValueError(f"p must lie in [0, 1], got {self.p}")
        checks.keep(self, p=p)

    def sample(self, n: int, rng: Seed = None) -> NDArray[np.float64]:
        n = self._size(n)
        rng = generator(rng)
        x = rng.random(n)
        centre = x + self.p * (1 - 2 * x)
        y = np.clip(centre + self.half_width * (2 * rng.random(n) - 1), 0.0, 1.0)
        swap = rng.random(n) < 0.5
        first = np.stack([np.where(swap, y, x), np.where(swap, x, y)], axis=1)
        return np.stack([first, 1 - first], axis=2)

    @property
    def has_exact_quadrature(self) -> bool:
        return True

    def quadrature(self, nodes: int) -> Quadrature:
        return _interpolated(self, nodes)

    def describe(self) -> dict[str, Any]:
        return {"prior": "interpolated", "p": self.p}


def _interpolated(prior: Interpolated, nodes: int) -> Quadrature:
    """Gauss in x between the points where clipping of y sets in; clipped mass becomes atoms."""
    p, half = prior.p, prior.half_width
    cuts = {0.0, 1.0}
    if p != 0.5:
        cuts |= {(level - p) / (1 - 2 * p) for level in (half, 1 - half)}
    grid, weight = gauss(nodes)
    rule: list[tuple[NDArray[np.float64], ...]] = []
    for low, high in pairwise(sorted(cut for cut in cuts if 0.0 <= cut <= 1.0)):
        x = low + (high - low) * grid
        mu = x + p * (1 - 2 * x)
        bottom, top = np.maximum(0.0, mu - half), np.minimum(1.0, mu + half)
        spread = (top - bottom) / (2 * half)
        y = bottom[:, None] + (top - bottom)[:, None] * grid
        inner = (high - low) * np.outer(weight * spread, weight)
        rule.append((np.repeat(x, nodes), y.ravel(), inner.ravel()))
        for atom, mass in ((0.0, half - mu), (1.0, mu + half - 1)):
            clipped = (high - low) * weight * np.maximum(0.0, mass) / (2 * half)
            rule.append((x, np.full_like(x, atom), clipped))
    x, y, w = (np.concatenate(parts) for parts in zip(*rule, strict=True))
    keep = w > 0
    x, y, w = x[keep], y[keep], w[keep]
    matrices = np.concatenate([two_state(x, 1 - y), two_state(y, 1 - x)])
    return Quadrature(np.concatenate([w, w]) / 2, matrices)
