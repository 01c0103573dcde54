"""Cross-entropy of long contexts with v = c 1, written out: logits (a + b pi_m) pi_i (p/T)^2.

With v not yet moved eq. (8) gives f_{p,i} = (c p^2 / 2) (alpha + beta pi_m) pi_i for two states, so
that nothing but (a, b) = (c T^2 / 2) (alpha, beta) is left. None of this is code of `theory`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import sim

Array = NDArray[np.float64]
WANTED = float(np.pi**2 / 12 - np.log(2))  # log 2 - E H(pi), see x-constants-closed


@cache
def _tables() -> tuple[Array, Array, Array, Array, Array]:
    """Weights of chains and tokens (n, 2, 1, 1), pi, next-token chances, and nodes in x."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 24)
    P, pi = rule.transition, sim.stationary_distribution(rule.transition)
    x, w = np.polynomial.legendre.leggauss(12)
    mass = (rule.weights[:, None] * pi)[:, :, None, None]
    return mass, pi, P, (1 + x) / 2, w / 2


def cross_entropy(a: float, b: float) -> float:
    """The loss averaged over chains, current tokens and positions."""
    mass, pi, P, x, w = _tables()
    f = ((a + b * pi)[:, :, None] * pi[:, None, :])[:, :, None, :] * x[:, None] ** 2
    log_q = f - np.logaddexp(f[..., :1], f[..., 1:])
    return float(-np.sum(mass * w[:, None] * P[:, :, None, :] * log_q))


def _slopes(a: float, b: float) -> tuple[float, float]:
    h = 1e-4 * (1 + abs(a) + abs(b))
    return tuple((cross_entropy(a + h * p, b + h * q) - cross_entropy(a - h * p, b - h * q))
                 / (2 * h) for p, q in ((1, 0), (0, 1)))  # type: ignore[return-value]  # fmt: skip


@cache
def onset(linear: bool, everywhere: bool) -> float:
    """c^2 T^4 t at which <pi - 1/2, f> is as large as log 2 - E H(pi): last token, or all."""
    mass, pi, _, _, _ = _tables()
    share = 1 / 3 if everywhere else 1.0
    lead = share * np.array(
        [np.sum(mass[..., 0] * (pi - 0.5)[:, None, :] * shape * pi[:, None, :])
         for shape in (1.0, pi[:, :, None])]
    )  # fmt: skip

    def velocity(_: float, y: Array) -> Array:
        d_a, d_b = _slopes(0.0, 0.0) if linear else _slopes(*y)
        # entries of W off the diagonal and on it, each of which there are two
        off, diagonal = -(d_a - d_b) / 8, -d_b / 8
        return np.array([off, diagonal - off])

    def reached(_: float, y: Array) -> float:
        return float(lead @ y) - WANTED

    reached.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(velocity, (0.0, 1e5), np.zeros(2), "DOP853", events=reached, rtol=1e-8)
    return float(found.t_events[0][0])


@cache
def largest_stable_rate() -> float:
    """c^2 T^4 times 2 / the largest eigenvalue of the Hessian in W at W = 0."""
    h, root = 2e-3, np.sqrt(2.0)
    directions = np.array([[1.0, -1.0], [0.0, 1.0]]) / root  # (a, b) along the entries' coordinates

    def along(i: int, j: int, p: float, q: float) -> float:
        return cross_entropy(*(p * h * directions[i] + q * h * directions[j]))

    hessian = [
        [
            sum(p * q * along(i, j, p, q) for p in (-1, 1) for q in (-1, 1)) / (4 * h**2)
            for j in range(2)
        ]
        for i in range(2)
    ]
    return float(8.0 / np.linalg.eigvalsh(hessian)[-1])
