"""Beyond the paper: when the unigram stage begins: a condition, and its time with v frozen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments import stage_task
from proofs_check.methods.sampling import mean_and_error
from sim.task.losses import Loss

_CONSTANTS = {"linear": 363.84, "cross_entropy": 444.49}


def _mean_entropy(weights: np.ndarray, pi: np.ndarray) -> float:
    return float(-weights @ (pi * np.log(pi)).sum(axis=1))


@ledger.quadrature("limit logits at random weights", 1e-12, "k = 2, 3, random alpha, beta, v")
def condition_of_limit(scale: float) -> Iterator[float]:
    rng = np.random.default_rng(6)
    for k, nodes in ((2, 16), (3, 256)):
        model = theory.ExpectedCounts(3, k=k, nodes=nodes)
        pi, mass = model.stationary, model.weights[:, None] * model.stationary
        entropy = _mean_entropy(model.weights, pi)
        for _ in range(4):
            weights = rng.normal(), rng.normal(), rng.normal(size=3)
            found = model.distances(*weights)
            overlap = np.einsum("nm,ni,nmi->", mass, pi - 1 / k, model.logits(*weights))
            stated = scale * (np.log(k) - entropy) - overlap
            yield found["unigram"] - found["uniform"] - stated


@ledger.simulation("eq. (8) on sampled sequences", 1e-10, "k = 2, 3, T = 30, random v and W")
def condition_of_sequences(scale: float) -> Iterator[float]:
    rng = np.random.default_rng(7)
    for k in (2, 3):
        held_out = stage_task.limit_strategies(sim.sample_sequences(sim.Dirichlet(k), 500, 31, 8))
        pi = held_out.predictions["unigram"]
        entropy = _mean_entropy(np.full(500, 1 / 500), pi)
        for _ in range(4):
            model = sim.MinimalModel(rng.normal(size=30) / 30, rng.normal(size=(k, k)))
            measured = held_out.evaluate(model)
            overlap = ((pi - 1 / k) * sim.logits(model, held_out.context)[:, -1]).sum(axis=1)
            stated = scale * (np.log(k) - entropy) - overlap.mean()
            yield measured["kl_unigram"] - measured["kl_uniform"] - stated


@ledger.quadrature("closed form; the flow of W with expected counts at T = 400", 0.02,
                   "a 100th if linear")  # fmt: skip
def onset_of_flow(constants: dict[str, float]) -> list[float]:
    model = theory.ExpectedCounts(1, nodes=32)
    w, P, pi = model.weights, model.transition, model.stationary
    square = (pi**2).sum(axis=1)
    down_a = w @ square - 1 / 2
    down_b = w @ (pi**2 * ((P * pi[:, None, :]).sum(axis=2) - 1 / 2)).sum(axis=1)
    off = (down_a - down_b) / 2
    pull = off * (w @ square - 1 / 2) + (down_b / 2 - off) * (w @ (square * (square - 1 / 2)))
    linear = 12 * (np.log(2) - _mean_entropy(w, pi)) / pull
    frozen = _frozen_at(400) / constants["cross_entropy"]
    return [(linear / constants["linear"] - 1) * 100, frozen - 1]


@cache
def _frozen_at(T: int) -> float:
    """c^2 T^4 t of the onset at finite T, W alone moving, every position and lag in its place."""
    model = theory.ExpectedCounts(T, T=T, nodes=10)
    c, steps = 0.1, 60
    v, pi = np.full(T, c), model.stationary
    mass = model.weights[:, None] * pi
    step, W, lead = 500.0 / (c**2 * T**4) / steps, np.zeros(2), [0.0]

    def velocity(W: np.ndarray) -> np.ndarray:
        slope = model.loss_and_gradient(W[0], W[1] - W[0], v)[1]
        return -np.array([(slope.alpha - slope.beta) / 2, slope.beta / 2])

    for _ in range(steps):  # midpoint rule, W off and on the diagonal
        W = W + step * velocity(W + step / 2 * velocity(W))
        f = model.logits(W[0], W[1] - W[0], v)
        lead.append(float(np.einsum("nm,ni,nmi->", mass, pi - 1 / 2, f)))
    wanted = np.log(2) - _mean_entropy(model.weights, pi)
    return float(np.interp(wanted, lead, np.arange(steps + 1) * step)) * c**2 * T**4


@ledger.simulation("descent in W alone, sampled sequences", 0.03, "T = 100, 200, less the 1/T part")
def onset_of_descent(constants: dict[str, float]) -> Iterator[float]:
    """Relative distance beyond three standard errors."""
    # the gradient at logits 0 does not change: one step does
    settings = {"linear": (sim.Margin(1e9), 1), "cross_entropy": (sim.CrossEntropy(), 12)}
    for name, how in settings.items():
        each = [2 * _sampled(200, seed, *how) - _sampled(100, seed, *how) for seed in range(4)]
        mean, error = mean_and_error(each)
        yield max(0.0, float(abs(mean - constants[name]) - 3 * error)) / float(mean)


def _sampled(T: int, seed: int, loss: Loss, steps: int) -> float:
    """c^2 T^4 t of the onset on sampled sequences."""
    batch = sim.sample_sequences(sim.Dirichlet(2), 3000, T + 1, 31 + seed)
    held_out = stage_task.limit_strategies(batch)
    pi = held_out.predictions["unigram"]
    wanted = np.log(2) - _mean_entropy(np.full(3000, 1 / 3000), pi)
    model = sim.MinimalModel.constant(T, 2, v=1.0)
    step, lead = 560.0 / T**4 / steps, [0.0]

    def moved(at: sim.MinimalModel, by: float) -> sim.MinimalModel:
        slope = sim.loss_and_gradient(at, batch.tokens, loss)[1].W
        return model.with_parameters(model.v, model.W - by * slope)

    while len(lead) <= steps and lead[-1] <= wanted:
        model = moved(moved(model, step / 2), step)  # midpoint rule
        last = sim.logits(model, held_out.context)[:, -1]
        lead.append(float(((pi - 1 / 2) * last).sum(axis=1).mean()))
    return float(np.interp(wanted, lead, np.arange(len(lead)) * step)) * T**4


CLAIMS = (
    ledger.supported("x-unigram-onset-condition", "beyond the paper",
        "unigram is nearer than uniform once a linear function of the logits says so",
        r"KL(\pi\|q_f)-KL(\tfrac1k1\|q_f)=\log k-H(\pi)-\langle\pi-\tfrac1k1,f\rangle",
        1.0, condition_of_limit, condition_of_sequences, wrong=[1.01],
        note="log sum exp f drops out since the entries of pi - 1/k sum to 0: so for any model"),
    ledger.supported("x-unigram-onset", "beyond the paper",
        "with v = c 1 not yet moved the unigram stage begins at a time C / (c^2 T^4)",
        r"c^2T^4t_1\to363.84\ \text{(gradient at logits 0)},"
        r"\quad444.49\ \text{(cross-entropy)},\quad T\to\infty,\ c^2T^{5/2}\gg1",
        _CONSTANTS, onset_of_flow, onset_of_descent,
        wrong=[_CONSTANTS | {"linear": 1.2 * 363.84}, _CONSTANTS | {"cross_entropy": 0.8 * 444.49}],
        assume="k = 2, flat prior, W = 0 at first",
        needs=("x-unigram-onset-condition", "x-context-limit-logits"),
        note="theory.stages.onset.unigram_time_constant; smaller inits wait log(1/c)/sigma_1"),
)  # fmt: skip
