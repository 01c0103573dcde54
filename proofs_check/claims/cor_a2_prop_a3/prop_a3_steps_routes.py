"""Routes of the claims on the two updates of Prop. A.3: (A.59)-(A.62), footnote 2.

L_const is the loss at W = 11^T, L_diag that at W = I; A and B are the constants of Lemma 3.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

import theory
from proofs_check.claims.cor_a2_prop_a3.two_steps import (
    ENUMERATED,
    H1,
    H2,
    HALF,
    HINGE,
    LENGTHS,
    LIMITS,
    POWERS,
    SYMBOLIC,
    V_INIT,
    W_INIT,
    a,
    after_second,
    by_powers,
    enumerated,
    eps,
    eta2,
    h1,
    h2,
    hinge_step,
    numeric,
    order_in_epsilon,
    t,
    v_init,
    w_init,
)
from proofs_check.ledger import Finding, enumeration, exactly, quadrature, spectral, symbolic
from proofs_check.ledger.compare import relative_error, worst
from theory.first_steps import curriculum

EYE, ONES = np.eye(2), np.ones((2, 2))
LIMIT = SYMBOLIC.limit()
A, B, D = (getattr(theory.leading_constants(), name) for name in "ABD")
INTEGRAND = (a - HALF) / (a - 1)

# first step


@symbolic(LIMITS, detail="(t+1)(t+2) / (6 t^power) -> 1/6; the rest is at most 2 t by "
          "lemma-3.1-step-1-W")  # fmt: skip
def first_W_symbolic(value: dict[str, Any]) -> list[bool]:
    limit = sp.limit((t + 1) * (t + 2) / (6 * t ** value["power"]), t, sp.oo)
    constants = ((value["diagonal"], B), (value["off"], A))
    return [limit == sp.Rational(1, 6), *(theory.is_zero(x - y) for x, y in constants)]


@spectral(POWERS, 1e-12, "t times the remainder is within its bound")
def first_W_spectral(value: dict[str, Any]) -> list[float]:
    """T^(2-power) (W - w_init) minus its limit, times T, stays within v_init h1 (2 + 1/2 + ...)."""
    stated = numeric(value["off"]) * (ONES - EYE) + numeric(value["diagonal"]) * EYE
    growth = [(by_powers(T).W1 - W_INIT) * T ** (2.0 - value["power"]) for T in LENGTHS]
    gaps = [np.abs(found - V_INIT * H1 / 6 * stated).max() for found in growth]
    return [max(gap * T - 2.1 * V_INIT * H1, 0.0) for gap, T in zip(gaps, LENGTHS, strict=True)]


@symbolic(LIMITS, detail=f"t (v_1^(1) - v_init) -> h_1 w_init D / 2, D = {D}")
def first_v_symbolic(value: sp.Expr) -> bool:
    """The quadratic law of Lemma 3.1."""
    return theory.is_zero(sp.expand(value / (h1 * w_init) - D / 2))


@spectral(POWERS, 1e-12, "every j: t^2 times the rest is within h_1 w_init (1 + D)")
def first_v_spectral(value: sp.Expr) -> list[float]:
    excess = []
    for T in LENGTHS:
        left = np.arange(T, 0, -1) / T
        rest = T * (by_powers(T).v1 - V_INIT) - numeric(value) * left**2
        excess.append(max(np.abs(rest).max() * T - 1.2 * H1 * W_INIT, 0.0))
    return excess


# second step, W


@symbolic(LIMITS, detail="the logits are linear in W for any v; the second derivatives of the loss "
          "in W vanish identically in a")  # fmt: skip
def linear_symbolic(dependence: sp.Expr) -> bool:
    """The Hessian of the loss in W, all sequences of T = 2 and one free chain, every hinge open."""
    W = sp.Matrix(2, 2, sp.symbols("W:4"))
    P, loss = sp.Matrix([[a, 1 - a], [1 - a, a]]), sp.Integer(0)
    for x in np.ndindex(2, 2, 2):
        chance = P[x[0], x[1]] * P[x[1], x[2]] / 2
        for p in range(2):
            f = [sum(v_init * W[x[p], x[s]] for q in range(p + 1) for s in range(q + 1)
                     if x[q] == i) for i in range(2)]  # fmt: skip
            loss += chance * (f[1 - x[p + 1]] - f[x[p + 1]]) / 4
    return bool(sp.hessian(loss, list(W)) == dependence * sp.eye(4))


@enumeration(HINGE, 1e-12, "gradient at W^(1) against that at W = 0, T = 2, 4, 7")
def linear_enumerated(dependence: sp.Expr) -> list[float]:
    gaps = []
    for T in ENUMERATED:
        v, W1 = np.full(T, V_INIT), enumerated(T).W1
        here, origin = (hinge_step(v, W)[1] for W in (W1, 0 * W1))
        gaps.append(np.abs(here - origin - float(dependence) * W1).max())
    return gaps


@symbolic(LIMITS)
def diagonal_symbolic(value: dict[str, Any]) -> Finding:
    """True coefficient of t over the stated one: must be 1, or any positive number under O(.)."""
    true, stated = LIMIT.W / (v_init * h2), value["coefficient"].rewrite(sp.log)
    if not value["up_to_constant"]:
        gap = sp.simplify(sp.series(true - stated, eps, 0, 12).removeO())
        return exactly(gap == 0, f"true coefficient {true}")
    (c, power), (stated_c, stated_power) = (
        order_in_epsilon(x) for x in (true, sp.series(stated, eps, 0, 8).removeO())
    )
    shown = f"leading terms {c} eps^{power} (true), {stated_c} eps^{stated_power} (stated)"
    return exactly(bool(power == stated_power and c * stated_c > 0), shown)


@spectral(POWERS)
def diagonal_spectral(value: dict[str, Any]) -> Finding:
    """The stated coefficient against W / (v_init h2) at long contexts and several epsilon."""
    ratios, T = [], LENGTHS[-1]
    for width in (0.1, 0.2, 0.3):
        W = after_second(T, width)[1][0, 0] / (V_INIT * H2)
        ratios.append(W / float(value["coefficient"].subs(eps, width)))
    target = ratios[0] if value["up_to_constant"] else 1.0
    spread = worst(abs(ratio - target) for ratio in ratios) + (min(ratios) <= 0)
    shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    where = f"at epsilon = 0.1, 0.2, 0.3, T = {T} (error O(1/T))"
    return Finding(spread, 0.02, f"found / stated {where}: {shown}")


@symbolic(LIMITS, detail="equal derivatives in epsilon, and both vanish at epsilon = 0")
def integral_symbolic(value: sp.Expr) -> list[bool]:
    slope = INTEGRAND.subs(a, HALF + eps) + INTEGRAND.subs(a, HALF - eps)
    return [sp.simplify(x) == 0 for x in (sp.diff(value, eps) - slope, value.subs(eps, 0))]


@quadrature("Gauss-Legendre in a", 1e-12, "epsilon = 0.1, 0.25, 0.4")
def integral_quadrature(value: sp.Expr) -> list[float]:
    x, weights = np.polynomial.legendre.leggauss(40)
    found = {e: np.sum(e * weights * (e * x) / (e * x - 0.5)) for e in (0.1, 0.25, 0.4)}
    return [integral - float(value.subs(eps, e)) for e, integral in found.items()]


# second step, v


@symbolic(LIMITS)
def rate_symbolic(rate: sp.Expr) -> Finding:
    """v_2 tends to its limit when the gradient, of order t, is multiplied by the rate."""
    gradient = LIMIT.gap * curriculum.lambda_moment(2, eps) / 8 * (t + 1)
    found, limit = sp.limit(rate.subs(eta2, h2 / t) * gradient, t, sp.oo), SYMBOLIC.limit_v(2)
    good = found.is_finite and sp.simplify(found - limit) == 0
    return exactly(bool(good), f"v_2 -> {found} against {limit}")


@spectral(POWERS, 100.0, "(v_2 / limit - 1) t, which must stay bounded")
def rate_spectral(rate: sp.Expr) -> list[float]:
    v2 = [numeric(rate.subs(eta2, h2 / T)) * by_powers(T).step_v[1] for T in LENGTHS]
    limit = numeric(SYMBOLIC.limit_v(2))
    return [(x / limit - 1) * T for x, T in zip(v2, LENGTHS, strict=True)]


@symbolic(LIMITS)
def split_symbolic(value: dict[str, Any]) -> Finding:
    pairs = ((value["const"], LIMIT.off), (value["diag"], LIMIT.gap))
    rest = [c for x, y in pairs for c in sp.Poly(sp.expand(x - y), w_init, h1, v_init).coeffs()]
    shown = [f"{float((y / (h1 * v_init)).subs(w_init, 0)):.5f}" for _, y in pairs]
    return exactly(value["sign"] == -1 and all(map(theory.is_zero, rest)), "at w_init = 0 weights "
                   f"of L_const, L_diag over v_init h_1: {', '.join(shown)}")  # fmt: skip


@enumeration(HINGE, 1e-11, "-dL/dv at W^(1), T = 2, 4, 7")
def split_enumerated(value: dict[str, Any]) -> list[float]:
    """-dL/dv at the limit of W^(1), against the stated combination of the two gradients."""
    W = numeric(LIMIT.off) * ONES + numeric(LIMIT.gap) * EYE
    weights, gaps = [-value["sign"] * numeric(value[name]) for name in ("const", "diag")], []
    for T in ENUMERATED:
        found, const, diag = (hinge_step(np.full(T, V_INIT), M)[0] for M in (W, ONES, EYE))
        gaps.append(relative_error(weights[0] * const + weights[1] * diag, found))
    return gaps


@symbolic(LIMITS, detail="-dL/dv = c' S/2 + (rho - c') (S + m)/4 for W = c' 11^T + (rho - c') I")
def third_line_symbolic(value: dict[str, int]) -> bool:
    """Kernel with free moments: S for the gap sum, m for E lambda^j; K = (S +- m) / (8 t)."""
    S, m, off, gap, rho = sp.symbols("S m c_off c_gap rho")
    same, cross = (S + m) / 8, (S - m) / 8
    found = 2 * same * (off + gap) + 2 * cross * off
    stated = off * rho ** value["rho_power"] * S / 2 - value["diag_sign"] * gap * 2 * same
    return sp.expand(found - stated) == 0


@enumeration(HINGE, 1e-11, "-dL/dv at W^(1), T = 2, 4, 7")
def third_line_enumerated(value: dict[str, int]) -> list[float]:
    off, gap, rho = (numeric(x) for x in (LIMIT.off, LIMIT.gap, LIMIT.diagonal))
    gaps = []
    for T in ENUMERATED:
        found, diag = (hinge_step(np.full(T, V_INIT), W)[0] for W in (off * ONES + gap * EYE, EYE))
        S = [float(curriculum.gap_sum(n, sp.Rational(3, 20))) for n in range(T, 0, -1)]
        first = off * rho ** value["rho_power"] * np.array(S) / (2 * T)
        gaps.append(relative_error(first - value["diag_sign"] * gap * diag, found))
    return gaps
