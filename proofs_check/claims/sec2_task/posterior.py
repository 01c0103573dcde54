"""Posterior of a row of the transition matrix given a sequence: (1)-(3).

Integrals over the simplex are iterated, one variable after the other, instead of quoting the
Dirichlet distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from math import comb
from typing import NamedTuple

import sympy as sp

from proofs_check import ledger

# of one row: count and alpha of the state, transitions from the row, all transitions, sum of alpha
c, alpha, N_row, N_all, A = sp.symbols("c alpha N_i N A", positive=True)
# alpha, and the length of the sequences that are enumerated
SETTINGS = (((1, 1), 5), ((2, 1), 4), ((1, 1, 1), 4), ((1, 2, 3), 3))
ROWS = "rows of counts of every sequence, T = 3 to 5, k = 2 and 3, in rationals"


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


class Row(NamedTuple):
    """Transitions from one state to each, alpha, and how many transitions there are in all."""

    counts: tuple[int, ...]
    prior: tuple[int, ...]
    transitions: int

    def at(self, expression: sp.Expr, j: int) -> sp.Expr:
        """An expression in `c`, `alpha`, `N_row`, `N_all`, `A` at state j."""
        values = {c: self.counts[j], alpha: self.prior[j], N_row: sum(self.counts)}
        return expression.subs({**values, N_all: self.transitions, A: sum(self.prior)})

    def moment(self, *states: int) -> sp.Expr:
        """E[P_ij P_im ... | x] of the listed states from the row's likelihood times its prior."""
        powers = [n + a - 1 for n, a in zip(self.counts, self.prior, strict=True)]
        below = simplex_integral(tuple(powers))
        for state in states:
            powers[state] += 1
        return simplex_integral(tuple(powers)) / below


def observed_rows() -> Iterator[Row]:
    """Distinct rows over every sequence of `SETTINGS`."""
    for prior, T in SETTINGS:
        states = range(len(prior))
        seen = set()
        for x, i in product(product(states, repeat=T), states):
            seen.add(tuple(sum(a == i and b == j for a, b in pairwise(x)) for j in states))
        for counts in sorted(seen):
            yield Row(counts, prior, T - 1)


@ledger.enumeration("moments by exact integrals over P", detail=ROWS)
def dirichlet_moments(parameter: sp.Expr) -> Iterator[bool]:
    for row in observed_rows():
        k = len(row.prior)
        law = [row.at(parameter, j) for j in range(k)]
        for j, m in product(range(k), repeat=2):
            mean = law[j] / sum(law)
            yield mean == row.moment(j)
            yield mean * (law[m] + (j == m)) / (sum(law) + 1) == row.moment(j, m)


@ledger.symbolic("prior times likelihood, as a product over the entries of a row",
                 detail="any counts, alpha and k: entry by entry, up to a constant")  # fmt: skip
def dirichlet_density(parameter: sp.Expr) -> bool:
    """Each entry P enters the likelihood with the power c and the density with alpha - 1."""
    P = sp.Symbol("P", positive=True)
    posterior = P**c * P ** (alpha - 1)
    slope = sp.diff(sp.log(posterior / P ** (parameter - 1)), P)
    return bool(sp.simplify(slope) == 0)


@ledger.enumeration("moments by exact integrals over P", detail=ROWS)
def beta_moments(law: tuple[sp.Expr, sp.Expr]) -> Iterator[bool]:
    for row in observed_rows():
        for j in range(len(row.prior)):
            first, second = (row.at(part, j) for part in law)
            moment = sp.Integer(1)
            for order in range(3):
                moment *= (first + order) / (first + second + order)
                yield moment == row.moment(*[j] * (order + 1))


@ledger.symbolic("the other coordinates integrated out, one after the other", 0.0,
                 "any counts, alpha and k: induction on how many are left")  # fmt: skip
def beta_density(law: tuple[sp.Expr, sp.Expr]) -> list[bool]:
    """Powers of P_ij and 1 - P_ij, by induction on the number of the other coordinates.

    Stated is that coordinates of the powers n_m + a_m - 1, of sum R, leave R^(S - 1) with S the
    sum of their n_m + a_m. One coordinate is R itself. One more, of power x - 1, gives the integral
    of (R - q)^(S - 1) q^(x - 1) over (0, R): substituting q = R u leaves a power of R.
    """
    R, u, S, n, a = sp.symbols("R u S n a", positive=True)
    base = sp.simplify(R ** (n + a - 1) / R ** (S - 1).subs(S, n + a)) == 1
    integrand = (R - R * u) ** (S - 1) * (R * u) ** (n + a - 1) * R  # dq = R du
    grown = sp.simplify(sp.expand_log(sp.log(integrand / R ** (S + n + a - 1)), force=True))
    step = sp.simplify(sp.diff(grown, R)) == 0
    others = (N_row - c) + (A - alpha)  # S of all but P_ij
    powers = (c + alpha - 1, others - 1)
    claimed = [part - 1 for part in law]
    same = [sp.expand(found - power) == 0 for found, power in zip(powers, claimed, strict=True)]
    return [bool(base), bool(step), *same]


@ledger.enumeration("exact integrals over P", detail=ROWS)
def mean_by_integrals(estimate: sp.Expr, flat: bool = False) -> Iterator[bool]:
    for row in observed_rows():
        if not flat or set(row.prior) == {1}:
            for j in range(len(row.prior)):
                yield row.at(estimate, j) == row.moment(j)


@ledger.symbolic("ratio of Beta functions")
def mean_by_beta(estimate: sp.Expr, prior: sp.Expr = alpha) -> bool:
    """The normalising Beta functions with one more count and without."""
    rest = N_row + A - c - prior
    mean = (sp.beta(c + prior + 1, rest) / sp.beta(c + prior, rest)).rewrite(sp.gamma)
    return bool(sp.simplify(sp.gammasimp(mean) - estimate) == 0)


ANY_START = "x_1 independent of P (with x_1 ~ pi it is not exact: Remark 2.1)"
INDEPENDENT = ("rows of P independent Dirichlet(alpha)", ANY_START)

CLAIMS = (
    ledger.proved("eq-1", "(1), p. 5", "posterior of a row of P: Dirichlet with counts added",
        r"(P_{i1},\dots,P_{ik})\,|\,x\sim\mathrm{Dir}(k,c_{i1}+\alpha_1,\dots,c_{ik}+\alpha_k)",
        c + alpha, dirichlet_density, dirichlet_moments,
        wrong=(c - alpha, c + alpha + 1, 2 * c + alpha), assume=INDEPENDENT,
        note="The first argument k is read as the number of states, not as a parameter; the prior "
        "on the same page, Dir(alpha), is written without it."),
    ledger.proved("eq-2", "(2), p. 5", "posterior of one transition probability is Beta",
        r"P_{ij}"
        r"\,|\,x\sim\mathrm{Beta}\Big(c_{ij}+\alpha_j,\ \sum_j\alpha_j+N_i-\alpha_j-c_{ij}\Big)",
        (c + alpha, A + N_row - alpha - c), beta_density, beta_moments,
        wrong=((c + alpha, A + N_row - c), (A + N_row - alpha - c, c + alpha),
               (c + alpha, A + N_all - alpha - c)), assume=INDEPENDENT, needs="eq-1",
        note="j is both the free index and the one summed over; the sum is over alpha alone."),
    ledger.corrected("eq-3-denominator", "(3), p. 6",
        "posterior mean of P_ij: which count is in the denominator",
        (r"E[P_{ij}\,|\,x]=\frac{c_{ij}+\alpha_j}{N+\sum_i\alpha_i}", (c + alpha) / (N_all + A)),
        (r"E[P_{ij}\,|\,x]=\frac{c_{ij}+\alpha_j}{N_i+\sum_m\alpha_m}", (c + alpha) / (N_row + A)),
        mean_by_beta, mean_by_integrals,
        wrong=((c + alpha) / (N_row + A - 1), (c + alpha) / (N_row + A + 1), c / (N_row + A)),
        assume=INDEPENDENT, needs="eq-2",
        note="N is not defined; read as the number of all transitions the estimates of a row do "
        "not add up to 1. N_i, the transitions from state i, is meant, as the next line has it."),
    ledger.proved("eq-3-flat", "below (3), p. 6", "flat prior: the add-one estimate",
        r"E[P_{ij}\,|\,x]=\frac{c_{ij}+1}{N_i+k}",
        (c + 1) / (N_row + A),
        mean_by_beta.given(how="ratio of Beta functions at alpha = 1, A = k", prior=sp.Integer(1)),
        mean_by_integrals.given(how="exact integrals over P at alpha = 1", flat=True),
        wrong=((c + 1) / (N_row + 1), (c + 1) / (N_all + A)),
        assume=("alpha = (1, ..., 1), so that sum alpha = k", ANY_START), needs="eq-3-denominator"),
)  # fmt: skip
