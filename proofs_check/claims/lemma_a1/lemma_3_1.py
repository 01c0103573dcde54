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
from proofs_check.methods import long_contexts
from proofs_check.methods.exact_chains import pair_mean, prior_mean
from proofs_check.methods.leading_terms import per_gap, settled
from proofs_check.methods.symbols import HALF, entries, p, t1
from theory.exact import is_zero, sign

GAPS = (p, t1)  # p - t' and t' - s
LONG = (10**3, 10**5, 10**7)
# bounds of the remainders over T + 1 and over r, which the exact routes derive
BOUND_W, BOUND_V = 3, 2
BECAUSE = "bound of the remainder that the exact route derives"
BLOCKS = "powers of block matrices, chain by chain"


@ledger.symbolic("exact constants and a bound on the remainder",
                 detail=f"over QQ[log 2]; |remainder| <= {BOUND_W} (T+1) for every T")  # fmt: skip
def leading_W(value: tuple[sp.Expr, sp.Expr, sp.Expr]) -> Iterator[bool]:
    """Constants and signs; that B is about 4 A means that 4 is the nearest integer to B / A.

    A sum of |lambda|^gap over one of p, t', s leaves T (T + 1) / 2 pairs of the others.
    """
    constants = theory.leading_constants()
    B, A, ratio = value
    yield is_zero(constants.B - B) and is_zero(constants.A - A)
    yield sign(B) > 0 and sign(A) > 0
    yield sign(B - (ratio - HALF) * A) > 0 and sign((ratio + HALF) * A - B) > 0
    for entry in entries(2):
        limit, bound = settled(pair_mean(entry), GAPS)
        yield is_zero(prior_mean(limit) - (B if entry[0] == entry[1] else A))
        yield bool(per_gap(bound) / 2 <= BOUND_W)


@ledger.quadrature(BLOCKS, BOUND_W, f"|step - (T+1)(T+2)/6 (B, A)| / (T+1) at T = {LONG}",
                   because=BECAUSE)  # fmt: skip
def long_W(value: tuple[sp.Expr, sp.Expr, sp.Expr]) -> Iterator[float]:
    B, A, ratio = map(float, value)
    for T in LONG:
        step = long_contexts.mean_step_in_W(T)
        rest = step - (T + 1) * (T + 2) / 6 * np.array([[B, A], [A, B]])
        yield np.abs(rest).max() / (T + 1)
    # at the longest context the ratio has settled
    yield 0.0 if round(step[0, 0] / step[0, 1]) == ratio else np.inf


@ledger.symbolic("exact constant and a bound on the remainder",
                 detail=f"over QQ[log 2]; |remainder| <= {BOUND_V} (T-j+1) for every T and "
                 "j")  # fmt: skip
def leading_v(value: sp.Expr) -> Iterator[bool]:
    """The gap p - t' = n occurs T - j - n + 1 times, at most T - j + 1."""
    D = theory.leading_constants().D
    limit, bound = settled(sum(pair_mean(entry) for entry in entries(2)), (p,))
    yield is_zero(D - value) and sign(D) > 0
    yield is_zero(prior_mean(limit) - value)
    yield bool(per_gap(bound) <= BOUND_V)


@ledger.quadrature(BLOCKS, BOUND_V, f"|T step - (r)(r+1)/2 D| / r, r = T-j+1, at T = {LONG}, "
                   "j = 1, 2, T/3 and T", because=BECAUSE)  # fmt: skip
def long_v(value: sp.Expr) -> Iterator[float]:
    for T in LONG:
        for lag in (1, 2, T // 3, T):
            r = T - lag + 1
            rest = T * long_contexts.mean_kernel(lag, T).sum() - r * (r + 1) / 2 * float(value)
            yield abs(rest) / r


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
        (B, A, sp.Integer(4)), leading_W, long_W, also={"A.13-W": 15},
        wrong=[(-B, A, sp.Integer(4)), (B, -A, sp.Integer(4)), (A, B, sp.Integer(4)),
               (B, A * sp.Rational(101, 100), sp.Integer(4)), (B, A, sp.Integer(3))],
        assume=STEP_ONE, needs=("A.32", "A.33"),
        note="O(t^2) is (T+1)(T+2)/6. The ratio is that of the leading constants, approached from "
        "above: python -m theory show lemma-3.1 --length T prints it at any T (26.2 at T = 4, 9.5 "
        "at 10, 4.46 at 100, 4.03 at 1000); at T = 1 and 2 the off-diagonal does not move."),
    ledger.proved("lemma-3.1-step-1-v", "Lemma 3.1, p. 9; Lemma A.1, (A.13), p. 15",
        "step 1 grows v_j quadratically in T - j: most for the current token",
        r"v_j^{(1)}=c+\frac{c\eta}{t}\left[\frac{(t-j+1)(t-j+2)}{2}D+O(t)\right],\ D>0",
        D, leading_v, long_v, also={"A.13-v": 15}, wrong=[D / 2, -D, D * sp.Rational(1001, 1000)],
        assume=STEP_ONE, needs="A.37"),
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
        D, leading_v, long_v, averaged.given(forms=A37_FORMS),
        wrong=(2 - sp.log(2) - sp.Rational(1, 2), D + sp.Rational(1, 2)), assume=STEP_ONE),
)  # fmt: skip
