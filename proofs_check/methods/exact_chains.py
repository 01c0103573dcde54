"""Exact chains, and the gradient in W on them at W = c 11^T, v = c 1 by brute force.

All sequences are enumerated with the hinge as it stands, in integers and rationals. In symbols a
two-state chain is written in y = pi_1 - 1/2 and lambda.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import sympy as sp

import theory
from proofs_check.ledger import reading
from proofs_check.methods.exact_model import INIT, Loss, at_start, constant, loss
from proofs_check.methods.symbols import BETA, GAMMA, PI, Entry, P, a, b, entries, lam, p, s, t1
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.notation import y


class Chain(NamedTuple):
    """A chain: its stationary distribution and its n-th power, indexed ``[i, j]``."""

    k: int
    pi: sp.Matrix
    power: Callable[[Any], sp.Matrix]


SYMBOLIC = Chain(2, sp.ImmutableMatrix(stationary_in_y()), power_in_y_lambda)


def numeric(matrix: sp.Matrix) -> Chain:
    """A chain of rational numbers, with powers by repeated multiplication."""
    size = matrix.rows
    equations = (sp.eye(size) - matrix + sp.ones(size, size)).T
    pi = equations.LUsolve(sp.ones(size, 1)).T

    @cache
    def power(exponent: int) -> sp.Matrix:
        return sp.eye(size) if exponent == 0 else power(exponent - 1) * matrix

    return Chain(size, sp.ImmutableMatrix(pi), power)


def two_states(x: sp.Expr, z: sp.Expr) -> Chain:
    """The two-state chain (A.9) at a = x, b = z."""
    return numeric(sp.Matrix([[x, 1 - x], [1 - z, z]]))


# every entry is positive, lambda of both signs, none doubly stochastic
CHAINS = (
    two_states(sp.Rational(2, 3), sp.Rational(1, 5)),
    two_states(sp.Rational(3, 4), sp.Rational(3, 5)),
)
THREE_STATES = numeric(sp.Matrix([[2, 3, 1], [1, 1, 4], [4, 1, 1]]) / 6)


@reading("the letters of (A.9), by which a printed expression is evaluated")
def letters(chain: Chain) -> dict[sp.Symbol, Any]:
    """What a, b and lambda are for a two-state chain."""
    first, second = chain.power(1).diagonal()
    return {a: first, b: second, lam: sp.expand(first + second - 1)}


def printed_elements(chain: Chain) -> tuple[sp.Matrix, ...]:
    """beta, gamma, pi and P as printed in (A.23) and (A.9), for one two-state chain."""
    return tuple(matrix.subs(letters(chain)) for matrix in (BETA, GAMMA, PI, P))


def chance(chain: Chain, tokens: Sequence[int]) -> sp.Expr:
    """Probability of a sequence from the stationary start."""
    step = chain.power(1)
    return prod((step[here, after] for here, after in pairwise(tokens)), start=chain.pi[tokens[0]])


@reading("what a printed P[x_s = l, ...] means: enumeration compares it with all sequences")
def joint(chain: Chain, states: Sequence[int | None], triple: Sequence[Any]) -> sp.Expr:
    """P[(x_s, x_t', x_p, x_{p+1}) = states] at (p, t', s); None stands for any state."""
    last, here, earlier = triple
    times = (earlier, here, last, last + 1)
    known = [e for e in zip(times, states, strict=True) if e[1] is not None]
    steps = (chain.power(after - time)[x, z] for (time, x), (after, z) in pairwise(known))
    return prod(steps, start=chain.pi[known[0][1]])


@cache
def pair_mean(entry: Entry, chain: Chain = SYMBOLIC, triple: Any = (p, t1, s)) -> sp.Expr:
    """Mean of 1{x_p = m} 1{x_s = l} (1{x_t' = x_{p+1}} - 1/k) over the joint law, at (p, t', s).

    Summed over positions, times c / t, it is -dE[L | P]/dW_ml.
    """
    return sum(
        joint(chain, (entry[1], x, entry[0], z), triple) * (int(x == z) - sp.Rational(1, chain.k))
        for x, z in product(range(chain.k), repeat=2)
    )


def prior_mean(polynomial: sp.Expr) -> sp.Expr:
    """Flat average of a polynomial in y and lambda; odd powers of y average to 0."""
    terms = sp.Poly(sp.expand(polynomial), y, lam).terms()
    even = (x * theory.exact_moment(r // 2, q) for (r, q), x in terms if r % 2 == 0)
    return sum(even, sp.Integer(0))


@cache
def exact_probability(tokens: tuple[int, ...], start: str = "stationary") -> sp.Expr:
    """P(x_1 ... x_n) of two states under the flat prior, x_1 from pi or ``uniform``."""
    uniform = SYMBOLIC._replace(pi=sp.ones(1, 2) / 2)
    return prior_mean(chance(uniform if start == "uniform" else SYMBOLIC, tokens))


# the gradient by brute force


def triples(T: int) -> Iterator[tuple[int, int, int]]:
    """All 1 <= s <= t' <= p <= T as (p, t', s)."""
    for last in range(1, T + 1):
        for here in range(1, last + 1):
            for earlier in range(1, here + 1):
                yield last, here, earlier


def at(triple: Sequence[int]) -> dict[sp.Symbol, int]:
    """The times (p, t', s), or the outer ones of them, as values of their letters."""
    return dict(zip((p, t1, s), triple, strict=False))


@cache
def slopes(size: int, T: int) -> dict[tuple[int, ...], dict[Entry, sp.Rational]]:
    """-dL/dW_ml of every sequence; differences are exact, all hinges being active throughout."""
    margin = INIT * (INIT + 1) * T * (T + 1) // 2 + 1
    out: dict[tuple[int, ...], dict[Entry, sp.Rational]] = {}
    for tokens in product(range(size), repeat=T + 1):
        start, *moved = (
            loss(Loss(), at_start(tokens, constant(size, INIT, raised)), tokens, margin)
            for raised in (None, *entries(size))
        )
        out[tokens] = {e: start - x for e, x in zip(entries(size), moved, strict=True)}
    return out


@cache
def gradient(chain: Chain, T: int) -> dict[Entry, sp.Expr]:
    """-dE[L | P]/dW_ml by brute force: all k^(T+1) sequences, the hinge as it stands, c = INIT."""
    chances = {tokens: chance(chain, tokens) for tokens in slopes(chain.k, T)}
    return {
        entry: sum(chances[tokens] * slope[entry] for tokens, slope in slopes(chain.k, T).items())
        for entry in entries(chain.k)
    }
