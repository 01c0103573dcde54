"""Prose of Sec. 3.2 on which layer learns first: the first step, and the two learning rates.

Exact routes work with correlations of the chain's states in signs; the others with the model.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.all_sequences import enumerated_step
from proofs_check.methods.sampling import mean_and_error
from proofs_check.methods.signs import OFF_MEAN, flat_mean, four, growth, mu, pair
from proofs_check.methods.symbols import lam, p, s, t, t1
from proofs_check.methods.triple_sums import TRIPLE, total

Array = NDArray[np.float64]
Signs = dict[str, int]
FLAT = "k = 2, rows of P uniform"


@ledger.reading("takes signs of differences of what a route has found")
def signs_of(step_W: Array, step_v: Array) -> list[Signs]:
    """The signs of W_11 - W_12 and of v_2 - v_1, v_3 - v_2, ... in a step."""
    lead = int(np.sign(step_W[0, 0] - step_W[0, 1]))
    return [{"lead": lead, "slope": int(sign)} for sign in np.sign(np.diff(step_v))]


@ledger.symbolic("averages of correlations over the flat prior, and summation by parts",
                 detail="every t: bounds of sums over positions are numbers a + b log 2 of one "
                 "sign")  # fmt: skip
def first_step_bounded(value: Signs) -> list[bool]:
    """Signs for every t, from lambda (1 + lambda + ... + lambda^n) >= lambda for |lambda| < 1.

    v_j - v_{j+1} is the sum of r = t - j + 1 averages of M + lambda^d (1 - mu^2), d = 1..r, which
    is at least r E M + E lambda (1 - mu^2).

    The lead sums F = M + H q + G g over gaps with weights that fall in both, so that sums from 0
    on have to be positive. Those of g G are: g >= 0, and 1 + lambda + ... + lambda^n >= 0. Those
    of M + H q are at least (n + 1) E M + E lambda (1 - mu^2)^2, since q is (1 - mu^2) times
    mu^2 + lambda (1 - mu^2).
    """
    G, H = sp.symbols("G H")  # lambda^(p-t') and lambda^(t'-s)
    correlation, product = pair(G), four(H, G)
    fixed, decaying = product.subs({G: 0, H: 0}), product.subs(G, 0).diff(H)
    known = (
        (correlation.diff(G), OFF_MEAN),
        (product.diff(G), mu**2 * OFF_MEAN * (1 - lam) * (1 - H)),
        (decaying, OFF_MEAN * (mu**2 + lam * OFF_MEAN)),
    )
    slope = flat_mean(correlation.subs(G, 0)), flat_mean(lam * OFF_MEAN)
    lead = flat_mean(fixed), flat_mean(lam * OFF_MEAN**2)
    return [
        *(sp.expand(found - stated) == 0 for found, stated in known),
        # v falls where these are positive
        *(bool(-value["slope"] * bound > 0) for bound in (slope[0], sum(slope))),
        *(bool(value["lead"] * bound > 0) for bound in (lead[0], sum(lead))),
    ]


@ledger.enumeration("all sequences with the hinge", detail="T = 2..8")
def first_step_enumerated(value: Signs) -> list[bool]:
    return [found == value for T in range(2, 9) for found in signs_of(*enumerated_step(T))]


@ledger.spectral("closed form of the gradient", detail="T = 2, 5, 20, 100, 1000")
def first_step_exact(value: Signs) -> list[bool]:
    lengths = (2, 5, 20, 100, 1000)
    return [found == value for T in lengths for found in signs_of(*theory.first_step(T))]


@ledger.symbolic("sums of correlations over positions, for symbolic t",
                 detail="a rate that keeps an update finite as t grows undoes its "
                 "gradient")  # fmt: skip
def rates_by_growth(value: sp.Expr) -> list[bool]:
    """Growth of the gradients of step 1 (flat prior) and step 2 (a = b, so that mu = 0).

    Step 1 moves W. Step 2 moves W, at v = 1, and v_2, at W = I, where lambda^(t'-s) is lambda.
    """
    far, near = lam ** (t1 - s), lam ** (p - t1)
    power, leading = growth(total(four(far, near)) / (4 * t))
    symmetric = {mu: 0}
    positions = ((t1, p), (p, t - 1))
    second = (
        growth(total(four(far, near).subs(symmetric), TRIPLE) / (4 * t)),
        growth(total((pair(lam * near) + four(lam, near)).subs(symmetric), positions) / (4 * t)),
    )
    ratio = [sp.expand(value - t ** (later[0] - power)) == 0 for later in second]
    return [flat_mean(leading) != 0, *(later[1] != 0 for later in second), *ratio]


class Symmetric(sim.Prior):
    """Chains with a = b uniform on [0.1, 0.9]."""

    k, order = 2, 1

    def sample(self, n: int, rng: Any = None) -> Array:
        at = np.random.default_rng(rng).uniform(0.1, 0.9, n)
        return np.moveaxis(np.array([[at, 1 - at], [1 - at, at]]), -1, 0)

    def describe(self) -> dict[str, Any]:
        return {"prior": "a = b uniform on [0.1, 0.9]"}


SHORT, LONG, BATCHES = 100, 400, 10


@cache
def _sampled_sizes(T: int) -> tuple[Array, Array]:
    """Mean and error of -dL/dW_11 + dL/dW_12 in both steps, and of -dL/dv_2 in the second."""
    hinge = sim.Margin(10.0 * T**2)
    at_ones = sim.MinimalModel.constant(T, 2, 1.0, 1.0)
    at_identity = sim.MinimalModel(np.ones(T), np.eye(2))
    rows = []
    for seed in range(BATCHES):
        flat = sim.sample_sequences(sim.Dirichlet(2), 1000, T + 1, seed).tokens
        hard = sim.sample_sequences(Symmetric(), 1000, T + 1, seed).tokens
        first = sim.loss_and_gradient(at_ones, flat, hinge)[1]
        second = sim.loss_and_gradient(at_identity, hard, hinge)[1]
        leads = [gradient.W[0, 1] - gradient.W[0, 0] for gradient in (first, second)]
        rows.append([*leads, -second.v[1]])
    return mean_and_error(rows)


@ledger.simulation("gradients of both steps on 10,000 sampled sequences, T = 100 and 400")
def rates_sampled(value: sp.Expr) -> ledger.Finding:
    """Exponents of t between the two lengths; rates that undo them are their inverses."""
    (short, short_error), (long, long_error) = _sampled_sizes(SHORT), _sampled_sizes(LONG)
    scale = np.log(LONG / SHORT)
    powers = np.log(long / short) / scale
    errors = np.hypot(short_error / short, long_error / long) / scale
    stated = float(sp.log(value.subs(t, LONG) / value.subs(t, SHORT))) / scale
    shown = ", ".join(f"{x:.3f} +- {e:.3f}" for x, e in zip(powers, errors, strict=True))
    return ledger.in_errors(
        powers[1:] - powers[0], stated, np.hypot(errors[1:], errors[0]),
        f"exponents of W in step 1, of W and v_2 in step 2: {shown}",
    )  # fmt: skip


FIRST = {"lead": 1, "slope": -1}

CLAIMS = (
    ledger.proved("text-3.2-second-layer-first", "Sec. 3.2, p. 9",
        "the first step aligns W; v favours v_1 and falls with the lag",
        r"W^{(1)}_{11}>W^{(1)}_{12},\quad v^{(1)}_1>v^{(1)}_2>\dots>v^{(1)}_t",
        FIRST, first_step_bounded, first_step_enumerated, first_step_exact,
        wrong=(FIRST | {"lead": -1}, FIRST | {"slope": 1}),
        assume=(FLAT, "W = c 11^T, v = c 1, c > 0", "every hinge active"),
        note="For every t >= 2. 'Mostly favours the first position' is to be read with care: v_1 "
        "is ahead of v_2 by the factor (t+1)/(t-1) only, and holds a share 3/t of the whole step."),
    ledger.corrected("text-3.2-learning-rates", "Sec. 3.2, p. 11",
        "which of the two learning rates is the larger",
        (r"\eta_1\gg\eta_2:\ \eta_1/\eta_2\sim t^{+1}", t),
        (r"\eta_1=O(1/t^2),\ \eta_2=O(1/t):\ \eta_1/\eta_2\sim t^{-1}", 1 / t),
        rates_by_growth, rates_sampled, wrong=(sp.Integer(1), 1 / t**2),
        assume="the two steps of Prop. A.3, updates of order 1",
        note="The sentence says the first rate is an order of magnitude larger; Prop. A.3 and p. "
        "28 have it the other way round, and so do the gradients. Nor does it then explain why the "
        "second phase takes longer."),
)  # fmt: skip
