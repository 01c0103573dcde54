"""Routes of `modes`: the flow that two modes carry, and that there are two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import sympy as sp
from scipy.linalg import expm

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.beyond.kernel.bilinear import exact_stationary, summed_kernel
from proofs_check.experiments.sampled_modes import PRIORS
from proofs_check.ledger.compare import relative_error
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.all_sequences import relabelled, symmetric_population
from proofs_check.methods.sampling import mean_and_error
from theory.kernel.averages import chain_average

Triples = list[tuple[float, np.ndarray, np.ndarray]]  # sigma, u, w

Propagator = Callable[[Any, Any], tuple[Any, Any]]  # of sigma t, with NumPy's or SymPy's functions


@ledger.symbolic("the two amplitudes of a mode solve their equations", detail="any T, k and kernel")
def flow_solves(value: Propagator) -> Iterator[bool]:
    """Along (sigma, u, w) of K <u, v>' = sigma <w, W> and <w, W>' = sigma <u, v>."""
    t, rate, a, b = sp.symbols("t sigma a b", positive=True)
    stretch, swing = value(rate * t, sp)
    v, W = a + stretch * a + swing * b, b + stretch * b + swing * a
    for law in (sp.diff(v, t) - rate * W, sp.diff(W, t) - rate * v, (v - a).subs(t, 0)):
        yield sp.simplify(sp.expand(law.rewrite(sp.exp))) == 0


def _flow(
    value: Propagator, start: sim.MinimalModel, triples: Triples, t: float
) -> tuple[np.ndarray, np.ndarray]:
    """The stated v and W at time t."""
    v, W = start.v.copy(), start.W.copy()
    for rate, u, w in triples:
        stretch, swing = value(rate * t, np)
        along, own = u @ start.v, np.sum(w * start.W)
        v += u * (stretch * along + swing * own)
        W += w * (stretch * own + swing * along)
    return v, W


@ledger.spectral("theory's flow and the matrix exponential", 1e-10,
                 "T = 7, 40, both priors, growth e^3; a random kernel, k = 3")  # fmt: skip
def flow_exponential(value: Propagator) -> Iterator[float]:
    rng = np.random.default_rng(3)
    kernels = [theory.population_kernel(T, prior=name) for T in (7, 40) for name in PRIORS]
    for K in (*kernels, rng.normal(size=(5, 3, 3))):
        T, k = K.shape[:2]
        start = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        matrix = K.reshape(T, k * k)
        u, sigma, w = np.linalg.svd(matrix, full_matrices=False)
        t = 3.0 / sigma[0]
        stated = _flow(value, start, list(zip(sigma, u.T, w.reshape(-1, k, k), strict=True)), t)
        both = np.block([[np.zeros((T, T)), matrix], [matrix.T, np.zeros((k * k, k * k))]])
        moved = expm(t * both) @ np.concatenate([start.v, start.W.ravel()])
        found = theory.linear_flow(start.v, start.W, t, kernel=K)
        for one in (found, (moved[:T], moved[T:].reshape(k, k))):
            yield relative_error(one[0], stated[0])
            yield relative_error(one[1], stated[1])


def _enumerated_triples(objective: sim.Population, T: int) -> Triples:
    """Singular triples of K, column by column from gradients at unit matrices W."""
    units, columns = np.eye(4).reshape(4, 2, 2), []
    for unit in units:
        evaluate = objective.bind(sim.MinimalModel(np.zeros(T), unit))
        columns.append(-evaluate(np.zeros(T), unit)[1].v.copy())
    u, sigma, w = np.linalg.svd(np.stack(columns, axis=1), full_matrices=False)
    return [(sigma[r], u[:, r], w[r].reshape(2, 2)) for r in range(2)]


@ledger.enumeration("flow of the loss over all sequences", 1e-9, "T = 6, both priors, time 4",
                    because="tolerance 1e-12 of the integrator, grown e^2")  # fmt: skip
def flow_enumerated(value: Propagator) -> Iterator[float]:
    start = sim.MinimalModel(np.linspace(0.1, 0.3, 6), np.array([[0.1, 0.3], [-0.2, 0.2]]))
    for prior in PRIORS.values():
        loss = sim.Population(prior, 6, sim.Margin(50.0))
        run = sim.gradient_flow(start, loss, t_span=(0.0, 4.0), rtol=1e-12, atol=1e-13)
        v, W = _flow(value, start, _enumerated_triples(loss, 6), 4.0)
        yield relative_error(v, run.v[-1])
        yield relative_error(W, run.W[-1])


@cache
def _sgd_end(seed: int, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """v and W at the end."""
    start = sim.MinimalModel.constant(30, 2, v=0.02, W=0.0)
    run = sim.train(
        start, sim.Dirichlet(2), steps=steps, batch_size=64, learning_rate=rate,
        loss=sim.Margin(100.0), rng=seed, record_every=steps, held_out=1,
    )  # fmt: skip
    return run.v[-1], run.W[-1]


@ledger.simulation("the mean of SGD runs")
def flow_sampled(value: Propagator) -> Finding:
    """SGD on fresh sequences: linear in the weights, so its mean is population descent.

    A step multiplies by 1 + eta sigma, hence the logarithm for the time.
    """
    T, steps, runs = 30, 200, 8
    found = theory.modes(T)
    rate = 1.5 / found.singular_values[0] / steps
    stated, rows = [], []
    for sigma, u, w in zip(*found, strict=True):
        stretch, swing = value(steps * np.log1p(rate * sigma), np)
        stated += [swing * 0.02 * u.sum(), (1 + stretch) * 0.02 * u.sum()]
        ends = [_sgd_end(seed, rate, steps) for seed in range(runs)]
        rows += [[np.sum(w * W) for _, W in ends], [u @ v for v, _ in ends]]
    mean, error = mean_and_error(np.transpose(rows))
    return in_errors(mean, stated, error, "T = 30, 8 runs of 200 steps, growth e^1.5")


@ledger.symbolic("rational sums over all sequences", detail="ranks over the rationals",
                 scope="k = 2, T = 5; k = 3, T = 3, all relabellings of a chain")  # fmt: skip
def rank_symbolic(rank: int) -> Iterator[bool]:
    for T, rows in ((5, ((2, 5), (4, 3))), (3, ((1, 4, 2), (1, 1, 5), (3, 2, 2)))):
        P = np.array([[Fraction(entry, 7) for entry in row] for row in rows])
        orders = [list(order) for order in permutations(range(len(rows)))]
        orbit = [P[order][:, order] for order in orders]
        K = np.sum([summed_kernel(T, chain, exact_stationary(chain)) for chain in orbit], axis=0)
        exact = sp.Matrix(T, len(rows) ** 2, [sp.Rational(str(entry)) for entry in K.ravel()])
        yield exact.rank() == rank


def _numerical_rank(kernel: np.ndarray) -> int:
    values = np.linalg.svd(kernel.reshape(len(kernel), -1), compute_uv=False)
    return int(np.sum(values > 1e-10 * values[0]))


@ledger.enumeration("gradients over all sequences, k = 3, 4", detail="T = 4, 3; in ranks")
def rank_enumerated(rank: int) -> Iterator[float]:
    """The gradient of the margin loss at each unit matrix W is a column."""
    for k, T in ((3, 4), (4, 3)):
        loss = symmetric_population(k, T, sim.Margin(10.0))
        evaluate = loss.bind(sim.MinimalModel(np.zeros(T), np.zeros((k, k))))
        units = np.eye(k * k).reshape(-1, k, k)
        kernel = np.stack([-evaluate(np.zeros(T), W)[1].v.copy() for W in units], axis=1)
        yield _numerical_rank(kernel) - rank


@ledger.spectral("matrix powers over orbits of chains", detail="k = 3, 4; T = 12, 20; in ranks")
def rank_spectral(rank: int) -> Iterator[float]:
    """Chains and all their relabellings, averaged one by one; without them the rank is full."""

    def average(chains: np.ndarray, T: int) -> np.ndarray:
        return chain_average(np.full(len(chains), 1 / len(chains)), chains, T)

    for k, T in ((3, 12), (4, 20)):
        chains = theory.point_set(8, k, seed=1)[1]
        if _numerical_rank(average(chains, T)) <= 2:
            raise ValueError("chains without the symmetry have rank 2 as well")
        yield _numerical_rank(average(relabelled(chains), T)) - rank
