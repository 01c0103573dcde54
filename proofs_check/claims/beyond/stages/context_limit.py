"""Beyond the paper: the minimal model's logits and losses with infinite context."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.beyond.stages import context_quartic
from proofs_check.ledger.compare import worst
from proofs_check.methods.sampling import mean_and_error

Form = dict[str, Any]

# alpha, beta and v of the logits, and of the losses
ALPHA, BETA, V = 0.7, 1.3, np.array([0.4, -0.8, 0.5])
OF_LOSS = (0.8, 1.5, np.array([0.3, 0.9, -0.2]))
# not reversible, so that the direction of time matters
CHAIN = np.array([[0.1, 0.7, 0.2], [0.3, 0.2, 0.5], [0.6, 0.3, 0.1]])


def _model(T: int, alpha: float, beta: float, v: np.ndarray, k: int, how: str) -> sim.MinimalModel:
    """W = alpha 11' + beta I, and v at the first lags, 0 at the others."""
    padded = np.pad(v, (0, T - len(v)))
    return sim.MinimalModel(padded, alpha + beta * np.eye(k), normalize=how)


def _limit_logits(form: Form, current: int) -> np.ndarray:
    """The stated limit of f/p at x_p = current."""
    pi = theory.stationary_distribution(CHAIN)
    P = CHAIN if form["direction"] == "forward" else (CHAIN.T * pi) / pi[:, None]
    powers = [np.linalg.matrix_power(P, j + form["shift"])[current] for j in range(1, len(V) + 1)]
    return ALPHA * V.sum() * pi + BETA * pi[current] ** form["visits"] * (V @ powers)


@ledger.spectral("exact means by matrix powers, p = 400, 800", 1e-12, "k = 3; the 1/p part removed")
def expected_logits(form: Form) -> np.ndarray:
    """E[f_p | x_p = m] / p from the definition."""
    pi, W = theory.stationary_distribution(CHAIN), ALPHA + BETA * np.eye(3)
    powers = [np.eye(3)]
    for _ in range(800):
        powers.append(powers[-1] @ CHAIN)

    def mean(p: int, m: int) -> np.ndarray:
        f = np.zeros(3)
        for j, v in enumerate(V, start=1):
            pair = (W[m] * pi) @ powers[j - 1]  # sum_l W_ml P(x_{t-j+1} = l, x_t = i)
            f += v * pair * np.sum(powers[: p - j + 1], axis=0)[:, m]  # t = j, ..., p
        return f / (pi[m] * p)

    return np.ravel([2 * mean(800, m) - mean(400, m) - _limit_logits(form, m) for m in range(3)])


@ledger.simulation("eq. (8) on long sequences of one chain")
def simulated_logits(form: Form) -> ledger.Finding:
    p, n = 1500, 300
    rng = np.random.default_rng(3)
    tokens = np.empty((n, p), np.int32)
    tokens[:, 0] = rng.choice(3, size=n, p=theory.stationary_distribution(CHAIN))
    thresholds = np.cumsum(CHAIN, axis=1)[:, :-1]
    for t in range(1, p):
        tokens[:, t] = (rng.random((n, 1)) > thresholds[tokens[:, t - 1]]).sum(axis=1)
    last = sim.logits(_model(p, ALPHA, BETA, V, 3, "none"), tokens)[:, -1] / p
    residuals, errors = [], []
    for m in range(3):
        mean, error = mean_and_error(last[tokens[:, -1] == m])
        residuals.append(np.abs(mean - _limit_logits(form, m)).max())
        errors.append(error.max())
    detail = f"{n} sequences of {p} tokens; 4.5 standard errors and a bias of 4/p are allowed"
    return ledger.Finding(worst(residuals), 4.5 * worst(errors) + 4.0 / p, detail)


@ledger.quadrature("gradients over chains, sim's at T = 400, 800", 7.0, "in errors of 8 batches")
def gradients(stated: dict[str, float]) -> Iterator[float]:
    delta = 0.7
    losses = (sim.Squared(at="last"), sim.CrossEntropy(at="last"), sim.Margin(delta, at="last"))
    for name, loss in zip(stated, losses, strict=True):
        limit = theory.ExpectedCounts(3, loss=name, delta=delta, nodes=40)
        value, slope = limit.loss_and_gradient(*OF_LOSS)
        wanted = np.array([value, slope.alpha, slope.beta, *slope.v]) * stated[name]
        each = [2 * _sampled(800, loss, seed) - _sampled(400, loss, seed) for seed in range(8)]
        mean, error = mean_and_error(each)
        yield from (mean - wanted) / error


def _sampled(T: int, loss: Any, seed: int) -> np.ndarray:
    tokens = sim.sample_sequences(sim.Dirichlet(2), 1000, T + 1, seed).tokens
    value, slope = sim.loss_and_gradient(_model(T, *OF_LOSS, 2, "length"), tokens, loss)
    return np.array([value, slope.W.sum(), np.trace(slope.W), *slope.v[: len(OF_LOSS[2])]])


@ledger.simulation("paired squared losses", 0.25,
                   "spread of T (L_T - L) over its mean, T = 50, 100, 200")  # fmt: skip
def paired_losses(stated: dict[str, float]) -> float:
    """Loss minus the loss of the limit logits on the same tokens: T times it must level off."""
    alpha, beta, v = OF_LOSS
    ratios = []
    for T in (50, 100, 200):
        batch = sim.sample_sequences(sim.Dirichlet(2), 40_000, T + 1, 17)
        actual = sim.logits(_model(T, *OF_LOSS, 2, "length"), batch.tokens[:, :-1])[:, -1]
        current, following = batch.tokens[:, -2], np.eye(2)[batch.tokens[:, -1]]
        P, row = batch.transition, np.arange(len(current))
        pi = theory.stationary_distribution(P)
        lagged = np.eye(2)[current], P[row, current], (P @ P)[row, current]
        matched = np.tensordot(v, lagged, axes=1)
        limit = alpha * v.sum() * pi + beta * pi[row, current, None] * matched
        losses = [((f - following) ** 2).sum(axis=1).mean() for f in (actual, limit)]
        ratios.append(T * (losses[0] - stated["squared"] * losses[1]))
    return float(np.ptp(ratios) / np.mean(ratios))


_LOGITS = {"direction": "forward", "shift": -1, "visits": 1}

CLAIMS = (
    ledger.supported("x-context-limit-logits", "beyond the paper",
        "what the logits of eq. (8), divided by p, tend to",
        r"\frac{f_{p,i}}{p}\Big|_{x_p=m}\to\alpha\Big(\sum_jv_j\Big)"
        r"\pi_i+\beta\,\pi_m\sum_jv_j(P^{j-1})_{mi},\quad W=\alpha 11^\top+\beta I",
        _LOGITS, expected_logits, simulated_logits,
        wrong=[_LOGITS | slip for slip in ({"direction": "reversed"}, {"shift": 0}, {"visits": 0})],
        assume=("irreducible chain", "finitely many lags"),
        note="powers of P itself, not of the reversed chain: the matched token is the earlier one"),
    *context_quartic.CLAIMS,
    ledger.supported("x-context-limit-loss", "beyond the paper",
        "losses and gradients tend to those of the limit logits, with error 1/T",
        r"L_T=L+O(1/T),\quad\nabla L_T\to\nabla L",
        {"squared": 1.0, "cross_entropy": 1.0, "margin": 1.0}, gradients, paired_losses,
        wrong=[{"squared": 1.1, "cross_entropy": 1.0, "margin": 1.0}],
        assume=("logits divided by the position, loss at the last one", "flat prior, k = 2",
                "order 1/T measured for the squared loss"), needs="x-context-limit-logits"),
)  # fmt: skip
