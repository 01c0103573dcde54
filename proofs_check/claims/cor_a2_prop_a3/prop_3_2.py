"""Prop. 3.2: which weight decay lets two steps end at the bigram solution.

After two steps f_{p,i} = sum_l W_{x_p l} sum_j v_j N_jl(i), where N_jl(i) counts the t' <= p with
x_t' = i and x_{t'-j+1} = l; with W diagonal and l = x_p, N_2 are the bigram counts.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check import ledger
from proofs_check.methods import two_steps
from proofs_check.methods.long_contexts import chains, lag_kernel, mean_step_in_W, step_in_W
from proofs_check.methods.signs import four, growth, mu, pair
from proofs_check.methods.symbols import lam, p, s, t, t1
from proofs_check.methods.triple_sums import total
from proofs_check.methods.two_steps import eps, order_in_epsilon

Array = NDArray[np.float64]
Decay = dict[str, int]
POSITION, LONG = 12, 10**7
V_INIT, W_INIT, H1, H2 = 0.7, 0.4, 30.0, 0.9  # any numbers will do


def _near_half(polynomial: sp.Expr) -> sp.Expr:
    """Mean over lambda uniform within 2 epsilon of 0."""
    return sp.integrate(polynomial, (lam, -2 * eps, 2 * eps)) / (4 * eps)


def _second_gradient(lag: int) -> tuple[sp.Expr, sp.Expr]:
    """-dL/dv_j / t at W = 11^T and at W = I, for a = b near 1/2 and t -> infinity."""
    near = lam ** (p - t1)
    ones, same = pair(lam * near) / 2, (pair(lam * near) + four(lam ** (lag - 1), near)) / 4
    limits = []
    for summand in (ones, same):
        power, leading = growth(total(summand.subs(mu, 0), ((t1, p), (p, t + 1 - lag))) / t)
        limits.append(_near_half(leading) if power == 1 else sp.Integer(0))
    return limits[0], limits[1]


@ledger.symbolic("limits of both steps from correlations of the chain's states",
                 detail="orders in epsilon of v_1 .. v_8, and the off-diagonal of W")  # fmt: skip
def decay_in_limits(value: Decay) -> list[bool]:
    """W^(1) is off 11^T + gap I with both of order 1, v^(1) is v_init for t -> infinity.

    The second step adds h_2 times the gradients below to what decay leaves. W ends diagonal if its
    first value is gone; f is then N_2 up to epsilon^2 if v_2 leads by two orders.
    """
    off, gap, h2, start = sp.symbols("off gap h_2 v_init", positive=True)
    v, near = {}, lam ** (p - t1)
    for lag in range(1, 9):
        ones, same = _second_gradient(lag)
        v[lag] = sp.expand((1 - value["v"]) * start + h2 * (off * ones + gap * same))
    orders = {lag: order_in_epsilon(x)[1] for lag, x in v.items() if x != 0}
    leading = orders.pop(2)
    # the gradient of W is diagonal for a = b: only its lead is not 0
    power, _ = growth(total(four(lam ** (t1 - s), near).subs(mu, 0)) / (4 * t))
    off_diagonal = (1 - value["W"]) * off
    return [off_diagonal == 0, power == 1, bool(min(orders.values()) >= leading + 2)]


@cache
def _after_two_steps(width: float, decay: tuple[int, int]) -> tuple[Array, Array]:
    """v_1 .. v_POSITION and W by powers of P at t = LONG, a = b within `width` of 1/2.

    v after the first step is v_init up to 1 / t.
    """
    W = W_INIT + H1 / LONG**2 * V_INIT * mean_step_in_W(LONG)
    x, weights = np.polynomial.legendre.leggauss(12)
    P = chains(np.stack([0.5 - width * x] * 2, axis=-1))
    kernels = [lag_kernel(P, lag, LONG) for lag in range(1, POSITION + 1)]
    step_v = [weights / 2 @ np.einsum("nml,ml->n", kernel, W) for kernel in kernels]
    step_W = V_INIT * np.tensordot(weights / 2, step_in_W(P, LONG), 1)
    kept_W, kept_v = 1 - decay[0], 1 - decay[1]
    return kept_v * V_INIT + H2 / LONG * np.array(step_v), kept_W * W + H2 / LONG * step_W


@ledger.simulation("logits of the model of sim after both steps, 300 sampled sequences")
def decay_in_logits(value: Decay) -> ledger.Finding:
    """With which power of epsilon f / (W_11 v_2) goes to the bigram counts."""
    tokens = sim.sample_sequences(sim.Dirichlet(2), 300, POSITION, rng=3).tokens
    before, after = tokens[:, :-1] == tokens[:, -1:], tokens[:, 1:]
    counts = np.stack([(before & (after == i)).sum(axis=1) for i in range(2)], axis=1)
    distances = []
    for width in (0.05, 0.1):
        v, W = _after_two_steps(width, (value["W"], value["v"]))
        f = sim.logits(sim.MinimalModel(v, W), tokens)[:, -1]
        distances.append(np.abs(f / (W[0, 0] * v[1]) - counts).max())
    power = float(np.log2(distances[1] / distances[0]))
    shown = f"distances {distances[0]:.4f}, {distances[1]:.4f} at epsilon = 0.05, 0.1"
    return ledger.Finding(
        abs(power - 2), 0.05, f"{shown}, position {POSITION}, t = {LONG}",
        because="the next order of epsilon, and 1 / t",
    )  # fmt: skip


CLAIMS = (
    ledger.corrected("prop-3.2", "Proposition 3.2, p. 11",
        "two steps reach the bigram solution if both layers decay",
        (r"\text{weight decay in the 2nd layer: } f\propto N_2(1+O(\epsilon^2))", {"W": 1, "v": 0}),
        (r"\text{weight decay 1 in both layers, fixed } p,\ t\to\infty: f\propto N_2+O(\epsilon^2)",
         {"W": 1, "v": 1}), decay_in_limits, decay_in_logits,
        wrong=[{"W": 0, "v": 1}, {"W": 0, "v": 0}],
        assume=(*two_steps.SETTING, "decay not multiplied by the rate"),
        needs=("prop-A.3-fixed-position", "A.67-offset"),
        note="With decay of the 2nd layer alone v_j -> v_init (1 + O(epsilon^2)) at all lags: f is "
        "a cumulative count over all earlier tokens, not bigrams. (A.62) decays v as well."),
)  # fmt: skip
