"""What is left of a sum over positions when powers of lambda have died out, and what is lost.

A summand is a polynomial in y and lambda, and in powers such as ``lambda**(p - t')`` of gaps
between positions. Its part without such powers grows fastest. The rest is bounded term by term: on
two-state chains |y| <= 1/2 and |lambda| <= 1, and a sum of |lambda|^gap over gaps is at most
1 / (1 - |lambda|), of which the flat mean is 2 (`prior_averages.inverse_gap`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sympy as sp

from proofs_check.methods.prior_averages import inverse_gap
from proofs_check.methods.symbols import lam
from theory.notation import y


class Settled(NamedTuple):
    """The part of a summand without powers of gaps, and a bound on what multiplies these powers."""

    limit: sp.Expr
    bound: sp.Expr


def settled(summand: sp.Expr, gaps: Collection[sp.Symbol]) -> Settled:
    """Split a summand into what stays as gaps grow, and a bound on the coefficients of the rest.

    Parameters
    ----------
    summand : SymPy expression
        A polynomial in y, lambda and powers of lambda with symbolic exponents.
    gaps : collection of symbols
        An exponent that contains one of them belongs to a power that dies out.
    """
    limit, bound = sp.Integer(0), sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(summand)):
        size, decays = sp.Integer(1), False
        for factor in sp.Mul.make_args(term):
            base, exponent = factor.as_base_exp()
            if base == y:
                size *= sp.Rational(1, 2) ** exponent
            elif base == lam:
                if exponent.is_Integer and exponent < 0:
                    raise ValueError(f"summand must have no negative powers, got {factor}")
                decays |= bool(exponent.free_symbols & set(gaps))
            elif factor.is_Rational:
                size *= abs(factor)
            else:
                raise ValueError(f"summand must be a polynomial in y and lambda, got {factor}")
        if decays:
            bound += size
        else:
            limit += term
    return Settled(limit, bound)


def per_gap(bound: sp.Expr) -> sp.Expr:
    """Bound on the flat mean of a sum of powers over one gap, other positions being fixed."""
    return bound * inverse_gap()
