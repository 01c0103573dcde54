"""What the claims on the two updates of Prop. A.3 are tried on: (A.59)-(A.62), footnote 2.

The first step is on the flat prior with rate h_1 / t^2, the second on a = b within epsilon of 1/2
with rate h_2 / t. L_const is the loss at W = 11^T, L_diag that at W = I.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

import theory
from proofs_check.claims.cor_a2_prop_a3 import prop_a3_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import (
    SYMBOLIC,
    a,
    eps,
    eta2,
    h1,
    h2,
    t,
    v_init,
    w_init,
)
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import relative_error, worst
from theory.first_steps import curriculum
from theory.normal_form import is_zero

EYE, ONES = np.eye(2), np.ones((2, 2))
A, B = sp.symbols("A B", positive=True)
LEADING = theory.leading_constants()
Find = Callable[[Any], Finding]


def _known(expression: sp.Expr) -> sp.Expr:
    return sp.sympify(expression).subs({A: LEADING.A, B: LEADING.B})


def _matrix(diagonal: sp.Expr, off: sp.Expr) -> np.ndarray:
    return on.numeric(_known(diagonal)) * EYE + on.numeric(_known(off)) * (ONES - EYE)


def routes(symbolic: Find, kind: str, other: Find, how: str = "") -> tuple[Route, ...]:
    hows = {
        "enumeration": "all 2^(T+1) sequences with the hinge",
        "spectral": "both steps by matrix powers, T = 200, 400, 800",
        "quadrature": "Gauss-Legendre in a",
    }
    return (
        Route("symbolic", how or "exact constants and limits", symbolic),
        Route(kind, hows[kind], other),
    )


# first step ----------------------------------------------------------------------------------


def first_W_symbolic(value: dict[str, Any]) -> Finding:
    """Constants, and whether (T+1)(T+2)/6 times the rate has a finite limit other than 0."""
    limit = sp.limit((t + 1) * (t + 2) / (6 * t ** value["power"]), t, sp.oo)
    good = is_zero(_known(value["diagonal"]) - LEADING.B) and is_zero(
        _known(value["off"]) - LEADING.A
    )
    return exactly(
        bool(good and limit == sp.Rational(1, 6)), f"(t+1)(t+2) / (6 t^power) -> {limit}; the rest "
        "is at most 2 t by lemma-3.1-step-1-W",
    )  # fmt: skip


def first_W_spectral(value: dict[str, Any]) -> Finding:
    """T^(2-power) (W - w_init) minus its limit, times T, stays within v_init h1 (2 + 1/2 + ...)."""
    excess, scale = [0.0], on.NUMBERS[v_init] * on.NUMBERS[h1]
    for T in on.LENGTHS:
        growth = (on.two_steps_by_powers(T).W1 - on.NUMBERS[w_init]) * T ** (2.0 - value["power"])
        rest = growth - scale / 6 * _matrix(value["diagonal"], value["off"])
        excess.append(np.abs(rest).max() * T - 2.1 * scale)
    return Finding(worst(excess), 1e-12, "t times the remainder is within its bound")


def first_v_symbolic(value: sp.Expr) -> Finding:
    """Limit of T (v_1 - v_init), from the quadratic law of Lemma 3.1."""
    true = h1 * w_init * LEADING.D / 2
    found = sp.expand((value - true) / (h1 * w_init))
    return exactly(is_zero(found), f"t (v_1^(1) - v_init) -> h_1 w_init D / 2, D = {LEADING.D}")


def first_v_spectral(value: sp.Expr) -> Finding:
    gaps = [0.0]
    for T in on.LENGTHS:
        left = np.arange(T, 0, -1) / T
        rest = T * (on.two_steps_by_powers(T).v1 - on.NUMBERS[v_init]) - on.numeric(value) * left**2
        gaps.append(np.abs(rest).max() * T - 1.2 * on.NUMBERS[h1] * on.NUMBERS[w_init])
    return Finding(worst(gaps), 1e-12, "every j: t^2 times the rest is within h_1 w_init (1 + D)")


# second step, W ------------------------------------------------------------------------------


def linear_symbolic(value: dict[str, Any]) -> Finding:
    """The Hessian of the loss in W, all sequences of T = 2 and one free chain, every hinge open."""
    W = sp.Matrix(2, 2, sp.symbols("W:4"))
    pi, P = sp.ones(1, 2) / 2, sp.Matrix([[a, 1 - a], [1 - a, a]])
    loss = sp.Integer(0)
    for x in np.ndindex(2, 2, 2):
        chance = pi[x[0]] * P[x[0], x[1]] * P[x[1], x[2]]
        for p in range(2):
            f = [sum(v_init * W[x[p], x[s]] for q in range(p + 1) for s in range(q + 1)
                     if x[q] == i) for i in range(2)]  # fmt: skip
            loss += chance * (f[1 - x[p + 1]] - f[x[p + 1]]) / 4
    hessian = sp.hessian(loss, list(W))
    return exactly(
        hessian == value["dependence"] * sp.eye(4), "the logits are linear in W for any v; the "
        "second derivatives of the loss in W vanish identically in a",
    )  # fmt: skip


def linear_enumerated(value: dict[str, Any]) -> Finding:
    gaps = []
    for T in on.ENUMERATED:
        v = np.full(T, on.NUMBERS[v_init])
        W1 = on.enumerated(T).W1
        here, origin = (on.hinge_step(v, W, on.NUMBERS[eps])[1] for W in (W1, 0 * W1))
        gaps.append(np.abs(here - origin - value["dependence"] * W1).max())
    return Finding(worst(gaps), 1e-12, "gradient at W^(1) against that at W = 0, T = 2, 4, 7")


def diagonal_symbolic(value: dict[str, Any]) -> Finding:
    """True coefficient of t over the stated one: must be 1, or any positive number under O(.)."""
    true = SYMBOLIC.limit().W / (v_init * h2)
    stated = value["coefficient"].rewrite(sp.log)
    if not value["up_to_constant"]:
        ratio = sp.simplify(sp.series(true - stated, eps, 0, 12).removeO())
        return exactly(ratio == 0, f"true coefficient {true}")
    first, second = on.order_in_epsilon(true), on.order_in_epsilon(sp.series(
        stated, eps, 0, 8).removeO())  # fmt: skip
    good = first[1] == second[1] and first[0] * second[0] > 0
    return exactly(
        bool(good),
        f"leading terms {first[0]} eps^{first[1]} (true), {second[0]} eps^{second[1]} (stated)",
    )


def diagonal_spectral(value: dict[str, Any]) -> Finding:
    """The stated coefficient against W / (v_init h2) at long contexts and several epsilon."""
    ratios, T = [], on.LENGTHS[-1]
    for width in (0.1, 0.2, 0.3):
        W = on.after_second(T, width)[1][0, 0] / (on.NUMBERS[v_init] * on.NUMBERS[h2])
        ratios.append(W / float(value["coefficient"].subs(eps, width)))
    target = ratios[0] if value["up_to_constant"] else 1.0
    spread = worst(abs(ratio - target) for ratio in ratios)
    return Finding(
        spread if min(ratios) > 0 else 1.0 + spread, 0.02,
        f"found / stated at epsilon = 0.1, 0.2, 0.3, T = {T} (error O(1/T)): "
        + ", ".join(f"{ratio:.3f}" for ratio in ratios),
    )  # fmt: skip


INTEGRAND = (a - sp.Rational(1, 2)) / (a - 1)
INTEGRAL = 2 * eps + sp.log((sp.Rational(1, 2) - eps) / (sp.Rational(1, 2) + eps)) / 2


def integral_symbolic(value: sp.Expr) -> Finding:
    slope = INTEGRAND.subs(a, (1 + 2 * eps) / 2) + INTEGRAND.subs(a, (1 - 2 * eps) / 2)
    good = sp.simplify(sp.diff(value, eps) - slope) == 0 and sp.simplify(value.subs(eps, 0)) == 0
    return exactly(bool(good), "equal derivatives in epsilon, and both vanish at epsilon = 0")


def integral_quadrature(value: sp.Expr) -> Finding:
    x, weights = np.polynomial.legendre.leggauss(40)
    gaps = []
    for width in (0.1, 0.25, 0.4):
        at = 0.5 + width * x
        found = float(np.sum(width * weights * (at - 0.5) / (at - 1)))
        gaps.append(abs(found - float(value.subs(eps, width))))
    return Finding(worst(gaps), 1e-12, "epsilon = 0.1, 0.25, 0.4")


# second step, v ------------------------------------------------------------------------------


def rate_symbolic(value: sp.Expr) -> Finding:
    """v_2 tends to its limit when the gradient, of order t, is multiplied by the rate."""
    gradient = SYMBOLIC.limit().gap * curriculum.lambda_moment(2, eps) / 8 * (t + 1)
    found = sp.limit(value.subs(eta2, h2 / t) * gradient, t, sp.oo)
    good = found.is_finite and sp.simplify(found - SYMBOLIC.limit_v(2)) == 0
    return exactly(bool(good), f"v_2 -> {found} against {SYMBOLIC.limit_v(2)}")


def rate_spectral(value: sp.Expr) -> Finding:
    gaps = []
    for T in on.LENGTHS:
        rate = on.numeric(value.subs(eta2, h2 / T))
        v2 = rate * on.two_steps_by_powers(T).step_v[1]
        gaps.append(abs(v2 / on.numeric(SYMBOLIC.limit_v(2)) - 1) * T)
    return Finding(worst(gaps), 100.0, "(v_2 / limit - 1) t, which must stay bounded")


def split_symbolic(value: dict[str, Any]) -> Finding:
    limit = SYMBOLIC.limit()
    pairs = ((value["const"], limit.off), (value["diag"], limit.gap))
    scale = h1 * v_init
    rest = [sp.Poly(sp.expand(_known(x) - y), w_init, h1, v_init).coeffs() for x, y in pairs]
    good = value["sign"] == -1 and all(is_zero(c) for coefficients in rest for c in coefficients)
    shown = ", ".join(f"{float((y / scale).subs(w_init, 0)):.5f}" for _, y in pairs)
    return exactly(bool(good), f"at w_init = 0 weights of L_const, L_diag over v_init h_1: {shown}")


def split_enumerated(value: dict[str, Any]) -> Finding:
    """-dL/dv at the limit of W^(1), against the stated combination of the two gradients."""
    limit, gaps = SYMBOLIC.limit(), []
    W = on.numeric(limit.off) * ONES + on.numeric(limit.gap) * EYE
    for T in on.ENUMERATED:
        v, width = np.full(T, on.NUMBERS[v_init]), on.NUMBERS[eps]
        found, const, diag = (on.hinge_step(v, M, width)[0] for M in (W, ONES, EYE))
        stated = value["sign"] * -(on.numeric(_known(value["const"])) * const
                                   + on.numeric(_known(value["diag"])) * diag)  # fmt: skip
        gaps.append(relative_error(stated, found))
    return Finding(worst(gaps), 1e-11, "-dL/dv at W^(1), T = 2, 4, 7")


def third_line_symbolic(value: dict[str, Any]) -> Finding:
    """Kernel with free moments: S for the gap sum, m for E lambda^j; K = (S +- m) / (8 t)."""
    S, m, off, gap, rho = sp.symbols("S m c_off c_gap rho")
    same, cross = (S + m) / 8, (S - m) / 8
    found = 2 * same * (off + gap) + 2 * cross * off
    stated = off * rho ** value["rho_power"] * S / 2 - value["diag_sign"] * gap * 2 * same
    return exactly(
        sp.expand(found - stated) == 0,
        "-dL/dv = c' S/2 + (rho - c') (S + m)/4 for W = c' 11^T + (rho - c') I",
    )


def third_line_enumerated(value: dict[str, Any]) -> Finding:
    limit, gaps, width = SYMBOLIC.limit(), [], on.NUMBERS[eps]
    off, gap, rho = (on.numeric(x) for x in (limit.off, limit.gap, limit.diagonal))
    for T in on.ENUMERATED:
        v = np.full(T, on.NUMBERS[v_init])
        found = on.hinge_step(v, off * ONES + gap * EYE, width)[0]
        gradient = -on.hinge_step(v, EYE, width)[0]
        S = [float(curriculum.gap_sum(n, sp.Rational(3, 20))) for n in range(T, 0, -1)]
        first = off * rho ** value["rho_power"] * np.array(S) / (2 * T)
        gaps.append(relative_error(first + value["diag_sign"] * gap * gradient, found))
    return Finding(worst(gaps), 1e-11, "-dL/dv at W^(1), T = 2, 4, 7")
