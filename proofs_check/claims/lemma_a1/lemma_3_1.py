"""Lemma 3.1 = A.1: what one step from W = c 11^T, v = c 1 does; k = 2, flat prior.

All gradients are per unit of c, and "leading" refers to T -> infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.methods.all_sequences import HINGE, enumerated_step
from proofs_check.methods.prior_averages import inverse_gap
from theory.exact import is_zero, sign

LENGTHS = (30, 100, 300, 1000, 3000)
FINITE = (
    "exact finite-T gradient against enumeration, T = 1..8; remainder / T stays within its bound "
    "at T = 30, 100, 300, 1000, 3000"
)


def _finite_errors(part: int) -> list[float]:
    """The finite-T gradient is right for the true hinge, so its large-T law is about the model."""
    pairs = ((theory.first_step(T)[part], enumerated_step(T)[part]) for T in range(1, 9))
    return [relative_error(exact, found) for exact, found in pairs]


@ledger.symbolic("exact constants and a bound on the remainder")
def leading_W(value: tuple[sp.Expr, sp.Expr, sp.Expr]) -> ledger.Finding:
    """Constants and signs; that B is about 4 A means to within a tenth."""
    constants = theory.leading_constants()
    B, A, (stated_B, stated_A, ratio) = constants.B, constants.A, value
    tenth = sp.Rational(1, 10)
    good = is_zero(B - stated_B) and is_zero(A - stated_A) and sign(B) > 0 and sign(A) > 0
    good &= sign(B - (ratio - tenth) * A) > 0 and sign((ratio + tenth) * A - B) > 0
    return ledger.exactly(
        good and inverse_gap() == 2,
        f"B = {sp.sstr(B)}, A = {sp.sstr(A)}, signs and B/A = {float(B / A):.4f} decided over "
        "QQ[log 2]; every other term of the integrand is at most (|lambda|^n + |lambda|^(j-1)) / 4 "
        "+ |lambda|^(n+j-1) / 2, hence the remainder at most T E[1/(1-|lambda|)] = 2 T",
    )


@ledger.enumeration(HINGE, 1e-11, FINITE)
def finite_W(value: tuple[sp.Expr, sp.Expr, sp.Expr]) -> list[float]:
    """|gradient - (T+1)(T+2)/6 (B, A)| is at most 2 T."""
    diagonal, off = map(float, value[:2])
    leading = np.array([[diagonal, off], [off, diagonal]])
    rest = {T: theory.first_step(T)[0] - (T + 1) * (T + 2) / 6 * leading for T in LENGTHS}
    return [*_finite_errors(0), *(max(np.abs(x).max() / T - 2.0, 0.0) for T, x in rest.items())]


@ledger.symbolic("exact constant and a bound on the remainder")
def leading_v(value: sp.Expr) -> ledger.Finding:
    D = theory.leading_constants().D
    return ledger.exactly(
        is_zero(D - value) and sign(D) > 0 and inverse_gap() == 2,
        f"D = {sp.sstr(D)} = {float(D):.6f} > 0 decided over QQ[log 2]; the remaining term is "
        "2 E[pi_1 pi_2 sum_n (T-j-n+1) lambda^(n+1)], at most T / 2 E[1/(1-|lambda|)] = T",
    )


@ledger.enumeration(HINGE, 1e-11, FINITE)
def finite_v(value: sp.Expr) -> Iterator[float]:
    """|T gradient - (T-j+1)(T-j+2)/2 D| is at most T."""
    yield from _finite_errors(1)
    for T in LENGTHS:
        left = T - np.arange(1, T + 1)
        rest = T * theory.first_step(T)[1] - (left + 1) * (left + 2) / 2 * float(value)
        yield max(np.abs(rest).max() / T - 1.0, 0.0)


@ledger.symbolic("exact moments of (pi, lambda) over QQ[log 2]")
def exact_constant(value: sp.Expr, name: str) -> ledger.Finding:
    derived = getattr(theory.leading_constants(), name)
    found = f"derived {sp.sstr(derived)} = {float(derived):.12f}"
    return ledger.exactly(is_zero(derived - value), found)


@ledger.quadrature("Gauss-Legendre in exit probabilities after Duffy's map", 1e-13,
                   "every printed form")  # fmt: skip
def averaged(value: sp.Expr, forms: tuple[Callable[..., np.ndarray], ...]) -> list[float]:
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    a, b = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    return [float(np.sum(rule.weights * form(a, b))) - float(value) for form in forms]


# integrands as printed: the middle expressions and the double integrals
A32_FORMS = (
    lambda a, b: ((b - 1) / (a + b - 2)) ** 2 / (a + b - 2) * (b - a) * (a - 0.5),
    lambda a, b: ((a - 1) / (a + b - 2)) ** 2 / (a + b - 2) * (b - a) * ((1 - b) - 0.5),
    lambda a, b: (b - 1) ** 2 * (b - a) * (a - 0.5) / (a + b - 2) ** 3,
)
A33_FORMS = (
    lambda a, b: (b - 1) * (a - 1) / (a + b - 2) ** 2 / (a + b - 2) * (b - a) * (a - 0.5),
    lambda a, b: (b - 1) * (a - 1) / (a + b - 2) ** 2 / (a + b - 2) * (b - a) * ((1 - b) - 0.5),
    lambda a, b: (b - 1) * (a - 1) * (b - a) * (a - 0.5) / (a + b - 2) ** 3,
)
A37_FORMS = (lambda a, b: ((a - 1) ** 2 + (b - 1) ** 2) / (a + b - 2) ** 2 - 0.5,)
B = (sp.log(256) - 5) / 12
A = (7 - 10 * sp.log(2)) / 6
D = 2 - sp.log(4) - sp.Rational(1, 2)
STEP_ONE = ("k = 2, rows of P uniform, x_1 stationary", "W = c 11^T, v = c 1, c > 0",
            "Delta >= c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip

CLAIMS = (
    ledger.proved("lemma-3.1-step-1-W", "Lemma 3.1, p. 9; Lemma A.1, (A.13), p. 15",
        "step 1 grows W by order T^2, the diagonal about 4 times faster",
        r"W_k^{(1)}=c11^\top+c\eta\left[O(t^2)\begin{pmatrix}B&A\\A&B\end{pmatrix}+O(t)\right],"
        r"\ A,B>0,\ B\approx4A",
        (B, A, sp.Integer(4)), leading_W, finite_W, also={"A.13-W": 15},
        wrong=[(-B, A, sp.Integer(4)), (B, -A, sp.Integer(4)), (A, B, sp.Integer(4))],
        assume=STEP_ONE, needs=("A.32", "A.33"),
        note="O(t^2) is (T+1)(T+2)/6. The ratio is that of the leading constants, approached from "
        "above: python -m theory show lemma-3.1 --length T prints it at any T (26.2 at T = 4, 9.5 "
        "at 10, 4.46 at 100, 4.03 at 1000); at T = 1 and 2 the off-diagonal does not move."),
    ledger.proved("lemma-3.1-step-1-v", "Lemma 3.1, p. 9; Lemma A.1, (A.13), p. 15",
        "step 1 grows v_j quadratically in T - j: most for the current token",
        r"v_j^{(1)}=c+\frac{c\eta}{t}\left[\frac{(t-j+1)(t-j+2)}{2}D+O(t)\right],\ D>0",
        D, leading_v, finite_v, also={"A.13-v": 15}, wrong=[D / 2, -D], assume=STEP_ONE,
        needs="A.37"),
    ledger.proved("A.32", 20, "leading diagonal constant of the first step of W",
        r"E_{a,b}\left[\frac{\pi_1\pi_1}{\lambda-1}(b-a)(P_{11}-\tfrac12)\right]=E_{a,b}"
        r"\left[\frac{\pi_2\pi_2}{\lambda-1}(b-a)(P_{21}-\tfrac12)\right]="
        r"\int_0^1\!\int_0^1\frac{(b-1)^2(b-a)(a-\frac12)}{(a+b-2)^3}\,da\,db=\frac{\ln256-5}{12}",
        B, exact_constant.given(name="B"), averaged.given(forms=A32_FORMS),
        wrong=((sp.log(256) + 5) / 12, (sp.log(128) - 5) / 12), assume=STEP_ONE[0]),
    ledger.proved("A.33", 20, "leading off-diagonal constant of the first step of W",
        r"E_{a,b}\left[\frac{\pi_1\pi_2}{\lambda-1}(b-a)(P_{11}-\tfrac12)\right]=E_{a,b}"
        r"\left[\frac{\pi_1\pi_2}{\lambda-1}(b-a)(P_{21}-\tfrac12)\right]=\int_0^1"
        r"\!\int_0^1\frac{(b-1)(a-1)(b-a)(a-\frac12)}{(a+b-2)^3}\,da\,db=\frac{7-10\ln2}{6}",
        A, exact_constant.given(name="A"), averaged.given(forms=A33_FORMS),
        wrong=(-A, A * sp.Rational(10**6 + 1, 10**6)), assume=STEP_ONE[0]),
    ledger.proved("A.37", 21,
        "first step of v: quadratic law, constant 3/2 - log 4, remainder O(1)",
        r"v_j^{(1)}=c+\frac{c\eta}{t}\frac{(t-j+1)(t-j+2)}{2}E_{a,b}"
        r"\left[\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\tfrac12\right]+O(1),\quad "
        r"E_{a,b}\left[\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}\right]=2-\ln4",
        D, leading_v, finite_v, averaged.given(forms=A37_FORMS),
        wrong=(2 - sp.log(2) - sp.Rational(1, 2), D + sp.Rational(1, 2)), assume=STEP_ONE),
)  # fmt: skip
