"""Routes of (A.38)-(A.46) beyond closed forms: joint events, the c' part, the starting entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import derivatives_in_v as in_v
from proofs_check.methods.all_sequences import HINGE, enumerated_margin
from proofs_check.methods.symbols import CP, GAP, c, j, p, t1
from theory.first_steps.step_2 import second_step

Split = dict[str, Any]
Target = int | str  # a state, or "next" for x_{p+1}
Events = Callable[[in_v.Chain, int, int, Target, int], float]


def counted(chain: in_v.Chain, lag: int, length: int, target: Target, back: int) -> float:
    """Sum over t' = lag..p of P[x_t' = target, x_(t'-back) = x_p], over all sequences."""
    tokens, chance = in_v.sequences(chain, length + 1)
    goal, last = tokens[:, length] if target == "next" else target, tokens[:, length - 1]
    return sum(
        float(chance @ ((tokens[:, place] == goal) & (tokens[:, place - back] == last)))
        for place in range(max(lag - 1, back), length)
    )


def by_powers(chain: in_v.Chain, lag: int, length: int, target: Target, back: int) -> float:
    """The same by powers of the transition matrix."""
    P = in_v.transition_matrix(chain)
    powers = [np.linalg.matrix_power(P, gap) for gap in range(length - lag + 1)]
    start = theory.stationary_distribution(P)[:, None] * np.linalg.matrix_power(P, back)
    joint = start * np.sum(powers, axis=0).T  # [l, i]: x_p = l, x_t' = i
    return float(np.sum(joint * P) if target == "next" else joint[:, target].sum())


def split_gaps(value: Split, targets: tuple[Target, ...], events: Events) -> Iterable[float]:
    """The c' part plus (rho - c') times the joint events, less the derivative in v_left."""
    for chain, length, target in product(in_v.CHAINS, range(1, 5), targets):
        for lag in range(1, length + 1):
            joint = value["sign"] * events(chain, lag, length, target, lag - value["shift"])
            common = in_v.derivative(chain, lag, length, in_v.ALL_ONES, target)
            left = {"1": 1, "j": lag, "j + 1": lag + 1}[value["left"]]
            mixed = in_v.derivative(chain, left, length, in_v.MIXED, target)
            yield 0.7 * common + 1.2 * joint - mixed


SPLIT = "three chains, p = 1..4, every j <= p; c'=0.7, rho=1.9"
x, v = sp.IndexedBase("x", integer=True), sp.IndexedBase("v")


@ledger.symbolic("coefficient of v_j in (A.10)",
                 detail="summand over t'; the mean is linear: any k, p and law")  # fmt: skip
def split_exactly(value: Split, targets: tuple[Target, ...]) -> Iterable[bool]:
    """W_(x_p, x_s) = c' + (rho - c') 1{x_p = x_s}, and the lag q = t' - s + 1 the weight v_q."""
    lag = sp.Symbol("q", integer=True, positive=True)
    left = {"1": sp.Integer(1), "j": j, "j + 1": j + 1}[value["left"]]
    for target in targets:
        hit = sp.KroneckerDelta(x[t1], x[p + 1] if target == "next" else target)
        logit = hit * v[lag] * (CP + GAP * sp.KroneckerDelta(x[p], x[t1 - lag + 1]))
        joint = value["sign"] * sp.KroneckerDelta(x[p], x[t1 - j + value["shift"]])
        stated = hit * (CP + GAP * joint)
        yield sp.expand(logit.coeff(v[lag]).subs(lag, left) - stated) == 0


SPLIT_ROUTES = (
    split_exactly,
    ledger.enumeration("joint events counted", 1e-12, SPLIT)(split_gaps).given(events=counted),
    ledger.spectral("joint events by powers", 1e-12, SPLIT)(split_gaps).given(events=by_powers),
)


@ledger.symbolic("summand at W = w 11^T", detail="every chain, j and position, w = c and w = c'")
def scale(power: int) -> bool:
    """c' c^power times the gradient at W = c 11^T, against that at W = c' 11^T."""
    start, later = (in_v.summand("position", (weight, 0), j) for weight in (c, CP))
    return vanishes(CP * c**power * start - later)


@ledger.enumeration(HINGE, 1e-11, "T = 2, 5, c = 0.5, c' = 0.8, real hinge")
def scale_enumerated(power: int) -> Iterable[float]:
    """-c' c^power dL0/dv against the gradient at W = c' 11^T."""
    c, other = 0.5, 0.8
    for T in (2, 5):
        start, later = (in_v.enumerated_gradient(T, (weight, 0)) for weight in (c, other))
        yield relative_error(other * c**power * start, later)


T, INIT, ETA = 5, 0.3, 0.4


@ledger.reading("adds the stated entry of v to a step")
def start_gap(value: str, v1: np.ndarray, step: np.ndarray, v2: np.ndarray) -> float:
    """v after step 2 against an entry of v after step 1, given v_1 and the step from there."""
    base = {"1": np.full(T, v1[0]), "j": v1, "j - 1": np.roll(v1, 1)}[value]
    return relative_error((base + step)[1:], v2[1:])


@ledger.enumeration("two steps of sim on the population loss", 1e-11, "T = 5, j = 2..5")
def start_enumerated(value: str) -> float:
    start = sim.MinimalModel.constant(T, 2, v=INIT, W=INIT)
    objective = sim.Population(sim.Dirichlet(2), T, sim.Margin(1e4))
    run = sim.gradient_descent(start, objective, steps=2, learning_rate=ETA, record_at=[0, 1, 2])
    v1, W1 = run.v[1], run.W[1]
    return start_gap(value, v1, ETA * enumerated_margin(v1, W1)[1], run.v[2])


@ledger.spectral("kernel by matrix powers", 1e-11, "T = 5, j = 2..5")
def start_by_powers(value: str) -> float:
    W1, v1 = (INIT + ETA * INIT * part for part in theory.first_step(T))
    K = theory.population_kernel(T, method="quadrature")
    step = ETA * np.einsum("jml,ml->j", K, W1)
    return start_gap(value, v1, step, second_step(T, INIT, ETA)[1])
