"""What is printed in (A.38)-(A.46), as data, and the routes that decide it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check.claims.common import enumerated_margin
from proofs_check.claims.lemma_a1_step_1 import step_1_v as one
from proofs_check.claims.lemma_a1_step_1.step_1_v import (
    BETA,
    CHAINS,
    GAMMA,
    PAIRS,
    PI,
    Array,
    P,
    j,
    lam,
    n,
    p,
    t,
)
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import relative_error, worst
from proofs_check.ledger.normal import vanishes
from theory.first_steps import step_2

EYE = np.eye(2)
WEIGHTS = 0.7 * np.ones((2, 2)) + 1.2 * EYE  # c' = 0.7, rho = 1.9
CP, GAP = sp.symbols("c_prime gap")  # c' and rho - c'
AT_WEIGHTS = {CP: sp.Rational(7, 10), GAP: sp.Rational(6, 5)}


def _event(chain: tuple[float, float], lag: int, at: int, target: int | str, shift: int) -> Array:
    """P[x_t' = target, x_(t'-j+shift) = x_p] for t' = 1..p, counted over all sequences."""
    tokens, chance = one.sequences(chain, at + 1)
    goal = tokens[:, at] if target == "next" else np.full(len(tokens), target)
    out = np.zeros(at)
    for place in range(1, at + 1):
        source = place - lag + shift
        if 1 <= source <= at:
            hit = (tokens[:, place - 1] == goal) & (tokens[:, source - 1] == tokens[:, at - 1])
            out[place - 1] = chance @ hit
    return out


def _event_powers(
    chain: tuple[float, float], lag: int, at: int, target: int | str, shift: int
) -> Array:
    """The same by powers of the transition matrix."""
    matrix = np.array([[chain[0], 1 - chain[0]], [1 - chain[1], chain[1]]])
    pi = theory.stationary_distribution(matrix)
    start = np.linalg.matrix_power(matrix, lag - shift)
    out = np.zeros(at)
    for place in range(lag, at + 1):
        later = np.linalg.matrix_power(matrix, at - place)
        joint = pi[:, None] * start * later.T  # [l, i]: x_p = l, x_t' = i
        out[place - 1] = np.sum(joint * matrix) if target == "next" else joint[:, target].sum()
    return out


def _split(targets: tuple[int | str, ...], powers: bool) -> Callable[[dict[str, int]], Finding]:
    """Finding for (A.38) or (A.41): the c' part plus (rho - c') times the sum of joint events."""

    def find(value: dict[str, int]) -> Finding:
        event = _event_powers if powers else _event
        gaps = []
        for chain in CHAINS:
            for at in range(1, 5):
                for lag in range(1, at + 1):
                    for target in targets:
                        joint = event(chain, lag, at, target, value["shift"])
                        whole = 0.7 * one.derivative(chain, lag, at, one.ONES, target)
                        whole += value["sign"] * 1.2 * joint[lag - 1 :].sum()
                        truth = one.derivative(chain, lag, at, WEIGHTS, target)
                        gaps.append(abs(whole - truth))
        return Finding(worst(gaps), 1e-12, "three chains, p = 1..4, every j <= p; c'=0.7, rho=1.9")

    return find


def split_routes(targets: tuple[int | str, ...]) -> tuple[Route, ...]:
    return (
        Route("enumeration", "joint events counted over all sequences", _split(targets, False)),
        Route("spectral", "joint events by matrix powers", _split(targets, True)),
    )


def _logit_summand(i: int) -> sp.Expr:
    """Sum over l of pi_l (P^(j-1))_li (P^n)_il from projectors."""
    pi, lag, gap = one.chain_pi(), one.chain_power(j - 1), one.chain_power(n)
    return sum(pi[l] * lag[l, i] * gap[i, l] for l in range(2))  # noqa: E741


def _true_summand() -> sp.Expr:
    pi, lag, gap = one.chain_pi(), one.chain_power(j - 1), one.chain_power(n)
    step = one.chain_power(sp.Integer(1))
    return sum(pi[l] * step[l, i] * lag[l, i] * gap[i, l] for l, i in PAIRS)  # noqa: E741


def logit(value: tuple[sp.Expr, ...], first: bool) -> Finding:
    at_one = {j: 1} if first else {}
    good = all(
        one.over_gaps(
            closed,
            (CP * pi + GAP * _logit_summand(i)).subs(at_one),
            sp.Integer(1) if first else j,
        )
        for i, (closed, pi) in enumerate(zip(value, one.chain_pi(), strict=True))
    )
    return exactly(good, "both states, by induction on p" + ("" if first else ", every j"))


def logit_enumerated(value: tuple[sp.Expr, ...], lags: range) -> Finding:
    closed: dict[int | str, sp.Expr] = {i: form.subs(AT_WEIGHTS) for i, form in enumerate(value)}
    gap = one.against_derivative(closed, WEIGHTS, lags)
    return Finding(gap, 1e-12, "three chains, p = 2..5, c' = 0.7, rho = 1.9")


def left_side(value: object, powers: bool) -> Finding:
    """Is the right side of (A.40), at general j, the derivative in v_1 or in v_j?"""
    gaps = []
    for chain in CHAINS:
        for lag in (2, 3):
            right = 0.7 * one.derivative(chain, lag, 4, one.ONES, 0)
            if powers:
                right += 1.2 * _event_powers(chain, lag, 4, 0, 1).sum()
            else:
                right += 1.2 * _event(chain, lag, 4, 0, 1)[lag - 1 :].sum()
            left = one.derivative(chain, 1 if value == 1 else lag, 4, WEIGHTS, 0)
            gaps.append(abs(left - right))
    return Finding(worst(gaps), 1e-12, "three chains, p = 4, j = 2, 3")


def true(value: sp.Expr, first: bool) -> Finding:
    summand = _true_summand()
    if first:
        return exactly(one.over_gaps(value, summand.subs(j, 1), sp.Integer(1)), "induction on p")
    return exactly(one.over_gaps(value, summand), "induction on p, every j")


def true_enumerated(value: sp.Expr, lags: range) -> Finding:
    gap = one.against_derivative({"next": value}, EYE, lags)
    return Finding(gap, 1e-12, "three chains, p = 2..5, W = I")


def a43(value: sp.Expr) -> Finding:
    good = vanishes(one.in_lambda(value) - _true_summand())
    return exactly(good, "summand in n = p - t' against projectors, every j and n")


def a43_enumerated(value: sp.Expr) -> Finding:
    gaps = []
    for chain in CHAINS:
        for lag in (2, 3):
            total = sum(one.number(value, chain, j=lag, n=q) for q in range(5 - lag))
            gaps.append(abs(total - one.derivative(chain, lag, 4, EYE, "next")))
    return Finding(worst(gaps), 1e-12, "three chains, p = 4, j = 2, 3, W = I")


def _gain_summand() -> sp.Expr:
    return _true_summand() - sum(_logit_summand(i) for i in range(2)) / 2


def position(value: sp.Expr) -> Finding:
    good = one.over_gaps(value, _gain_summand().subs(j, 1), sp.Integer(1))
    return exactly(good, "contribution of position p, by induction on p")


def update(value: sp.Expr, first: bool) -> Finding:
    """A double sum is right when its difference in t is the single sum, and it starts at 0."""
    low = sp.Integer(1) if first else j
    closed = one.in_lambda(value)
    step = closed - closed.subs(t, t - 1)
    summand = _gain_summand().subs({j: 1} if first else {})
    good = vanishes(closed.subs(t, low - 1)) and one.sums_to(step, summand.subs(n, t - low), t, low)
    return exactly(bool(good), "induction on t, twice" + ("" if first else ", every j"))


@cache
def _diagonal_gradient(T: int) -> Array:
    return enumerated_margin(np.full(T, 0.5), EYE)[1]


def update_enumerated(value: sp.Expr, first: bool) -> Finding:
    gaps = []
    for T in (3, 6):
        for lag in (1,) if first else range(2, T + 1):
            found = one.prior_mean(value, t=T, j=lag) / T
            gaps.append(relative_error(found, _diagonal_gradient(T)[lag - 1]))
    return Finding(worst(gaps), 1e-9, "T = 3, 6, W = I, prior by quadrature, real hinge")


def position_enumerated(value: sp.Expr) -> Finding:
    gaps = [
        relative_error(
            sum(one.prior_mean(value, p=q) for q in range(1, T + 1)) / T, _diagonal_gradient(T)[0]
        )
        for T in (3, 5, 7)
    ]
    return Finding(worst(gaps), 1e-9, "T = 3, 5, 7, W = I, prior by quadrature, real hinge")


def scale_enumerated(power: int) -> Finding:
    """-c' c^power dL0/dv against the gradient at W = c' 11^T."""
    c, other = 0.5, 0.8
    gaps = []
    for T in (2, 5):
        start = enumerated_margin(np.full(T, c), np.full((2, 2), c))[1]
        truth = enumerated_margin(np.full(T, c), np.full((2, 2), other))[1]
        gaps.append(relative_error(other * c**power * start, truth))
    return Finding(worst(gaps), 1e-11, "T = 2, 5, c = 0.5, c' = 0.8, real hinge")


def scale_symbolic(power: int) -> Finding:
    c = sp.Symbol("c", positive=True)
    good = sp.expand(CP * c**power * c - CP) == 0
    return exactly(good, "the gradient is linear in W: c' S_j = c' c^power (c S_j) for every c")


def start(value: object, spectral: bool) -> Finding:
    """v_j after step 2 minus its gradient step: is it v_1 or v_j after step 1?"""
    T, c, eta = 5, 0.3, 0.4
    if spectral:
        W1, v1 = (c + eta * c * part for part in theory.first_step(T))
        after = step_2.second_step(T, c, eta)[1]
        step = eta * np.einsum("jml,ml->j", theory.population_kernel(T, method="quadrature"), W1)
    else:
        start = sim.MinimalModel.constant(T, 2, v=c, W=c)
        evaluate = sim.Population(sim.Dirichlet(2), T, sim.Margin(100.0)).bind(start)
        first = evaluate(start.v, start.W)[1]
        W1, v1 = start.W - eta * first.W, start.v - eta * first.v
        step = -eta * evaluate(v1, W1)[1].v
        after = step_2.second_step(T, c, eta)[1]
    base = np.full(T, v1[0]) if value == 1 else v1
    return Finding(relative_error(base[1:] + step[1:], after[1:]), 1e-11, "T = 5, j = 2..5")


def _geometric(i: int, l: int) -> sp.Expr:  # noqa: E741
    """The bracket shared by (A.40) and (A.44), as printed."""
    return (
        BETA[i, l] * BETA[l, i] * (lam**p - lam ** (j - 1)) / (lam - 1)
        + BETA[i, l] * GAMMA[l, i] * (lam ** (p - j + 1) - 1) / (lam - 1)
        + (p - j + 1) * (GAMMA[i, l] * BETA[l, i] * lam ** (j - 1) + GAMMA[i, l] * GAMMA[l, i])
    )


def a46(sign: int) -> sp.Expr:
    """(A.46)'s bracket; the sign is that of (lambda - lambda^(t-j+2))/(1 - lambda) in line 2."""
    total = sp.Integer(0)
    for i, l in PAIRS:  # noqa: E741
        first = (lam**j - lam ** (t + 1)) / (1 - lam) - (t - j + 1) * lam ** (j - 1)
        second = sign * (lam - lam ** (t - j + 2)) / (1 - lam) - t + j - 1
        third = GAMMA[i, l] * BETA[l, i] * lam ** (j - 1) + GAMMA[i, l] * GAMMA[l, i]
        total += PI[l] / (lam - 1) ** 2 * (P[l, i] - one.HALF) * (
            BETA[i, l] * BETA[l, i] / (lam - 1) * first
            + BETA[i, l] * GAMMA[l, i] / (lam - 1) * second
            + (t - j + 1) * (t - j + 2) / 2 * third
        )  # fmt: skip
    return total


def a45(factor: sp.Expr) -> sp.Expr:
    """(A.45)'s last line, its first term multiplied by a factor (printed: 1)."""
    a, b = one.a, one.b
    lead = ((b - 1) ** 2 * (a - one.HALF) + (a - 1) ** 2 * (b - one.HALF)) / (lam - 1) ** 2
    short = ((lam - lam ** (t + 1)) / (1 - lam) - t) * one.CROSS / (lam - 1) ** 2
    return factor * short + lead * t * (t + 1) / 2


GEOMETRIC_1 = (lam**p - 1) / (lam - 1)
PRINTED_39 = tuple(
    CP * PI[i] * p + GAP * PI[i] / (lam - 1) * (p * GAMMA[i, i] + BETA[i, i] * GEOMETRIC_1)
    for i in range(2)
)
PRINTED_40 = tuple(
    CP * PI[i] * (p - j + 1)
    + GAP / (lam - 1) ** 2 * sum(PI[l] * _geometric(i, l) for l in range(2))  # noqa: E741
    for i in range(2)
)
PRINTED_42 = sum(
    PI[i] * P[i, i] / (lam - 1) * (BETA[i, i] * GEOMETRIC_1 + GAMMA[i, i] * p) for i in range(2)
)
PRINTED_43 = sum(
    P[l, i] * (BETA[i, l] * lam**n + GAMMA[i, l]) / (lam - 1)
    * (BETA[l, i] * lam ** (j - 1) + GAMMA[l, i]) / (lam - 1) * PI[l]
    for l, i in PAIRS  # noqa: E741
)  # fmt: skip
PRINTED_44 = sum(PI[l] * P[l, i] * _geometric(i, l) for l, i in PAIRS) / (lam - 1) ** 2  # noqa: E741
PRINTED_45_POSITION = sum(
    (P[i, i] - one.HALF) * PI[i] / (lam - 1) * (BETA[i, i] * GEOMETRIC_1 + GAMMA[i, i] * p)
    for i in range(2)
)
