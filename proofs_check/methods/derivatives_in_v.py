"""Derivatives in v of logits and loss for two states, exactly and over all sequences.

A printed line is an expression in a, b, lambda and the integers p, j (or t, j), or a summand in
n = p - t'. Sums over positions are decided by induction on their upper limit, for every j at once;
the enumeration knows the model and nothing of the formulae.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import product

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.all_sequences import HINGE, enumerated_margin
from proofs_check.methods.symbols import CP, GAP, HALF, a, b, j, lam, n, p, t
from theory.chains.chain import power, stationary

Array = NDArray[np.float64]
Chain = tuple[float, float]  # its a and b
Weights = tuple[sp.Expr | int, sp.Expr | int]  # c' and rho - c' of W
Lines = dict[int | str, sp.Expr]
Letters = dict[sp.Symbol, int]  # values of some of j, n, p, t

CHAINS: tuple[Chain, ...] = ((0.3, 0.8), (0.9, 0.65), (0.15, 0.4))
ALL_ONES, IDENTITY, MIXED = (1, 0), (0, 1), (CP, GAP)
MIXED_AT = {CP: 0.7, GAP: 1.2}
V_1, EVERY_V, AFTER_V_1 = slice(1), slice(None), slice(1, None)  # which v_j
INDUCTION = "induction on the upper limit, decided over rational functions"
MODEL = "all sequences through the model, derivative in v_j"


def in_lambda(expression: sp.Expr) -> sp.Expr:
    """The expression with a eliminated by a + b - 1 = lambda."""
    return sp.sympify(expression).subs(a, 1 + lam - b)


def chain_power(exponent: sp.Expr | int) -> sp.Matrix:
    """P^exponent in b and lambda, from its projectors."""
    return power(exponent).applyfunc(in_lambda)


def chain_pi() -> list[sp.Expr]:
    """The stationary distribution in b and lambda, from pi P = pi."""
    return [in_lambda(entry) for entry in stationary()]


def returns(steps: sp.Expr | int) -> sp.Expr:
    """P[x_{q+steps} = x_q] of the stationary chain."""
    return sum(pi * chain_power(steps)[i, i] for i, pi in enumerate(chain_pi()))


def summand(line: int | str, weights: Weights, lag: sp.Expr) -> sp.Expr:
    """What a line sums over n = 0..p-j: E[df_{p,i}/dv_j], i a state or "next" for x_{p+1}.

    Of every other line it is -dL/dv_j at one position, L the margin loss with active hinges.
    """
    pi, back, ahead, step = chain_pi(), chain_power(lag - 1), chain_power(n), chain_power(1)
    # x_{t'-j+1} = x_p = l and x_t' = i
    joint = sp.Matrix(2, 2, lambda l, i: pi[l] * back[l, i] * ahead[i, l])  # noqa: E741
    following = weights[0] * returns(n + 1) + weights[1] * sum(joint.multiply_elementwise(step))
    if line in ("next", "next summand"):
        return following
    states = [weights[0] * pi[i] + weights[1] * sum(joint[:, i]) for i in range(2)]
    return states[line] if isinstance(line, int) else following - HALF * sum(states)


def sums_to(closed: sp.Expr, term: sp.Expr, top: sp.Symbol, first: sp.Expr = j) -> bool:
    """Whether the closed form is the sum of the term (in `top`) from `first` up to `top`."""
    closed = in_lambda(closed)
    start = closed.subs(top, first - 1)
    return vanishes(start) and vanishes(closed - closed.subs(top, top - 1) - term)


@ledger.symbolic(INDUCTION,
                 detail="summands against projectors; sums by induction on p or t, every "
                 "j")  # fmt: skip
def by_induction(value: Lines, weights: Weights, lags: slice) -> Iterable[bool]:
    """Closed forms by state, "next" or "position"; an "update" sums positions over p = j..t."""
    lag = sp.Integer(1) if lags == V_1 else j
    for name, line in value.items():
        term = summand(name, weights, lag)
        if name == "next summand":
            yield vanishes(in_lambda(line) - term)
        elif name == "update":
            # a double sum is right when its difference in t is the single sum, and it starts at 0
            yield vanishes(in_lambda(line).subs(t, lag - 1))
            yield sums_to(line - line.subs(t, t - 1), term.subs(n, t - lag), t, lag)
        else:
            yield sums_to(line, term.subs(n, p - lag), p, lag)


def number(expression: sp.Expr, chain: Chain, whole: Letters) -> float:
    """The value of a printed expression at one chain."""
    a_b = {a: chain[0], b: chain[1], lam: sum(chain) - 1}
    return float(sp.sympify(expression).subs(a_b | MIXED_AT | whole))


def gauss_mean(expression: sp.Expr, whole: Letters) -> float:
    """Mean of a printed expression over the flat prior by Gauss quadrature."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    x, y = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    values = sp.lambdify((a, b, lam), sp.sympify(expression).subs(whole), "numpy")(x, y, x + y - 1)
    return float(np.sum(rule.weights * values))


def transition_matrix(chain: Chain) -> Array:
    """P of a chain in numbers."""
    return np.array([[chain[0], 1 - chain[0]], [1 - chain[1], chain[1]]])


@cache
def weight_matrix(weights: Weights) -> Array:
    """W in numbers."""
    common, diagonal = (MIXED_AT.get(weight, weight) for weight in weights)
    return common * np.ones((2, 2)) + diagonal * np.eye(2)


@cache
def sequences(chain: Chain, length: int) -> tuple[NDArray[np.int32], Array]:
    """All sequences of two states and their probabilities under one chain, x_1 stationary."""
    tokens = np.array(list(product(range(2), repeat=length)), dtype=np.int32)
    chance = np.array([1 - chain[1], 1 - chain[0]])[tokens[:, 0]] / (2 - sum(chain))
    for here, after in zip(tokens[:, :-1].T, tokens[:, 1:].T, strict=True):
        chance = chance * transition_matrix(chain)[here, after]
    return tokens, chance


def derivative(chain: Chain, lag: int, length: int, weights: Weights, target: int | str) -> float:
    """E[df_{p,i}/dv_j] at p = length; i is a state, or a token, "next" being x_{p+1}.

    f is linear in v, so that its derivative is f at the unit vector of the lag.
    """
    tokens, chance = sequences(chain, max(length + 1, 2))
    v = np.zeros(tokens.shape[1])
    v[lag - 1] = 1.0
    f = sim.logits(sim.MinimalModel(v, weight_matrix(weights)), tokens)[:, length - 1]
    column = {"next": length, "x_1": 0, "x_2": 1}
    states = tokens[:, column[target]] if isinstance(target, str) else target
    return float(chance @ f[np.arange(len(tokens)), states])


@ledger.enumeration(MODEL, 1e-12, "three chains, p = 2..5, every j asked for; c' = 0.7, rho = 1.9")
def logits_enumerated(value: Lines, weights: Weights, lags: slice) -> Iterable[float]:
    for chain, (target, line), length in product(CHAINS, value.items(), range(2, 6)):
        for lag in range(1, length + 1)[lags]:
            if target == "next summand":
                gaps = range(length - lag + 1)
                total = sum(number(line, chain, {j: lag, n: gap}) for gap in gaps)
                yield total - derivative(chain, lag, length, weights, "next")
            else:
                total = number(line, chain, {j: lag, p: length})
                yield total - derivative(chain, lag, length, weights, target)


@cache
def enumerated_gradient(T: int, weights: Weights) -> Array:
    """-dL/dv over all sequences."""
    return enumerated_margin(np.full(T, 0.5), weight_matrix(weights))[1]


@ledger.enumeration(HINGE, 1e-10, "T = 2..7, prior by quadrature, real hinge")
def update_enumerated(value: Lines, weights: Weights, lags: slice) -> Iterable[float]:
    for name, T in product(value, range(2, 8)):
        for lag in range(1, T + 1)[lags]:
            if name == "update":
                total = gauss_mean(value[name], {t: T, j: lag})
            else:
                total = sum(gauss_mean(value[name], {p: q, j: lag}) for q in range(lag, T + 1))
            yield relative_error(total / T, enumerated_gradient(T, weights)[lag - 1])


def logits(weights: Weights, lags: slice) -> list[ledger.Route]:
    """The two routes for lines about the derivatives of logits."""
    return [route.given(weights=weights, lags=lags) for route in (by_induction, logits_enumerated)]


def update(weights: Weights, lags: slice) -> list[ledger.Route]:
    """The two routes for lines about the gradient of the loss."""
    return [route.given(weights=weights, lags=lags) for route in (by_induction, update_enumerated)]
