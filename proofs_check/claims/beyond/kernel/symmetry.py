"""Beyond the paper: relabelling the states keeps W in span{11^T, I} under population flow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.all_sequences import symmetric_population


def _spread(W: np.ndarray) -> float:
    """How far W is from span{11^T, I}: spread within the diagonal and within the rest."""
    off = W[~np.eye(len(W), dtype=bool)]
    return float(max(np.ptp(np.diag(W)), np.ptp(off)))


def _outside(k: int, identity_weight: float) -> np.ndarray:
    """What puts W outside the span unless the statement's number is 1."""
    return (1 - identity_weight) * np.outer(np.arange(k), np.ones(k))


@ledger.enumeration("population gradients at W in the span", 1e-12,
                    "k = 2, 3, 4, three losses, random v")  # fmt: skip
def by_gradients(identity_weight: float) -> Iterator[float]:
    rng = np.random.default_rng(5)
    for k, T in ((2, 6), (3, 4), (4, 2)):
        W = 0.3 + 0.7 * np.eye(k) + _outside(k, identity_weight)
        model = sim.MinimalModel(rng.normal(size=T), W)
        for loss in (sim.CrossEntropy(), sim.Margin(0.5), sim.Squared()):
            gradient = symmetric_population(k, T, loss).bind(model)(model.v, model.W)[1]
            yield _spread(gradient.W) / np.abs(gradient.W).max()


@ledger.simulation("flow of the exact population loss, k = 3")
def by_flow(identity_weight: float) -> ledger.Finding:
    k, T = 3, 4
    model = sim.MinimalModel(np.full(T, 0.3), 0.1 + _outside(k, identity_weight))
    population = symmetric_population(k, T, sim.CrossEntropy())
    run = sim.gradient_flow(model, population, t_span=(0.0, 30.0))
    grown = run.measures["W_diagonal"][-1] - run.measures["W_off_diagonal"][-1]
    share = _spread(run.W[-1]) / abs(grown)
    return ledger.Finding(share, 1e-9, f"flow to time 30; diagonal ahead by {grown:.3f}")


@ledger.symbolic("exact kernel in QQ[log 2]", scope="k = 2, T = 1, 2, 5, hinges active")
def by_exact_entries(identity_weight: float) -> Iterator[bool]:
    """K_j11 = K_j22 and K_j12 = K_j21, each computed on its own."""
    yield identity_weight == 1
    for prior, T in product(("flat", "doubly_stochastic"), (1, 2, 5)):
        kernel = theory.population_kernel_exact(T, prior=prior)
        for j in range(T):
            yield theory.is_zero(kernel[j, 0, 0] - kernel[j, 1, 1])
            yield theory.is_zero(kernel[j, 0, 1] - kernel[j, 1, 0])


CLAIMS = (
    ledger.supported("x-permutation", "beyond the paper",
        "relabelling symmetry keeps W in span{11^T, I} under population flow",
        r"P\overset{d}{=}\Sigma P\Sigma^\top\ \forall\,\Sigma,\ "
        r"W(0)\in\mathrm{span}\{11^\top,I\}\ \Rightarrow\ W(t)\in\mathrm{span}\{11^\top,I\}",
        1.0, by_gradients, by_flow, by_exact_entries, wrong=(0.5, 0.0),
        assume=("prior invariant under relabelling the states",
                "loss equivariant under relabelling: cross-entropy, margin, squared")),
)  # fmt: skip
