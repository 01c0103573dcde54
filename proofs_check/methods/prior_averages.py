"""Averages over Markov chains of two states under the flat prior, exactly and by quadrature."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim

Array = NDArray[np.float64]


def average_over_exits(of: sp.Expr, first: sp.Symbol, second: sp.Symbol) -> sp.Expr:
    """Average of a rational function of the chances to leave either state, both uniform on [0, 1].

    The square is cut into two triangles, and on each one chance is the other times a ratio: then
    1 / (first + second), the singularity of the stationary distribution, is cancelled.
    """
    u, ratio = sp.symbols("u r", positive=True)
    total = sp.Integer(0)
    for exits in ((u, u * ratio), (u * ratio, u)):
        density = sp.cancel(of.subs({first: exits[0], second: exits[1]}, simultaneous=True) * u)
        inner = sp.integrate(sp.expand(density), (u, 0, 1))
        total += sp.integrate(sp.apart(sp.cancel(inner), ratio), (ratio, 0, 1))
    return sp.expand(total)


@cache
def inverse_gap() -> sp.Expr:
    """E[1 / (1 - |lambda|)], in the coordinates (s, y) of the prior.

    With s = 1 - lambda and y = pi_1 - 1/2 the density is s on s (1/2 + |y|) <= 1, |y| <= 1/2. The
    width in y is 1 for s <= 1 and 2 (1/s - 1/2) for 1 <= s <= 2.
    """
    s = sp.Symbol("s", positive=True)
    near_one = sp.integrate(sp.cancel(s / s), (s, 0, 1))
    near_minus_one = sp.cancel(s * 2 * (1 / s - sp.Rational(1, 2)) / (2 - s))
    return near_one + sp.integrate(near_minus_one, (s, 1, 2))


def flat_rule(nodes: int) -> tuple[Array, Array, Array]:
    """A quadrature of the flat prior of two states: weights, chains and their pi."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), nodes)
    return rule.weights, rule.transition, sim.stationary_distribution(rule.transition)
