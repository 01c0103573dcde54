"""Posterior of a row of P, for (1)-(3).

Integrals over the simplex are iterated, one variable after the other, instead of quoting the
Dirichlet distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from math import comb

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from proofs_check.ledger import Finding, exactly

Array = NDArray[np.float64]

# of one row: count and alpha of the state, transitions from the row, all transitions, sum of alpha
c, alpha, N_row, N_all, A = sp.symbols("c alpha N_i N A", positive=True)
# alpha, and the length of the sequences that are enumerated
SETTINGS = (((1, 1), 5), ((2, 1), 4), ((1, 1, 1), 4), ((1, 2, 3), 3))


@cache
def simplex_integral(powers: tuple[int, ...]) -> sp.Expr:
    """The integral of p_1^n_1 ... p_k^n_k over the simplex, one variable after the other.

    With L left for the last two, the integral of p^a (L - p)^b over (0, L) is L^(a+b+1) times a
    sum over the binomial expansion; the power of L then belongs to the next variable out.
    """
    *others, rest = powers
    total = sp.Integer(1)
    for a in reversed(others):
        total *= sum(sp.Rational(comb(rest, r) * (-1) ** r, a + r + 1) for r in range(rest + 1))
        rest += a + 1
    return total


def posterior_moment(row: tuple[int, ...], prior: tuple[int, ...], *states: int) -> sp.Expr:
    """E[P_ij P_im ... | x] of the listed states from the row's likelihood times its prior."""
    powers = [n + a - 1 for n, a in zip(row, prior, strict=True)]
    below = simplex_integral(tuple(powers))
    for state in states:
        powers[state] += 1
    return simplex_integral(tuple(powers)) / below


def observed_rows() -> Iterator[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Distinct (counts of one row, alpha, all transitions) over every sequence of `SETTINGS`."""
    for prior, T in SETTINGS:
        k = len(prior)
        seen = set()
        for x in product(range(k), repeat=T):
            for i in range(k):
                seen.add(tuple(sum(a == i and b == j for a, b in pairwise(x)) for j in range(k)))
        for row in sorted(seen):
            yield row, prior, T - 1


def of_state(expression: sp.Expr, row: tuple[int, ...], prior: tuple[int, ...], total: int,
             j: int) -> sp.Expr:  # fmt: skip
    """An expression in `c`, `alpha`, `N_row`, `N_all`, `A` at state j of an observed row."""
    return sp.sympify(expression).subs(
        {c: row[j], alpha: prior[j], N_row: sum(row), N_all: total, A: sum(prior)}
    )


def posterior_enumerated(parameter: sp.Expr) -> Finding:
    """First and second moments of the Dirichlet law with these parameters, against the data."""
    differences, checked = set(), 0
    for row, prior, total in observed_rows():
        k = len(prior)
        law = [of_state(parameter, row, prior, total, j) for j in range(k)]
        for j, m in product(range(k), repeat=2):
            mean = law[j] / sum(law)
            second = mean * (law[m] + (1 if j == m else 0)) / (sum(law) + 1)
            differences |= {
                mean - posterior_moment(row, prior, j),
                second - posterior_moment(row, prior, j, m),
            }
        checked += 1
    return Finding(float(differences != {0}), 0.0, f"{checked} rows of counts, exactly")


def posterior_symbolic(parameter: sp.Expr) -> Finding:
    """Prior times likelihood over the claimed density must not depend on the row."""
    k = 3
    p, n, a = (sp.symbols(f"{name}1:{k + 1}", positive=True) for name in "pna")
    log_ratio = sp.Integer(0)
    for j in range(k):
        law = parameter.subs({c: n[j], alpha: a[j], N_row: sum(n), A: sum(a)})
        log_ratio += (n[j] + a[j] - 1 - (law - 1)) * sp.log(p[j])
    slopes = [sp.expand(sp.diff(log_ratio, p_j)) for p_j in p]
    return exactly(slopes == [0] * k, "logarithmic derivatives on the simplex, any counts")


def beta_enumerated(law: tuple[sp.Expr, sp.Expr]) -> Finding:
    """Three moments of the Beta law, against the row's posterior."""
    differences, checked = set(), 0
    for row, prior, total in observed_rows():
        for j in range(len(prior)):
            first, second = (of_state(part, row, prior, total, j) for part in law)
            moment = sp.Integer(1)
            for order in range(3):
                moment *= (first + order) / (first + second + order)
                differences.add(moment - posterior_moment(row, prior, *[j] * (order + 1)))
        checked += 1
    return Finding(float(differences != {0}), 0.0, f"{checked} rows of counts, exactly")


def beta_symbolic(law: tuple[sp.Expr, sp.Expr]) -> Finding:
    """Two of three coordinates integrated out by q = (1 - p) u, which leaves powers of p, 1 - p."""
    n, a = (sp.symbols(f"{name}1:4", positive=True) for name in "na")
    p = sp.Symbol("p", positive=True)
    left = [n[j] + a[j] - 1 for j in range(3)]
    # q^left_2 (1-p-q)^left_3 dq = (1-p)^(left_2 + left_3 + 1) u^left_2 (1-u)^left_3 du
    marginal = left[0] * sp.log(p) + (left[1] + left[2] + 1) * sp.log(1 - p)
    values = {c: n[0], alpha: a[0], N_row: sum(n), A: sum(a)}
    first, second = (part.subs(values) for part in law)
    claimed = (first - 1) * sp.log(p) + (second - 1) * sp.log(1 - p)
    return exactly(
        sp.simplify(sp.diff(marginal - claimed, p)) == 0, "any counts and alpha, three states"
    )


def mean_enumerated(estimate: sp.Expr) -> Finding:
    differences, checked = set(), 0
    for row, prior, total in observed_rows():
        for j in range(len(prior)):
            claimed = of_state(estimate, row, prior, total, j)
            differences.add(claimed - posterior_moment(row, prior, j))
        checked += 1
    return Finding(float(differences != {0}), 0.0, f"{checked} rows of counts, exactly")


def mean_symbolic(estimate: sp.Expr) -> Finding:
    """Ratio of the normalising Gamma functions with one more count and without."""
    rest = N_row + A - c - alpha

    def beta(x: sp.Expr, y: sp.Expr) -> sp.Expr:
        return sp.gamma(x) * sp.gamma(y) / sp.gamma(x + y)

    mean = sp.gammasimp(beta(c + alpha + 1, rest) / beta(c + alpha, rest))
    return exactly(sp.simplify(mean - estimate) == 0, f"E[P_ij | x] = {sp.sstr(mean)}")


def flat_mean_enumerated(estimate: sp.Expr) -> Finding:
    """The flat prior alone, where alpha = 1 and A = k."""
    differences, checked = set(), 0
    for row, prior, total in observed_rows():
        if set(prior) != {1}:
            continue
        for j in range(len(prior)):
            claimed = of_state(estimate, row, prior, total, j)
            differences.add(claimed - posterior_moment(row, prior, j))
        checked += 1
    return Finding(float(differences != {0}), 0.0, f"{checked} rows of counts, exactly")


def flat_mean_symbolic(estimate: sp.Expr) -> Finding:
    rest = N_row + A - c - 1
    mean = sp.gammasimp(
        sp.gamma(c + 2) * sp.gamma(N_row + A) * sp.gamma(rest)
        / (sp.gamma(c + 1) * sp.gamma(N_row + A + 1) * sp.gamma(rest))
    )  # fmt: skip
    return exactly(sp.simplify(mean - estimate) == 0, f"A = k: {sp.sstr(mean)}")
