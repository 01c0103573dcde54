"""Beyond the paper: relabelling the states keeps W in span{11^T, I} under population flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.claims.beyond.kernel.bilinear import exact_stationary, summed_kernel
from proofs_check.methods.all_sequences import symmetric_population

Basis = Callable[[int], list[np.ndarray]]  # of the subspace in which W stays, by k


def _outside(W: np.ndarray, basis: list[np.ndarray]) -> float:
    """Distance of W from the span of the basis, over the size of W."""
    columns = np.stack([part.ravel() for part in basis], axis=1).astype(float)
    fitted = columns @ np.linalg.lstsq(columns, W.ravel(), rcond=None)[0]
    return float(np.linalg.norm(W.ravel() - fitted) / np.linalg.norm(W))


def _inside(basis: list[np.ndarray]) -> np.ndarray:
    """A matrix in the span."""
    return np.sum([(0.3 + 0.4 * n) * part for n, part in enumerate(basis)], axis=0)


@ledger.enumeration("population gradients at W in the span", 1e-12,
                    "k = 2, 3, 4, three losses, random v")  # fmt: skip
def by_gradients(basis: Basis) -> Iterator[float]:
    rng = np.random.default_rng(5)
    for k, T in ((2, 6), (3, 4), (4, 2)):
        model = sim.MinimalModel(rng.normal(size=T), _inside(basis(k)))
        for loss in (sim.CrossEntropy(), sim.Margin(0.5), sim.Squared()):
            gradient = symmetric_population(k, T, loss).bind(model)(model.v, model.W)[1]
            yield _outside(gradient.W, basis(k))


@ledger.simulation("flow of the exact population loss", 1e-12, "cross-entropy, k = 3, to time 30")
def by_flow(basis: Basis) -> Iterator[float]:
    k, T = 3, 4
    population = symmetric_population(k, T, sim.CrossEntropy())
    run = sim.gradient_flow(
        sim.MinimalModel(np.full(T, 0.3), _inside(basis(k))), population, t_span=(0.0, 30.0)
    )
    yield _outside(run.W[-1] - run.W[0], basis(k))


@ledger.symbolic("rational sums over all sequences, hinges active",
                 scope="k = 3, T = 1, 2, 3, all relabellings of one chain")  # fmt: skip
def by_exact_sums(basis: Basis) -> Iterator[bool]:
    """-dL/dW is sum_j v_j K_j for every v, so that each K_j has to lie in the span."""
    P = np.array([[Fraction(a, 7) for a in row] for row in ((1, 4, 2), (1, 1, 5), (3, 2, 2))])
    columns = sp.Matrix([[int(entry) for entry in part.ravel()] for part in basis(3)])
    for T in (1, 2, 3):
        orders = [list(order) for order in permutations(range(3))]
        orbit = [P[order][:, order] for order in orders]
        kernels = [summed_kernel(T, chain, exact_stationary(chain)) for chain in orbit]
        for row in np.sum(kernels, axis=0):
            entries = sp.Matrix([[sp.Rational(x.numerator, x.denominator) for x in row.ravel()]])
            yield columns.col_join(entries).rank() == columns.rank()


CLAIMS = (
    ledger.supported("x-permutation", "beyond the paper",
        "relabelling symmetry keeps W in span{11^T, I} under population flow",
        r"P\overset{d}{=}\Sigma P\Sigma^\top\ \forall\,\Sigma,\ "
        r"W(0)\in\mathrm{span}\{11^\top,I\}\ \Rightarrow\ W(t)\in\mathrm{span}\{11^\top,I\}",
        lambda k: [np.ones((k, k)), np.eye(k)], by_gradients, by_flow, by_exact_sums,
        wrong=(lambda k: [np.ones((k, k))], lambda k: [np.eye(k)],
               lambda k: [np.ones((k, k)), np.diag(np.arange(k))]),
        assume=("prior invariant under relabelling the states",
                "loss equivariant under relabelling: cross-entropy, margin, squared")),
)  # fmt: skip
