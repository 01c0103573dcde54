r"""Derivations of how logits change with v_j for one chain: (A.34), (A.35) and (A.38)-(A.44).

The weights are W = c' 11' + (rho - c') I, at the start W = c 11'. Everything is a sum over
t' = j..p of joint probabilities, which depend on the gap n = p - t' through lambda^n alone: a
constant is counted p - j + 1 times, and lambda^n is summed as a geometric series.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory import notation as s
from theory.chains import chain
from theory.derivations.statement import DerivationStep as Step

p = sp.Symbol("p", integer=True, positive=True)
C, C_PRIME, RHO = sp.symbols("c c' rho", positive=True)
STATES = range(2)
LAG = s.lam ** (s.j - 1)


def in_lambda(expression: Any) -> Any:
    """a and b stay in numerators; a + b - 2, from which denominators are made, is lambda - 1."""
    return expression.subs(s.a + s.b - 2, s.lam - 1)


def stationary() -> sp.Matrix:
    """pi (1, 2) in a, b and lambda."""
    return chain.stationary().applyfunc(in_lambda)


def power_of(symbol: Any) -> sp.Matrix:
    """P^n (2, 2) in a, b and lambda, with a symbol for lambda^n."""
    own = chain.eigenvalue() ** s.n
    return chain.power().applyfunc(lambda entry: in_lambda(entry.subs(own, symbol)))


def geometric(count: Any) -> sp.Expr:
    """1 + lambda + ... + lambda^(count - 1)."""
    return (1 - s.lam**count) / (1 - s.lam)


def summed(summand: sp.Expr, constant: Any, gaps: Any, lag: Any = LAG) -> sp.Expr:
    """A sum over gaps n of an expression that is linear in lambda^n (`notation.lam_gap`).

    Parameters
    ----------
    summand : SymPy expression
        In a, b, lambda, `notation.lam_gap` and `notation.lam_lag`, which stands for lambda^(j-1).
    constant, gaps : SymPy expressions
        What 1 and lambda^n add up to.
    lag : SymPy expression
        What lambda^(j-1) is.
    """
    parts = sp.Poly(sp.expand(summand), s.lam_gap, s.lam_lag).terms()
    return sp.Add(*(_factored(c) * lag**m * (gaps if n else constant) for (n, m), c in parts))


def _factored(coefficient: sp.Expr) -> sp.Expr:
    return in_lambda(sp.factor(coefficient)).subs(s.a + s.b - 1, s.lam)


def over_position(summand: sp.Expr, first: Any = s.j) -> sp.Expr:
    """The sum over t' = first..p of an expression in lambda^n, n = p - t'."""
    count = p - first + 1
    return summed(summand, count, geometric(count), s.lam ** (first - 1))


def joint(i: int) -> sp.Expr:
    """P[x_t' = i, x_{t'-j+1} = x_p]: the earlier token is l, the later i, the last one l again."""
    pi, lag, gap = stationary(), power_of(s.lam_lag), power_of(s.lam_gap)
    return sum(pi[l] * lag[l, i] * gap[i, l] for l in STATES)  # noqa: E741


def joint_next() -> sp.Expr:
    """P[x_t' = x_{p+1}, x_{t'-j+1} = x_p]: the same with a step of the chain from l to i."""
    pi, lag, gap = stationary(), power_of(s.lam_lag), power_of(s.lam_gap)
    P = chain.transition()
    return sum(
        pi[l] * lag[l, i] * gap[i, l] * P[l, i]
        for l in STATES  # noqa: E741
        for i in STATES
    )


def at_first_lag(expression: sp.Expr) -> sp.Expr:
    """j = 1, where lambda^(j-1) = 1."""
    return sp.expand(expression.subs(s.lam_lag, 1))


def _again() -> sp.Expr:
    """P[x_t' = x_{p+1}] by the return probabilities of n + 1 steps."""
    pi, later = stationary(), power_of(s.lam * s.lam_gap)
    return sum(pi[i] * later[i, i] for i in STATES)


def _shown(summand: sp.Expr) -> sp.Expr:
    """A summand with its coefficients factored and its powers of lambda written out."""
    return summed(summand, 1, s.lam**s.n)


def _a34(_: int) -> list[Step]:
    pi = stationary()
    return [
        Step("At W = c 11' the derivative of f_{p,i} in v_j is c for each t' = j..p with x_t' = i, "
             "a chance of pi_i each; there are this many t'.", p - s.j + 1, "count"),
        *(Step(f"E[df_{{p,{i + 1}}}/dv_j] / c for j <= p; 0 beyond.",
               over_position(pi[i]), f"slope_{i + 1}") for i in STATES),
    ]  # fmt: skip


def _a35(_: int) -> list[Step]:
    again = _again()
    return [
        Step("x_t' is n + 1 steps before x_{p+1}, n = p - t': the chance that they agree is the "
             "sum over i of pi_i (P^(n+1))_ii.", _shown(again), "P[x_t' = x_{p+1}]"),
        Step("Summed over t' = j..p: E[df_{p,x_{p+1}}/dv_j] / c for j <= p.",
             over_position(again), "slope"),
    ]  # fmt: skip


def _split(part: str) -> sp.Expr:
    return C_PRIME * sp.Symbol(f"S_{part}") + (RHO - C_PRIME) * sp.Symbol(f"J_{part}")


def _a38(_: int) -> list[Step]:
    pi = stationary()
    return [
        Step("W = c' 11' + (rho - c') I: with S_i the sum over t' = j..p of P[x_t' = i] and J_i "
             "that of P[x_t' = i, x_{t'-j+1} = x_p], this is E[df_{p,i}/dv_j].", _split("i")),
        *(Step(f"S_{i + 1} is that of (A.34).", over_position(pi[i]), f"S_{i + 1}")
          for i in STATES),
        *(Step(f"J_{i + 1} sums this, by pi_l (P^(j-1))_li (P^n)_il over l.", _shown(joint(i)),
               f"joint_{i + 1}") for i in STATES),
    ]  # fmt: skip


def _closed_logit(first: Any, lag: Callable[[sp.Expr], sp.Expr], name: str) -> list[Step]:
    pi = stationary()
    return [
        Step(f"E[df_{{p,{i + 1}}}/dv_{name}] with the sums over t' = {name}..p done.",
             C_PRIME * over_position(pi[i], first)
             + (RHO - C_PRIME) * over_position(lag(joint(i)), first), f"slope_{i + 1}")
        for i in STATES
    ]  # fmt: skip


def _a39(_: int) -> list[Step]:
    return _closed_logit(sp.Integer(1), at_first_lag, "1")


def _a40(_: int) -> list[Step]:
    return [
        Step("The derivative is that in v_j (v_1 is printed); what multiplies rho - c' depends on "
             "j through lambda^(j-1) and the number of t'.", LAG, "lambda^(j-1)"),
        *_closed_logit(s.j, lambda summand: summand, "j"),
    ]  # fmt: skip


def _a41(_: int) -> list[Step]:
    return [
        Step("The true logit is that of x_{p+1}: with S the sum over t' = j..p of "
             "P[x_t' = x_{p+1}] and J that of P[x_t' = x_{p+1}, x_{t'-j+1} = x_p], this is "
             "E[df_{p,x_{p+1}}/dv_j].", _split("next")),
        Step("S is that of (A.35).", over_position(_again()), "S_next"),
        Step("J sums this, by pi_l (P^(j-1))_li (P^n)_il P_li over i and l.", _shown(joint_next()),
             "joint"),
    ]  # fmt: skip


def _a42(_: int) -> list[Step]:
    at_one = at_first_lag(joint_next())
    return [
        Step("For j = 1 the three tokens agree: the sum over i of pi_i P_ii (P^n)_ii.",
             _shown(at_one), "P[x_t' = x_{p+1} = x_p]"),
        Step("Summed over t' = 1..p.", over_position(at_one, sp.Integer(1)), "J_next"),
    ]  # fmt: skip


def _a43(_: int) -> list[Step]:
    pi, P = stationary(), chain.transition()
    lag, gap = power_of(LAG), power_of(s.lam**s.n)
    return [
        Step("The tokens in the order of time are x_{t'-j+1} = l, x_t' = i, x_p = l, x_{p+1} = i; "
             "by the Markov property their chances multiply. The first is l.", pi, "pi"),
        Step("From there to x_t', j - 1 steps.", lag, "P^(j-1)"),
        Step("On to x_p, n = p - t' steps.", gap, "P^n"),
        Step("And one more.", P, "P"),
        Step("The product summed over i and l.", _shown(joint_next()), "joint"),
    ]  # fmt: skip


def _a44(_: int) -> list[Step]:
    return [
        Step("The sum over t' = j..p, for j <= p.", over_position(joint_next()), "J_next"),
        Step("The part that grows with p.",
             summed(joint_next(), 1, sp.Integer(0)), "J_next / p"),
    ]  # fmt: skip


REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "A.34": ("The derivative of a logit in v_j at the start", _a34),
    "A.35": ("The derivative of the true logit in v_j at the start", _a35),
}
SECOND: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "A.38": ("The derivative of a logit in v_j after the first step", _a38),
    "A.39": ("The same for v_1, in closed form", _a39),
    "A.40": ("The same for every v_j, in closed form", _a40),
    "A.41": ("The derivative of the true logit in v_j after the first step", _a41),
    "A.42": ("Its diagonal part for v_1, in closed form", _a42),
    "A.43": ("Its diagonal part by the Markov property", _a43),
    "A.44": ("Its diagonal part for every v_j, in closed form", _a44),
}
