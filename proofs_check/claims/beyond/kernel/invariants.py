"""Beyond the paper: |W|_F^2 - |v|^2 is conserved by gradient flow, for every loss and batch."""

from __future__ import annotations

import numpy as np
import sympy as sp

import sim
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import worst

LOSSES = (sim.CrossEntropy(), sim.Margin(0.5), sim.Squared(), sim.CrossEntropy(at="last"))


def _model(T: int = 5, k: int = 2, **options: str) -> sim.MinimalModel:
    rng = np.random.default_rng(3)
    return sim.MinimalModel(rng.normal(size=T) / 4, rng.normal(size=(k, k)) / 2, **options)


def _scaling(power: int) -> Finding:
    """f is unchanged under v -> s v, W -> s^-1 W, term by term in eq. (A.10).

    Differentiating L(s v, W / s) at s = 1 gives <v, dL/dv> = <W, dL/dW>, hence
    d/dt(|W|^2 - |v|^2) = 2 <v, dL/dv> - 2 <W, dL/dW> = 0, whatever L is made of f.
    """
    s = sp.Symbol("s", positive=True)
    v, W = sp.Function("v"), sp.Function("W")
    j, m, n = sp.symbols("j m n", integer=True)
    term = v(j) * W(m, n)
    scaled = (s * v(j)) * (s ** (-power) * W(m, n))
    return exactly(sp.simplify(scaled - term) == 0, "v_j W_ml is invariant, so is every logit")


def _flow(power: int) -> Finding:
    """Gradient flow on the exact population loss; the drift is the integrator's."""
    residuals = []
    for loss in LOSSES[:1] + LOSSES[2:]:
        run = sim.gradient_flow(
            _model(), sim.Population(sim.Dirichlet(2), 5, loss), t_span=(0.0, 20.0), rtol=1e-10
        )
        conserved = (run.W**2).sum(axis=(1, 2)) - power * (run.v**2).sum(axis=1)
        moved = np.abs((run.v**2).sum(axis=1) - (run.v[0] ** 2).sum()).max()
        residuals.append(float(np.ptp(conserved)) / float(moved))
    return Finding(
        worst(residuals), 1e-8, "three losses, T = 5, time 20; drift over the change of |v|^2"
    )


def _euler(power: int) -> Finding:
    """<v, dL/dv> = <W, dL/dW> for every loss, sampled batches, normalised by length or not."""
    residuals = []
    for loss in LOSSES:
        for normalize in ("none", "length"):
            model = _model(T=30, k=3, normalize=normalize)
            tokens = sim.sample_sequences(sim.Dirichlet(3), 50, 31, 5).tokens
            gradient = sim.loss_and_gradient(model, tokens, loss)[1]
            along_v, along_W = np.sum(model.v * gradient.v), np.sum(model.W * gradient.W)
            residuals.append(abs(power * along_v - along_W) / abs(along_v))
    return Finding(
        worst(residuals), 1e-12, "four losses, k = 3, T = 30, with and without length normalisation"
    )


CLAIMS = (
    Claim(
        id="x-balance",
        source="beyond the paper",
        title="linear first layer: flow conserves |W|^2 - |v|^2, for every loss and batch",
        printed=Statement(
            r"\langle v,\partial_v L\rangle=\langle W,\partial_W L\rangle,\quad "
            r"\frac{d}{dt}\left(\|W\|_F^2-\|v\|^2\right)=0",
            1,
        ),
        routes=(
            Route("symbolic", "scaling symmetry of eq. (A.10)", _scaling),
            Route("simulation", "flow of the exact population loss", _flow),
            Route("enumeration", "Euler's identity on batches", _euler),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear first layer", "equal learning rates of v and W", "no weight decay"),
        note="A softmax first layer is not homogeneous in v and does not conserve it. Discrete "
        "steps drift by exactly eta^2 (|dL/dW|^2 - |dL/dv|^2) each; see x-balance-drift.",
    ),
    Claim(
        id="x-balance-drift",
        source="beyond the paper",
        title="a gradient step drifts |W|^2 - |v|^2 by exactly eta^2 (|dL/dW|^2 - |dL/dv|^2)",
        printed=Statement(
            r"\Delta\left(\|W\|_F^2-\|v\|^2\right)=\eta^2\left(\|\partial_W L\|_F^2-"
            r"\|\partial_v L\|^2\right)",
            2,
        ),
        routes=(
            Route(
                "symbolic",
                "one step expanded; the term of first order is Euler's identity",
                lambda order: _drift_symbolic(order),
            ),
            Route(
                "simulation",
                "gradient descent on the exact population loss",
                lambda order: _drift_measured(order),
            ),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear first layer", "equal learning rates of v and W", "no weight decay"),
        depends_on=("x-balance",),
    ),
)


def _drift_symbolic(order: int) -> Finding:
    eta, v2, W2, g2, h2, along = sp.symbols("eta v2 W2 g2 h2 along", real=True)
    # |v - eta g|^2 and |W - eta h|^2 with <v, g> = <W, h> = along
    after = (W2 - 2 * eta * along + eta**2 * h2) - (v2 - 2 * eta * along + eta**2 * g2)
    return exactly(sp.expand(after - (W2 - v2) - eta**order * (h2 - g2)) == 0, "polynomial in eta")


def _drift_measured(order: int) -> Finding:
    objective = sim.Population(sim.Dirichlet(2), 5, sim.CrossEntropy())
    eta = 0.3
    run = sim.gradient_descent(_model(), objective, steps=40, learning_rate=eta, record_every=1)
    evaluate = objective.bind(_model())
    predicted = []
    for v, W in zip(run.v[:-1], run.W[:-1], strict=True):
        gradient = evaluate(v, W)[1]
        predicted.append(eta**order * (np.sum(gradient.W**2) - np.sum(gradient.v**2)))
    drift = np.diff(run.measures["balance"])
    residual = float(np.abs(drift - predicted).max() / np.abs(drift).max())
    return Finding(residual, 1e-11, "40 steps at eta = 0.3, each step's drift against its law")
