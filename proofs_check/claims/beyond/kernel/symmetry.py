"""Beyond the paper: relabelling the states keeps W in span{11^T, I} under population flow."""

from __future__ import annotations

from itertools import permutations

import numpy as np

import sim
import theory
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences, sequence_probabilities
from sim.task.losses import Loss
from sim.task.priors.quadrature import Quadrature, prior_quadrature
from theory.normal_form import is_zero


def symmetric_population(k: int, T: int, loss: Loss) -> sim.Sample:
    """All sequences, weighted by a prior that is invariant under relabelling by construction."""
    rule = prior_quadrature(sim.Dirichlet(k), 8)
    orbit = [
        rule.transition[:, order, :][:, :, order]
        for order in (list(order) for order in permutations(range(k)))
    ]
    weights = np.tile(rule.weights / len(orbit), len(orbit))
    tokens = all_sequences(k, T + 1)
    chances = sequence_probabilities(tokens, Quadrature(weights, np.concatenate(orbit)))
    return sim.Sample(tokens, k, loss, chances)


def _spread(W: np.ndarray) -> float:
    """How far W is from span{11^T, I}: spread within the diagonal and within the rest."""
    off = W[~np.eye(len(W), dtype=bool)]
    return float(max(np.ptp(np.diag(W)), np.ptp(off)))


def _gradient(identity_weight: float) -> Finding:
    rng = np.random.default_rng(5)
    residuals = []
    for k, T in ((2, 6), (3, 4), (4, 2)):
        skew = np.outer(np.arange(k), np.ones(k))
        W = 0.3 + 0.7 * np.eye(k) + (1 - identity_weight) * skew
        model = sim.MinimalModel(rng.normal(size=T), W)
        for loss in (sim.CrossEntropy(), sim.Margin(0.5), sim.Squared()):
            gradient = symmetric_population(k, T, loss).bind(model)(model.v, model.W)[1]
            residuals.append(_spread(gradient.W) / np.abs(gradient.W).max())
    return Finding(
        worst(residuals), 1e-12, "k = 2, 3, 4, three losses, random v; spread within the span"
    )


def _flow(identity_weight: float) -> Finding:
    k, T = 3, 4
    skew = np.outer(np.arange(k), np.ones(k))
    model = sim.MinimalModel(np.full(T, 0.3), 0.1 + (1 - identity_weight) * skew)
    population = symmetric_population(k, T, sim.CrossEntropy())
    run = sim.gradient_flow(model, population, t_span=(0.0, 30.0))
    grown = run.measures["W_diagonal"][-1] - run.measures["W_off_diagonal"][-1]
    return Finding(
        _spread(run.W[-1]) / abs(grown), 1e-9, f"flow to time 30; diagonal ahead by {grown:.3f}"
    )


def _kernel(identity_weight: float) -> Finding:
    """Exact entries (m, l) and their relabelled partners, computed each on its own."""
    good = identity_weight == 1
    for prior in ("flat", "doubly_stochastic"):
        for T in (1, 2, 5):
            kernel = theory.population_kernel_exact(T, prior=prior)
            for j in range(T):
                good &= is_zero(kernel[j, 0, 0] - kernel[j, 1, 1])
                good &= is_zero(kernel[j, 0, 1] - kernel[j, 1, 0])
    return Finding(0.0 if good else 1.0, 0.0, "K_j11 = K_j22 and K_j12 = K_j21 in QQ[log 2]")


CLAIMS = (
    Claim(
        id="x-permutation",
        source="beyond the paper",
        title="relabelling symmetry keeps W in span{11^T, I} under population flow",
        printed=Statement(
            r"P\overset{d}{=}\Sigma P\Sigma^\top\ \forall\,\Sigma,\ "
            r"W(0)\in\mathrm{span}\{11^\top,I\}"
            r"\ \Rightarrow\ W(t)\in\mathrm{span}\{11^\top,I\}",
            1.0,
        ),
        routes=(
            Route("enumeration", "population gradients at W in the span", _gradient),
            Route("simulation", "flow of the exact population loss, k = 3", _flow),
            Route("symbolic", "exact entries of the kernel, k = 2", _kernel),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(
            "prior invariant under relabelling the states",
            "loss equivariant under relabelling: cross-entropy, margin, squared",
        ),
    ),
)
