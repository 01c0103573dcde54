"""Routes for (A.47)-(A.51), the dominance of v_2 and Fig. 7, and the printed integrands."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check.claims.common import inverse_gap
from proofs_check.claims.lemma_a1_step_1 import step_1_v as one
from proofs_check.claims.lemma_a1_step_1.step_1_v import HALF, PAIRS, a, b, j, lam
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from proofs_check.ledger.normal import vanishes
from theory.first_steps import step_2
from theory.first_steps.step_2 import diagonal_constant
from theory.kernel.two_states import terms
from theory.normal_form import is_zero, sign

LENGTHS = (30, 100, 300, 1000)


def leading_symbolic(value: sp.Expr, lag: sp.Expr) -> Finding:
    """P^n replaced by its limit 1 pi in the diagonal gradient, against the printed integrand."""
    pi, step, power = one.chain_pi(), one.chain_power(sp.Integer(1)), one.chain_power(lag - 1)
    truth = sum(pi[l] ** 2 * power[l, i] * (step[l, i] - HALF) for l, i in PAIRS)  # noqa: E741
    good = vanishes(one.in_lambda(value) - truth)
    return exactly(
        good and inverse_gap() == 2,
        "integrand decided; the rest is a sum of (r - n) lambda^n times a bounded "
        "factor over t, and E[1/(1-|lambda|)] = 2 bounds it",
    )


def leading_spectral(value: sp.Expr, lags: tuple[int, ...]) -> Finding:
    excess = [0.0]
    for lag in lags:
        constant = one.prior_mean(value, j=lag)
        for T in LENGTHS:
            K, r = kernel(T), T - lag + 1
            rest = K[lag - 1, 0, 0] + K[lag - 1, 1, 1] - r * (r + 1) / 2 / T * constant
            excess.append(abs(rest) - 0.5)
    return Finding(
        worst(excess), 0.0, f"remainder per unit eta (rho - c') at most 0.5 at T = {LENGTHS}"
    )


@cache
def kernel(T: int) -> np.ndarray:
    return theory.population_kernel(T)


def a49_symbolic(value: dict[str, sp.Expr]) -> Finding:
    constants = theory.leading_constants()
    weights = value["c"] == 1 and value["c_prime"] == 1
    return exactly(
        weights and is_zero(constants.D - value["D"]) and inverse_gap() == 2,
        "gradient at W = w 11^T is w S_j, added for w = c and w = c'; D over QQ[log 2], "
        "remainder at most T E[1/(1-|lambda|)]/2 per unit",
    )


def a49_spectral(value: dict[str, sp.Expr]) -> Finding:
    c, other = 0.5, 0.8
    excess = [0.0]
    for T in LENGTHS:
        S, left = kernel(T).sum(axis=(1, 2)), T - np.arange(1, T + 1)
        weight = float(value["c"]) * c + float(value["c_prime"]) * other
        rest = (c + other) * S - weight * (left + 1) * (left + 2) / 2 / T * float(value["D"])
        excess.append(np.abs(rest).max() - (c + other))
    return Finding(worst(excess), 0.0, f"c = 0.5, c' = 0.8: remainder at most c + c' at {LENGTHS}")


def moment(kept: int, lag: int) -> sp.Expr:
    """The part of `diagonal_constant` with (1) or without (0) lambda^(j-1)."""
    return sp.expand(
        sum(
            2 * sp.Rational(x.coefficient) * theory.exact_moment(x.q, x.shift + kept * (lag - 1))
            for x in terms(0, 0)
            if not x.gap and x.lag == kept
        )
    )


LAG_FORM = (a - 1) * (b - 1) ** 2 * (a - HALF) / (lam - 1) ** 3 * lam ** (j - 1)
CONSTANT_FORM = (b - a) * (b - 1) ** 2 * (a - HALF) / (lam - 1) ** 3
FORM_47 = ((b - 1) ** 2 * (a - HALF) + (a - 1) ** 2 * (b - HALF)) / (lam - 1) ** 2
FORM_48 = (
    2 * (a - 1) * (b - 1) * ((b - 1) * (a - HALF) + (a - 1) * (b - HALF)) * lam ** (j - 1)
    + (b - a) * ((b - 1) ** 2 * (a - HALF) - (a - 1) ** 2 * (b - HALF))
) / (lam - 1) ** 3


def a50(value: sp.Expr) -> Finding:
    truth = diagonal_constant(1)
    return exactly(is_zero(truth - value), f"{sp.sstr(truth)} = {float(truth):.9f}")


def a50_quadrature(value: sp.Expr) -> Finding:
    return Finding(abs(one.prior_mean(FORM_47) - float(value)), 1e-12, "the printed expectation")


def a51(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    parts = moment(1, 2), moment(0, 2)
    good = all(is_zero(part - given) for part, given in zip(parts, value, strict=True))
    return exactly(good, f"terms {float(parts[0]):.9f} and {float(parts[1]):.9f}")


def a51_quadrature(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    parts = 4 * one.prior_mean(LAG_FORM, j=2), 2 * one.prior_mean(CONSTANT_FORM)
    gap = worst(abs(part - float(given)) for part, given in zip(parts, value, strict=True))
    return Finding(gap, 1e-12, "the two printed expectations with their factors 4 and 2")


def larger(value: int) -> Finding:
    gap = sp.expand(diagonal_constant(2) - diagonal_constant(1))
    return exactly(sign(gap) == value, f"(A.51) - (A.50) = {sp.sstr(gap)} = {float(gap):.6f}")


def larger_quadrature(value: int) -> Finding:
    later = 4 * one.prior_mean(LAG_FORM, j=2) + 2 * one.prior_mean(CONSTANT_FORM)
    gap = later - one.prior_mean(FORM_47)
    return Finding(0.0 if np.sign(gap) == value else 1.0, 0.0, f"difference {gap:.6f}")


def pattern(value: dict[str, int], moments: dict[int, float]) -> Finding:
    odd = [np.sign(m) == value["odd"] for lag, m in moments.items() if lag % 2]
    even = np.array([m for lag, m in sorted(moments.items()) if lag % 2 == 0])
    falls = bool(np.all(value["even_slope"] * np.diff(even) > 0))
    return Finding(
        0.0 if all(odd) and falls and even.min() > 0 else 1.0, 0.0,
        f"j = {min(moments)}..{max(moments)}; first {moments[min(moments)]:.6f}",
    )  # fmt: skip


def pattern_exact(value: dict[str, int]) -> Finding:
    lags = range(value["from"], 61)
    return pattern(value, {lag: float(moment(1, lag).evalf(60)) / 4 for lag in lags})


def pattern_quadrature(value: dict[str, int]) -> Finding:
    rule = sim.prior_quadrature(sim.Dirichlet(2), 64)
    x, y = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    form = (x - 1) * (y - 1) ** 2 * (x - 0.5) / (x + y - 2) ** 3 * rule.weights
    lags = range(value["from"], 31)
    return pattern(value, {lag: float(form @ (x + y - 1) ** (lag - 1)) for lag in lags})


def largest_constant(value: int) -> Finding:
    best = max(range(1, 61), key=lambda lag: float(diagonal_constant(lag).evalf(60)))
    return Finding(float(best != value), 0.0, f"largest of the constants for j = 1..60 at {best}")


def largest_kernel(value: int) -> Finding:
    diagonal = kernel(1000)[:, 0, 0]
    return Finding(
        float(np.argmax(diagonal) + 1 != value), 0.0, "largest K_j11 + K_j22 at T = 1000"
    )


def two_steps(T: int, c: float, eta: float) -> np.ndarray:
    """v after two steps of descent on the enumerated margin loss, hinge and all."""
    loss = sampled(T, theory.required_margin(T, c, eta) * 1.001)
    evaluate = loss.bind(sim.MinimalModel.constant(T, 2, v=c, W=c))
    v, W = np.full(T, c), np.full((2, 2), c)
    for _ in range(2):
        gradient = evaluate(v, W)[1]
        v, W = v - eta * gradient.v, W - eta * gradient.W
    return v


@cache
def chances(T: int) -> sim.Population:
    return sim.Population(sim.Dirichlet(2), T, sim.Margin(1.0))


def sampled(T: int, delta: float) -> sim.Sample:
    base = chances(T)
    return sim.Sample(base.tokens, 2, sim.Margin(delta), base.weights)


def predicted(value: dict[str, float], T: int, eta: float) -> bool:
    """Does the statement say that v_2 leads? It names a first T and a multiple of eta_crit."""
    rate = theory.critical_learning_rate(T)
    return value["first_T"] <= T and eta > value["factor"] * (rate or 0.0)


def dominance(value: dict[str, float], largest: range, exact: bool) -> Finding:
    wrong = []
    for T in largest:
        rate = theory.critical_learning_rate(T)
        for eta in [0.01, 1.0, 1e4] + ([] if rate is None else [0.99 * rate, 1.01 * rate]):
            v = step_2.second_step(T, 0.3, eta)[1] if exact else two_steps(T, 0.3, eta)
            if (np.argmax(v) == 1) != predicted(value, T, eta):
                wrong.append((T, eta))
    return Finding(float(len(wrong)), 0.0, f"T in {largest}, wrong at {wrong[:3]}")


def dominance_exact(value: dict[str, float]) -> Finding:
    good = True
    for T in (3, 5, 8, 9, 10, 11):
        rate = theory.critical_learning_rate_exact(T)
        good &= (rate is not None) == (value["first_T"] <= T)
        if rate is not None:
            low, high = (sp.Rational(round(float(rate) * x * 10**6), 10**6) for x in (0.999, 1.001))
            for eta in (low, high):
                v = step_2.second_step_v(T, eta)
                leads = all(sign(v[1] - v[i]) > 0 for i in range(T) if i != 1)
                good &= leads == (float(eta) > value["factor"] * float(rate))
    return Finding(
        float(not good), 0.0, "exact signs over QQ[log 2], T = 3, 5, 8..11, 0.1% around it"
    )


def law(value: dict[str, sp.Expr], routes: tuple[int, ...]) -> Finding:
    gaps = [
        theory.critical_learning_rate(T) * T ** float(value["power"]) / float(value["C"]) - 1
        for T in routes
    ]
    return Finding(abs(gaps[-1]), 1e-4, f"relative gaps {gaps} at T = {routes}")


def law_symbolic(value: dict[str, sp.Expr]) -> Finding:
    ratio = sp.fraction(sp.together(theory.critical_rate_constant() - value["C"]))[0]
    good = is_zero(sp.expand(ratio)) and value["power"] == 3
    # that T^3 is the order rests on an argument about leading terms, which is not a decision
    return Finding(
        float(not good), 0.0, "constant decided over QQ(log 2); order: D over T^3/12 (B-A)(d_2-d_1)"
    )


def figure_gap() -> float:
    W = theory.first_step(100)[0]
    return 0.02 * 0.03 * float(W[0, 0] - W[0, 1])


def fig7(value: tuple[float, ...]) -> Finding:
    bars = 0.03 * figure_gap() * (kernel(100)[:4, 0, 0] + kernel(100)[:4, 1, 1])
    gap = worst(abs(x - y) for x, y in zip(bars, value, strict=True))
    return Finding(gap, 1e-5, "exact bars " + ", ".join(f"{bar:.5f}" for bar in bars))


@cache
def sampled_bars() -> tuple[np.ndarray, np.ndarray]:
    """First four bars by sampling both steps, and their standard errors, 20 batches."""
    rows = []
    start, eye = sim.MinimalModel.constant(100, 2, v=1.0, W=1.0), np.eye(2)
    for seed in range(20):
        tokens = sim.sample_sequences(sim.Dirichlet(2), 1000, 101, seed).tokens
        step = -sim.loss_and_gradient(start, tokens, sim.Margin(1e6))[1].W
        gap = 0.02 * 0.03 * (np.trace(step) - step[0, 1] - step[1, 0]) / 2
        model = sim.MinimalModel(np.ones(100), eye)
        rows.append((gap, -sim.loss_and_gradient(model, tokens, sim.Margin(1e6))[1].v[:4]))
    gaps, slopes = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    bars = 0.03 * gaps.mean() * slopes.mean(axis=0)
    # relative errors add linearly at worst: both averages come from the same sequences
    relative = gaps.std(ddof=1) / gaps.mean() + slopes.std(axis=0, ddof=1) / slopes.mean(axis=0)
    return bars, bars * relative / np.sqrt(len(rows))


def fig7_sampled(value: tuple[float, ...]) -> Finding:
    bars, errors = sampled_bars()
    pulls = [abs(x - y) / e for x, y, e in zip(bars, value, errors, strict=True)]
    return Finding(
        worst(pulls), 4.0, f"20,000 sequences: {bars.round(5)}, errors {errors.round(5)}"
    )


def fig7_shape(value: int, sampled: bool) -> Finding:
    v = step_2.second_step(100, 0.02, 0.03)[1]
    if sampled:
        bars, errors = sampled_bars()
        lead = np.delete(bars, value - 1).max()
        return Finding(lead + errors.max() - bars[value - 1], 0.0, f"sampled bars {bars.round(5)}")
    diagonal = kernel(100)[:, 0, 0]
    wrong = np.argmax(diagonal) + 1 != value or np.argmax(v) + 1 != value
    return Finding(float(wrong), 0.0, f"v^(2) = {v[:4].round(5)}..., diagonal part likewise")
