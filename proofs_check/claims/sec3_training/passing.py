"""Sec. 3.2, "Passing by unigrams": what W alike in all entries lets v do, and when W takes over.

Exact routes sum correlations of states in signs, the others use the model and powers of P.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.ledger.compare import worst
from proofs_check.methods.all_sequences import enumerated_margin
from proofs_check.methods.long_contexts import mean_kernel, mean_step_in_W
from proofs_check.methods.signs import flat_mean, four, growth, pair
from proofs_check.methods.symbols import lam, p, s, t, t1
from proofs_check.methods.triple_sums import total

LONG, LOG2 = 10**5, sp.log(2)


class Counted(NamedTuple):
    """The sum v_first + ... + v_last with which the token at t' counts; `last` may depend on t'."""

    first: int
    last: sp.Expr | int


@ledger.symbolic("eq. (A.10) at W = c 11^T, the sum over s written in j = t' - s + 1",
                 detail="any k, t, c and v: no token but that at t' is left in the inner "
                 "sum")  # fmt: skip
def weights_by_reindexing(value: Counted) -> bool:
    v, j = sp.Function("v"), sp.Symbol("j", integer=True)
    inner = sp.Sum(v(t1 - s + 1), (s, 1, t1)).change_index(s, t1 - s + 1, j)
    return bool(inner == sp.Sum(v(j), (j, value.first, value.last)))


@ledger.simulation("logits of random v at W = c 11^T on random sequences, k = 2, 3, 5", 1e-12)
def weights_of_models(value: Counted) -> Iterator[float]:
    T = 12
    for k in (2, 3, 5):
        rng = np.random.default_rng(k)
        v, tokens = rng.normal(size=T), rng.integers(0, k, (40, T))
        found = sim.logits(sim.MinimalModel(v, np.full((k, k), 0.7)), tokens)
        last = [int(sp.sympify(value.last).subs(t1, place)) for place in range(1, T + 1)]
        weights = [v[value.first - 1 : end].sum() for end in last]
        counts = np.cumsum(np.eye(k)[tokens] * np.array(weights)[:, None], axis=1)
        yield np.abs(found - 0.7 * counts).max()


class Ratio(NamedTuple):
    """A ratio of two gradients times T: its limit as T grows, and its value at T = 4."""

    limit: sp.Expr
    at_4: sp.Expr


Pair = tuple[sp.Expr, sp.Expr]
FAR, NEAR = lam ** (t1 - s), lam ** (p - t1)


def _lag_gradient(lag: int, summand: sp.Expr) -> sp.Expr:
    """The sum over lag <= t' <= p <= t, over t."""
    return total(summand, ((t1, p), (p, t + 1 - lag))) / t


def at_ones(lag: int) -> sp.Expr:
    """-dL/dv_j of one chain at W = 11^T."""
    return _lag_gradient(lag, pair(lam * NEAR) / 2)


def at_identity(lag: int) -> sp.Expr:
    """The same at W = I, where 1{x_s = x_p} is (1 + s_s s_p) / 2."""
    return _lag_gradient(lag, (pair(lam * NEAR) + four(lam ** (lag - 1), NEAR)) / 4)


@cache
def bias_over_lead() -> Pair:
    """-dL/dv_1 at W = 11^T, and the lead of the diagonal in -dL/dW at v = 1."""
    return at_ones(1), total(four(FAR, NEAR)) / (4 * t)


@cache
def handicap_over_pull() -> Pair:
    """What v_1 is ahead of v_2 at W = 11^T, and v_2 of v_1 at W = I, in -dL/dv."""
    return at_ones(1) - at_ones(2), at_identity(2) - at_identity(1)


@ledger.symbolic("sums of correlations over positions, averaged over the flat prior")
def by_correlations(value: Ratio, both: Callable[[], Pair]) -> list[bool]:
    above, below = both()
    (high, first), (low, second) = growth(above), growth(below)
    limit = t ** (high - low + 1) * flat_mean(first) / flat_mean(second)
    first, second = (flat_mean(sp.cancel(part.subs(t, 4))) for part in (above, below))
    gaps = (limit - value.limit, 4 * first / second - value.at_4)
    return [sp.simplify(gap) == 0 for gap in gaps]


def _extrapolated(ratio: Callable[[int], float]) -> float:
    return 2 * ratio(2 * LONG) - ratio(LONG)


def _finding(limit: float, at_4: float, value: Ratio) -> ledger.Finding:
    gaps = limit - float(value.limit), at_4 - float(value.at_4)
    return ledger.Finding(
        worst(np.abs(gaps)), 1e-6, f"{limit:.6f} as T grows, {at_4:.6f} at T = 4",
        because="what is left of order log(T) / T^2 after extrapolation in 1 / T",
    )  # fmt: skip


@ledger.spectral("powers of P at T = 10^5 and 2 10^5, extrapolated; T = 4 by all sequences")
def start_by_powers(value: Ratio) -> ledger.Finding:
    def ratio(T: int) -> float:
        step = mean_step_in_W(T)
        return float(T * mean_kernel(1, T).sum() / (step[0, 0] - step[0, 1]))

    _, step_v, step_W = enumerated_margin(np.ones(4), np.ones((2, 2)))
    return _finding(_extrapolated(ratio), 4 * step_v[0] / (step_W[0, 0] - step_W[0, 1]), value)


@ledger.spectral("powers of P at T = 10^5 and 2 10^5, extrapolated; T = 4 by all sequences")
def turn_by_powers(value: Ratio) -> ledger.Finding:
    def ratio(T: int) -> float:
        first, second = mean_kernel(1, T), mean_kernel(2, T)
        return float(T * (first.sum() - second.sum()) / np.trace(second - first))

    ones, identity = (
        enumerated_margin(np.ones(4), W)[1] for W in (np.ones((2, 2)), np.eye(2))
    )  # fmt: skip
    at_4 = 4 * (ones[0] - ones[1]) / (identity[1] - identity[0])
    return _finding(_extrapolated(ratio), at_4, value)


FLAT = ("k = 2, rows of P uniform", "every hinge active")
ALL = Counted(1, t1)
START = Ratio(18 * (3 - 4 * LOG2) / (28 * LOG2 - 19), 50 * (48 * LOG2 - 31) / (741 * LOG2 - 488))
TURN = Ratio(3 * (3 - 4 * LOG2) / (7 - 10 * LOG2),
             5 * (240 * LOG2 - 157) / (2 * (12 * LOG2 - 11)))  # fmt: skip

CLAIMS = (
    ledger.corrected("text-3.2-passing", "Sec. 3.2, p. 9 (Passing by unigrams)",
        "what the model computes with W uniform and v biased towards v_1",
        (r"W_k=c11^\top,\ v_1>v_2>\dots>v_t\ "
         r"\Rightarrow\ f_{p,i}=c\,v_1\sum_{t'=1}^p1\{x_{t'}=i\}", Counted(1, 1)),
        (r"W_k=c11^\top\ \Rightarrow\ f_{p,i}=c\sum_{t'=1}^p(v_1+\dots+v_{t'})1\{x_{t'}=i\}", ALL),
        weights_by_reindexing, weights_of_models,
        wrong=(Counted(2, t1), Counted(1, t1 - 1), Counted(1, t1 + 1)), needs="fact-2.3",
        note="Counts of tokens for every v: neither x_p nor the order of the context enters, and "
        "in that sense the gradient of v knows nothing of the solution. But later tokens count "
        "more, and 'precisely' the unigram solution it is for v_2 = ... = v_t = 0 alone; at the "
        "constant start the weight of t' is proportional to t'. How long W stays uniform: "
        "x-passing-start and x-passing-turn."),
    ledger.proved("x-passing-start", "beyond the paper; Sec. 3.2, p. 9",
        "the first step's bias towards v_1 against its lead of the diagonal",
        r"\frac{v_1^{(1)}-c_v}{W_{11}^{(1)}-W_{12}^{(1)}}\cdot\frac{c_v}{c_W}\,t\ \to\ "
        r"\frac{54-72\ln2}{28\ln2-19}=10.03,\quad =\frac{50(48\ln2-31)}{741\ln2-488}\ (t=4)",
        START, by_correlations.given(both=bias_over_lead), start_by_powers,
        wrong=(START._replace(limit=START.limit / 3), START._replace(at_4=TURN.at_4), TURN),
        assume=(*FLAT, "W = c_W 11^T, v = c_v 1"),
        needs=("lemma-3.1-step-1-W", "lemma-3.1-step-1-v"),
        note="3 D / (B - A) in the constants of Lemma 3.1. W is learnt first unless c_W / c_v "
        "exceeds about t / 10: the scales of the two starts decide. A small learning rate, which "
        "the paper names as another cause, leaves the ratio as it is."),
    ledger.proved("x-passing-turn", "beyond the paper; Sec. 3.2, p. 9",
        "how far W has to leave uniform before v_2 grows faster than v_1",
        r"\Big(-\frac{\partial L}{\partial v_2}>-\frac{\partial L}{\partial v_1}\ "
        r"\text{at}\ W=c'11^\top+gI\Big)\ \Leftrightarrow\ \frac{g}{c'}t>C_t\to"
        r"\frac{9-12\ln2}{7-10\ln2}=9.956,\quad C_4=-8.72",
        TURN, by_correlations.given(both=handicap_over_pull), turn_by_powers,
        wrong=(TURN._replace(limit=TURN.limit / 2), TURN._replace(at_4=-TURN.at_4), START),
        assume=(*FLAT, "c' > 0", "C_t > 0: up to t = 8 it is negative, and no g > 0 will do"),
        needs=("text-3.2-passing",),
        note="As long as the diagonal of W leads by less than 10 c' / t, descent still favours v_1 "
        "over v_2."),
)  # fmt: skip
