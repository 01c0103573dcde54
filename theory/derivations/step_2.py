"""Derivations about the second step of v, (A.45)-(A.51), and the critical learning rate.

W = c' 11' + (rho - c') I after the first step, so that the second adds to v_j, per unit of eta / T,
c' times what it is at W = 11' and rho - c' times the diagonal part: the sum over p and t' of the
gain of the true logit over the mean one, in `logit_slopes`. The gap n = p - t' is shared by r - n
pairs, r = T - j + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory import notation as s
from theory.derivations.logit_slopes import (
    C_PRIME,
    RHO,
    C,
    at_first_lag,
    geometric,
    joint,
    joint_next,
    over_position,
    stationary,
    summed,
)
from theory.derivations.statement import DerivationStep as Step
from theory.first_steps import step_2 as second
from theory.kernel.leading_order import leading_constants
from theory.kernel.population import population_kernel

_ETA = sp.Symbol("eta", positive=True)
_NAME = "T (K_j11 + K_j22)"


def gain() -> sp.Expr:
    """The true logit's diagonal part less the mean of both logits', before the sum over t'."""
    return sp.expand(joint_next() - (joint(0) + joint(1)) / 2)


def over_pairs(summand: sp.Expr, first: Any = s.j) -> sp.Expr:
    """The sum over p = first..T and t' = first..p of an expression in lambda^n, n = p - t'."""
    r = s.T - first + 1
    # the geometric sums of 1, 2, ..., r terms, summed in turn
    twice = (r - s.lam * geometric(r)) / (1 - s.lam)
    return summed(summand, r * (r + 1) / 2, twice, s.lam ** (first - 1))


def leading() -> sp.Expr:
    """What does not decay with n in the gain: the average over chains is the leading constant."""
    return summed(gain(), sp.Integer(1), sp.Integer(0))


def _leading_of_first_lag() -> sp.Expr:
    return summed(at_first_lag(gain()), sp.Integer(1), sp.Integer(0))


def _a45(T: int) -> list[Step]:
    at_one = at_first_lag(gain())
    K = population_kernel(T)[0]
    return [
        Step("v_j changes by this, where S_j is its first step per unit c and eta, and d_j the "
             "diagonal part K_j11 + K_j22. In the print c' S_j has a further factor c.",
             _ETA * (C_PRIME * sp.Symbol("S_j") + (RHO - C_PRIME) * sp.Symbol("d_j")),
             "v_j^(2) - v_j^(1)"),
        Step("For j = 1, what position p contributes to T d_1, for one chain.",
             over_position(at_one, sp.Integer(1)), "p-th term"),
        Step("Summed over p. In the print the term with lambda^T lacks lambda / (lambda - 1).",
             over_pairs(at_one, sp.Integer(1)), "T (K_111 + K_122)"),
        Step(f"Averaged over a and b, at T = {T}.", sp.Float(T * (K[0, 0] + K[1, 1])),
             "T (K_111 + K_122)"),
    ]  # fmt: skip


def _a46(T: int) -> list[Step]:
    K = population_kernel(T)
    shown = range(1, min(T, 4))
    return [
        Step("K_j11 + K_j22 is 1/T times the sum over n = 0..T-j of (T-j+1-n) times the average of "
             "this.", summed(gain(), 1, s.lam**s.n)),
        Step("That sum for one chain. In the print one sign differs: a denominator lambda - 1 that "
             "should be 1 - lambda.", over_pairs(gain()), _NAME),
        *(Step(f"Averaged over a and b, at T = {T}, j = {j + 1}.",
               sp.Float(T * (K[j, 0, 0] + K[j, 1, 1])), f"T (K_{j + 1}11 + K_{j + 1}22)")
          for j in shown),
    ]  # fmt: skip


def _a47(_: int) -> list[Step]:
    r = s.T
    return [
        Step("The part of the gain that does not decay, for j = 1; its average over chains is d.",
             _leading_of_first_lag()),
        Step("Its average.", second.diagonal_constant(1), "d_1"),
        Step("What it adds to v_1, up to O(1) per unit of eta (rho - c').",
             _ETA * (RHO - C_PRIME) / s.T * r * (r + 1) / 2 * sp.Symbol("d_1"), "change of v_1"),
    ]  # fmt: skip


def _a48(_: int) -> list[Step]:
    r = s.T - s.j + 1
    return [
        Step("The part of the gain that does not decay with n, for one chain.", leading()),
        *(Step(f"Its average for j = {j}.", second.diagonal_constant(j), f"d_{j}")
          for j in range(2, 5)),
        Step("What it adds to v_j, up to O(1) per unit of eta (rho - c').",
             _ETA * (RHO - C_PRIME) / s.T * r * (r + 1) / 2 * sp.Symbol("d_j"), "change of v_j"),
    ]  # fmt: skip


def _a49(_: int) -> list[Step]:
    pi, r = stationary(), s.T - s.j + 1
    D = sp.Symbol("D", positive=True)
    return [
        Step("At W = 11' a pair of positions gains the chance that two independent tokens agree, "
             "less 1/2, to leading order.", pi[0] ** 2 + pi[1] ** 2 - sp.Rational(1, 2)),
        Step("Its average over chains.", leading_constants().D, "D"),
        Step("r(r+1)/2 pairs, r = T - j + 1, in two steps from v = c 1: with W = c 11' first and "
             "the c' 11' in W then.", C + (C + C_PRIME) * _ETA / s.T * r * (r + 1) / 2 * D, "v_j"),
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
    "A.45": ("The second step of v_1, and its diagonal part", _a45),
    "A.46": ("The diagonal contribution to the second step of v", _a46),
    "A.47": ("The diagonal contribution to v_1, leading order", _a47),
    "A.48": ("The diagonal contribution to v_j, leading order", _a48),
    "A.49": ("What both steps add to every v_j alike, leading order", _a49),
    "A.50": ("The leading constant of the diagonal contribution to v_1", lambda _: _constant(1)),
    "A.51": ("The leading constant of the diagonal contribution to v_2", lambda _: _constant(2)),
    "second-step": ("When v_2 is the largest entry after two steps", _dominance),
}
