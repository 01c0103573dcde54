"""Bayes prediction with and without the law of x_1 in it, for Remark 2.1.

Short sequences are weighted by exact moments in (y, lambda), long ones by classes of equal counts.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, polygamma

import sim
import theory
from proofs_check.claims.sec2_task.posterior_routes import A, N_row, alpha, c, mean_symbolic
from proofs_check.ledger import Finding, exactly
from theory import notation
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.normal_form import is_zero

Array = NDArray[np.float64]


@cache
def exact_probability(tokens: tuple[int, ...], start: str) -> sp.Expr:
    """P(x_1 ... x_n) for two states and the flat prior: a polynomial in (y, lambda), averaged."""
    step = power_in_y_lambda(1)
    weight = stationary_in_y()[tokens[0]] if start == "stationary" else sp.Rational(1, 2)
    for here, following in pairwise(tokens):
        weight *= step[here, following]
    total = sp.Integer(0)
    for (power_y, power_lam), factor in sp.Poly(
        sp.expand(weight), notation.y, notation.lam
    ).terms():
        if power_y % 2 == 0:
            total += factor * theory.exact_moment(power_y // 2, power_lam)
    return total


def optimality_exact(start: str) -> Finding:
    """Conditional probabilities of every sequence against the add-one bigram rule."""
    good, longest = True, 4
    for T in range(1, longest + 1):
        for x in product(range(2), repeat=T):
            row = [sum(a == x[-1] and b == j for a, b in pairwise(x)) for j in range(2)]
            for j in range(2):
                rule = sp.Rational(row[j] + 1, sum(row) + 2)
                joint = exact_probability((*x, j), start)
                good &= is_zero(joint - rule * exact_probability(x, start))
    return Finding(
        0.0 if good else 1.0, 0.0, f"every sequence up to T = {longest}, k = 2, in QQ[log 2]"
    )


def optimality_symbolic(start: str) -> Finding:
    """The start's factor in the likelihood; without the chain in it the rows stay independent."""
    a, b = sp.symbols("a b", positive=True)
    pi = {"uniform": sp.Rational(1, 2), "stationary": (1 - b) / (2 - a - b)}[start]
    separates = (
        sp.simplify(sp.diff(sp.log(pi), a)) == 0 and sp.simplify(sp.diff(sp.log(pi), b)) == 0
    )
    rule = mean_symbolic((c + alpha) / (N_row + A))
    return exactly(
        bool(separates) and rule.holds,
        f"P(x_1 | chain) = {sp.sstr(pi)}; rows independent a posteriori, each with mean (3)",
    )


def optimality_quadrature(start: str) -> Finding:
    tokens = np.random.default_rng(1).integers(0, 2, (40, 60))
    found = sim.strategies.bayes(tokens, sim.Dirichlet(2), start=start)
    residual = np.abs(found - sim.strategies.bigram(tokens, 2)).max()
    return Finding(float(residual), 1e-12, "40 random sequences, every position up to T = 60")


def _log_choose(n: Array, m: Array) -> Array:
    return gammaln(n + 1.0) - gammaln(m + 1.0) - gammaln(n - m + 1.0)


@cache
def _transition_classes(T: int) -> Array:
    """Rows (x_1, x_T, n_00, n_01, n_10, n_11, log of how many sequences have these counts).

    A sequence is its first token and its runs; repeats are shared out among the runs of a state.
    """
    rows = []
    for first, switches in product(range(2), range(T)):
        runs = ((switches + 2) // 2, (switches + 1) // 2)  # of the first state, of the other
        for repeats in range(T - switches):
            others = T - 1 - switches - repeats
            if runs[1] == 0 and others:
                continue
            ways = _log_choose(np.array(repeats + runs[0] - 1), np.array(runs[0] - 1))
            if runs[1]:
                ways = ways + _log_choose(np.array(others + runs[1] - 1), np.array(runs[1] - 1))
            n = [[0, 0], [0, 0]]
            n[first][first], n[1 - first][1 - first] = repeats, others
            n[first][1 - first], n[1 - first][first] = (switches + 1) // 2, switches // 2
            last = first if switches % 2 == 0 else 1 - first
            rows.append((first, last, *n[0], *n[1], float(ways)))
    return np.array(rows)


@cache
def excess_of_bigram(T: int) -> float:
    """E KL(exact Bayes || bigram rule) at position T for x_1 ~ pi, k = 2: every sequence, by class.

    Sequences with the same first and last token and the same transition counts are one class.
    """
    classes = _transition_classes(T)
    rule = sim.prior_quadrature(sim.Dirichlet(2), T // 2 + 24)
    log_step = np.log(rule.transition.reshape(-1, 4)).T
    start = sim.stationary_distribution(rule.transition).T
    total, mass = 0.0, 0.0
    for part in np.array_split(classes, max(1, len(classes) * len(rule.weights) // 2**21)):
        first, last = part[:, 0].astype(int), part[:, 1].astype(int)
        joint = np.exp(part[:, 2:6] @ log_step + part[:, 6:]) * rule.weights * start[first]
        chance = joint.sum(axis=1)
        forward = rule.transition[:, last].transpose(1, 0, 2)
        bayes = np.einsum("sq,sqi->si", joint, forward) / chance[:, None]
        counts = np.where(last[:, None] == 0, part[:, 2:4], part[:, 4:6])
        bigram = (counts + 1) / (counts.sum(axis=1, keepdims=True) + 2)
        total += float(np.sum(chance[:, None] * bayes * np.log(bayes / bigram)))
        mass += float(chance.sum())
    return total / mass


def negligible_enumerated(limit: float) -> Finding:
    """Aitken's extrapolation of the excess over doubled lengths, and its local exponents."""
    lengths = (8, 16, 32, 64)
    excess = [excess_of_bigram(T) for T in lengths]
    slopes = [float(np.log2(a / b)) for a, b in pairwise(excess)]
    # a power law halves faster and faster towards its exponent, so the last slope bounds the tail
    beyond = excess[-1] / (2 ** slopes[-1] - 1)
    return Finding(
        abs(excess[-1] - limit), excess[-1] + beyond,
        f"KL(Bayes || bigram) = {', '.join(f'{e:.2e}' for e in excess)} at T = 8, 16, 32, 64, "
        f"falling as T to the {', '.join(f'{-s:.2f}' for s in slopes)}, towards -2",
    )  # fmt: skip


@cache
def _total_excess() -> sp.Expr:
    """log 2 - E H(pi) with the density 1 / (2 max(p, 1-p)^2) of pi_1: E KL(pi || uniform).

    Both states and both halves contribute alike, so E H(pi) is the integral of H(p) / p^2 over
    (1/2, 1); its antiderivative is checked before it is used.
    """
    p = sp.Symbol("p", positive=True)
    entropy = -p * sp.log(p) - (1 - p) * sp.log(1 - p)
    parts = (-(sp.log(p) ** 2) / 2, -((1 - 1 / p) * sp.log(1 - p) - sp.log(p)))
    slope = sp.diff(sum(parts) - sp.polylog(2, p), p)
    if sp.simplify(sp.expand_func(slope) - entropy / p**2) != 0:
        raise ArithmeticError("the antiderivative of H(p) / p^2 is wrong")
    top = sum(sp.limit(part, p, 1, "-") for part in parts) - sp.pi**2 / 6
    low = sum(part.subs(p, sp.Rational(1, 2)) for part in parts)
    low -= sp.expand_func(sp.polylog(2, sp.Rational(1, 2)))
    return sp.simplify(sp.expand_log(sp.log(2) - (top - low)))


def negligible_symbolic(limit: float) -> Finding:
    """Chain rule: the excesses of all positions add up to at most E KL(pi || uniform)."""
    total = _total_excess()
    return exactly(
        bool(total > 0) and limit == 0,
        f"sum over positions of E KL(Bayes || bigram) <= log 2 - E H(pi) = {sp.sstr(total)} = "
        f"{float(total):.6f}, so in the loss (6) the difference is at most that over t",
    )


def total_symbolic(value: sp.Expr) -> Finding:
    """The sum up to t is KL of the two laws of x; the log-ratio tends to log(2 pi_x1) a.s."""
    total = _total_excess()
    good = sp.simplify(total - value) == 0
    # the constant is exact; that the bound is attained in the limit is argued, not decided
    return Finding(0.0 if good else 1.0, 0.0, f"{sp.sstr(total)} = {float(total):.6f}")


def total_enumerated(value: sp.Expr) -> Finding:
    """Positions up to 64 by every sequence, some interpolated; a t^-2, t^-3 law beyond."""
    known = [*range(1, 13), 16, 24, 32, 48, 64]
    excess = np.array([excess_of_bigram(T) for T in known])
    every = np.arange(1, 65)
    spline = CubicSpline(np.log(known), np.log(excess))
    law = np.linalg.solve([[48.0**-2, 48.0**-3], [64.0**-2, 64.0**-3]], excess[-2:])
    tail = law @ [polygamma(1, 65.0), -polygamma(2, 65.0) / 2]
    total = float(np.exp(spline(np.log(every))).sum() + tail)
    return Finding(
        abs(total - float(value)), 1e-3, f"{total:.5f}, of which {tail:.5f} beyond position 64"
    )
