"""The two steps of Prop. A.3 by brute force and by matrix powers, shared by its claims.

Neither uses a formula of the paper or of `theory`: sequences are enumerated with the hinge, and
kernels are averaged over chains node by node.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.common import enumerated_margin
from sim.learning.objectives import Sample, all_sequences, sequence_probabilities
from theory.first_steps import curriculum

Array = NDArray[np.float64]
a, eps, eta2 = sp.symbols("a epsilon eta_2", positive=True)
v_init, w_init, h1, h2 = sp.symbols("v_init w_init h_1 h_2", positive=True)
t, r, j, k = sp.symbols("t r j k", integer=True, positive=True)
HALF = sp.Rational(1, 2)
ENUMERATED = (2, 4, 7)
LENGTHS = (200, 400, 800)

# any numbers will do where nothing is said about them
NUMBERS: dict[sp.Symbol, float] = {v_init: 0.7, w_init: 0.4, h1: 30.0, h2: 0.9, eps: 0.15}
SYMBOLIC = curriculum.Curriculum(eps, v_init, w_init, h1, h2)


def numeric(expression: Any) -> float:
    """The value of an expression at `NUMBERS`."""
    return float(sp.sympify(expression).subs(NUMBERS))


@cache
def plan(epsilon: float = 0.15, **changed: float) -> curriculum.Curriculum:
    """The two steps with `NUMBERS`, other settings on request."""
    start = {"v_init": 0.7, "w_init": 0.4, "h1": 30.0, "h2": 0.9} | changed
    return curriculum.Curriculum(epsilon, **start)


@cache
def near_half(epsilon: float, nodes: int = 16) -> sim.Quadrature:
    """Nodes for a = b uniform on [1/2 - epsilon, 1/2 + epsilon]."""
    x, weights = np.polynomial.legendre.leggauss(nodes)
    at = 0.5 + epsilon * x
    chains = np.stack([np.stack([at, 1 - at], 1), np.stack([1 - at, at], 1)], 1)
    return sim.Quadrature(weights / 2, chains)


def hinge_step(v: Array, W: Array, epsilon: float) -> tuple[Array, Array]:
    """-dL/dv and -dL/dW at (v, W) for a = b near 1/2: all sequences, the hinge as it stands."""
    T = len(v)
    tokens = all_sequences(2, T + 1)
    chance = sequence_probabilities(tokens, near_half(epsilon))
    delta = 1.0 + 2.0 * float(np.abs(W).max() * np.abs(v).sum() * T)
    evaluate = Sample(tokens, 2, sim.Margin(delta), chance).bind(sim.MinimalModel(v, W))
    gradient = evaluate(v, W)[1]
    return -gradient.v.copy(), -gradient.W.copy()


class Steps(NamedTuple):
    """Weights after each step, and the second gradient (times -1)."""

    v1: Array
    W1: Array
    step_v: Array
    step_W: Array


@cache
def enumerated(T: int, epsilon: float = 0.15) -> Steps:
    """The first step and the gradient of the second, by enumeration, at `NUMBERS`."""
    p = plan(epsilon)
    v, W = np.full(T, p.v_init), np.full((2, 2), p.w_init)
    _, step_v, step_W = enumerated_margin(v, W)
    v1, W1 = v + p.h1 / T**2 * step_v, W + p.h1 / T**2 * step_W
    return Steps(v1, W1, *hinge_step(v1, W1, epsilon))


@cache
def kernel_by_powers(T: int, epsilon: float) -> Array:
    """K for a = b near 1/2, from matrix powers of the chains at the nodes of a Gauss rule."""
    rule = near_half(epsilon)
    powers = np.empty((T, *rule.transition.shape))
    powers[0] = np.eye(2)
    for n in range(1, T):
        powers[n] = powers[n - 1] @ rule.transition
    pairs = np.cumsum(np.cumsum(powers, axis=0), axis=0)[::-1]  # sum over n of (r-n) P^n
    drift = rule.transition - 0.5
    return np.einsum("q,jqli,qmi,jqim->jml", rule.weights / 2, powers, drift, pairs) / T


@cache
def two_steps_by_powers(T: int, epsilon: float = 0.15, **changed: float) -> Steps:
    """The same as `enumerated` for long contexts, and the decayed weights are left to the user."""
    p = plan(epsilon, **changed)
    gW, gv = theory.first_step(T)
    v1 = p.v_init + p.h1 / T**2 * p.w_init * gv
    W1 = p.w_init + p.h1 / T**2 * p.v_init * gW
    kernel = kernel_by_powers(T, epsilon)
    return Steps(v1, W1, np.einsum("jml,ml->j", kernel, W1), np.einsum("jml,j->ml", kernel, v1))


def after_second(T: int, epsilon: float = 0.15, *, decay_v: float = 1.0,
                 **changed: float) -> tuple[Array, Array]:  # fmt: skip
    """v and W after the second step with W decayed to nothing, by matrix powers."""
    steps, p = two_steps_by_powers(T, epsilon, **changed), plan(epsilon, **changed)
    return (1 - decay_v) * steps.v1 + p.h2 / T * steps.step_v, p.h2 / T * steps.step_W


def order_in_epsilon(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Leading coefficient and power of epsilon of an expression analytic at 0."""
    return expression.as_leading_term(eps).as_coeff_exponent(eps)
