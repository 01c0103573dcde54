"""Deciding identities between rational functions in which lambda**t, lambda**j, ... occur.

Over the field of rational functions, lambda**t for a symbolic t is transcendental: an identity
that holds for every t holds with lambda**t replaced by a new symbol. After that replacement the
numerator of the difference is a polynomial, and it is zero or it is not.
"""

from __future__ import annotations

import sympy as sp


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression rational in its symbols and in symbolic integer powers is zero.

    Exponents must be linear in their symbols with integer coefficients, such as
    ``lam**(t - j + 2)``.
    """
    expanded = sp.sympify(expression).replace(
        lambda part: part.is_Pow and part.exp.free_symbols, _split_power
    )
    return sp.expand(sp.fraction(sp.together(expanded))[0]) == 0


def _split_power(power: sp.Expr) -> sp.Expr:
    base, exponent = power.base, sp.expand(power.exp)
    result = sp.Integer(1)
    for symbol, coefficient in exponent.as_coefficients_dict().items():
        if symbol == 1:
            result *= base**coefficient
        else:
            # one new symbol for each pair of base and symbolic exponent
            result *= sp.Dummy(f"{base}^{symbol}", dummy_index=_index(base, symbol)) ** coefficient
    return result


_SEEN: dict[tuple[sp.Expr, sp.Expr], int] = {}


def _index(base: sp.Expr, symbol: sp.Expr) -> int:
    return _SEEN.setdefault((base, symbol), 10**6 + len(_SEEN))
