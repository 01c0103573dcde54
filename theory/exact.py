"""Exact decisions in QQ[log 2]: whether a number is zero, and its sign.

An element of QQ[log 2] is written in one way only as a polynomial in log 2 with rational
coefficients: log 2 is transcendental (Lindemann), so two such numbers are equal exactly when
their polynomials are. Nothing here compares floats or hopes that ``simplify`` returns 0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from theory.notation import log_two

_ALLOWED = "rational numbers and logarithms of powers of 2, under +, -, * and integer powers"


def normal_form(expr: Any) -> sp.Poly:
    """The polynomial over QQ, in the generator `theory.notation.log_two`, that equals `expr`.

    Parameters
    ----------
    expr : SymPy expression, int or Fraction
        Built from rationals and logarithms of positive rationals whose odd primes cancel:
        ``log(256)``, ``log(1/2)``, ``log(2)**2``, ``log(6) - log(3)``.

    Returns
    -------
    sympy.Poly
        ``Poly(..., log_two, domain=QQ)``; equal numbers give equal polynomials.

    Raises
    ------
    ValueError
        If `expr` is not in QQ[log 2] (a float, a symbol, pi, log 3, 1/log 2, ...).
    """
    try:
        tree = sp.sympify(expr, strict=True)  # strict: a string is not evaluated
    except sp.SympifyError:
        raise _outside(expr) from None
    if not isinstance(tree, sp.Expr) or tree.is_Matrix:
        raise _outside(expr)
    if tree.has(sp.Float) or tree.free_symbols or tree.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise _outside(expr)
    # Odd primes get generators of their own, so that log(6) - log(3) is recognised; any that
    # survive put the number outside the ring.
    primes: dict[int, sp.Expr] = {2: log_two}
    tree = sp.expand_log(tree).replace(sp.log, lambda arg: _log(arg, primes, expr))
    numerator, denominator = sp.fraction(sp.cancel(sp.together(tree)))
    try:
        poly = sp.Poly(numerator / denominator, log_two, domain=sp.QQ)
    except (sp.PolynomialError, sp.CoercionFailed):
        raise _outside(expr) from None
    return poly


def _log(arg: sp.Expr, primes: dict[int, sp.Expr], whole: Any) -> sp.Expr:
    """log(arg) of a positive rational as an integer combination of the primes' generators."""
    if not (arg.is_Rational and arg.is_positive):
        raise _outside(whole)
    total: sp.Expr = sp.Integer(0)
    for part, side in ((arg.p, 1), (arg.q, -1)):
        for prime, exponent in sp.factorint(part).items():
            generator = primes.setdefault(int(prime), sp.Dummy(f"log{prime}", positive=True))
            total += side * exponent * generator
    return total


def _outside(expr: Any) -> ValueError:
    return ValueError(f"{expr!r} is not in QQ[log 2]; allowed are {_ALLOWED}")


def is_zero(expr: Any) -> bool:
    """Whether `expr`, an element of QQ[log 2], is exactly zero (see `normal_form`).

    Parameters
    ----------
    expr : SymPy expression, int or Fraction
        As in `normal_form`.

    Returns
    -------
    bool
    """
    return bool(normal_form(expr).is_zero)


def sign(expr: Any) -> int:
    """The exact sign, -1, 0 or 1, of an element of QQ[log 2].

    Zero is decided by the normal form. Otherwise rational bounds on log 2 are tightened until
    the interval value of the polynomial excludes zero; this ends because the value is not zero.

    Parameters
    ----------
    expr : SymPy expression, int or Fraction
        As in `normal_form`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `expr` is not in QQ[log 2].
    """
    poly = normal_form(expr)
    if poly.is_zero:
        return 0
    coefficients = [Fraction(int(c.p), int(c.q)) for c in poly.all_coeffs()]
    terms = 16
    while True:
        low, high = _horner(coefficients, *log_two_bounds(terms))
        if low > 0:
            return 1
        if high < 0:
            return -1
        terms *= 2


def log_two_bounds(terms: int) -> tuple[Fraction, Fraction]:
    """Rational bounds ``low < log 2 < high`` from `terms` terms of ``sum 1/(r 2^r)``."""
    low = sum((Fraction(1, r * 2**r) for r in range(1, terms + 1)), Fraction(0))
    # The tail is below a geometric one: sum_{r>m} 1/(r 2^r) < 1/((m+1) 2^m).
    return low, low + Fraction(1, (terms + 1) * 2**terms)


def _horner(coefficients: list[Fraction], low: Fraction, high: Fraction) -> tuple[Fraction, ...]:
    """Interval value of a polynomial (leading coefficient first) on [low, high], low > 0."""
    bottom = top = Fraction(0)
    for c in coefficients:
        bottom, top = min(bottom * low, bottom * high) + c, max(top * low, top * high) + c
    return bottom, top
