"""Derivation of the loss with fluctuating counts: its second order, and moments of a count."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.chains import chain
from theory.derivations.statement import DerivationStep as Step

F, C = sp.Symbol("F", real=True), sp.Symbol("C", nonnegative=True)
_LONGEST = 4  # beyond, the expressions fill pages


def second_order(length: int) -> list[Step]:
    """log sum exp to second order for two tokens, and the count of a pair of equal neighbours."""
    partition = sp.log(1 + sp.exp(F))
    bend = sp.simplify(sp.diff(partition, F, 2))
    p = min(length, _LONGEST)
    mean, variance = neighbour_count(p)
    return [
        Step("Two tokens with logits that differ by f, of mean F and variance C given the chain "
             "and current token: the part of the cross-entropy not linear in f, to second "
             "order.", partition + C / 2 * bend, "E[log(1 + exp f)]"),
        Step("Its slope in the mean: what pushes the weights by their mean counts.",
             sp.simplify(sp.diff(partition + C / 2 * bend, F))),
        Step("Its slope in the variance: what pushes the weights by the covariance of the counts.",
             sp.simplify(bend / 2)),
        Step("The counts follow a linear recursion in time, here that of neighbours (1, 1) among "
             f"the first {p} tokens. Its mean given that the last token is 1.",
             mean, f"E[phi | x_{p} = 1]"),
        Step("Its variance, from the second moments of the same recursion.",
             variance, f"V[phi | x_{p} = 1]"),
    ]  # fmt: skip


def neighbour_count(p: int) -> tuple[sp.Expr, sp.Expr]:
    """Mean and variance given x_p = 1 of the number of t <= p with x_(t-1) = x_t = 1.

    The vector (1{x_t = 1}, 1{x_(t-1) = 1}, count) is z -> L z + c with L, c by the new token; its
    moments by current token are mixed by the transition matrix and then updated so.
    """
    P, pi = chain.transition(), chain.stationary()
    shift = sp.Matrix([[0, 0, 0], [1, 0, 0], [0, 0, 1]])
    update = [(shift + sp.Matrix([[0, 0, 0], [0, 0, 0], [1, 0, 0]]), sp.Matrix([1, 0, 0])),
              (shift, sp.zeros(3, 1))]  # fmt: skip
    first, second = [sp.zeros(3, 1)] * 2, [sp.zeros(3, 3)] * 2
    for _ in range(p):
        mixed, squares = (
            [sum((P[x, y] * part[x] for x in range(2)), part[0] * 0) for y in range(2)]
            for part in (first, second)
        )
        first = [L * mixed[y] + c * pi[y] for y, (L, c) in enumerate(update)]
        second = [
            L * squares[y] * L.T + L * mixed[y] * c.T + c * mixed[y].T * L.T + c * c.T * pi[y]
            for y, (L, c) in enumerate(update)
        ]
    mean = sp.factor(first[0][2] / pi[0])
    return mean, sp.factor(second[0][2, 2] / pi[0] - mean**2)


REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "count-moments": ("The loss to second order in the fluctuations of the counts", second_order),
}
