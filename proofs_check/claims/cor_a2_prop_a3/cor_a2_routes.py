"""What the claims about Corollary A.2 are tried on: the first step when a = b.

All gradients are per unit of c, from W = c 11^T, v = c 1. The chain has pi = 1/2, lambda = 2a - 1.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.common import enumerated_margin
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import relative_error, worst
from proofs_check.ledger.normal import vanishes
from theory.first_steps import curriculum

Array = NDArray[np.float64]
a, II, III = sp.symbols("a II III")
t, r, M = sp.symbols("t r M", integer=True, positive=True)
LAM = 2 * a - 1
HALF = sp.Rational(1, 2)
SMALL = range(1, 10)
LENGTHS = (100, 1000, 10000)

# (II) and (III) as they stand in (A.25), with lambda = 2a - 1
SUM_II = LAM**2 * (1 - LAM**t) / (1 - LAM) - LAM * t * (t + 3) / 2 + t * (t + 1) / 2
SUM_III = t * LAM / (1 - LAM) - (LAM**2 - LAM ** (t + 2)) / (1 - LAM) ** 2 - t * (t + 1) / 2


@cache
def enumerated_step(T: int) -> tuple[Array, Array]:
    """-dL/dW and -dL/dv per unit c by brute force, with the hinge."""
    c = 0.5
    _, step_v, step_W = enumerated_margin(np.full(T, c), np.full((2, 2), c), "doubly_stochastic")
    return step_W / c, step_v / c


def _chain_mean(expression: sp.Expr, T: int) -> float:
    """Mean over a of an expression that is a polynomial in a for t = T (Gauss is exact then)."""
    nodes, weights = np.polynomial.legendre.leggauss(T + 3)
    values = sp.lambdify(a, expression.subs(t, T), "numpy")((nodes + 1) / 2)
    return float(np.sum(weights / 2 * np.broadcast_to(values, nodes.shape)))


def _per_chain_diagonal() -> sp.Expr:
    """Sum over n of lambda^n (t-n+1)(t-n+2) / (8 t), summed in closed form."""
    x = LAM
    inner = (
        (t - (x - x ** (t + 1)) / (1 - x)) * x / (1 - x)
    )  # sum over n of (t-n+1) lambda^n, n < t
    return (t * (t + 1) / 2 - inner) * x / (1 - x) / (4 * t)


def matrix_symbolic(value: sp.Matrix) -> Finding:
    uniform = sp.ones(1, 2) / 2
    chain = theory.chains.chain.transition().subs({theory.notation.a: a, theory.notation.b: a})
    good = (value - chain).expand().is_zero_matrix and (
        uniform * value - uniform
    ).expand().is_zero_matrix
    return exactly(bool(good), "P with b = a; pi = (1/2, 1/2) for every a: unigram is uniform")


def matrix_quadrature(value: sp.Matrix) -> Finding:
    rule = sim.prior_quadrature(sim.DoublyStochastic(2), 12)
    at = rule.transition[:, 0, 0]
    rows = [[np.broadcast_to(sp.lambdify(a, e)(at), at.shape) for e in value.row(i)]
            for i in range(2)]  # fmt: skip
    printed = np.moveaxis(np.array(rows), -1, 0)
    stationary = sim.stationary_distribution(printed)
    moments = [float(np.sum(rule.weights * at**n)) - 1 / (n + 1) for n in range(8)]
    residual = worst([np.abs(printed - rule.transition).max(), np.abs(stationary - 0.5).max(),
                      *np.abs(moments)])  # fmt: skip
    return Finding(residual, 1e-13, "nodes of the doubly stochastic prior of sim, and its moments")


@cache
def _excess_over_law(law: sp.Expr) -> list[sp.Expr]:
    """Limits of (diagonal step - law) / t for even and for odd t."""
    if law.has(sp.oo):
        return [-sp.oo, -sp.oo]  # the step itself is finite at every t
    limits = []
    for length in (2 * M, 2 * M + 1):
        exact = curriculum.diagonal_step_closed(length, M).subs(
            sp.digamma(M + sp.Rational(3, 2)), sp.log(M + 1)
        )
        gap = (exact - law.subs(t, length)) / length
        limits.append(sp.limit(sp.expand_func(gap), M, sp.oo))
    return limits


def _growth_W_symbolic(value: dict[str, sp.Expr]) -> Finding:
    """The diagonal minus its law is o(t): psi(M + 3/2) is log(M + 1) + O(1/M^2)."""
    rest = _excess_over_law(value["diagonal"])
    same = vanishes(SUM_II + (1 - LAM) * SUM_III)
    good = all(sp.simplify(x) == 0 for x in rest) and same and value["off"] == 0
    return exactly(
        bool(good), f"(diagonal - law) / t -> {rest[0]}; off the diagonal lag and gap sums cancel "
        "for every t and lambda",
    )  # fmt: skip


def _growth_W_enumerated(value: dict[str, sp.Expr]) -> Finding:
    """The exact finite-t step against enumeration; then the law within (5/16) log t + 1."""
    found = [enumerated_step(T)[0] for T in SMALL]
    finite = worst(
        relative_error(W, float(curriculum.diagonal_step(T)) * np.eye(2) + float(value["off"])
                       * (1 - np.eye(2)))
        for T, W in zip(SMALL, found, strict=True)
    )  # fmt: skip
    excess = [0.0]
    for T in LENGTHS:
        n = np.arange(2, T + 1, 2)
        step = float(np.sum((T - n + 1) * (T - n + 2) / (n + 1))) / (8 * T)
        law = float(value["diagonal"].subs(t, T))
        excess.append(abs(step - law) - (5 / 16 * np.log(T) + 1))
    return Finding(
        finite + worst(excess), 1e-12, f"enumeration T = 1..9; law within (5/16) log t + 1 at T = "
        f"{LENGTHS}",
    )  # fmt: skip


GROWTH_ROUTES = (
    Route("symbolic", "limit of the closed form, and an identity in lambda^t", _growth_W_symbolic),
    Route("enumeration", "all 2^(T+1) sequences with the hinge", _growth_W_enumerated),
)
TRUE_W = {"diagonal": t / 16 * (sp.log(2 * t) + sp.EulerGamma - sp.Rational(7, 2)),
          "off": sp.Integer(0)}  # fmt: skip


def _step_v_symbolic(value: dict[str, sp.Expr]) -> Finding:
    """t (v_j - c) / (c eta) for small r, in exact rationals, against the law and its remainder."""
    known = [curriculum.gap_sum(n) / 2 for n in range(1, 13)]
    gaps = [abs(k - value["law"].subs(r, n).doit()) for n, k in enumerate(known, 1)]
    residual = worst(float(max(gap - value["remainder"], 0)) for gap in gaps)
    return Finding(
        residual, 0.0, f"exact rationals at r = t-j+1 = 1..12, e.g. {known[1]} and {known[11]}; "
        "positive from r = 2 on, because no moment of lambda is negative",
    )  # fmt: skip


def _step_v_enumerated(value: dict[str, sp.Expr]) -> Finding:
    law = np.array([float(value["law"].subs(r, n).doit()) for n in range(1, max(SMALL) + 1)])
    residuals = []
    for T in SMALL:
        gap = np.abs(T * enumerated_step(T)[1] - law[:T][::-1])
        residuals.append(np.maximum(gap - float(value["remainder"]), 0.0).max())
    return Finding(worst(residuals), 1e-13, "T times the step of v against the law, T = 1..9")


V_ROUTES = (
    Route("symbolic", "exact moments of lambda, summed", _step_v_symbolic),
    Route("enumeration", "all 2^(T+1) sequences with the hinge", _step_v_enumerated),
)
_k = sp.Symbol("k", integer=True, positive=True)
TRUE_V = {"law": sp.Sum((r + 1 - 2 * _k) / (2 * _k + 1), (_k, 1, sp.floor(r / 2))) / 2,
          "remainder": sp.Integer(0)}  # fmt: skip


def entry_symbolic(sign: int) -> Route:
    def find(value: sp.Expr) -> Finding:
        whole = value.subs({II: SUM_II, III: SUM_III}) / t
        derived = _per_chain_diagonal() if sign > 0 else sp.Integer(0)
        return exactly(vanishes(whole - derived), "for every t and a, (II) and (III) from (A.25)")

    return Route("symbolic", "normal form in a and lambda^t", find)


def entry_enumerated(entry: tuple[int, int]) -> Route:
    def find(value: sp.Expr) -> Finding:
        whole = sp.cancel(value.subs({II: SUM_II, III: SUM_III})) / t
        gaps = (abs(_chain_mean(whole, T) - enumerated_step(T)[0][entry]) for T in range(1, 8))
        return Finding(worst(gaps), 1e-11, "mean over a against the hinge gradient, T = 1..7")

    return Route("enumeration", "all 2^(T+1) sequences with the hinge", find)


def leading_symbolic(value: dict[str, sp.Expr]) -> Finding:
    """Per chain, the coefficient of t once lambda^t is gone; both printed lines must be it."""
    settled = _per_chain_diagonal().subs({LAM ** (t + 1): 0, LAM**t: 0})
    leading = sp.limit(sp.cancel(settled) / t, t, sp.oo)
    good = all(vanishes(line - leading) for line in value.values())
    return exactly(good, f"coefficient of t: {sp.factor(leading)}")


def leading_spectral(value: dict[str, sp.Expr]) -> Finding:
    gaps = [0.0]
    for chain in (0.1, 0.35, 0.7):
        P, T = np.array([[chain, 1 - chain], [1 - chain, chain]]), 4000
        step = diagonal_by_powers(P, T) / T
        gaps += [abs(step - float(line.subs(a, chain))) for line in value.values()]
    return Finding(worst(gaps), 2e-3, "matrix powers, a = 0.1, 0.35, 0.7, T = 4000 (error O(1/T))")


def diagonal_by_powers(P: Array, T: int) -> float:
    """-dL/dW_11 at v = 1 for one chain with a = b, by recursions in the matrix itself."""
    column = np.eye(2)[:, 0]  # P^n e_1
    lag, lags = np.array([0.5, 0.0]), np.zeros(2)  # pi_1 e_1' P^(j-1), and its sum up to t'
    table, powers = np.empty((T, 2)), np.empty((T, 2))
    for i in range(T):
        lags = lags + lag
        lag = lag @ P
        table[i] = lags
    for n in range(T):
        powers[n] = column
        column = P @ column
    # pairs (p, t') with p - t' = n: t' = 1..T-n
    running = np.cumsum(table, axis=0)
    total = float(np.sum((P[0] - 0.5) * np.sum(powers * running[::-1], axis=0)))
    return total / T


def integrand_v_symbolic(value: sp.Expr) -> Finding:
    """Per chain, sum over n of (r+1-n) lambda^n / 2: its growth in r, once lambda^r is gone."""
    per_chain = LAM / (1 - LAM) * (r - (LAM - LAM ** (r + 1)) / (1 - LAM)) / 2
    growth = [sp.limit(_settled(e) / r, r, sp.oo) for e in (per_chain, value)]
    return exactly(
        vanishes(growth[0] - growth[1]), f"coefficient of r per chain: {sp.factor(growth[0])}, "
        f"printed {sp.factor(growth[1])}",
    )  # fmt: skip


def _settled(expression: sp.Expr) -> sp.Expr:
    return sp.cancel(expression.subs({LAM ** (r + 1): 0, LAM**r: 0}))


def integrand_v_enumerated(value: sp.Expr) -> Finding:
    gaps = []
    for T in SMALL:
        steps = [_chain_mean(sp.cancel(value.subs(r, n)), T) for n in range(T, 0, -1)]
        gaps.append(np.abs(T * enumerated_step(T)[1] - steps).max())
    return Finding(worst(gaps), 1e-11, "mean over a against T times the hinge step, T = 1..9")


def linear_symbolic(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    mean = sp.integrate(sp.cancel(value[0]), (a, 0, 1))
    return exactly(sp.simplify(mean - value[1]) == 0, f"the integrand is constant in a: {mean}")


def linear_quadrature(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    nodes, weights = np.polynomial.legendre.leggauss(8)
    mean = sum(w / 2 * value[0].subs(a, (x + 1) / 2) for x, w in zip(nodes, weights, strict=True))
    residual = abs(float((mean - value[1]).subs(r, 1)))
    return Finding(residual, 1e-13, "Gauss-Legendre in a, at r = 1 (both sides are linear in r)")


def _ratio_symbolic(value: dict[str, sp.Expr]) -> Finding:
    """Step of v_1 with a = b over that with the flat prior; psi is replaced by its logarithm."""
    length = 2 * M
    equal = curriculum.gap_sum_closed(length, M).subs(
        sp.digamma(M + sp.Rational(3, 2)), sp.log(M + 1)
    ) / (2 * length)
    default = theory.leading_constants().D * length / 2
    limit = sp.limit(equal / default, M, sp.oo)
    return exactly(
        sp.simplify(limit - value["ratio"]) == 0,
        f"(log t / 4) / (D t / 2) -> {limit}; the flat prior's step is (t+1) D / 2 + O(1)",
    )


def _ratio_spectral(value: dict[str, sp.Expr]) -> Finding:
    excess, shown = [0.0], []
    for T in LENGTHS:
        ratio = theory.first_step(T, prior="doubly_stochastic")[1][0] / theory.first_step(T)[1][0]
        shown.append(f"{ratio:.4f}")
        # S_T / (2T) is at most half the sum of the moments; the flat step is D (T+1) / 2 up to 1
        bound = np.log(T + 1) / 4 / (float(theory.leading_constants().D) * (T + 1) / 2 - 1)
        excess.append(abs(ratio - float(value["ratio"])) - bound)
    return Finding(
        worst(excess), 0.0, f"{', '.join(shown)} at T = {LENGTHS}; from the limit by at most "
        "(log(T+1) / 4) / (D (T+1) / 2 - 1)",
    )  # fmt: skip


RATIO_ROUTES = (
    Route("symbolic", "limit of the ratio of closed forms", _ratio_symbolic),
    Route("spectral", "exact sums over all lags and gaps", _ratio_spectral),
)
