"""Two-state chains in signs +-1, by their mean mu and eigenvalue lambda: correlations, exactly.

A chain has pi = (1 + mu, 1 - mu) / 2 and P^n = 1 pi + lambda^n (I - 1 pi). With k = 2 and all
hinges of the margin loss active, -T dL/dv_j at W = 11^T is half the sum of E[s_t' s_{p+1}] over
j <= t' <= p <= T, and the lead of W's diagonal in -T dL/dW at v = 1 is a quarter of the sum of
E[s_s s_t' s_p s_{p+1}] over s <= t' <= p <= T.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import sympy as sp

from proofs_check.methods.prior_averages import average_over_exits
from proofs_check.methods.symbols import lam, t

mu = sp.Symbol("mu", real=True)
OFF_MEAN = 1 - mu**2
PI = (sp.Matrix([[1, 1]]) + mu * sp.Matrix([[1, -1]])) / 2
SIGNS = (1, -1)


def power(decay: sp.Expr) -> sp.Matrix:
    """P^n of the chain, written with `decay` for lambda^n."""
    settled = sp.ones(2, 1) * PI
    return settled + decay * (sp.eye(2) - settled)


def pair(decay: sp.Expr) -> sp.Expr:
    """E[s_q s_{q+n}] of the stationary chain, with `decay` for lambda^n."""
    step = power(decay)
    return sp.expand(
        sum(
            PI[x] * step[x, z] * SIGNS[x] * SIGNS[z] for x, z in product(range(2), repeat=2)
        )
    )  # fmt: skip


def four(before: sp.Expr, after: sp.Expr) -> sp.Expr:
    """E[s_s s_t' s_p s_{p+1}], with `before` for lambda^(t'-s) and `after` for lambda^(p-t')."""
    steps = (power(before), power(after), power(lam))
    total = sp.Integer(0)
    for states in product(range(2), repeat=4):
        chance = PI[states[0]]
        for step, x, z in zip(steps, states, states[1:], strict=False):
            chance *= step[x, z] * SIGNS[x]
        total += chance * SIGNS[states[3]]
    return sp.expand(total)


@cache
def flat_mean(expression: sp.Expr) -> sp.Expr:
    """Average over the flat prior of a polynomial in mu and lambda, an element of Q + Q log 2."""
    leave, back = sp.symbols("u w", positive=True)  # chances to leave either state
    values = {mu: (back - leave) / (leave + back), lam: 1 - leave - back}
    return sp.expand(
        average_over_exits(sp.together(expression.subs(values)), leave, back), log=True
    )


def growth(expression: sp.Expr) -> tuple[int, sp.Expr]:
    """Power of t and coefficient that lead once lambda^t has died out, |lambda| < 1."""
    settled = sp.expand(expression).replace(
        lambda part: part.is_Pow and part.base == lam and part.exp.has(t), lambda part: 0
    )
    numerator, denominator = sp.fraction(sp.together(settled))
    above, below = sp.Poly(numerator, t), sp.Poly(denominator, t)
    return above.degree() - below.degree(), sp.cancel(above.LC() / below.LC())
