"""Lemma A.1, first step of W averaged over chains: (A.26) and (A.31), with what they average."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1 import step_1_w_closed
from proofs_check.claims.lemma_a1_step_1.step_1_w import FLAT, pi_l, pi_m
from proofs_check.claims.lemma_a1_step_1.step_1_w_closed import P_m1, filled
from proofs_check.claims.lemma_a1_step_1.step_1_w_sums import IV
from proofs_check.claims.sec3_training.fig_6 import CLAIMS as FIG_6
from proofs_check.ledger.compare import worst
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.all_sequences import population_gradient
from proofs_check.methods.exact_chains import SYMBOLIC, at, pair_mean, prior_mean, triples
from proofs_check.methods.prior_averages import inverse_gap
from proofs_check.methods.symbols import HALF, Entry, a, b, entries, lam, t
from proofs_check.methods.triple_sums import symbolic_gradient
from theory.exact import is_zero, sign
from theory.notation import y


@cache
def _at_length(entry: Entry, T: int) -> sp.Expr:
    """-dE[L|P]/dW_ml per unit c as a polynomial in y and lambda."""
    summand = pair_mean(entry)
    terms = (sp.expand(summand.subs(at(triple))) for triple in triples(T))
    return sum(terms) / T


@ledger.symbolic("average of the conditional gradients", 0.0, "over QQ[log 2]", scope="t = 2, 3, 5")
def update_symbolic(value: sp.Expr) -> Iterator[bool]:
    for T in (2, 3, 5):
        for entry in entries(2):
            mean = prior_mean(_at_length(entry, T))
            yield is_zero(-value * mean - theory.first_step_W(T)[entry])


@ledger.enumeration("one step of sim on the population loss", 1e-15,
                    "t = 2, 4, 6, c = 0.02, eta = 0.03")  # fmt: skip
def update_enumerated(value: sp.Expr) -> Iterator[float]:
    c0, eta = 0.02, 0.03
    for T in (2, 4, 6):
        start = sim.MinimalModel.constant(T, 2, v=c0, W=c0)
        objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1.0))
        run = sim.gradient_descent(start, objective, steps=1, learning_rate=eta, record_at=[0, 1])
        printed = c0 - float(value) * eta * c0 * theory.first_step(T)[0]
        yield np.abs(run.W[-1] - printed).max()


Equal = tuple[tuple[Entry, Entry], ...]  # pairs of entries said to be equal


@ledger.symbolic("relabelling the states", detail="conditional gradients swap with a <-> b, any t")
def symmetry_symbolic(value: Equal) -> Iterator[bool]:
    """It swaps a and b, y and -y, and leaves the flat prior as it is."""
    for one, other in value:
        yield vanishes(symbolic_gradient(one) - symbolic_gradient(other).subs(y, -y))


@ledger.enumeration("population hinge loss", 1e-12, "population hinge loss, t = 3, 5, 7")
def symmetry_enumerated(value: Equal) -> Iterator[float]:
    for T in (3, 5, 7):
        model = sim.MinimalModel.constant(T, 2, v=0.5, W=0.5)
        step = population_gradient(model, sim.Margin(float(T * T)))[1].W
        yield from ((step[one] - step[other]) / np.abs(step).max() for one, other in value)


# what is averaged, its factor, and the order in t of the remainder
Leading = tuple[sp.Expr, sp.Expr, int]


@cache
def _leading_mean(entry: Entry, integrand: sp.Expr) -> sp.Expr:
    return sp.expand(prior_mean(sp.cancel(filled(integrand, SYMBOLIC, entry))))


@ledger.symbolic("exact constants and a bound on the remainder",
                 detail="every other term is at most t E[1/(1-|lambda|)] = 2 t; it is t/24 on the "
                 "diagonal and t (1/3 - log(2)/2) off it, to leading order")  # fmt: skip
def leading_symbolic(value: Leading) -> Iterator[bool]:
    """(IV) is what does not decay; the rest is at most 2 t and tends to a multiple of t."""
    integrand, count, order = value
    constants = theory.leading_constants()
    yield sp.expand(count - IV / t) == 0
    yield inverse_gap() == 2
    yield order >= 1
    yield sign(constants.W_next_diagonal) != 0
    yield sign(constants.W_next_off_diagonal) != 0
    for entry in entries(2):
        constant = constants.B if entry[0] == entry[1] else constants.A
        yield is_zero(_leading_mean(entry, integrand) - constant)


@ledger.spectral("exact step at t = 30, ..., 3000")
def leading_spectral(value: Leading) -> ledger.Finding:
    integrand, count, order = value
    lengths, excess = (30, 100, 300, 1000, 3000), [0.0]
    for T in lengths:
        step, lead = theory.first_step(T)[0], float(count.subs(t, T))
        for entry in entries(2):
            rest = step[entry] - lead * float(_leading_mean(entry, integrand))
            excess.append(abs(rest) / T**order - 2.0 * 30 ** (1 - order))
    detail = f"|remainder| / t^{order} within its bound, t = {lengths}"
    return ledger.Finding(worst(excess), 0.0, detail)


LEADING = (pi_m * pi_l / (lam - 1) * (b - a) * (P_m1 - HALF), (t + 1) * (t + 2) / 6, 1)
DIAGONAL, OFF_DIAGONAL = ((0, 0), (1, 1)), ((1, 0), (0, 1))

CLAIMS = (
    *step_1_w_closed.GRADIENT,
    ledger.supported("A.26", 19, "the update is minus eta times the averaged gradient",
        r"W^{(1)}_{m,l}=W^{(0)}_{m,l}-\eta\nabla_WE_{a,b}[E[L|P]]",
        sp.Integer(-1), update_symbolic, update_enumerated, wrong=[sp.Integer(1), -HALF],
        assume=FLAT),
    *step_1_w_closed.ENTRIES,
    ledger.proved("A.30-symmetry", "below (A.30), p. 20",
        "the averaged gradient is symmetric, with equal diagonal",
        r"W^{(1)}_{2,1}=W^{(1)}_{1,2},\quad W^{(1)}_{1,1}=W^{(1)}_{2,2}",
        (OFF_DIAGONAL, DIAGONAL), symmetry_symbolic, symmetry_enumerated,
        wrong=[(OFF_DIAGONAL, ((0, 0), (0, 1)))], assume=FLAT,
        note="The paper observes it in Fig. 6. It holds exactly, and for the average only: for one "
        "chain the gradient is not symmetric. Any exchangeable prior on (a, b) has it."),
    ledger.proved("A.31", 20, "leading order of the first step of W, remainder of order t",
        r"W^{(1)}_{m,l}=c+c\eta E_{a,b}"
        r"\left[\frac{\pi_m\pi_l}{\lambda-1}(b-a)(P_{m1}-\tfrac12)\right]\frac{(t+1)(t+2)}6+O(t)",
        LEADING, leading_symbolic, leading_spectral,
        wrong=[(-LEADING[0], *LEADING[1:]), (LEADING[0], (t + 1) * (t + 2) / 3, 1),
               (*LEADING[:2], 0)], assume=FLAT, needs=("A.25", "A.32", "A.33"),
        note="Per unit c eta the remainder tends to t / 24 on the diagonal and to t (1/3 - log(2) "
        "/ 2) = -0.0132 t off it. At t = 100 it is +3.70 beside 78.01, and -1.30 beside 19.61, so "
        "that the ratio of the two steps is 4.46 and not the 3.98 of t to infinity."),
    *FIG_6,
)  # fmt: skip
