"""Sums over 1 <= s <= t' <= p <= t in closed form, with symbolic ends and powers of lambda."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import sympy as sp

from proofs_check.methods.exact_chains import pair_mean
from proofs_check.methods.symbols import Entry, c, lam, p, s, t, t1

GAP = sp.Symbol("G", positive=True)  # 1 / (1 - lambda) inside sums
TRIPLE = ((s, t1), (t1, p), (p, t))  # innermost first, each from 1


def summed(summand: sp.Expr, index: sp.Symbol, upper: sp.Expr) -> sp.Expr:
    """Sum over index = 1..upper of terms ``polynomial(index) * lambda**(integer * index)``.

    The upper end may be symbolic. Denominators that are 1 - lambda up to a power of lambda are
    kept as one symbol, `GAP`; `total` puts it back.
    """
    out = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(_with_gaps(summand))):
        outer, inner = term.as_independent(index, as_Add=False)
        degree, rate = 0, 0
        for factor in sp.Mul.make_args(inner):
            base, exponent = factor.as_base_exp()
            if base == index:
                degree += int(exponent)
            elif base == lam:
                rate += int(exponent.coeff(index))
                outer *= lam ** exponent.subs(index, 0)
            elif factor != 1:
                raise ValueError(f"summand must be polynomial times powers, got {factor}")
        out += outer * _power_sum(degree, rate, upper)
    return out


def _with_gaps(expression: sp.Expr) -> sp.Expr:
    return sp.sympify(expression).replace(
        lambda e: e.is_Pow and e.base.is_Add and e.exp.is_Integer and e.exp < 0,
        lambda power: (GAP / sp.cancel(power.base / (1 - lam))) ** -power.exp,
    )


@cache
def _power_sum(degree: int, rate: int, upper: sp.Expr) -> sp.Expr:
    """Sum over x = 1..upper of x**degree lambda**(rate x)."""
    if rate == 0:
        x = sp.Dummy("x", integer=True)
        return sp.expand(sp.summation(x**degree, (x, 1, upper)))
    if abs(rate) != 1 or degree > 1:
        raise ValueError(f"no closed form for degree {degree}, rate {rate}")
    z, top = lam**rate, lam ** (rate * upper)
    gap = GAP if rate == 1 else -lam * GAP  # 1 / (1 - z)
    if degree == 0:
        return z * (1 - top) * gap
    return z * (1 - (upper + 1) * top + upper * top * z) * gap**2


def total(summand: sp.Expr, ranges: Iterable[tuple[sp.Symbol, sp.Expr]] = TRIPLE) -> sp.Expr:
    """Nested sums from 1, innermost first, each up to the given (symbolic) end."""
    for index, upper in ranges:
        summand = summed(summand, index, upper)
    return summand.subs(GAP, 1 / (1 - lam))


@cache
def symbolic_gradient(entry: Entry) -> sp.Expr:
    """-dE[L | P]/dW_ml for symbolic t and a chain in y and lambda, from the joint law."""
    return c / t * total(pair_mean(entry))
