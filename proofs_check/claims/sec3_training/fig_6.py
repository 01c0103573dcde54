"""Fig. 6: W and v after the first step at c = 0.02, eta = 0.03, t = 100, as drawn."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.long_contexts import lag_kernel, step_in_W
from proofs_check.methods.prior_averages import flat_rule
from proofs_check.methods.sampling import batch_gradients, mean_and_error

T, RATE, START, CHAINS = 100, 0.03, 0.02, 10_000
Read = dict[Any, tuple[float, float]]
# (value, half the width it is read to): the colour bar's ends are the extreme entries; the other
# two are levels of its 256 colours
FIG_W = {(0, 0): (0.06935, 1e-5), (0, 1): (0.03095, 1.5e-4), (1, 0): (0.03095, 1.5e-4),
         (1, 1): (0.06898, 1.5e-4)}  # fmt: skip
# heights of the bars, position from 1
FIG_V = {1: (0.023514, 2e-6), 2: (0.023446, 2e-6), 10: (0.022917, 2e-6), 50: (0.020937, 2e-6),
         100: (0.020001, 2e-6)}  # fmt: skip


@cache
def _by_chain() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of a rule for the prior and each chain's -dL/dW, -dL/dv per unit c at t = T.

    The pairs of gaps (p - t', t' - s) = (g, h) occur T - g - h times; P^n = 1 pi + lambda^n (I -
    1 pi) leaves sums over single gaps.
    """
    weights, P, pi = flat_rule(32)
    lam = P[:, 0, 0] + P[:, 1, 1] - 1
    gap = np.arange(T)
    with np.errstate(under="ignore"):
        powers = lam[:, None] ** gap
    fixed = np.broadcast_to(pi[:, None, :], P.shape)
    rest = np.eye(2) - fixed
    one, both = powers @ ((T - gap) * (T - gap + 1) / 2), powers @ ((gap + 1) * (T - gap))
    none = np.full(len(lam), T * (T + 1) * (T + 2) / 6)
    parts = ((fixed, fixed, none), (fixed, rest, one), (rest, fixed, one), (rest, rest, both))
    W = sum(
        np.einsum("q,ql,qli,qim,qmi->qml", count, pi, early, late, P - 0.5)
        for early, late, count in parts
    )
    pair, decaying = (np.einsum("qi,qim,qmi->q", pi, part, P - 0.5) for part in (fixed, rest))
    lagged = pair[:, None] + decaying[:, None] * powers
    v = np.cumsum(np.cumsum(lagged, axis=1), axis=1)[:, ::-1]
    return weights, W / T, v / T


@ledger.reading("compares the figure with what a route has found, and with its errors")
def _compare(found: np.ndarray, spread: np.ndarray, value: Read) -> ledger.Finding:
    """Distances in standard errors: of what was found, of CHAINS chains, and of the reading."""
    places = {i: i if isinstance(i, tuple) else i - 1 for i in value}
    shown = ", ".join(f"{float(found[place]):.6f}" for place in places.values())
    errors = [np.hypot(spread[places[i]], reading) for i, (_, reading) in value.items()]
    numbers = [number for number, _ in value.values()]
    return ledger.in_errors([found[place] for place in places.values()], numbers, errors, shown)


@ledger.spectral("closed form of the step, spread over chains by quadrature")
def exact_step(value: Read, part: int) -> ledger.Finding:
    weights, *by_chain = _by_chain()
    mean = np.tensordot(weights, by_chain[part], 1)
    variance = np.tensordot(weights, (by_chain[part] - mean) ** 2, 1)
    found = START + RATE * START * theory.first_step(T)[part]
    return _compare(found, RATE * START * np.sqrt(variance / CHAINS), value)


@cache
def _sampled_chains() -> tuple[np.ndarray, np.ndarray]:
    """-dL/dW and -dL/dv per unit c of 2000 sampled chains, by powers of P."""
    P = sim.Dirichlet(2).sample(2000, 0)
    lags = [lag_kernel(P, lag, T).sum(axis=(1, 2)) for lag in range(1, T + 1)]
    return step_in_W(P, T), np.stack(lags, axis=1)


@cache
def _sampled_steps(part: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error of one step of SGD in W or v, over 20 batches."""
    model = sim.MinimalModel.constant(T, 2, v=START, W=START)
    loss = sim.Margin(5.0)  # Delta above c^2 t (t + 1) / 2 = 2.02
    gradients = batch_gradients(model, loss, 4000, 20)
    return mean_and_error([START - RATE * (slope.W, slope.v)[part] for slope in gradients])


@ledger.simulation("one step of SGD on 80,000 sampled sequences, spread over sampled chains")
def sampled_step(value: Read, part: int) -> ledger.Finding:
    mean, error = _sampled_steps(part)
    spread = RATE * START * _sampled_chains()[part].std(axis=0) / np.sqrt(CHAINS)
    return _compare(mean, np.hypot(error, spread), value)


def _scaled(value: Read, factor: float) -> Read:
    return {index: (factor * number, reading) for index, (number, reading) in value.items()}


SETTING = ("k = 2, flat prior, x_1 stationary", "c = 0.02, eta = 0.03, t = 100")

CLAIMS = (
    ledger.supported("fig-6-W", "Fig. 6, p. 22", "W after the first step, as drawn",
        r"W^{(1)}=\begin{pmatrix}0.0694&0.0310\\0.0310&0.0690\end{pmatrix}",
        FIG_W, exact_step.given(part=0), sampled_step.given(part=0),
        wrong=(_scaled(FIG_W, 0.9), {(0, 0): FIG_W[0, 1], (0, 1): FIG_W[0, 0]}), assume=SETTING,
        needs="A.25",
        note="Read from the colour bar. The exact step is 0.069022 and 0.030984; the two diagonal "
        "entries differ in the figure because 10,000 chains are averaged, to a standard error of "
        "0.0010 on the diagonal and 0.00014 off it."),
    ledger.supported("fig-6-v", "Fig. 6, p. 22", "v after the first step, as drawn",
        r"v_1=0.023514,\ v_2=0.023446,\dots,\ v_{100}=0.020001",
        FIG_V, exact_step.given(part=1), sampled_step.given(part=1),
        wrong=(_scaled(FIG_V, 1.001), {101 - j: number for j, number in FIG_V.items()}),
        assume=SETTING,
        note="Read from the heights of the bars. The exact step is 0.023506, 0.023437, ..., "
        "0.0200005; the standard error of v_1 over 10,000 chains is 4.0e-5."),
)  # fmt: skip
