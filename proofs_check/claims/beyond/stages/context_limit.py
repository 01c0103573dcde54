"""Beyond the paper: the minimal model's logits and losses with infinite context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.beyond.stages import context_quartic
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.sampling import mean_and_error

Array = np.ndarray
Limit = Callable[..., Array]  # logits (n, k, k) of chains, by the current and the next token

# alpha, beta and v of the logits, and of the losses
WEIGHTS = (0.7, 1.3, np.array([0.4, -0.8, 0.5]))
OF_LOSS = (0.8, 1.5, np.array([0.3, 0.9, -0.2]))
DELTA = 0.7
LOSSES: dict[str, sim.Loss] = {
    "squared": sim.Squared(at="last"),
    "cross_entropy": sim.CrossEntropy(at="last"),
    "margin": sim.Margin(DELTA, at="last"),
}
# not reversible, so that the direction of time matters
CHAIN = np.array([[[0.1, 0.7, 0.2], [0.3, 0.2, 0.5], [0.6, 0.3, 0.1]]])


def stated_logits(
    P: Array, pi: Array, alpha: float, beta: float, v: Array, *,
    forward: bool = True, shift: int = -1, visits: int = 1,
) -> Array:  # fmt: skip
    """The limit of f/p for chains (n, k, k): P^(j+shift), times pi_m to the power `visits`."""
    P = P if forward else P.swapaxes(1, 2) * pi[:, None, :] / pi[:, :, None]
    powers = [np.linalg.matrix_power(P, j + shift) for j in range(1, len(v) + 1)]
    matched = beta * pi[:, :, None] ** visits * np.tensordot(v, powers, 1)
    return np.asarray(alpha * v.sum() * pi[:, None, :] + matched)


def _model(T: int, alpha: float, beta: float, v: Array, k: int, how: str) -> sim.MinimalModel:
    """W = alpha 11' + beta I, and v at the first lags, 0 at the others."""
    padded = np.pad(v, (0, T - len(v)))
    return sim.MinimalModel(padded, alpha + beta * np.eye(k), normalize=how)


@ledger.spectral("exact means by matrix powers, p = 400, 800", 1e-12, "k = 3; the 1/p part removed")
def expected_logits(limit: Limit) -> Array:
    """E[f_p | x_p = m] / p from the definition."""
    alpha, beta, weights = WEIGHTS
    pi, W = theory.stationary_distribution(CHAIN)[0], alpha + beta * np.eye(3)
    powers = [np.eye(3)]
    for _ in range(800):
        powers.append(powers[-1] @ CHAIN[0])

    def mean(p: int, m: int) -> Array:
        f = np.zeros(3)
        for j, v in enumerate(weights, start=1):
            pair = (W[m] * pi) @ powers[j - 1]  # sum_l W_ml P(x_{t-j+1} = l, x_t = i)
            f += v * pair * np.sum(powers[: p - j + 1], axis=0)[:, m]  # t = j, ..., p
        return f / (pi[m] * p)

    stated = limit(CHAIN, pi[None], *WEIGHTS)[0]
    return np.ravel([2 * mean(800, m) - mean(400, m) - stated[m] for m in range(3)])


@ledger.quadrature("logits of theory's expected counts", 1e-12, "k = 3, every relabelling")
def theory_logits(limit: Limit) -> Array:
    model = theory.ExpectedCounts(3, prior=theory.symmetrised(([1.0], CHAIN)))
    return np.ravel(model.logits(*WEIGHTS) - limit(model.transition, model.stationary, *WEIGHTS))


@cache
def _long_sequences() -> Array:
    """Sequences of one chain, (2000, 800)."""
    rng, n, p = np.random.default_rng(3), 2000, 800
    tokens = np.empty((n, p), np.int32)
    tokens[:, 0] = rng.choice(3, size=n, p=sim.stationary_distribution(CHAIN)[0])
    thresholds = np.cumsum(CHAIN[0], axis=1)[:, :-1]
    for t in range(1, p):
        tokens[:, t] = (rng.random((n, 1)) > thresholds[tokens[:, t - 1]]).sum(axis=1)
    return tokens


@ledger.simulation("eq. (8) on long sequences of one chain")
def simulated_logits(limit: Limit) -> Finding:
    """Means at p = 400 and 800 given the current token, without the part in 1/p."""
    tokens, found, errors = _long_sequences(), [], []
    f = sim.logits(_model(800, *WEIGHTS, 3, "length"), tokens)
    for m in range(3):
        (half, low), (whole, high) = (
            mean_and_error(f[tokens[:, p - 1] == m, p - 1]) for p in (400, 800)
        )
        found.append(2 * whole - half)
        errors.append(np.hypot(2 * high, low))
    stated = limit(CHAIN, sim.stationary_distribution(CHAIN), *WEIGHTS)[0]
    return in_errors(found, stated, errors, "2000 sequences of 800 tokens")


@ledger.reading("losses of theory and of sim are both compared with it")
def _loss(name: str, f: Array, y: Array) -> Array:
    """The losses written out, for logits (..., 2) and next tokens y."""
    other = np.take_along_axis(f, (1 - y)[..., None], -1)[..., 0]
    own = np.take_along_axis(f, y[..., None], -1)[..., 0]
    if name == "squared":
        return np.asarray((own - 1) ** 2 + other**2)
    if name == "margin":
        return np.asarray(np.maximum(0, DELTA + other - own) / 2)
    return np.asarray(np.logaddexp(own, other) - own)


@ledger.reading("slopes of theory and of sim are both compared with its own")
def _value_and_slopes(mean: Callable[..., float]) -> Array:
    """A loss at `OF_LOSS`, and its central differences in alpha, beta and v."""
    at, step = np.array([*OF_LOSS[:2], *OF_LOSS[2]]), 1e-5

    def loss(x: Array) -> float:
        return mean(x[0], x[1], x[2:])

    slopes = [(loss(at + step * e) - loss(at - step * e)) / (2 * step) for e in np.eye(len(at))]
    return np.array([loss(at), *slopes])


def _mean_over_chains(
    limit: Limit, name: str, P: Array, pi: Array, mass: Array, *weights: Any
) -> float:
    f = np.broadcast_to(limit(P, pi, *weights)[:, :, None, :], (*P.shape, 2))
    return float(np.sum(mass * _loss(name, f, np.broadcast_to(np.arange(2), P.shape))))


@ledger.quadrature("theory's limit losses, and the stated logits over the same chains", 1e-8,
                   "values and gradients", because="rounding of central differences")  # fmt: skip
def limit_losses(limit: Limit) -> Iterator[float]:
    for name in LOSSES:
        model = theory.ExpectedCounts(3, loss=name, delta=DELTA, nodes=24)
        P, pi = model.transition, model.stationary
        mass = model.weights[:, None, None] * pi[:, :, None] * P

        mean = partial(_mean_over_chains, limit, name, P, pi, mass)
        value, slope = model.loss_and_gradient(*OF_LOSS)
        # hinges have kinks at which differences across them are no slopes
        found = [value, slope.alpha, slope.beta, *slope.v][: 1 if name == "margin" else None]
        yield from np.array(found) - _value_and_slopes(mean)[: len(found)]


@cache
def _batch(T: int, seed: int) -> tuple[sim.SequenceBatch, dict[str, Array]]:
    """Sequences, and the loss of eq. (8) on them with its slopes in alpha, beta and v."""
    batch = sim.sample_sequences(sim.Dirichlet(2), 4000, T + 1, seed)
    found = {}
    for name, loss in LOSSES.items():
        model = _model(T, *OF_LOSS, 2, "length")
        value, slope = sim.loss_and_gradient(model, batch.tokens, loss)
        found[name] = np.array([value, slope.W.sum(), np.trace(slope.W), *slope.v[:3]])
    return batch, found


def _mean_over_tokens(
    limit: Limit, name: str, P: Array, pi: Array, current: Array, following: Array, *weights: Any
) -> float:
    f = limit(P, pi, *weights)[np.arange(len(P)), current]
    return float(_loss(name, f, following).mean())


@ledger.simulation("losses of eq. (8), and of the stated logits on the same tokens")
def paired_losses(limit: Limit) -> Finding:
    """The difference at T = 200 and 400, without its part in 1/T: it is 0 if that is the order."""
    rows = []
    for seed in range(12):
        off = {}
        for T in (200, 400):
            batch, found = _batch(T, seed)
            P, pi = batch.transition, sim.stationary_distribution(batch.transition)
            current, following = batch.tokens[:, -2], batch.tokens[:, -1].astype(int)
            for name in LOSSES:
                mean = partial(_mean_over_tokens, limit, name, P, pi, current, following)
                stated = _value_and_slopes(mean)
                off[T, name] = (found[name] - stated)[: 1 if name == "margin" else None]
        rows.append(np.concatenate([2 * off[400, name] - off[200, name] for name in LOSSES]))
    mean_, error = mean_and_error(rows)
    return in_errors(mean_, 0.0, error, "4000 sequences in each of 12 batches, three losses")


SLIPS: tuple[dict[str, Any], ...] = ({"forward": False}, {"shift": 0}, {"visits": 0})

CLAIMS = (
    ledger.supported("x-context-limit-logits", "beyond the paper",
        "what the logits of eq. (8), divided by p, tend to",
        r"\frac{f_{p,i}}{p}\Big|_{x_p=m}\to\alpha\Big(\sum_jv_j\Big)"
        r"\pi_i+\beta\,\pi_m\sum_jv_j(P^{j-1})_{mi},\quad W=\alpha 11^\top+\beta I",
        stated_logits, expected_logits, theory_logits, simulated_logits,
        wrong=[partial(stated_logits, **slip) for slip in SLIPS],
        assume=("irreducible chain", "finitely many lags"),
        note="powers of P itself, not of the reversed chain: the matched token is the earlier one"),
    *context_quartic.CLAIMS,
    ledger.supported("x-context-limit-loss", "beyond the paper",
        "losses and gradients tend to those of the limit logits, with error 1/T",
        r"L_T=L+O(1/T),\quad\nabla L_T\to\nabla L",
        stated_logits, limit_losses, paired_losses,
        wrong=[partial(stated_logits, **slip) for slip in (*SLIPS[1:], {"visits": 2})],
        assume=("logits divided by the position, loss at the last one", "flat prior, k = 2",
                "gradients of the smooth losses"), needs="x-context-limit-logits"),
)  # fmt: skip
