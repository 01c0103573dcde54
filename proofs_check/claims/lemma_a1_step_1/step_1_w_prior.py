"""Lemma A.1, first step of W averaged over chains: (A.26) and (A.31), with what they average."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1 import step_1_w_closed
from proofs_check.claims.lemma_a1_step_1.step_1_w import FLAT, pi_l, pi_m
from proofs_check.claims.lemma_a1_step_1.step_1_w_closed import P_m1, elements, filled
from proofs_check.claims.sec3_training.fig_6 import CLAIMS as FIG_6
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import long_contexts
from proofs_check.methods.all_sequences import population_gradient
from proofs_check.methods.exact_chains import SYMBOLIC, at, pair_mean, prior_mean, triples
from proofs_check.methods.leading_terms import per_gap, settled
from proofs_check.methods.symbols import HALF, Entry, a, b, entries, lam, p, t, t1
from proofs_check.methods.triple_sums import symbolic_gradient, total
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


@ledger.enumeration("one step of sim on the population loss against differences of the loss", 1e-12,
                    "t = 2, 4, 6, c = 0.02, eta = 0.03; central differences in each entry",
                    because="rounding of differences of a loss of order 1")  # fmt: skip
def update_enumerated(value: sp.Expr) -> Iterator[float]:
    """The loss is linear in W while every hinge is active, so that differences are exact."""
    c0, eta, width = 0.02, 0.03, 0.01
    for T in (2, 4, 6):
        start = sim.MinimalModel.constant(T, 2, v=c0, W=c0)
        objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1.0))
        run = sim.gradient_descent(start, objective, steps=1, learning_rate=eta, record_at=[0, 1])
        evaluate = objective.bind(start)
        for entry in entries(2):
            raised = width * (np.array(entry) == np.indices((2, 2)).T).all(-1).T
            up, down = (evaluate(start.v, start.W + way * raised)[0] for way in (1, -1))
            slope = (up - down) / (2 * width)
            yield run.W[-1][entry] - c0 - float(value) * eta * slope


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


LONG = (10**3, 10**5, 10**7)
# what is averaged, its factor, and the order in t of the remainder
Leading = tuple[sp.Expr, sp.Expr, int]


@ledger.symbolic("the joint law without powers of gaps, and a bound on the rest",
                 detail="for every chain and t; |remainder| <= 3 (t + 1), and it grows like t / 24 "
                 "on the diagonal, t (1/3 - log(2)/2) off it")  # fmt: skip
def leading_symbolic(value: Leading) -> Iterator[bool]:
    """(IV) is what does not decay, counted by the triples p, t', s; the rest is bounded."""
    integrand, count, order = value
    constants = theory.leading_constants()
    yield vanishes(count - total(sp.Integer(1)) / t)
    yield order >= 1
    yield sign(constants.W_next_diagonal) != 0
    yield sign(constants.W_next_off_diagonal) != 0
    for entry in entries(2):
        limit, bound = settled(pair_mean(entry), (p, t1))
        yield vanishes(filled(integrand, SYMBOLIC, entry) - limit)
        # a sum over one gap leaves t (t + 1) / 2 pairs of the other positions
        yield bool(per_gap(bound) / 2 <= 3)
        constant = constants.B if entry[0] == entry[1] else constants.A
        yield is_zero(prior_mean(limit) - constant)


@ledger.quadrature("powers of block matrices, chain by chain", 3.0,
                   f"|remainder| / (t^(order-1) (t + 1)) at t = {LONG}",
                   because="bound of the remainder that the exact route derives")  # fmt: skip
def leading_by_blocks(value: Leading) -> Iterator[float]:
    integrand, count, order = value
    for T, entry in product(LONG, entries(2)):
        lead = float(count.subs(t, T)) * long_contexts.flat_mean(elements(integrand, entry))
        rest = long_contexts.mean_step_in_W(T)[entry] - lead
        yield abs(rest) / (T ** (order - 1.0) * (T + 1))


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
        LEADING, leading_symbolic, leading_by_blocks,
        wrong=[(-LEADING[0], *LEADING[1:]), (LEADING[0], (t + 1) * (t + 2) / 3, 1),
               (LEADING[0] * sp.Rational(101, 100), *LEADING[1:]),
               (*LEADING[:2], 0)], assume=FLAT, needs=("A.25", "A.32", "A.33"),
        note="Per unit c eta the remainder tends to t / 24 on the diagonal and to t (1/3 - log(2) "
        "/ 2) = -0.0132 t off it. At t = 100 it is +3.70 beside 78.01, and -1.30 beside 19.61, so "
        "that the ratio of the two steps is 4.46 and not the 3.98 of t to infinity."),
    *FIG_6,
)  # fmt: skip
