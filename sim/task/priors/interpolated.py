"""The two-state family of App. B between i.i.d. tokens and doubly stochastic chains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.randomness import Seed, generator
from sim.task.priors.prior import Prior


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
