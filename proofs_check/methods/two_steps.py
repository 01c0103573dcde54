"""The two steps of Prop. A.3, in symbols and at numbers: by enumeration and by matrix powers.

The first step is on the flat prior with rate h_1 / t^2, the second on a = b within epsilon of 1/2
with rate h_2 / t. Enumerated are all sequences, with the hinge. Matrix powers take the first step
from `theory` and average the kernel of the second over chains, node by node.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.methods.all_sequences import enumerated_margin
from sim.learning.objectives import all_sequences, sequence_probabilities
from theory.first_steps.curriculum import Curriculum

Array = NDArray[np.float64]
a, eps, eta2 = sp.symbols("a epsilon eta_2", positive=True)
v_init, w_init, h1, h2 = sp.symbols("v_init w_init h_1 h_2", positive=True)
t, j, k = sp.symbols("t j k", integer=True, positive=True)
HALF = sp.Rational(1, 2)
SYMBOLIC = Curriculum(eps, v_init, w_init, h1, h2)

# any numbers will do where nothing is said about them
V_INIT, W_INIT, H1, H2, WIDTH = 0.7, 0.4, 30.0, 0.9, 0.15
NUMBERS = {v_init: V_INIT, w_init: W_INIT, h1: H1, h2: H2, eps: WIDTH}
ENUMERATED = (2, 4, 7)
LENGTHS = (200, 400, 800)

LIMITS = "exact constants and limits"
POWERS = "both steps by matrix powers, T = 200, 400, 800"

SETTING = (
    "k = 2, x_1 stationary",
    "eta_1 = h_1 / t^2 on the flat prior",
    "eta_2 = h_2 / t on a = b uniform within epsilon of 1/2, epsilon < 1/2",
    "Delta so large that every hinge is active",
)


def numeric(expression: Any) -> float:
    """The value of an expression at `NUMBERS`."""
    return float(sp.sympify(expression).subs(NUMBERS))


def order_in_epsilon(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Leading coefficient and power of epsilon of an expression analytic at 0."""
    return expression.as_leading_term(eps).as_coeff_exponent(eps)


class Steps(NamedTuple):
    """Weights after the first step, and the second gradient (times -1)."""

    v1: Array
    W1: Array
    step_v: Array
    step_W: Array


@cache
def near_half(width: float) -> sim.Quadrature:
    """Gauss-Legendre nodes for a = b uniform on [1/2 - width, 1/2 + width]."""
    x, weights = np.polynomial.legendre.leggauss(16)
    at = 0.5 + width * x
    return sim.Quadrature(weights / 2, np.moveaxis(np.array([[at, 1 - at], [1 - at, at]]), -1, 0))


def hinge_step(v: Array, W: Array) -> tuple[Array, Array]:
    """-dL/dv and -dL/dW at (v, W) for a = b near 1/2: all sequences, the hinge as it stands."""
    T = len(v)
    tokens = all_sequences(2, T + 1)
    chance = sequence_probabilities(tokens, near_half(WIDTH))
    delta = 1.0 + 2.0 * float(np.abs(W).max() * np.abs(v).sum() * T)
    evaluate = sim.Sample(tokens, 2, sim.Margin(delta), chance).bind(sim.MinimalModel(v, W))
    gradient = evaluate(v, W)[1]
    return -gradient.v.copy(), -gradient.W.copy()


@cache
def enumerated(T: int) -> Steps:
    """The first step and the gradient of the second, by enumeration, at `NUMBERS`."""
    v, W = np.full(T, V_INIT), np.full((2, 2), W_INIT)
    _, step_v, step_W = enumerated_margin(v, W)
    v1, W1 = v + H1 / T**2 * step_v, W + H1 / T**2 * step_W
    return Steps(v1, W1, *hinge_step(v1, W1))


def matrix_powers(P: Array, T: int) -> Array:
    """The first T powers of one or several matrices, from the 0th on."""
    powers = np.empty((T, *P.shape))
    powers[0] = np.eye(2)
    for n in range(1, T):
        powers[n] = powers[n - 1] @ P
    return powers


@cache
def by_powers(T: int, width: float = WIDTH, start: float = W_INIT) -> Steps:
    """The same as `enumerated` for long contexts; `start` is the initial W."""
    gW, gv = theory.first_step(T)
    v1 = V_INIT + H1 / T**2 * start * gv
    W1 = start + H1 / T**2 * V_INIT * gW
    rule = near_half(width)
    powers, drift = matrix_powers(rule.transition, T), rule.transition - 0.5
    pairs = np.cumsum(np.cumsum(powers, axis=0), axis=0)[::-1]  # sum over n of (r-n) P^n
    kernel = np.einsum("q,jqli,qmi,jqim->jml", rule.weights / (2 * T), powers, drift, pairs)
    return Steps(v1, W1, np.einsum("jml,ml->j", kernel, W1), np.einsum("jml,j->ml", kernel, v1))


def after_second(T: int, width: float = WIDTH, start: float = W_INIT) -> tuple[Array, Array]:
    """v and W after the second step by matrix powers, weight decay having removed the first."""
    steps = by_powers(T, width, start)
    return H2 / T * steps.step_v, H2 / T * steps.step_W
