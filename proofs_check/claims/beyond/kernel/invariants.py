"""Beyond the paper: |W|_F^2 - |v|^2 is conserved by gradient flow, for every loss and batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from sim.task.losses import Loss

ENTROPY = sim.CrossEntropy()
SMOOTH = (ENTROPY, sim.Squared(), sim.CrossEntropy(at="last"))
LOSSES = (*SMOOTH, sim.Margin(0.5))  # whose kinks flow cannot cross
EQUAL = ("linear first layer", "equal learning rates of v and W", "no weight decay")


def random_model(T: int = 5, k: int = 2, **options: str) -> sim.MinimalModel:
    """A model with weights of order 1, always the same ones."""
    rng = np.random.default_rng(3)
    return sim.MinimalModel(rng.normal(size=T) / 4, rng.normal(size=(k, k)) / 2, **options)


def population(loss: Loss = ENTROPY) -> sim.Population:
    """The exact population loss for `random_model()`."""
    return sim.Population(sim.Dirichlet(2), 5, loss)


def flow(loss: Loss, stop: float, rtol: float, **options: Any) -> sim.Trajectory:
    """Flow of the exact population loss from `random_model()`."""
    span = (0.0, stop)
    return sim.gradient_flow(random_model(), population(loss), t_span=span, rtol=rtol, **options)


@ledger.symbolic("scaling symmetry of eq. (A.10)", 0.0, "v_j W_ml is invariant, so is every logit")
def by_scaling(power: int) -> bool:
    """f is unchanged under v -> s v, W -> s^-1 W, term by term in eq. (A.10).

    Differentiating L(s v, W / s) at s = 1 gives <v, dL/dv> = <W, dL/dW>, hence
    d/dt(|W|^2 - |v|^2) = 2 <v, dL/dv> - 2 <W, dL/dW> = 0, whatever L is made of f.
    """
    s = sp.Symbol("s", positive=True)
    j, m, n = sp.symbols("j m n", integer=True)
    v, W = sp.Function("v")(j), sp.Function("W")(m, n)
    return bool(sp.simplify((s * v) * (s ** (-power) * W) - v * W) == 0)


@ledger.simulation("flow of the exact population loss", 1e-8, "three losses, T = 5, time 20",
                   because="relative tolerance 1e-10 of the integrator at each step")  # fmt: skip
def by_flow(power: int) -> Iterator[float]:
    """Drift over the change of |v|^2: it is the integrator's."""
    for loss in SMOOTH:
        run = flow(loss, 20.0, 1e-10)
        squares = (run.v**2).sum(axis=1)
        conserved = (run.W**2).sum(axis=(1, 2)) - power * squares
        yield np.ptp(conserved) / np.abs(squares - squares[0]).max()


@ledger.enumeration("Euler's identity on batches", 1e-12, "four losses, k = 3, T = 30")
def on_batches(power: int) -> Iterator[float]:
    tokens = sim.sample_sequences(sim.Dirichlet(3), 50, 31, 5).tokens
    for loss, normalize in product(LOSSES, ("none", "length")):
        model = random_model(T=30, k=3, normalize=normalize)
        gradient = sim.loss_and_gradient(model, tokens, loss)[1]
        along_v, along_W = np.sum(model.v * gradient.v), np.sum(model.W * gradient.W)
        yield abs(power * along_v - along_W) / abs(along_v)


@ledger.symbolic("one step expanded; the term of first order is Euler's identity")
def drift_expanded(order: int) -> bool:
    """|v - eta g|^2 and |W - eta h|^2 with <v, g> = <W, h> = along."""
    eta, v2, W2, g2, h2, along = sp.symbols("eta v2 W2 g2 h2 along", real=True)
    after = (W2 - 2 * eta * along + eta**2 * h2) - (v2 - 2 * eta * along + eta**2 * g2)
    return bool(sp.expand(after - (W2 - v2) - eta**order * (h2 - g2)) == 0)


@ledger.simulation("gradient descent on the exact population loss", 1e-11, "40 steps at eta = 0.3")
def drift_measured(order: int) -> Iterator[float]:
    model, eta = random_model(), 0.3
    run = sim.gradient_descent(model, population(), steps=40, learning_rate=eta, record_every=1)
    drift, evaluate = np.diff(run.measures["balance"]), population().bind(model)
    for v, W, change in zip(run.v[:-1], run.W[:-1], drift, strict=True):
        gradient = evaluate(v, W)[1]
        law = eta**order * (np.sum(gradient.W**2) - np.sum(gradient.v**2))
        yield (change - law) / np.abs(drift).max()


CLAIMS = (
    ledger.proved("x-balance", "beyond the paper",
        "linear first layer: flow conserves |W|^2 - |v|^2, for every loss and batch",
        r"\langle v,\partial_v L\rangle=\langle "
        r"W,\partial_W L\rangle,\quad \frac{d}{dt}\left(\|W\|_F^2-\|v\|^2\right)=0",
        1, by_scaling, by_flow, on_batches, wrong=(-1, 2), assume=EQUAL,
        note="A softmax first layer is not homogeneous in v and does not conserve it. Discrete "
        "steps drift by exactly eta^2 (|dL/dW|^2 - |dL/dv|^2) each; see x-balance-drift."),
    ledger.proved("x-balance-drift", "beyond the paper",
        "a gradient step drifts |W|^2 - |v|^2 by exactly eta^2 (|dL/dW|^2 - |dL/dv|^2)",
        r"\Delta\left(\|W\|_F^2-\|v\|^2\right)="
        r"\eta^2\left(\|\partial_W L\|_F^2-\|\partial_v L\|^2\right)",
        2, drift_expanded, drift_measured, wrong=(1, 3), assume=EQUAL, needs="x-balance"),
)  # fmt: skip
