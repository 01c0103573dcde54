"""The gradient in W at W = c 11^T, v = c 1, for one given chain: what (A.16)-(A.30) are run on.

Exact throughout: brute force takes the hinge as it stands, in integers and rationals; symbolic
references are polynomials in y = pi_1 - 1/2, lambda and symbolic powers of lambda.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, reduce
from itertools import pairwise, product
from typing import Any, NamedTuple

import sympy as sp

import theory.chains.chain as two_state
from theory import notation as n

c, k = sp.symbols("c k", positive=True)
t, p, t1, s, i = sp.symbols("t p t' s i", integer=True, positive=True)
lam, a, b = n.lam, n.a, n.b
ab = two_state.coordinates()  # a and b in terms of y and lambda
HALF = sp.Rational(1, 2)
GAP = sp.Symbol("G", positive=True)  # 1 / (1 - lambda) inside sums
INIT = 2  # the c of brute force: W = v = 2, so that logits are integers
PAIRS = tuple(product(range(2), repeat=2))
# every entry in (0, 1) is positive, lambda of both signs, none doubly stochastic
POINTS = ((sp.Rational(2, 3), sp.Rational(1, 5)), (sp.Rational(3, 4), sp.Rational(3, 5)))


class Chain(NamedTuple):
    """A chain: its stationary distribution and its n-th power, indexed ``[i, j]``."""

    k: int
    pi: sp.Matrix
    power: Callable[[Any], sp.Matrix]


def numeric(matrix: sp.Matrix) -> Chain:
    """A chain of rational numbers, with powers by repeated multiplication."""
    size = matrix.rows
    equations = (sp.eye(size) - matrix + sp.ones(size, size)).T
    pi = equations.LUsolve(sp.ones(size, 1)).T

    @cache
    def power(exponent: int) -> sp.Matrix:
        return sp.eye(size) if exponent == 0 else power(exponent - 1) * matrix

    return Chain(size, sp.ImmutableMatrix(pi), power)


def at(x: sp.Expr, y: sp.Expr) -> Chain:
    """The two-state chain (A.9) at a = x, b = y."""
    return _at(x, y)


@cache
def _at(x: sp.Expr, y: sp.Expr) -> Chain:
    return numeric(sp.Matrix([[x, 1 - x], [1 - y, y]]))


@cache
def three_states() -> Chain:
    """A chain on three states without symmetry."""
    return numeric(sp.Matrix([[2, 3, 1], [1, 1, 4], [4, 1, 1]]) / 6)


SYMBOLIC = Chain(2, sp.ImmutableMatrix(two_state.stationary_in_y()), two_state.power_in_y_lambda)


def logits(tokens: tuple[int, ...], W: tuple[tuple[int, ...], ...], v: int) -> list[list[int]]:
    """Eq. (A.10) term by term, for v_j = v: f[p][i] for every position but the last token."""
    size = len(W)
    out = []
    for last in range(1, len(tokens)):
        row = [0] * size
        for here in range(1, last + 1):
            score = sum(v * W[tokens[last - 1]][tokens[e - 1]] for e in range(1, here + 1))
            row[tokens[here - 1]] += score
        out.append(row)
    return out


def hinge(tokens: tuple[int, ...], f: list[list[int]], delta: int) -> sp.Rational:
    """Eqs. (7) and (A.11) on one sequence."""
    total = 0
    for last, row in enumerate(f):
        target = tokens[last + 1]
        total += sum(max(0, delta + x - row[target]) for i, x in enumerate(row) if i != target)
    return sp.Rational(total, len(f) * len(f[0]))


@cache
def slopes(size: int, T: int) -> dict[tuple[int, ...], dict[tuple[int, int], sp.Rational]]:
    """-dL/dW_ml of every sequence; differences are exact, all hinges being active throughout."""
    delta = INIT * (INIT + 1) * T * (T + 1) // 2 + 1
    base = [[INIT] * size for _ in range(size)]
    out: dict[tuple[int, ...], dict[tuple[int, int], sp.Rational]] = {}
    for tokens in product(range(size), repeat=T + 1):
        origin = hinge(tokens, logits(tokens, tuple(map(tuple, base)), INIT), delta)
        out[tokens] = {}
        for m, l in product(range(size), repeat=2):  # noqa: E741
            W = [row.copy() for row in base]
            W[m][l] += 1
            moved = hinge(tokens, logits(tokens, tuple(map(tuple, W)), INIT), delta)
            out[tokens][m, l] = origin - moved
    return out


def chance(chain: Chain, tokens: tuple[int, ...]) -> sp.Expr:
    """Probability of a sequence from the stationary start."""
    step = chain.power(1)
    moves = (step[x, y] for x, y in pairwise(tokens))
    return reduce(lambda x, y: x * y, moves, chain.pi[tokens[0]])


@cache
def gradient(chain: Chain, T: int) -> dict[tuple[int, int], sp.Expr]:
    """-dE[L | P]/dW_ml by brute force: all k^(T+1) sequences, the hinge as it stands, c = INIT."""
    table = slopes(chain.k, T)
    return {
        (m, l): sum(chance(chain, tokens) * slope[m, l] for tokens, slope in table.items())
        for m, l in product(range(chain.k), repeat=2)  # noqa: E741
    }


def triples(T: int) -> Iterator[tuple[int, int, int]]:
    """All 1 <= s <= t' <= p <= T as (p, t', s)."""
    for last in range(1, T + 1):
        for here in range(1, last + 1):
            for earlier in range(1, here + 1):
                yield last, here, earlier


def summed(summand: sp.Expr, index: sp.Symbol, upper: sp.Expr) -> sp.Expr:
    """Sum over index = 1..upper of terms ``polynomial(index) * lambda**(integer * index)``.

    The upper end may be symbolic. Denominators that are 1 - lambda up to a power of lambda are
    kept as one symbol, `GAP`; `total` puts it back.
    """
    out = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(_resolve(summand))):
        outer, inner = term.as_independent(index, as_Add=False)
        degree, rate = 0, 0
        for factor in sp.Mul.make_args(inner):
            base, exponent = factor.as_base_exp()
            if base == index:
                degree += int(exponent)
            elif base == lam:
                rate += int(exponent.coeff(index))
                outer *= lam ** exponent.subs(index, 0)
            elif factor != 1:
                raise ValueError(f"summand must be polynomial times powers, got {factor}")
        out += outer * _power_sum(degree, rate, upper)
    return out


def _resolve(expression: sp.Expr) -> sp.Expr:
    def swap(power: sp.Expr) -> sp.Expr:
        return (GAP / sp.cancel(power.base / (1 - lam))) ** -power.exp

    return sp.sympify(expression).replace(
        lambda e: e.is_Pow and e.base.is_Add and e.exp.is_Integer and e.exp < 0, swap
    )


@cache
def _power_sum(degree: int, rate: int, upper: sp.Expr) -> sp.Expr:
    """Sum over x = 1..upper of x**degree lambda**(rate x)."""
    if rate == 0:
        x = sp.Dummy("x", integer=True)
        return sp.expand(sp.summation(x**degree, (x, 1, upper)))
    if abs(rate) != 1 or degree > 1:
        raise ValueError(f"no closed form for degree {degree}, rate {rate}")
    z, top = lam**rate, lam ** (rate * upper)
    gap = GAP if rate == 1 else -lam * GAP  # 1 / (1 - z)
    if degree == 0:
        return z * (1 - top) * gap
    return z * (1 - (upper + 1) * top + upper * top * z) * gap**2


def total(summand: sp.Expr, ranges: Iterable[tuple[sp.Symbol, sp.Expr]]) -> sp.Expr:
    """Nested sums from 1, innermost first, each up to the given (symbolic) end."""
    for index, upper in ranges:
        summand = summed(summand, index, upper)
    return summand.subs(GAP, 1 / (1 - lam))


TRIPLE = ((s, t1), (t1, p), (p, t))  # 1 <= s <= t' <= p <= t


@cache
def reference(m: int, l: int) -> sp.Expr:  # noqa: E741
    """-dE[L | P]/dW_ml for symbolic t and chain, in y and lambda.

    From the definition: the mean of 1{x_p = m} 1{x_s = l} (1{x_t' = x_{p+1}} - 1/2) over the
    joint law of (x_s, x_t', x_p, x_{p+1}), summed over positions.
    """
    return c / t * total(pair_mean(m, l), TRIPLE)


@cache
def pair_mean(m: int, l: int) -> sp.Expr:  # noqa: E741
    """The mean named in `reference`, for given gaps p - t' and t' - s."""
    late, early, step = SYMBOLIC.power(p - t1), SYMBOLIC.power(t1 - s), SYMBOLIC.power(1)
    return sum(
        SYMBOLIC.pi[l] * early[l, x] * late[x, m] * step[m, y] * (int(x == y) - HALF)
        for x, y in PAIRS
    )
