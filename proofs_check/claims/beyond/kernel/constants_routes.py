"""Routes of `x_constants`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences, sequence_probabilities
from sim.runs.measures import kl
from theory.chains.constants import NAMES, chain_constants

Array = NDArray[np.float64]
ROUNDED = 2e-5  # two units of the last place that is stated
SAMPLED_T = 24  # context of the sampled gradients for k states


def closed_symbolic(value: dict[str, sp.Expr]) -> Finding:
    found = theory.exact_constants()
    differences = [sp.expand(found[name] - value[name]) for name in NAMES]
    return Finding(
        float(differences != [0, 0, 0]), 0.0, "polynomials in log 2 and pi^2, from reduction"
    )


def closed_quadrature(value: dict[str, sp.Expr]) -> Finding:
    """`sim`'s rule; p log p at the corners leaves an error of the sixth power of 1/nodes."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 200)
    found = chain_constants(rule.weights, rule.transition)
    gaps = [abs(x - float(value[name])) for x, name in zip(found, NAMES, strict=True)]
    return Finding(worst(gaps), 1e-9, "80,000 chains")


@cache
def sampled_constants(k: int) -> tuple[Array, Array]:
    """Means and standard errors of the three constants over sampled chains, from sim's own pi."""
    P = sim.Dirichlet(k).sample(400_000 // k, 5)
    pi = sim.stationary_distribution(P)

    def entropy(p: Array) -> Array:
        return kl(p, np.zeros_like(p)) * -1.0

    rows = np.stack([np.sum(pi**2, axis=1), entropy(pi), np.sum(pi * entropy(P), axis=1)], axis=1)
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / sqrt(len(rows))


def closed_sampled(value: dict[str, sp.Expr]) -> Finding:
    mean, error = sampled_constants(2)
    stated = [float(value[name]) for name in NAMES]
    return Finding(worst(np.abs(mean - stated) / error), 4.5, "in standard errors")


@cache
def task_constants(k: int) -> theory.TaskConstants:
    return theory.task_constants(k, nodes=4096)


@cache
def counted(T: int) -> dict[str, float]:
    return theory.strategy_losses(T)


def numbers_qmc(value: dict[int, tuple[float, ...]]) -> Finding:
    gaps, notes = [], []
    for k, stated in value.items():
        found = task_constants(k)
        numbers = (found.sum_pi_squared, found.stationary_entropy, found.entropy_rate)
        for name, x, y in zip(NAMES, numbers, stated, strict=True):
            gaps.append(abs(x - y) - 5 * found.errors[name])
        notes.append(f"k = {k}: " + ", ".join(f"{x:.5f}" for x in numbers))
    return Finding(worst(gaps), ROUNDED, "beyond 5 standard errors; " + "; ".join(notes))


def numbers_sampled(value: dict[int, tuple[float, ...]]) -> Finding:
    pulls = []
    for k, stated in value.items():
        mean, error = sampled_constants(k)
        pulls += list((np.abs(mean - np.array(stated)) - ROUNDED) / error)
    return Finding(worst(pulls), 4.5, "in standard errors, beyond the rounding")


def losses_counted(value: dict[int, dict[str, float]]) -> Finding:
    gaps = []
    for T, stated in value.items():
        found = counted(T)
        gaps += [abs(found[name] - stated[name]) for name in stated]
    return Finding(worst(gaps), 5.1e-6, "T = 8, 100; half a unit of the fifth place is allowed")


def losses_enumerated(value: dict[int, dict[str, float]]) -> Finding:
    """`sim.strategies` on every sequence of 9 tokens, weighted by its probability."""
    T, prior = 8, sim.Dirichlet(2)
    tokens = all_sequences(2, T + 1)
    chance = sequence_probabilities(tokens, sim.prior_quadrature(prior, 32))
    known, target = tokens[:, :-1], tokens[:, -1]
    guesses = {
        "uniform": sim.strategies.uniform(known, 2),
        "unigram": sim.strategies.unigram(known, 2),
        "bigram": sim.strategies.bigram(known, 2),
        "bayes": sim.strategies.bayes(known, prior),
    }
    rate = float(theory.exact_constants()["entropy_rate"])
    gaps = []
    for name, guess in guesses.items():
        found = -chance @ np.log(guess[np.arange(len(known)), -1, target]) - rate
        gaps.append(abs(found - value[T][name]))
        gaps.append(abs(found - counted(T)[name]) + 5e-6)
    return Finding(worst(gaps), 5.1e-6, "512 sequences; also within 1e-7 of the sums over counts")


@cache
def sampled_losses(T: int) -> tuple[dict[str, float], dict[str, float]]:
    """Means and standard errors of KL(truth || strategy) at the last token."""
    batch = sim.sample_sequences(sim.Dirichlet(2), 20_000, T, 17)
    truth = batch.transition[np.arange(len(batch.tokens)), batch.tokens[:, -1]]
    few = batch.tokens[:300]  # a quadrature over 13,000 chains for each
    guesses = {
        "uniform": sim.strategies.uniform(batch.tokens, 2)[:, -1],
        "unigram": sim.strategies.unigram(batch.tokens, 2)[:, -1],
        "bigram": sim.strategies.bigram(batch.tokens, 2)[:, -1],
        "bayes": sim.strategies.bayes(few, sim.Dirichlet(2))[:, -1],
    }
    rows = {name: kl(truth[: len(q)], np.log(q)) for name, q in guesses.items()}
    means = {name: float(row.mean()) for name, row in rows.items()}
    return means, {name: float(row.std(ddof=1)) / sqrt(len(row)) for name, row in rows.items()}


def losses_sampled(value: dict[int, dict[str, float]]) -> Finding:
    means, errors = sampled_losses(100)
    pulls = [abs(means[name] - value[100][name]) / errors[name] for name in means]
    return Finding(worst(pulls), 4.5, f"in standard errors (Bayes: 300 sequences); {means}")


def bigram_law_counted(law: Callable[[int], float]) -> Finding:
    """T KL at T = 25, 50, 100, with its log(T)/T and 1/T terms removed."""
    T = np.array([25.0, 50.0, 100.0])
    scaled = [t * counted(int(t))["bigram"] for t in T]
    shape = np.stack([np.ones(3), np.log(T) / T, 1 / T], axis=1)
    limit = float(np.linalg.solve(shape, scaled)[0])
    return Finding(abs(limit / law(2) - 1), 0.01, f"extrapolated {limit:.4f}")


@cache
def sampled_bigram(T: int) -> tuple[float, float]:
    rows = [
        T * sim.HeldOut.draw(sim.Dirichlet(3), 4000, T, seed).baselines["bigram"]
        for seed in range(10)
    ]
    return float(np.mean(rows)), float(np.std(rows, ddof=1)) / sqrt(10)


def bigram_law_sampled(law: Callable[[int], float]) -> Finding:
    (low, low_error), (high, high_error) = sampled_bigram(150), sampled_bigram(450)
    x, y = np.log(150) / 150, np.log(450) / 450
    limit = high + (high - low) * y / (x - y)
    error = np.hypot(high_error * x, low_error * y) / (x - y)
    return Finding(
        abs(limit / law(3) - 1) - 4.5 * error / law(3), 0.05,
        f"T = 150, 450: {low:.3f}, {high:.3f}, extrapolated {limit:.3f} +- {error:.3f}; 5% for "
        "the next order",
    )  # fmt: skip


@cache
def step_constants(k: int) -> tuple[theory.StepConstants, theory.StepConstants]:
    return theory.step_constants(k, nodes=1 << (32768 // k).bit_length() - 1, replicates=8)


def k_states_qmc(value: dict[str, Any]) -> Finding:
    gaps, notes = [], []
    for k, stated in value["B/A"].items():
        mean, error = step_constants(k)
        gaps.append((abs(mean.ratio - stated) - 5 * error.ratio) / 5e-4)
        gaps.append(1e9 * abs(k * mean.B + k * (k - 1) * mean.A - mean.D))
        # the same few chains on both sides
        D = theory.step_constants(k, nodes=64, replicates=2)[0].D
        squares = theory.task_constants(k, nodes=64, replicates=2).sum_pi_squared
        gaps.append(1e9 * abs(squares - 1 / k - D))
        notes.append(f"k = {k}: {mean.ratio:.4f}")
    for name, scale in (("D", lambda k, c: k**2 * c.D), ("ratio", lambda k, c: k * (c.ratio - 1))):
        # corrections of order 1/k and 1/k^2 are removed by extrapolation
        low, middle, high = (scale(k, step_constants(k)[0]) for k in (8, 16, 32))
        limit = (8 * high - 6 * middle + low) / 3
        gaps.append(abs(limit / value[name] - 1) / 0.1)
        notes.append(f"limit of {name}: {limit:.3f}")
    return Finding(worst(gaps), 1.0, "in units of what is allowed; " + "; ".join(notes))


@cache
def sampled_ratio(k: int) -> tuple[float, float, float]:
    """W's first step (diagonal over the rest) from sequences, its error, and the exact one."""
    T, c, rows = SAMPLED_T, 0.01, []
    for seed in range(10):
        tokens = sim.sample_sequences(sim.Dirichlet(k), 4000, T + 1, seed).tokens
        model = sim.MinimalModel.constant(T, k, v=c, W=c)
        step = -sim.loss_and_gradient(model, tokens, sim.Margin(10.0))[1].W
        rows.append((np.trace(step) / k, (step.sum() - np.trace(step)) / (k * (k - 1))))
    diagonal, rest = np.mean(rows, axis=0)
    relative = np.array(rows) @ np.array([1 / diagonal, -1 / rest])
    exact = theory.population_kernel(T, k=k, nodes=1024).sum(axis=0)
    error = diagonal / rest * float(relative.std(ddof=1)) / sqrt(10)
    return float(diagonal / rest), error, float(exact[0, 0] / exact[0, 1])


def k_states_sampled(value: dict[str, Any]) -> Finding:
    """The order of the ratios, and each against the exact finite-T one times stated over limit."""
    pulls, notes = [], []
    for k in (3, 4, 8):
        found, error, exact = sampled_ratio(k)
        limit = step_constants(k)[0].ratio
        pulls.append(abs(found - exact * value["B/A"][k] / limit) / error)
        notes.append(f"k = {k}: {found:.3f} +- {error:.3f} at T = {SAMPLED_T}")
    return Finding(worst(pulls), 4.5, "in standard errors; " + "; ".join(notes))
