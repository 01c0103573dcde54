"""Derivations of the second step: (A.46), (A.50), (A.51) and the critical learning rate."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory import notation as s
from theory.chains.chain import power, stationary, transition
from theory.derivations.statement import DerivationStep as Step
from theory.first_steps import step_2 as second


def _diagonal_summand(_: int) -> list[Step]:
    pi, P, lag, gap = stationary(), transition(), power(s.j - 1), power(s.n)
    half = sp.Rational(1, 2)
    states = range(2)
    summand = sum(pi[l] * lag[l, i] * (P[l, i] - half) * gap[i, l] for l in states for i in states)  # noqa: E741
    return [
        Step("K_j11 + K_j22 is 1/T times the sum over n = 0..T-j of (T-j+1-n) times the average of "
             "this.", sp.expand(summand))
    ]  # fmt: skip


def _constant(j: int) -> list[Step]:
    return [
        Step(f"Leading average of the diagonal contribution to v_{j}.", second.diagonal_constant(j))
    ]


def _dominance(T: int) -> list[Step]:
    out = [
        Step("v_2 overtakes v_1 above eta ~ C / T^3; C is this.", second.critical_rate_constant())
    ]
    rate = second.critical_learning_rate(T)
    if rate is not None:
        out.append(Step(f"The threshold at T = {T}.", sp.Float(rate), "eta"))
    return out


REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "A.46": ("The diagonal contribution to the second step of v", _diagonal_summand),
    "A.50": ("Its leading constant for v_1", lambda _: _constant(1)),
    "A.51": ("Its leading constant for v_2", lambda _: _constant(2)),
    "second-step": ("When v_2 is the largest entry after two steps", _dominance),
}
