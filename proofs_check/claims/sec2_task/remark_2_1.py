"""Remark 2.1: predictions with and without the law of the first token, exactly and in the limit.

Short sequences are weighted by exact moments in (y, lambda), long ones by classes of equal counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from math import comb, log

import numpy as np
import sympy as sp
from scipy.interpolate import CubicSpline
from scipy.special import polygamma

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.sec2_task.posterior import A, N_row, alpha, c, mean_by_beta
from proofs_check.methods.exact_chains import exact_probability


@ledger.enumeration("exact conditional probabilities", 0.0, "every sequence, T <= 4, in QQ[log 2]")
def optimal_exactly(start: str) -> Iterator[bool]:
    for T in range(1, 5):
        for *x, j in product(range(2), repeat=T + 1):
            row = [sum(a == x[-1] and b == i for a, b in pairwise(x)) for i in range(2)]
            rule = sp.Rational(row[j] + 1, sum(row) + 2)
            joint = exact_probability((*x, j), start)
            yield theory.is_zero(joint - rule * exact_probability(tuple(x), start))


@ledger.symbolic("the start's factor in the likelihood")
def optimal_by_likelihood(start: str) -> list[bool]:
    """Without the chain in that factor the rows stay independent, each with mean (3)."""
    a, b = sp.symbols("a b", positive=True)
    pi = {"uniform": sp.Rational(1, 2), "stationary": (1 - b) / (2 - a - b)}[start]
    separates = [sp.simplify(sp.diff(sp.log(pi), of)) == 0 for of in (a, b)]
    return [*separates, mean_by_beta.find((c + alpha) / (N_row + A)).holds]


@ledger.quadrature("posterior over chains", 1e-12, "40 random sequences, every position, T = 60")
def optimal_by_quadrature(start: str) -> float:
    tokens = np.random.default_rng(1).integers(0, 2, (40, 60))
    found = sim.strategies.bayes(tokens, sim.Dirichlet(2), start=start)
    return float(np.abs(found - sim.strategies.bigram(tokens, 2)).max())


@cache
def _transition_classes(T: int) -> np.ndarray:
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
            ways = comb(repeats + runs[0] - 1, runs[0] - 1)
            if runs[1]:
                ways *= comb(others + runs[1] - 1, runs[1] - 1)
            n = [[0, 0], [0, 0]]
            n[first][first], n[1 - first][1 - first] = repeats, others
            n[first][1 - first], n[1 - first][first] = (switches + 1) // 2, switches // 2
            last = first if switches % 2 == 0 else 1 - first
            rows.append((first, last, *n[0], *n[1], log(ways)))
    return np.array(rows)


@cache
def excess_of_bigram(T: int) -> float:
    """E KL(exact Bayes || bigram rule) at position T, x_1 ~ pi, k = 2, over all classes."""
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


def _extrapolated(*lengths: int) -> float:
    """The constant in L + a T^-2 + b T^-3 through the excess at three lengths."""
    powers = np.power.outer(np.array(lengths, float), [0.0, -2.0, -3.0])
    return float(np.linalg.solve(powers, [excess_of_bigram(T) for T in lengths])[0])


@ledger.enumeration("every sequence by its counts, T = 8, 16, 32, 64")
def excess_by_length(limit: float) -> ledger.Finding:
    """The excess over doubled lengths, extrapolated to T = infinity."""
    excess = [excess_of_bigram(T) for T in (8, 16, 32, 64)]
    powers = ", ".join(f"{np.log2(b / a):.2f}" for a, b in pairwise(excess))
    before, found = _extrapolated(8, 16, 32), _extrapolated(16, 32, 64)
    return ledger.Finding(
        abs(found - limit),
        abs(found - before),
        f"KL(Bayes || bigram) = {', '.join(f'{e:.2e}' for e in excess)}, falling as T to the "
        f"{powers}; extrapolated {before:.1e}, then {found:.1e}",
        because="how far the extrapolation moves when all lengths are doubled",
    )


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


@ledger.symbolic("chain rule of KL, summed over positions",
                 detail="the sum of E KL(Bayes || bigram) is at most E KL(pi || uniform) = log 2 "
                 "- E H(pi) = pi^2 / 12 - log 2, so in the loss (6) the difference is at most that "
                 "over t")  # fmt: skip
def excess_is_summable(limit: float) -> list[bool]:
    """Terms that are not negative and tend to L add up to L t or more, to leading order in t."""
    t = sp.Symbol("t", positive=True)
    within = sp.limit(sp.nsimplify(limit) * t, t, sp.oo) <= _total_excess()
    return [bool(within), limit >= 0]


@ledger.symbolic("chain rule of KL and the density of pi_1", detail="log 2 - E H(pi)")
def total_by_density(value: sp.Expr) -> sp.Expr:
    """A residual: that the sum attains its bound is argued, not decided.

    The log-ratio of the two laws of x tends to log(2 pi_x1) almost surely.
    """
    return sp.simplify(_total_excess() - value)


def _beyond(first: float, second: float) -> float:
    """The excess summed over t > 64, by the law a t^-2 + b t^-3 through two lengths."""
    lengths = np.array([first, second])
    powers = np.stack([lengths**-2, lengths**-3], axis=1)
    law = np.linalg.solve(powers, [excess_of_bigram(int(T)) for T in lengths])
    return float(law @ [polygamma(1, 65.0), -polygamma(2, 65.0) / 2])


@ledger.enumeration("every sequence by its counts, t <= 64, and a law beyond")
def total_by_position(value: sp.Expr) -> ledger.Finding:
    """Positions up to 64 by every sequence, some interpolated; a t^-2, t^-3 law beyond."""
    known = [*range(1, 13), 16, 24, 32, 48, 64]
    excess = np.array([excess_of_bigram(T) for T in known])
    spline = CubicSpline(np.log(known), np.log(excess))
    before, tail = _beyond(16.0, 32.0), _beyond(32.0, 64.0)
    total = float(np.exp(spline(np.log(np.arange(1, 65)))).sum() + tail)
    return ledger.Finding(
        abs(total - float(value)),
        abs(tail - before),
        f"{total:.5f}, of which {tail:.5f} beyond position 64",
        because="how far the tail moves when the lengths that its law goes through are doubled",
    )


FLAT = "k = 2, rows of P uniform"
TOTAL = sp.pi**2 / 12 - sp.log(2)

CLAIMS = (
    ledger.proved("remark-2.1-uniform", "Remark 2.1, p. 6",
        "the bigram rule is Bayes optimal when x_1 is uniform",
        r"x_1\sim\mathrm{Unif}\ \Rightarrow\ P[x_{t+1}=j\,|\,x]=\frac{c_{x_tj}+1}{N_{x_t}+k}",
        "uniform", optimal_by_likelihood, optimal_exactly, optimal_by_quadrature,
        wrong=("stationary",), assume=FLAT, needs="eq-3-flat",
        note="Uniform is sufficient, not necessary: any law of x_1 that does not depend on the "
        "chain will do. With x_1 ~ pi the rule is not exact from T = 1 on."),
    ledger.proved("remark-2.1-negligible", "Remark 2.1, p. 6",
        "with x_1 ~ pi the bigram rule becomes optimal as the context grows",
        r"x_1\sim\pi\ "
        r"\Rightarrow\ \lim_{t\to\infty}E\,\mathrm{KL}(\mathrm{Bayes}_t\,\|\,\mathrm{bigram}_t)=0",
        0.0, excess_is_summable, excess_by_length, wrong=(0.01,), assume=FLAT,
        needs=("remark-2.1-uniform", "text-2.2-no-closed-form"),
        note="The excesses of all positions have a finite sum, so they tend to 0; in the average "
        "over positions, eq. (6), the difference is at most 0.1293 / t. At the last position the "
        "decay is measured: it approaches t^-2."),
    ledger.supported("x-remark-2.1-total", "beyond the paper",
        "what ignoring the law of x_1 costs, summed over all positions",
        r"\sum_{t\ge1}E\,\mathrm{KL}(\mathrm{Bayes}_t\,\|\,\mathrm{bigram}_t)="
        r"\log2-E\,H(\pi)=\frac{\pi^2}{12}-\log2", TOTAL, total_by_density, total_by_position,
        wrong=(sp.pi**2 / 12 - sp.log(2) / 2, TOTAL + sp.Rational(1, 100)),
        assume=(FLAT, "x_1 ~ pi"), needs=("remark-2.1-negligible", "text-2.2-no-closed-form"),
        note="In nats; the numerator pi of pi^2 / 12 is the number 3.14..."),
)  # fmt: skip
