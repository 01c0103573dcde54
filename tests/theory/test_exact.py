"""Identities and signs over QQ[log 2]."""

from fractions import Fraction

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.exact import is_zero, log_two_bounds, normal_form, sign
from theory.notation import log_two

L = sp.log(2)


@pytest.mark.parametrize(
    ("expr", "coefficients"),
    [
        (sp.log(4), [2, 0]),
        (sp.log(256) - 5, [8, -5]),
        (sp.log(sp.Rational(1, 2)), [-1, 0]),
        (sp.log(2) ** 2, [1, 0, 0]),
        (sp.log(8) * sp.log(4) / 3, [2, 0, 0]),
        (sp.log(6) - sp.log(3), [1, 0]),
        (sp.log(sp.Rational(9, 4)) + 2 * sp.log(sp.Rational(2, 3)), [0]),
        (sp.log(2 * sp.sqrt(2)), [sp.Rational(3, 2), 0]),
        ((L**2 - 1) / (L - 1), [1, 1]),
        (sp.log(16, 4), [2]),
        (Fraction(2, 3), [sp.Rational(2, 3)]),
        (7, [7]),
    ],
)
def test_known_normal_forms(expr: object, coefficients: list) -> None:
    form = normal_form(expr)
    assert form.gens == (log_two,)
    assert form.domain == sp.QQ
    assert form.all_coeffs() == coefficients


@pytest.mark.parametrize(
    "expr",
    [sp.pi, sp.log(3), 0.5, sp.Float(1), 1 / L, sp.Symbol("x"), log_two, sp.sqrt(2), sp.log(-2),
     sp.I, sp.oo, sp.nan, sp.log(L), sp.exp(L**2), sp.Matrix([1]), sp.zeta(3),
     "log(2)", None, sp.Eq(L, 1)],
)  # fmt: skip
def test_outside_the_ring_is_refused(expr: object) -> None:
    with pytest.raises(ValueError, match=r"is not in QQ\[log 2\]"):
        normal_form(expr)


def test_zero_that_floats_would_miss_and_non_zero_that_floats_would_call_zero() -> None:
    assert is_zero((L + 1) ** 3 - L**3 - 3 * L**2 - 3 * L - 1)
    assert not is_zero(sp.log(4) - 2 * L + sp.Rational(1, 10**400))


def test_sign_decides_beyond_double_precision() -> None:
    with mp.workdps(120):
        close = sp.Rational(int(mp.floor(mp.log(2) * mp.mpf(10) ** 100)), 10**100)
    assert sign(L - close) == 1
    assert sign(close - L) == -1
    assert sign((L - close) * (close + sp.Rational(1, 10**100) - L)) == 1
    assert sign(sp.log(4) - 2 * L) == 0


def test_bounds_enclose_log_two_and_shrink() -> None:
    for terms in (1, 5, 40):
        low, high = log_two_bounds(terms)
        with mp.workdps(60):
            assert mp.mpf(low.numerator) / low.denominator < mp.log(2)
            assert mp.mpf(high.numerator) / high.denominator > mp.log(2)
        assert high - low < Fraction(1, 2**terms)


rationals = st.fractions(min_value=-20, max_value=20, max_denominator=50)


@settings(deadline=None, max_examples=40)
@given(st.lists(rationals, min_size=1, max_size=4))
def test_sign_agrees_with_high_precision(coefficients: list[Fraction]) -> None:
    expr = sum(sp.Rational(c.numerator, c.denominator) * L**i for i, c in enumerate(coefficients))
    with mp.workdps(60):
        number = sum(
            mp.mpf(c.numerator) / c.denominator * mp.log(2) ** i for i, c in enumerate(coefficients)
        )
    assert sign(expr) == int(mp.sign(number)) if any(coefficients) else is_zero(expr)
