"""Routes of (A.38)-(A.46) beyond closed forms: joint events, the c' part, the starting entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import theory
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.methods import derivatives_in_v as in_v
from proofs_check.methods.all_sequences import HINGE, enumerated_margin, enumerated_step
from proofs_check.methods.symbols import CP
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
SPLIT_ROUTES = (
    ledger.enumeration("joint events counted", 1e-12, SPLIT)(split_gaps).given(events=counted),
    ledger.spectral("joint events by powers", 1e-12, SPLIT)(split_gaps).given(events=by_powers),
)


@ledger.symbolic("the gradient is linear in W", detail="c' S_j = c' c^power (c S_j), for every c")
def scale(power: int) -> bool:
    c = sp.Symbol("c", positive=True)
    return bool(sp.expand(CP * c**power * c - CP) == 0)


@ledger.enumeration(HINGE, 1e-11, "T = 2, 5, c = 0.5, c' = 0.8, real hinge")
def scale_enumerated(power: int) -> Iterable[float]:
    """-c' c^power dL0/dv against the gradient at W = c' 11^T."""
    c, other = 0.5, 0.8
    for T in (2, 5):
        start, later = (in_v.enumerated_gradient(T, (weight, 0)) for weight in (c, other))
        yield relative_error(other * c**power * start, later)


T, INIT, ETA = 5, 0.3, 0.4


def start_gap(value: str, v1: np.ndarray, step: np.ndarray) -> float:
    """v after step 2 against an entry of v after step 1, given v_1 and the step from there."""
    base = {"1": np.full(T, v1[0]), "j": v1, "j - 1": np.roll(v1, 1)}[value]
    return relative_error((base + step)[1:], second_step(T, INIT, ETA)[1][1:])


@ledger.enumeration(HINGE, 1e-11, "T = 5, j = 2..5")
def start_enumerated(value: str) -> float:
    W1, v1 = (INIT + ETA * INIT * part for part in enumerated_step(T))
    return start_gap(value, v1, ETA * enumerated_margin(v1, W1)[1])


@ledger.spectral("kernel by matrix powers", 1e-11, "T = 5, j = 2..5")
def start_by_powers(value: str) -> float:
    W1, v1 = (INIT + ETA * INIT * part for part in theory.first_step(T))
    K = theory.population_kernel(T, method="quadrature")
    return start_gap(value, v1, ETA * np.einsum("jml,ml->j", K, W1))
