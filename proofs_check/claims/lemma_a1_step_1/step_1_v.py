"""(A.34)-(A.36): the first step of v line by line, and the tools its second step shares.

A printed line is data in the paper's letters: a closed form in a, b, lambda and the integers p, j
(or t, j), or a summand with n = p - t'. Sums over positions are decided by induction on their
upper limit, for every j at once; the enumeration knows the model and nothing of the formulae.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check.claims.common import enumerated_margin
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import relative_error, worst
from proofs_check.ledger.normal import vanishes
from sim.learning.objectives import all_sequences
from theory.chains.chain import power, stationary, transition
from theory.notation import a, b

Array = NDArray[np.float64]
lam = sp.Symbol("lambda")
j, n, p, t = sp.symbols("j n p t", integer=True)
HALF = sp.Rational(1, 2)
CHAINS = ((0.3, 0.8), (0.9, 0.65), (0.15, 0.4))

# the paper's letters, (A.23): P^n = (beta lambda^n + gamma) / (lambda - 1)
BETA = sp.Matrix([[a - 1, 1 - a], [1 - b, b - 1]])
GAMMA = sp.Matrix([[b - 1, a - 1], [b - 1, a - 1]])
PI = ((b - 1) / (lam - 1), (a - 1) / (lam - 1))
P = transition()
PAIRS = tuple(product(range(2), repeat=2))


def in_lambda(expression: sp.Expr) -> sp.Expr:
    """The expression with a eliminated by a + b - 1 = lambda."""
    return sp.sympify(expression).subs(a, 1 + lam - b)


def chain_power(exponent: sp.Expr) -> sp.Matrix:
    """P^exponent in b and lambda, from its projectors."""
    return power(exponent).applyfunc(in_lambda)


def chain_pi() -> tuple[sp.Expr, sp.Expr]:
    """The stationary distribution in b and lambda, from pi P = pi."""
    first, second = (in_lambda(entry) for entry in stationary())
    return first, second


def sums_to(closed: sp.Expr, summand: sp.Expr, top: sp.Symbol, first: sp.Expr = j) -> bool:
    """Whether the closed form is the sum of the summand (in `top`) from `first` up to `top`."""
    closed, summand = in_lambda(closed), in_lambda(summand)
    start = closed.subs(top, first - 1)
    return vanishes(start) and vanishes(closed - closed.subs(top, top - 1) - summand)


def over_gaps(closed: sp.Expr, summand: sp.Expr, first: sp.Expr = j) -> bool:
    """Whether the closed form in p sums the summand in n = p - t' over t' = first..p."""
    return sums_to(closed, sp.sympify(summand).subs(n, p - first), p, first)


def number(expression: sp.Expr, chain: tuple[float, float], **whole: int) -> float:
    """The value of a printed expression at one chain."""
    values = {a: chain[0], b: chain[1], lam: sum(chain) - 1}
    letters = {"j": j, "n": n, "p": p, "t": t}
    values |= {letters[name]: value for name, value in whole.items()}
    return float(sp.sympify(expression).subs(values))


@cache
def sequences(chain: tuple[float, float], length: int) -> tuple[NDArray[np.int32], Array]:
    """All sequences of two states and their probabilities under one chain, x_1 stationary."""
    tokens = all_sequences(2, length)
    matrix = np.array([[chain[0], 1 - chain[0]], [1 - chain[1], chain[1]]])
    chance = np.array([1 - chain[1], 1 - chain[0]])[tokens[:, 0]] / (2 - sum(chain))
    for here, after in zip(tokens[:, :-1].T, tokens[:, 1:].T, strict=True):
        chance = chance * matrix[here, after]
    return tokens, chance


def derivative(chain: tuple[float, float], lag: int, at: int, W: Array, target: int | str) -> float:
    """E[df_{p,i}/dv_j] at one chain; `target` is a state, "next" (x_{p+1}) or "tokens".

    f is linear in v, so that its derivative is f at the unit vector of the lag. "tokens" sums over
    the tokens x_1, x_2 at the first two positions.
    """
    tokens, chance = sequences(chain, max(at + 1, 2))
    v = np.zeros(tokens.shape[1])
    v[lag - 1] = 1.0
    f = sim.logits(sim.MinimalModel(v, W), tokens)[:, at - 1]
    rows = np.arange(len(tokens))
    if target == "next":
        chosen = f[rows, tokens[:, at]]
    elif target == "tokens":
        chosen = f[rows, tokens[:, 0]] + f[rows, tokens[:, 1]]
    else:
        chosen = f[:, int(target)]
    return float(chance @ chosen)


def against_derivative(
    closed: dict[int | str, sp.Expr], W: Array, lags: range, at: range = range(2, 6)
) -> float:
    """Largest gap between closed forms in p, j (by target) and the enumerated derivative."""
    return worst(
        abs(number(form, chain, j=lag, p=q) - derivative(chain, lag, q, W, target))
        for chain in CHAINS
        for target, form in closed.items()
        for q in at
        for lag in lags
        if lag <= q
    )


ONES = np.ones((2, 2))


def _a34(value: tuple[sp.Expr, ...]) -> Finding:
    good = all(over_gaps(f, pi) for f, pi in zip(value, chain_pi(), strict=True))
    return exactly(good, "both states: sum over t' = j..p of pi_i, by induction on p, every j")


def _a34_enumerated(value: tuple[sp.Expr, ...]) -> Finding:
    gap = against_derivative({0: value[0], 1: value[1]}, ONES, range(1, 6))
    return Finding(gap, 1e-12, "three chains, p = 2..5, every j <= p, W = 11^T, per unit c")


def _a35(value: dict[str, sp.Expr]) -> Finding:
    truth = sum(pi * chain_power(n + 1)[i, i] for i, pi in enumerate(chain_pi()))
    good = vanishes(in_lambda(value["summand"]) - truth) and over_gaps(value["closed"], truth)
    return exactly(good, "summand against projectors, closed form by induction on p, every j")


def _a35_enumerated(value: dict[str, sp.Expr]) -> Finding:
    gap = against_derivative({"next": value["closed"]}, ONES, range(1, 6))
    summed = worst(
        abs(
            sum(number(value["summand"], chain, n=q) for q in range(4))
            - derivative(chain, 1, 4, ONES, "next")
        )
        for chain in CHAINS
    )
    return Finding(worst((gap, summed)), 1e-12, "three chains, p = 2..5, every j <= p")


def _a36(value: dict[str, sp.Expr]) -> Finding:
    gain = sum(pi * chain_power(n + 1)[i, i] for i, pi in enumerate(chain_pi()))
    position = value["position"]
    # line 3 is a sum over n at each p, line 4 a sum of line 3 over p
    good = over_gaps(position, gain - HALF) and sums_to(value["closed"], position.subs(p, t), t)
    return exactly(good, "position p by induction on p, the update by induction on t, every j")


def prior_mean(expression: sp.Expr, **whole: int) -> float:
    """Mean of a printed expression over the flat prior by Gauss quadrature."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    x, y = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    letters = {"j": j, "p": p, "t": t}
    filled = sp.sympify(expression).subs({letters[name]: q for name, q in whole.items()})
    values = sp.lambdify((a, b, lam), filled, "numpy")(x, y, x + y - 1)
    return float(np.sum(rule.weights * values))


@cache
def _first_step(T: int) -> Array:
    return enumerated_margin(np.full(T, 0.5), np.full((2, 2), 0.5))[1] / 0.5


def _a36_enumerated(value: dict[str, sp.Expr]) -> Finding:
    gaps = []
    for T in (2, 4, 6):
        for lag in range(1, T + 1):
            at = range(lag, T + 1)
            lines = (
                prior_mean(value["closed"], t=T, j=lag),
                sum(prior_mean(value["position"], p=q, j=lag) for q in at),
            )
            gaps += [relative_error(line / T, _first_step(T)[lag - 1]) for line in lines]
    return Finding(worst(gaps), 1e-10, "T = 2, 4, 6, every j, prior by quadrature, real hinge")


def _subscript_enumerated(value: str) -> Finding:
    """The subtrahend of the loss gradient at p = 2, j = 1 against the reading of the subscript."""
    gaps = []
    for chain in CHAINS:
        truth = derivative(chain, 1, 2, ONES, 0) + derivative(chain, 1, 2, ONES, 1)
        if value == "tokens":
            gaps.append(abs(derivative(chain, 1, 2, ONES, "tokens") - truth))
        else:
            gaps.append(abs(2.0 - truth))
    return Finding(worst(gaps), 1e-12, "p = 2, j = 1: the k logits add up to p - j + 1 = 2")


def _subscript_symbolic(value: str) -> Finding:
    pi, step = chain_pi(), chain_power(sp.Integer(1))
    meet = sum(pi[i] * step[i, i] for i in range(2))
    total = 2 + 2 * meet if value == "tokens" else 2 * sum(pi)
    return exactly(vanishes(total - 2), "sum of the subtracted logits at p = 2, j = 1, less 2")


SQUARES = (a - 1) ** 2 + (b - 1) ** 2
CROSS = (a - 1) * (b - 1)
COUNT = p - j + 1
PRINTED_34 = tuple(pi * COUNT for pi in PI)
PRINTED_35 = {
    "summand": ((b - 1) * ((a - 1) * lam ** (n + 1) + b - 1)
                + (a - 1) * ((b - 1) * lam ** (n + 1) + a - 1)) / (lam - 1) ** 2,
    "closed": 2 * CROSS / (lam - 1) ** 2 * (lam ** (p + 1 - j) - 1) / (1 - 1 / lam)
    + SQUARES / (lam - 1) ** 2 * COUNT,
}  # fmt: skip
PRINTED_36 = {
    "position": (SQUARES * COUNT + 2 * CROSS * (lam ** (p - j + 1) - 1) / (1 - 1 / lam))
    / (lam - 1) ** 2 - COUNT / 2,
    "closed": (t - j + 1) * (t - j + 2) / 2 * (SQUARES / (lam - 1) ** 2 - HALF)
    + 2 * lam * CROSS / (lam - 1) ** 3 * ((lam - lam ** (t - j + 2)) / (1 - lam) - t + j - 1),
}  # fmt: skip
ASSUME = ("k = 2, x_1 stationary, lambda not 0 or 1", "1 <= j <= p", "W = c 11^T, per unit c")
INDUCTION = "induction on the upper limit, decided over rational functions"
MODEL = "all sequences through the model, derivative in v_j"

CLAIMS = (
    Claim(
        "A.34", "(A.34), p. 20", "expected derivative of a logit in v_j at the start",
        Statement(r"E[\partial f_{p,i}/\partial v_j]=c\,\pi_i(p-j+1)1\{j\le p\}", PRINTED_34),
        (Route("symbolic", INDUCTION, _a34), Route("enumeration", MODEL, _a34_enumerated)),
        Verdict.PROVED, assumptions=ASSUME,
    ),
    Claim(
        "A.35", "(A.35), p. 21", "expected derivative of the true logit in v_j at the start",
        Statement(
            r"E[\partial f_{p,x_{p+1}}/\partial v_j]=c\Big(2\frac{(a-1)(b-1)}{(\lambda-1)^2}"
            r"\frac{\lambda^{p+1-j}-1}{1-\lambda^{-1}}+\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}"
            r"(p-j+1)\Big)1\{j\le p\}", PRINTED_35),
        (Route("symbolic", INDUCTION, _a35), Route("enumeration", MODEL, _a35_enumerated)),
        Verdict.PROVED, assumptions=ASSUME,
        note="The value is the summand of line 6 and the last line; the lines between only rename.",
    ),
    Claim(
        "A.36-line-2", "(A.36), line 2, p. 21", "which logits are subtracted in the loss gradient",
        Statement(r"\frac1k\sum_{i=1}^kE[\partial f_{p,x_i}/\partial v_j]", "tokens"),
        (Route("symbolic", "p = 2, j = 1, every chain", _subscript_symbolic),
         Route("enumeration", MODEL, _subscript_enumerated)),
        Verdict.CORRECTED,
        Statement(r"\frac1k\sum_{i=1}^kE[\partial f_{p,i}/\partial v_j]", "states"),
        ASSUME,
        note="x_i is the token at position i; the sum runs over states i, as in (A.16). Later "
        "lines use the right one.",
    ),
    Claim(
        "A.36", "(A.36), lines 3 and 4, p. 21", "the first step of v in closed form",
        Statement(
            r"v_j^{(1)}=c+\frac{c\eta}tE_{a,b}\Big[\frac{(t-j+1)(t-j+2)}2\Big("
            r"\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\frac12\Big)+2\lambda\frac{(a-1)(b-1)}"
            r"{(\lambda-1)^3}\Big(\frac{\lambda-\lambda^{t-j+2}}{1-\lambda}-t+j-1\Big)\Big]",
            PRINTED_36),
        (Route("symbolic", INDUCTION, _a36),
         Route("enumeration", "all 2^(T+1) sequences with the hinge", _a36_enumerated)),
        Verdict.PROVED, assumptions=("k = 2, rows of P uniform, x_1 stationary", *ASSUME[1:],
                                     "every hinge active"), depends_on=("A.34", "A.35"),
    ),
)  # fmt: skip
