"""What the claims on (A.63)-(A.67) are tried on: moments of lambda, limits of both layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import SYMBOLIC, a, eps, j, k
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from proofs_check.ledger.normal import vanishes
from theory.first_steps import curriculum

HALF = sp.Rational(1, 2)
X = 2 * a - 1
PARITY = sp.Symbol("sigma")  # (-1)^j
WIDTHS = (0.1, 0.3, 0.45)


def _mean(integrand: sp.Expr, width: float) -> float:
    """E over a by the nodes of the enumeration's prior."""
    rule = on.near_half(width)
    values = sp.lambdify(a, integrand)(rule.transition[:, 0, 0])
    return float(np.sum(rule.weights * np.broadcast_to(values, rule.weights.shape)))


# (A.63): the part of -dL_diag/dv_j with t (t-j+1)(t-j+2)/2


def weight_symbolic(value: dict[str, sp.Expr]) -> Finding:
    """2 K_jmm over one chain is (S + r(r+1)/2 lambda^j) / (4 t); the rest sums to O(1)."""
    good = vanishes(value["integrand"] - X**j / 4) and value["kept"] == 1 - SYMBOLIC.decay_v
    return exactly(
        good, "2 (a-1/2)/4 lambda^(j-1) is lambda^j / 4; S_r is at most r E[lambda/(1-lambda)], "
        "since its weights r+1-n are at most r and odd moments vanish",
    )  # fmt: skip


def weight_enumerated(value: dict[str, sp.Expr]) -> Finding:
    """v after the second step by enumeration, minus the S terms, against the stated integrand."""
    width, gaps = on.NUMBERS[eps], []
    p = on.plan(width)
    for T in on.ENUMERATED:
        found = on.enumerated(T)
        W, r = found.W1, np.arange(T, 0, -1)
        common = np.cumsum(np.cumsum([_mean(X**n, width) for n in range(1, T + 1)]))[::-1]
        rest = T * found.step_v - (W[0, 1] / 2 + (W[0, 0] - W[0, 1]) / 4) * common
        means = [_mean(value["integrand"].subs(j, n), width) for n in range(1, T + 1)]
        stated = (W[0, 0] - W[0, 1]) * r * (r + 1) / 2 * np.array(means)
        v2 = (1 - p.decay_v) * found.v1 + p.h2 / T**2 * rest
        gaps.append(np.abs(v2 - value["kept"] * p.v_init - p.h2 / T**2 * stated).max())
    return Finding(worst(gaps), 1e-13, "v_j^(2) by enumeration, T = 2, 4, 7")


# (A.64), (A.65): expectations over a, from values in epsilon


def zero_symbolic(value: sp.Expr) -> Finding:
    mean = sp.integrate((a - HALF) / 4, (a, HALF - eps, HALF + eps)) / (2 * eps)
    return exactly(sp.expand(mean - value) == 0, "odd about a = 1/2")


def zero_quadrature(value: sp.Expr) -> Finding:
    gaps = [abs(_mean((a - HALF) / 4, width) - float(value)) for width in WIDTHS]
    return Finding(worst(gaps), 1e-15, "epsilon = 0.1, 0.3, 0.45")


def density_symbolic(value: sp.Expr) -> Finding:
    """The weight makes the expectation of 1 equal to 1."""
    return exactly(sp.expand(value * 2 * eps) == 1, "the interval has length 2 epsilon")


def density_quadrature(value: sp.Expr) -> Finding:
    gaps, (x, weights) = [], np.polynomial.legendre.leggauss(12)
    for width in WIDTHS:
        for n in (2, 4, 6):
            integral = float(np.sum(width * weights * (width * x) * (2 * width * x) ** (n - 1)))
            mean = _mean((a - HALF) * X ** (n - 1), width)
            gaps.append(abs(float(value.subs(eps, width)) * integral / mean - 1))
    return Finding(worst(gaps), 1e-12, "weight times integral over expectation, j = 2, 4, 6")


def parts_symbolic(value: sp.Expr) -> Finding:
    """Derivative in epsilon against the integrand at both ends; both sides vanish at 0."""
    ends = eps * (2 * eps) ** (j - 1) * (1 + PARITY)
    return exactly(
        vanishes(sp.expand(sp.diff(value, eps) - ends)) and value.subs({j: 3, eps: 0}) == 0,
        "for every j; the integrand at 1/2 - epsilon is (-1)^j times that at 1/2 + epsilon",
    )


def parts_quadrature(value: sp.Expr) -> Finding:
    gaps = []
    for n in range(1, 8):
        stated = value.subs({j: n, PARITY: (-1) ** n})
        for width in WIDTHS:
            integral = 2 * width * _mean((a - HALF) * X ** (n - 1), width)
            gaps.append(abs(integral - float(stated.subs(eps, width))))
    return Finding(worst(gaps), 1e-15, "j = 1..7, epsilon = 0.1, 0.3, 0.45")


def even_symbolic(value: sp.Expr) -> Finding:
    """2 epsilon times the mean has the derivative 2 epsilon (2 epsilon)^(2k-1)."""
    rest = sp.diff(2 * eps * value, eps) - 2 * eps * (2 * eps) ** (2 * k - 1)
    exact = [value.subs(k, n) - curriculum.lambda_moment(2 * n, eps) / 2 for n in range(1, 6)]
    settled = all(sp.expand(x) == 0 for x in exact)
    return exactly(
        settled and sp.simplify(rest) == 0, "E[(a-1/2) lambda^(j-1)] = E[lambda^j] / 2, every k"
    )


def even_quadrature(value: sp.Expr) -> Finding:
    gaps = [
        abs(_mean((a - HALF) * X ** (2 * n - 1), width) / float(value.subs({k: n, eps: width})) - 1)
        for n in (1, 2, 3)
        for width in WIDTHS
    ]
    return Finding(worst(gaps), 1e-12, "j = 2, 4, 6, epsilon = 0.1, 0.3, 0.45")


# (A.66), (A.67): limits


def W_symbolic(value: dict[str, Any]) -> Finding:
    coefficient, power = on.order_in_epsilon(SYMBOLIC.limit().W)
    good = power == value["order"] and value.get("coefficient", coefficient) == coefficient
    return exactly(bool(good), f"leading term ({coefficient}) epsilon^{power}")


def W_spectral(value: dict[str, Any]) -> Finding:
    """W / epsilon^order at small epsilon and long t; the off-diagonal is within its 1/t."""
    T, found = on.LENGTHS[-1], []
    for width in (0.02, 0.04):
        W = on.after_second(T, width, w_init=0.0)[1]
        found.append(W[0, 0] / width ** value["order"])
    target = on.numeric(value.get("coefficient", found[0]))
    residual = worst(abs(x / target - 1) for x in found)
    return Finding(
        residual, 0.02, f"W / epsilon^{value['order']} = {found[0]:.5f}, {found[1]:.5f} at epsilon "
        f"= 0.02, 0.04, T = {T}",
    )  # fmt: skip


def offset_symbolic(value: sp.Expr) -> Finding:
    limit = SYMBOLIC.limit_v(3)
    return exactly(sp.expand(limit - value) == 0, f"v_3^(2) -> {limit} for decay 1 of both layers")


def offset_spectral(value: sp.Expr) -> Finding:
    gaps = [abs(on.after_second(T)[0][2] - on.numeric(value)) * T for T in on.LENGTHS]
    return Finding(worst(gaps), 10.0, "t |v_3 - offset|, which must stay bounded")


def v_symbolic(value: dict[str, Any]) -> Finding:
    """Leading terms in epsilon of v_2 and v_4, and zero limits at odd j."""
    terms = [on.order_in_epsilon(SYMBOLIC.limit_v(n)) for n in (2, 4)]
    odd = [SYMBOLIC.limit_v(n) for n in (1, 3, 5)]
    good = not any(odd) and all(
        power == value["power"].subs(j, n)
        and sp.expand(value.get("coefficient", coefficient) - coefficient).subs(j, n).expand() == 0
        for n, (coefficient, power) in zip((2, 4), terms, strict=True)
    )
    return exactly(
        bool(good), "powers of epsilon of v_2, v_4: " + ", ".join(str(p) for _, p in terms)
    )


def v_spectral(value: dict[str, Any]) -> Finding:
    """The part of v_j of lag j alone: what v_j has above the mean of its odd neighbours."""
    gaps, T = [], on.LENGTHS[-1]
    for n in (2, 4):
        found = []
        for width in (0.2, 0.4):
            v = on.after_second(T, width)[0]
            above = v[n - 1] - (v[n - 2] + v[n]) / 2
            found.append(above / width ** int(value["power"].subs(j, n)))
        target = on.numeric(sp.sympify(value.get("coefficient", found[0])).subs(j, n))
        gaps += [abs(x / target - 1) for x in found]
    return Finding(worst(gaps), 0.03, "j = 2, 4, epsilon = 0.2, 0.4, T = 800 (error O(1/T))")
