"""The two steps of Prop. A.3, in symbols and at numbers: by enumeration and by matrix powers.

The first step is on the flat prior with rate h_1 / t^2, the second on a = b within epsilon of 1/2
with rate h_2 / t. Enumerated are all sequences, with the hinge. Matrix powers are summed chain by
chain and averaged over the prior of either step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check.methods import long_contexts, symbols
from proofs_check.methods.all_sequences import enumerated_margin
from proofs_check.methods.triple_sums import TRIPLE, total
from sim.learning.objectives import all_sequences, sequence_probabilities
from theory.first_steps.curriculum import Curriculum

Array = NDArray[np.float64]
a, eps, eta2 = sp.symbols("a epsilon eta_2", positive=True)
v_init, w_init, h1, h2 = sp.symbols("v_init w_init h_1 h_2", positive=True)
t, j, k = sp.symbols("t j k", integer=True, positive=True)
HALF = sp.Rational(1, 2)
SYMBOLIC = Curriculum(eps, v_init, w_init, h1, h2)
# numbers of triples s <= t' <= p <= t and of pairs t' <= p <= t, over t positions
TRIPLES, PAIRS = (total(sp.Integer(1), ranges) / symbols.t for ranges in (TRIPLE, TRIPLE[1:]))
TRIPLES, PAIRS = (sp.expand(count.subs(symbols.t, t)) for count in (TRIPLES, PAIRS))

# any numbers will do where nothing is said about them
V_INIT, W_INIT, H1, H2, WIDTH = 0.7, 0.4, 30.0, 0.9, 0.15
NUMBERS = {v_init: V_INIT, w_init: W_INIT, h1: H1, h2: H2, eps: WIDTH}
ENUMERATED = (2, 4, 7)
LENGTHS = (100, 200, 400)

LIMITS = "exact constants and limits"
POWERS = "both steps by matrix powers, T = 100, 200, 400"
EXTRAPOLATED = "errors of order log(T)/T^2 remain after extrapolation in 1/T"

# constants of Lemma 3.1, and the entries of W that the first step leaves as T grows
A, B, D = (7 - 10 * sp.log(2)) / 6, (sp.log(256) - 5) / 12, sp.Rational(3, 2) - 2 * sp.log(2)
UNIT = v_init * h1 / 6
CONST, DIAG, RHO = w_init + A * UNIT, (B - A) * UNIT, w_init + B * UNIT

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


def near_half_loss(v: Array, W: Array) -> sim.Sample:
    """The margin loss on all sequences for a = b near 1/2, every hinge active around (v, W)."""
    T = len(v)
    tokens = all_sequences(2, T + 1)
    chance = sequence_probabilities(tokens, near_half(WIDTH))
    delta = 1.0 + 2.0 * float(np.abs(W).max() * np.abs(v).sum() * T)
    return sim.Sample(tokens, 2, sim.Margin(delta), chance)


def hinge_step(v: Array, W: Array) -> tuple[Array, Array]:
    """-dL/dv and -dL/dW at (v, W) for a = b near 1/2: all sequences, the hinge as it stands."""
    gradient = near_half_loss(v, W).bind(sim.MinimalModel(v, W))(v, W)[1]
    return -gradient.v.copy(), -gradient.W.copy()


@cache
def enumerated(T: int) -> Steps:
    """The first step and the gradient of the second, by enumeration, at `NUMBERS`."""
    v, W = np.full(T, V_INIT), np.full((2, 2), W_INIT)
    _, step_v, step_W = enumerated_margin(v, W)
    v1, W1 = v + H1 / T**2 * step_v, W + H1 / T**2 * step_W
    return Steps(v1, W1, *hinge_step(v1, W1))


@cache
def by_powers(T: int, width: float = WIDTH, start: float = W_INIT) -> Steps:
    """The same as `enumerated` for long contexts; `start` is the initial W."""
    K = long_contexts.flat_kernel(T)
    gW, gv = K.sum(axis=0), K.sum(axis=(1, 2))
    v1 = V_INIT + H1 / T**2 * start * gv
    W1 = start + H1 / T**2 * V_INIT * gW
    rule = near_half(width)
    kernel = long_contexts.all_lags(rule.weights, rule.transition, T)
    return Steps(v1, W1, np.einsum("jml,ml->j", kernel, W1), np.einsum("jml,j->ml", kernel, v1))


def after_second(T: int, width: float = WIDTH, start: float = W_INIT) -> tuple[Array, Array]:
    """v and W after the second step by matrix powers, weight decay having removed the first."""
    steps = by_powers(T, width, start)
    return H2 / T * steps.step_v, H2 / T * steps.step_W


def extrapolated(of: Callable[[int], Array]) -> Array:
    """The limit of what depends on T, errors of order 1/T and 1/T^2 cancelled by three lengths."""
    short, longer, longest = (of(T) for T in LENGTHS)
    return (8 * longest - 6 * longer + short) / 3


def limit_after_second(width: float, start: float = W_INIT) -> tuple[Array, Array]:
    """v (its first lags) and W after the second step, extrapolated to long contexts."""
    v = extrapolated(lambda T: after_second(T, width, start)[0][:10])
    return v, extrapolated(lambda T: after_second(T, width, start)[1])


@cache
def at_long_context(
    T: int, width: float, lags: int, decay_W: float = 1.0, decay_v: float = 1.0
) -> tuple[Array, Array]:
    """v of the first lags and W after both steps at a context where v^(1) = v_init up to 1/T."""
    rule = near_half(width)
    W1 = W_INIT + H1 / T**2 * V_INIT * long_contexts.mean_step_in_W(T)
    step_W = np.tensordot(rule.weights, long_contexts.step_in_W(rule.transition, T), 1)
    kernels = (long_contexts.lag_kernel(rule.transition, lag, T) for lag in range(1, lags + 1))
    step_v = [np.sum(np.tensordot(rule.weights, K, 1) * W1) for K in kernels]
    v = (1 - decay_v) * V_INIT + H2 / T * np.array(step_v)
    return v, (1 - decay_W) * W1 + H2 / T * V_INIT * step_W
