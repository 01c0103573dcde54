"""Routes for the first step of W before and after averaging over chains, (A.25)-(A.31)."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check.claims.common import inverse_gap
from proofs_check.claims.lemma_a1.appendix_setup_routes import PRINTED_P, finite, prior_mean
from proofs_check.claims.lemma_a1_step_1 import step_1_w_routes as on
from proofs_check.claims.lemma_a1_step_1.step_1_w import BETA, GAMMA, PRINTED_PI
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import (
    HALF,
    PAIRS,
    a,
    ab,
    b,
    c,
    lam,
    p,
    s,
    t,
    t1,
    total,
)
from proofs_check.claims.lemma_a1_step_1.step_1_w_sums import IV, SUMMAND
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import worst
from proofs_check.ledger.normal import vanishes
from theory import notation
from theory.normal_form import is_zero, sign

# (A.25): b1m stands for beta_1m and so on
b1m, b2m, bl1, bl2, g1m, g2m, gl1, gl2, pi_l, P_m1 = sp.symbols(
    "beta_1m beta_2m beta_l1 beta_l2 gamma_1m gamma_2m gamma_l1 gamma_l2 pi_l P_m1"
)
pi_m = sp.Symbol("pi_m")


def _elements(m: int, l: int) -> dict[sp.Symbol, sp.Expr]:  # noqa: E741
    """The elements of (A.23) that (A.25) names, for one entry of W."""
    return {b1m: BETA[0, m], b2m: BETA[1, m], bl1: BETA[l, 0], bl2: BETA[l, 1],
            g1m: GAMMA[0, m], g2m: GAMMA[1, m], gl1: GAMMA[l, 0], gl2: GAMMA[l, 1],
            pi_l: PRINTED_PI[l], P_m1: PRINTED_P[m, 0]}  # fmt: skip


def _bracket_value(value: Any, m: int, l: int) -> sp.Expr:  # noqa: E741
    return sum(x.subs(_elements(m, l)) * y.subs(_elements(m, l)) for x, y in value)


def _entries(value: Any) -> dict[tuple[int, int], sp.Expr]:
    """The statement's -dE[L|P]/dW_ml in a, b, lambda and t, for the entries it is about."""
    if isinstance(value, dict):
        return {index: c / t * expr for index, expr in value.items()}
    return {(m, l): _bracket_value(value, m, l) for m, l in PAIRS}  # noqa: E741


def _conditional_symbolic(value: Any) -> Finding:
    good = all(
        vanishes(found.subs(ab) - on.reference(*index)) for index, found in _entries(value).items()
    )
    return exactly(good, "for symbolic t and every chain, from the joint law of four tokens")


def _conditional_enumerated(value: Any) -> Finding:
    wrong = checked = 0
    for index, found in _entries(value).items():
        for point in on.POINTS:
            here = found.subs({a: point[0], b: point[1], lam: sum(point) - 1, c: on.INIT})
            for T in range(1, 7):
                truth = on.gradient(on.at(*point), T)[index]
                wrong += sp.cancel(here.subs(t, T)) != truth
                checked += 1
    return Finding(wrong, 0.0, f"{checked} entries, rationals compared, t = 1..6, two chains")


CONDITIONAL = (
    Route("symbolic", "triple sum of the joint law in closed form", _conditional_symbolic),
    Route("enumeration", "hinge loss of all sequences, differentiated", _conditional_enumerated),
)


@cache
def _part(name: str, m: int, l: int) -> sp.Expr:  # noqa: E741
    """Sum over i of (P_mi - 1/2) times one of the triple sums (A)-(D), from its definition."""
    factor, summand = SUMMAND[name]
    weight = sp.Integer(0)
    for i in range(2):
        known = {"beta_im": BETA[i, m], "beta_li": BETA[l, i], "gamma_im": GAMMA[i, m],
                 "gamma_li": GAMMA[l, i]}  # fmt: skip
        weight += (PRINTED_P[m, i] - HALF) * factor.subs(known)
    return weight.subs(ab) * total(summand, on.TRIPLE)


def _part_symbolic(value: tuple[str, sp.Expr]) -> Finding:
    name, bracket = value
    good = all(
        vanishes(((P_m1 - HALF) * bracket).subs(_elements(m, l)).subs(ab) - _part(name, m, l))
        for m, l in PAIRS  # noqa: E741
    )
    return exactly(good, "all four entries, symbolic t and chain")


def _part_enumerated(value: tuple[str, sp.Expr]) -> Finding:
    """The triple sums term by term, weighed with both P_m1 - 1/2 and P_m2 - 1/2."""
    name, bracket = value
    factor, summand = SUMMAND[name]
    wrong = checked = 0
    for (x, y), T, (m, l) in product(on.POINTS, (1, 2, 4), PAIRS):  # noqa: E741
        known = {a: x, b: y, lam: x + y - 1, t: T}
        terms = summand.subs(known)
        sums = sum(terms.subs({p: q, t1: r, s: e}) for q, r, e in on.triples(T))
        truth = sum(
            (PRINTED_P[m, i] - HALF).subs(known) * sums
            * factor.subs({"beta_im": BETA[i, m], "beta_li": BETA[l, i],
                           "gamma_im": GAMMA[i, m], "gamma_li": GAMMA[l, i]}).subs(known)
            for i in range(2)
        )  # fmt: skip
        found = ((P_m1 - HALF) * bracket).subs(_elements(m, l)).subs(known)
        wrong += sp.cancel(found - truth) != 0
        checked += 1
    return Finding(wrong, 0.0, f"{checked} sums, rationals compared")


PART_ROUTES = (
    Route("symbolic", "the triple sum in closed form", _part_symbolic),
    Route("enumeration", "the triple sum term by term", _part_enumerated),
)

# (A.26), the symmetry below (A.30), (A.31)


def _update_enumerated(value: sp.Expr) -> Finding:
    """One full-batch step of sim on the population hinge loss against the exact kernel."""
    c0, eta, residuals = 0.02, 0.03, []
    for T in (2, 4, 6):
        start = sim.MinimalModel.constant(T, 2, v=c0, W=c0)
        objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1.0))
        run = sim.gradient_descent(start, objective, steps=1, learning_rate=eta, record_at=[0, 1])
        minus_gradient = c0 * theory.first_step(T)[0]
        printed = c0 - float(value) * eta * minus_gradient
        residuals.append(np.abs(run.W[-1] - printed).max())
    return Finding(worst(residuals), 1e-15, "t = 2, 4, 6 at c = 0.02, eta = 0.03")


def _update_symbolic(value: sp.Expr) -> Finding:
    """Averages of the conditional gradient over chains are the gradient of the average."""
    good = True
    for T in (2, 3, 5):
        exact = theory.first_step_W(T)
        for m, l in PAIRS:  # noqa: E741
            mean = prior_mean(_at_length(m, l, T))
            good &= is_zero(-value * mean - exact[m, l])
    return finite(bool(good), "over QQ[log 2], t = 2, 3, 5")


@cache
def _at_length(m: int, l: int, T: int) -> sp.Expr:  # noqa: E741
    """-dE[L|P]/dW_ml per unit c as a polynomial in y and lambda."""
    summand = on.pair_mean(m, l)
    return sum(
        sp.expand(summand.subs({p: q, t1: r, s: e})) for q, r, e in on.triples(T)
    ) / T  # fmt: skip


def _symmetry_symbolic(value: tuple) -> Finding:
    """Relabelling the states swaps a and b, y and -y, and leaves the flat prior as it is."""
    y = notation.y
    good = all(vanishes(on.reference(*x) - on.reference(*z).subs(y, -y)) for x, z in value)
    return exactly(good, "conditional gradients are images under a <-> b, symbolic t")


def _symmetry_enumerated(value: tuple) -> Finding:
    residuals = [0.0]
    for T in (3, 5, 7):
        model = sim.MinimalModel.constant(T, 2, v=0.5, W=0.5)
        objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(float(T * T)))
        step = objective.bind(model)(model.v, model.W)[1].W
        residuals += [abs(step[x] - step[z]) / np.abs(step).max() for x, z in value]
    return Finding(worst(residuals), 1e-12, "population hinge loss, t = 3, 5, 7")


LENGTHS = (30, 100, 300, 1000, 3000)


@cache
def _leading_mean(m: int, l: int, integrand: sp.Expr) -> sp.Expr:  # noqa: E741
    here = {pi_m: PRINTED_PI[m], pi_l: PRINTED_PI[l], P_m1: PRINTED_P[m, 0]}
    return sp.expand(prior_mean(sp.cancel(integrand.subs(here).subs(ab))))


def _leading_symbolic(value: tuple) -> Finding:
    """(IV) is what does not decay; the rest is at most 2 t and tends to a multiple of t."""
    integrand, count, order = value
    constants = theory.leading_constants()
    limits = (constants.W_next_diagonal, constants.W_next_off_diagonal)
    good = sp.expand(count - IV / t) == 0 and inverse_gap() == 2
    good &= order >= 1 and all(sign(x) != 0 for x in limits)
    for m, l in PAIRS:  # noqa: E741
        mean = _leading_mean(m, l, integrand)
        good &= is_zero(mean - (constants.B if m == l else constants.A))
    return exactly(
        bool(good),
        "every other term is at most t E[1/(1-|lambda|)] = 2 t; it is t/24 on the diagonal and "
        "t (1/3 - log(2)/2) off it, to leading order",
    )


def _leading_spectral(value: tuple) -> Finding:
    integrand, count, order = value
    excess = [0.0]
    for T in LENGTHS:
        step, lead = theory.first_step(T)[0], float(count.subs(t, T))
        for m, l in PAIRS:  # noqa: E741
            rest = step[m, l] - lead * float(_leading_mean(m, l, integrand))
            excess.append(abs(rest) / T**order - 2.0 * 30 ** (1 - order))
    return Finding(worst(excess), 0.0, f"|remainder| / t^{order} within its bound, t = {LENGTHS}")


UPDATE_ROUTES = (
    Route("symbolic", "average of the conditional gradients", _update_symbolic),
    Route("enumeration", "one step of sim on the population loss", _update_enumerated),
)
SYMMETRY_ROUTES = (
    Route("symbolic", "relabelling the states", _symmetry_symbolic),
    Route("enumeration", "population hinge loss", _symmetry_enumerated),
)
LEADING_ROUTES = (
    Route("symbolic", "exact constants and a bound on the remainder", _leading_symbolic),
    Route("spectral", "exact step at t = 30, ..., 3000", _leading_spectral),
)
