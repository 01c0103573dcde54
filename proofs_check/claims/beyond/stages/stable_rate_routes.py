"""Routes for the largest learning rate at which steps follow the flow."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

import sim
import theory
from proofs_check.experiments import stage_runs
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from sim.learning.objectives import bound
from sim.runs.statistics import median_interval

Array = NDArray[np.float64]

INIT = 0.2  # large enough for the gradient in v not to matter at T = 100
LENGTH, STABLE, UNSTABLE = 400, 1e-4, 1e-3


def start_quadrature(constant: float) -> Finding:
    """Expected counts at every position and lag: the error has to fall as 1/T."""
    errors = []
    for T in (100, 200, 400):
        model = theory.ExpectedCounts(T, T=T, nodes=10)
        found = theory.sharpness(model, 0.0, 0.0, np.full(T, INIT))
        errors.append(2.0 / (found / (INIT**2 * T**4)) / constant - 1.0)
    slopes = [np.log2(a / b) for a, b in pairwise(errors)]
    listed = ", ".join(f"{error:.4f}" for error in errors)
    return Finding(
        worst([abs(slope - 1.0) for slope in slopes]), 0.1,
        f"off at T = 100, 200, 400 by {listed}; exponent of 1/T within 0.1 of 1",
    )  # fmt: skip


def start_simulation(constant: float) -> Finding:
    """Lanczos on the whole Hessian, T + 4 weights, of sampled sequences; extrapolated in 1/T."""
    found = np.array([[2.0 / _sampled(T, seed) for T in (100, 200)] for seed in range(8)])
    straight = 2.0 * found[:, 1] - found[:, 0]
    error = straight.std(ddof=1) / np.sqrt(len(straight))
    return Finding(
        max(0.0, abs(straight.mean() / constant - 1.0) - 3.0 * error / straight.mean()), 0.02,
        f"{straight.mean():.0f} +- {error:.0f}; 3 errors, and 2% for 1/T^2, allowed",
    )  # fmt: skip


@cache
def _sampled(T: int, seed: int, sequences: int = 1500) -> float:
    """Sharpness over c^2 T^4 of the loss of sampled sequences at v = c 1, W = 0."""
    tokens = sim.sample_sequences(sim.Dirichlet(2), sequences, T + 1, seed).tokens
    # every sequence with its relabelled twin: the largest eigenvalue is double, and noise would
    # split it and raise the larger one
    both = np.concatenate([tokens, 1 - tokens])
    evaluate = bound(
        sim.Sample(both, 2, sim.CrossEntropy()), sim.MinimalModel.constant(T, 2, v=INIT)
    )

    def gradient(shift: Array) -> Array:
        slope = evaluate(INIT + shift[:T], shift[T:].reshape(2, 2))[1]
        return np.concatenate([slope.v, slope.W.ravel()])

    step = 1e-5 / T  # logits move by step T^2

    def times(direction: Array) -> Array:
        x = direction.ravel() * (step / np.linalg.norm(direction))
        return (gradient(x) - gradient(-x)) * (np.linalg.norm(direction) / (2.0 * step))

    hessian = LinearOperator((T + 4, T + 4), matvec=times, dtype=np.float64)
    largest = eigsh(hessian, 1, which="LA", tol=1e-4, v0=np.ones(T + 4),
                    return_eigenvectors=False)  # fmt: skip
    return float(largest[0]) / (INIT**2 * T**4)


def steps_quadrature(value: dict[str, float]) -> Finding:
    """Descent with expected counts, no sampling: steps of either size."""
    found = {rate: _bigram_time(rate) for rate in (STABLE, UNSTABLE)}
    return _judge(value, found[STABLE], found[UNSTABLE], "descent with expected counts")


def steps_sgd(value: dict[str, float]) -> Finding:
    """SGD, 10 seeds, with the same two step sizes."""
    cells = tuple(stage_runs.Cell("bigram", LENGTH, learning_rate=r) for r in (STABLE, UNSTABLE))
    runs = stage_runs.measured(cells)
    medians = {cell.learning_rate: median_interval(runs[cell]["limit_0"]) for cell in cells}
    return _judge(value, medians[STABLE].median, medians[UNSTABLE].median,
                  f"SGD, medians of {stage_runs.SEEDS} seeds")  # fmt: skip


def _judge(value: dict[str, float], stable: float, unstable: float, how: str) -> Finding:
    """Distance from what is stated of the times over that of the flow."""
    flow, largest = _flow()
    off = max(abs(stable / flow - value["stable"]) - 0.05, unstable / flow - value["unstable"], 0.0)
    sides = float(not STABLE < value["largest"] < UNSTABLE) + abs(largest / value["largest"] - 1.0)
    return Finding(
        max(off, sides), 0.02,
        f"{how}, T = {LENGTH}: bigram stage from {stable / flow:.3f} of the flow's time with steps "
        f"of {STABLE:g}, {unstable / flow:.3f} with {UNSTABLE:g}; largest stable one {largest:.3g}",
    )  # fmt: skip


@cache
def _flow() -> tuple[float, float]:
    """Time of the bigram stage, and the largest stable rate, by the reduced flow."""
    found = theory.predict_stages(LENGTH)
    assert found.bigram is not None
    assert found.stable_rate is not None
    return found.bigram, found.stable_rate


@cache
def _bigram_time(rate: float) -> float:
    """When descent with expected counts has come nearer to bigrams for good (flow time)."""
    model = theory.ExpectedCounts(LENGTH, T=LENGTH, nodes=10)
    off = diagonal = begin = 0.0
    v = np.full(LENGTH, 0.02)
    steps = int(1.3 * _flow()[0] / rate)
    for step in range(steps):
        if step % max(1, steps // 1000) == 0:
            distance = model.distances(off, diagonal - off, v)
            if distance["bigram"] > min(distance["uniform"], distance["unigram"]):
                begin = (step + 1) * rate
        slope = model.loss_and_gradient(off, diagonal - off, v)[1]
        off -= rate * (slope.alpha - slope.beta) / 2
        diagonal -= rate * slope.beta / 2
        v = v - rate * slope.v
    return begin
