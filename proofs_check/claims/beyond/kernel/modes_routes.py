"""Routes of `x_modes`: the exact flow of the bilinear loss, and the rank of its kernel."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.beyond.kernel.symmetry import symmetric_population
from proofs_check.claims.common import PRIORS
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import relative_error, worst
from theory.chains.nodes import point_set
from theory.kernel.chain_average import chain_average
from theory.normal_form import is_zero

Array = NDArray[np.float64]
SHARED = np.full((2, 2), 0.5)  # 11'/2 and I - 11'/2 span the W that feel the kernel
OWN = np.eye(2) - SHARED


def flow_integrated(speed: float) -> Finding:
    """`sim.gradient_flow` of the bilinear objective, from random weights and unequal rates."""
    rng, residuals = np.random.default_rng(3), []
    for prior, T, rates in (("flat", 7, (1.0, 1.0)), ("doubly_stochastic", 40, (0.5, 2.0))):
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(2, 2)))
        kernel = theory.population_kernel(T, prior=prior)
        high = 3.0 / theory.modes(T, prior=prior).singular_values[0]
        run = sim.gradient_flow(
            model, sim.Bilinear(kernel), t_span=(0.0, high), rtol=1e-12, atol=1e-13, rates=rates
        )
        v, W = theory.linear_flow(model.v, model.W, speed * run.time, prior=prior, rates=rates)
        residuals += [relative_error(v, run.v), relative_error(W, run.W)]
    return Finding(worst(residuals), 1e-9, "T = 7, 40; both priors; growth e^3; unequal rates")


def flow_enumerated(speed: float) -> Finding:
    """Flow of the margin loss over all sequences, with the hinge as it stands."""
    residuals = []
    for prior in PRIORS:
        T, high = 6, 4.0
        model = sim.MinimalModel.constant(T, 2, v=0.2, W=0.1)
        objective = sim.Population(PRIORS[prior], T, sim.Margin(50.0))
        run = sim.gradient_flow(model, objective, t_span=(0.0, high), rtol=1e-12, atol=1e-13)
        v, W = theory.linear_flow(model.v, model.W, speed * run.time, prior=prior)
        residuals += [relative_error(v, run.v), relative_error(W, run.W)]
    return Finding(worst(residuals), 1e-9, "T = 6, both priors, Delta = 50, time 4")


def flow_sampled(speed: float) -> Finding:
    """SGD on fresh sequences: linear in the weights, so its mean is population descent."""
    T, steps, runs = 30, 200, 8
    kernel = theory.population_kernel(T)
    rate = 1.5 / theory.modes(T).singular_values[0] / steps
    start = sim.MinimalModel.constant(T, 2, v=0.02, W=0.0)
    ends = [
        sim.train(
            start, sim.Dirichlet(2), steps=steps, batch_size=64, learning_rate=rate,
            loss=sim.Margin(100.0), rng=seed, record_every=steps, held_out=1,
        )
        for seed in range(runs)
    ]  # fmt: skip
    _, W = theory.linear_flow(start.v, start.W, speed * rate * steps, kernel=kernel)
    found = np.array([(np.vdot(end.W[-1], SHARED), np.vdot(end.W[-1], OWN)) for end in ends])
    expected = np.array([np.vdot(W, SHARED), np.vdot(W, OWN)])
    pull = np.abs(found.mean(axis=0) - expected) / (found.std(axis=0, ddof=1) / np.sqrt(runs))
    return Finding(
        worst(pull), 4.5, f"T = {T}, {runs} runs of {steps} steps, growth e^1.5; in standard errors"
    )


def rank_symbolic(rank: int) -> Finding:
    """Exact entries: all minors of order `rank` + 1 vanish and one of order `rank` does not."""
    good = True
    for prior in PRIORS:
        exact = theory.population_kernel_exact(4, prior)
        matrix = sp.Matrix(4, 4, lambda j, i, K=exact: K[j, i // 2, i % 2])
        reduced = [sp.expand(matrix[i, 0] * matrix[0, 1] - matrix[i, 1] * matrix[0, 0])
                   for i in range(4)]  # fmt: skip
        columns = all(
            is_zero(matrix[j, 0] - matrix[j, 3]) and is_zero(matrix[j, 1] - matrix[j, 2])
            for j in range(4)
        )
        found = 1 + any(not is_zero(x) for x in reduced) if columns else 4
        good &= found == rank
    return Finding(float(not good), 0.0, "k = 2, T = 4, both priors, entries in QQ[log 2]")


def _numerical_rank(kernel: Array) -> int:
    values = np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)
    return int(np.sum(values > 1e-10 * values[0]))


def rank_enumerated(rank: int) -> Finding:
    """The gradient of the margin loss at each unit matrix W, over all sequences, is a column."""
    found = []
    for k, T in ((3, 4), (4, 3)):
        loss = symmetric_population(k, T, sim.Margin(10.0))
        evaluate = loss.bind(sim.MinimalModel(np.zeros(T), np.zeros((k, k))))
        units = np.eye(k * k).reshape(-1, k, k)
        kernel = np.stack([-evaluate(np.zeros(T), W)[1].v.copy() for W in units], axis=1)
        found.append(_numerical_rank(kernel))
    return Finding(worst(abs(x - rank) for x in found), 0.0, f"k = 3, 4: ranks {found}")


def rank_spectral(rank: int) -> Finding:
    """Chains and all their relabellings, averaged one by one; without them the rank is full."""
    found = []
    for k, T in ((3, 12), (4, 20)):
        orders = [list(order) for order in permutations(range(k))]
        chains = point_set(8, k, seed=1)[1]
        orbit = np.concatenate([chains[:, order][:, :, order] for order in orders])
        found.append(_numerical_rank(chain_average(np.full(len(orbit), 1 / len(orbit)), orbit, T)))
        if _numerical_rank(chain_average(np.full(8, 1 / 8), chains, T)) <= 2:
            return Finding(np.nan, 0.0, "a prior without the symmetry had rank 2 as well")
    return Finding(worst(abs(x - rank) for x in found), 0.0, f"k = 3, 4: ranks {found}")
