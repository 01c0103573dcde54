"""Exact averages over Markov chains of two states under the flat prior."""

from __future__ import annotations

import sympy as sp


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
