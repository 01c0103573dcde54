"""Lemma 3.1 = A.1, first step: what one step from W = c 11^T, v = c 1 does, k = 2, flat prior.

All gradients are per unit of c, and "leading" refers to T -> infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.common import enumerated_margin, inverse_gap
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import relative_error, worst
from theory.normal_form import is_zero, sign

Array = NDArray[np.float64]
LOG2 = sp.log(2)
LENGTHS = (30, 100, 300, 1000, 3000)


@cache
def _enumerated_step(T: int) -> tuple[Array, Array]:
    """-dL/dW and -dL/dv per unit c by brute force; linear in c while all hinges are active."""
    c = 0.5
    _, step_v, step_W = enumerated_margin(np.full(T, c), np.full((2, 2), c))
    return step_W / c, step_v / c


def _quadrature_mean(integrand: Callable[[Array, Array], Array]) -> float:
    """Mean over (a, b) by Gauss quadrature in coordinates that resolve a = b = 1."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    a, b = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    return float(np.sum(rule.weights * integrand(a, b)))


def _moment_routes(
    derived: Callable[[], sp.Expr], forms: tuple[Callable[[Array, Array], Array], ...], what: str
) -> tuple[Route, ...]:
    """Routes for a printed expectation: its exact value, and quadrature of each printed form."""

    def symbolic(value: sp.Expr) -> Finding:
        return exactly(
            is_zero(derived() - value), f"derived {sp.sstr(derived())} = {float(derived()):.12f}"
        )

    def quadrature(value: sp.Expr) -> Finding:
        means = [_quadrature_mean(form) for form in forms]
        residual = worst(abs(mean - float(value)) for mean in means)
        return Finding(residual, 1e-13, f"{len(means)} printed forms, first {means[0]:.15f}")

    return (
        Route("symbolic", f"exact moments of (pi, lambda) over QQ[log 2]: {what}", symbolic),
        Route("quadrature", "Gauss-Legendre in exit probabilities after Duffy's map", quadrature),
    )


# A.32 and A.33, integrands as printed: the middle expressions and the double integrals
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


def _step_W_enumerated(value: dict[str, sp.Expr]) -> Finding:
    """The finite-T gradient is right for the true hinge, so its large-T law is about the model."""
    finite = worst(
        relative_error(theory.first_step(T)[0], _enumerated_step(T)[0]) for T in range(1, 9)
    )
    return Finding(
        finite + _excess_W(value), 1e-11, "exact finite-T gradient against enumeration, T = 1..8; "
        "remainder / T stays within its bound at T = " + ", ".join(map(str, LENGTHS)),
    )  # fmt: skip


def _leading_W(value: dict[str, sp.Expr]) -> Array:
    diagonal, off = float(value["B"]), float(value["A"])
    return np.array([[diagonal, off], [off, diagonal]])


def _excess_W(value: dict[str, sp.Expr]) -> float:
    """By how much |gradient - (T+1)(T+2)/6 (B, A)| exceeds 2 T at any of several T."""
    excess = [0.0]
    for T in LENGTHS:
        rest = theory.first_step(T)[0] - (T + 1) * (T + 2) / 6 * _leading_W(value)
        excess.append(np.abs(rest).max() / T - 2.0)
    return worst(excess)


def _step_W_symbolic(value: dict[str, sp.Expr]) -> Finding:
    constants = theory.leading_constants()
    B, A = constants.B, constants.A
    good = (
        is_zero(B - value["B"])
        and is_zero(A - value["A"])
        and sign(B) > 0
        and sign(A) > 0
        # "B is about 4 A": to within a tenth
        and sign(B - (value["ratio"] - sp.Rational(1, 10)) * A) > 0
        and sign((value["ratio"] + sp.Rational(1, 10)) * A - B) > 0
        and inverse_gap() == 2
    )
    return exactly(
        bool(good),
        f"B = {sp.sstr(B)}, A = {sp.sstr(A)}, signs and B/A = {float(B / A):.4f} decided over "
        "QQ[log 2]; every other term of the integrand is at most (|lambda|^n + |lambda|^(j-1)) / 4 "
        "+ |lambda|^(n+j-1) / 2, hence the remainder at most T E[1/(1-|lambda|)] = 2 T",
    )


def _step_v_symbolic(value: dict[str, sp.Expr]) -> Finding:
    D = theory.leading_constants().D
    good = is_zero(D - value["D"]) and sign(D) > 0 and inverse_gap() == 2
    return exactly(
        bool(good),
        f"D = {sp.sstr(D)} = {float(D):.6f} > 0 decided over QQ[log 2]; the remaining term is "
        "2 E[pi_1 pi_2 sum_n (T-j-n+1) lambda^(n+1)], at most T / 2 E[1/(1-|lambda|)] = T",
    )


def _step_v_enumerated(value: dict[str, sp.Expr]) -> Finding:
    finite = worst(
        relative_error(theory.first_step(T)[1], _enumerated_step(T)[1]) for T in range(1, 9)
    )
    excess = [0.0]
    for T in LENGTHS:
        left = T - np.arange(1, T + 1)
        rest = T * theory.first_step(T)[1] - (left + 1) * (left + 2) / 2 * float(value["D"])
        excess.append(np.abs(rest).max() / T - 1.0)
    return Finding(
        finite + worst(excess), 1e-11, "exact finite-T gradient against enumeration, T = 1..8; "
        "remainder / T stays within its bound at T = " + ", ".join(map(str, LENGTHS)),
    )  # fmt: skip


PRINTED_B = (sp.log(256) - 5) / 12
PRINTED_A = (7 - 10 * LOG2) / 6
PRINTED_D = 2 - sp.log(4) - sp.Rational(1, 2)

STEP_ONE = ("k = 2, rows of P uniform, x_1 stationary", "W = c 11^T, v = c 1, c > 0",
            "Delta >= c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip

CLAIMS = (
    Claim(
        id="lemma-3.1-step-1-W",
        source="Lemma 3.1, p. 9; Lemma A.1, (A.13), p. 15",
        title="step 1 grows W by order T^2, the diagonal about 4 times faster",
        printed=Statement(
            r"W_k^{(1)}=c11^\top+c\eta\left[O(t^2)\begin{pmatrix}B&A\\A&B\end{pmatrix}+O(t)\right],"
            r"\ A,B>0,\ B\approx4A",
            {"B": PRINTED_B, "A": PRINTED_A, "ratio": sp.Integer(4)},
        ),
        routes=(
            Route("symbolic", "exact constants and a bound on the remainder", _step_W_symbolic),
            Route("enumeration", "all 2^(T+1) sequences with the hinge", _step_W_enumerated),
        ),
        expected=Verdict.PROVED,
        assumptions=STEP_ONE,
        depends_on=("A.32", "A.33"),
        note="O(t^2) is (T+1)(T+2)/6. The ratio is that of the leading constants, approached from "
        "above: python -m theory show lemma-3.1 --length T prints it at any T (26.2 at T = 4, 9.5 "
        "at 10, 4.46 at 100, 4.03 at 1000); at T = 1 and 2 the off-diagonal does not move.",
    ),
    Claim(
        id="lemma-3.1-step-1-v",
        source="Lemma 3.1, p. 9; Lemma A.1, (A.13), p. 15",
        title="step 1 grows v_j quadratically in T - j: most for the current token",
        printed=Statement(
            r"v_j^{(1)}=c+\frac{c\eta}{t}\left[\frac{(t-j+1)(t-j+2)}{2}D+O(t)\right],\ D>0",
            {"D": PRINTED_D},
        ),
        routes=(
            Route("symbolic", "exact constant and a bound on the remainder", _step_v_symbolic),
            Route("enumeration", "all 2^(T+1) sequences with the hinge", _step_v_enumerated),
        ),
        expected=Verdict.PROVED,
        assumptions=STEP_ONE,
        depends_on=("A.37",),
    ),
    Claim(
        id="A.32",
        source="(A.32), p. 20",
        title="leading diagonal constant of the first step of W",
        printed=Statement(
            r"E_{a,b}\left[\frac{\pi_1\pi_1}{\lambda-1}(b-a)(P_{11}-\tfrac12)\right]="
            r"E_{a,b}\left[\frac{\pi_2\pi_2}{\lambda-1}(b-a)(P_{21}-\tfrac12)\right]="
            r"\int_0^1\!\int_0^1\frac{(b-1)^2(b-a)(a-\frac12)}{(a+b-2)^3}\,da\,db="
            r"\frac{\ln256-5}{12}",
            PRINTED_B,
        ),
        routes=_moment_routes(lambda: theory.leading_constants().B, A32_FORMS, "B"),
        expected=Verdict.PROVED,
        assumptions=STEP_ONE[:1],
    ),
    Claim(
        id="A.33",
        source="(A.33), p. 20",
        title="leading off-diagonal constant of the first step of W",
        printed=Statement(
            r"E_{a,b}\left[\frac{\pi_1\pi_2}{\lambda-1}(b-a)(P_{11}-\tfrac12)\right]="
            r"E_{a,b}\left[\frac{\pi_1\pi_2}{\lambda-1}(b-a)(P_{21}-\tfrac12)\right]="
            r"\int_0^1\!\int_0^1\frac{(b-1)(a-1)(b-a)(a-\frac12)}{(a+b-2)^3}\,da\,db="
            r"\frac{7-10\ln2}{6}",
            PRINTED_A,
        ),
        routes=_moment_routes(lambda: theory.leading_constants().A, A33_FORMS, "A"),
        expected=Verdict.PROVED,
        assumptions=STEP_ONE[:1],
    ),
    Claim(
        id="A.37",
        source="(A.37), p. 21",
        title="first step of v: quadratic law, constant 3/2 - log 4, remainder O(1)",
        printed=Statement(
            r"v_j^{(1)}=c+\frac{c\eta}{t}\frac{(t-j+1)(t-j+2)}{2}"
            r"E_{a,b}\left[\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\tfrac12\right]+O(1),\quad "
            r"E_{a,b}\left[\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}\right]=2-\ln4",
            {"D": PRINTED_D},
        ),
        routes=(
            Route("symbolic", "exact constant and a bound on the remainder", _step_v_symbolic),
            Route("enumeration", "all 2^(T+1) sequences with the hinge", _step_v_enumerated),
            Route(
                "quadrature",
                "Gauss-Legendre in exit probabilities after Duffy's map",
                lambda value: Finding(
                    abs(
                        _quadrature_mean(
                            lambda a, b: ((a - 1) ** 2 + (b - 1) ** 2) / (a + b - 2) ** 2 - 0.5
                        )
                        - float(value["D"])
                    ),
                    1e-13,
                    "the printed expectation",
                ),
            ),
        ),
        expected=Verdict.PROVED,
        assumptions=STEP_ONE,
    ),
)
