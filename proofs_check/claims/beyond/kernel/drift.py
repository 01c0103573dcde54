"""Beyond the paper: the balance with two rates, with decay, in steps, under Adam; softmax."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check.claims.beyond.kernel.invariants import LOSSES, _model
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly
from proofs_check.ledger.compare import worst
from theory.kernel import invariants

Array = NDArray[np.float64]
RATES, DECAY = (0.5, 2.0), (0.4, 0.1)  # of v and W; both products are 0.2
POPULATION = LOSSES[:1] + LOSSES[2:]  # the margin loss has kinks, which flow cannot cross


def _velocity() -> tuple[sp.Expr, dict[str, sp.Symbol]]:
    """d/dt of |W|^2 and |v|^2 with <v, g_v> = <W, g_W> = along, and the symbols in them."""
    names = ("along", "v2", "W2", "rate_v", "rate_W", "decay_v", "decay_W")
    symbol = {name: sp.Symbol(name, positive=True) for name in names}
    s = symbol
    squares = {
        layer: -2 * s[f"rate_{layer}"] * (s["along"] + s[f"decay_{layer}"] * s[f"{layer}2"])
        for layer in ("v", "W")
    }
    return squares, symbol


def _rates_symbolic(power: float) -> Finding:
    squares, s = _velocity()
    p = sp.nsimplify(power)
    total = squares["W"] / s["rate_W"] ** p - squares["v"] / s["rate_v"] ** p
    total = total.subs({s["decay_v"]: 0, s["decay_W"]: 0})
    return exactly(sp.simplify(total) == 0, "from <v, dL/dv> = <W, dL/dW>")


def _rates_flow(power: float) -> Finding:
    residuals = []
    for loss in POPULATION:
        run = sim.gradient_flow(
            _model(), sim.Population(sim.Dirichlet(2), 5, loss), t_span=(0.0, 20.0), rtol=1e-10,
            rates=RATES,
        )  # fmt: skip
        found = [
            invariants.balance(v, W, (RATES[0] ** power, RATES[1] ** power))
            for v, W in zip(run.v, run.W, strict=True)
        ]
        residuals.append(np.ptp(found) / np.ptp((run.W**2).sum(axis=(1, 2))))
    return Finding(worst(residuals), 1e-8, "rates 0.5 and 2, three losses; drift over |W|^2's")


def _decay_symbolic(factor: float) -> Finding:
    squares, s = _velocity()
    total = squares["W"] / s["rate_W"] - squares["v"] / s["rate_v"]
    shared = {s["decay_v"]: s["rate_W"] * s["decay_W"] / s["rate_v"]}
    kept = s["W2"] / s["rate_W"] - s["v2"] / s["rate_v"]
    law = total + sp.nsimplify(factor) * s["rate_W"] * s["decay_W"] * kept
    return exactly(sp.simplify(law.subs(shared)) == 0, "from <v, dL/dv> = <W, dL/dW>")


def _decay_flow(factor: float) -> Finding:
    residuals = []
    for loss in POPULATION:
        run = sim.gradient_flow(
            _model(), sim.Population(sim.Dirichlet(2), 5, loss), t_span=(0.0, 10.0), rtol=1e-11,
            rates=RATES, weight_decay=DECAY,
        )  # fmt: skip
        found = np.array(
            [invariants.balance(v, W, RATES) for v, W in zip(run.v, run.W, strict=True)]
        )
        law = invariants.decayed_balance(found[0], factor / 2 * run.time, RATES, DECAY)
        residuals.append(np.abs(found - law).max() / abs(found[0]))
    return Finding(worst(residuals), 1e-8, "rate times decay = 0.2 in both layers, three losses")


def _step_symbolic(share: float) -> Finding:
    """|w - eta (g + decay w)|^2 / eta for one layer, less what the statement says of it."""
    eta, decay, w2, g2, along = sp.symbols("eta decay w2 g2 along", positive=True)
    after = (1 - eta * decay) ** 2 * w2 - 2 * eta * (1 - eta * decay) * along + eta**2 * g2
    own = (eta * decay - 2) * decay * w2 + 2 * eta * decay * along + sp.nsimplify(share) * eta * g2
    return exactly(
        sp.expand((after - w2) / eta + 2 * along - own) == 0,
        "each layer apart from -2 <w, g>, which is the same for both",
    )


def _step_measured(share: float) -> Finding:
    objective = sim.Population(sim.Dirichlet(2), 5, sim.CrossEntropy())
    run = sim.gradient_descent(
        _model(), objective, steps=30, learning_rate=RATES, weight_decay=DECAY, record_every=1
    )
    evaluate = objective.bind(_model())
    kept = [invariants.balance(v, W, RATES) for v, W in zip(run.v, run.W, strict=True)]
    gaps = []
    for v, W, drift in zip(run.v[:-1], run.W[:-1], np.diff(kept), strict=True):
        g = evaluate(v, W)[1]
        law = invariants.step_drift(v, W, g.v, g.W, RATES, DECAY)
        law += (share - 1) * (RATES[1] * np.sum(g.W**2) - RATES[0] * np.sum(g.v**2))
        gaps.append(abs(law - drift))
    return Finding(
        worst(gaps) / np.abs(np.diff(kept)).max(), 1e-11, "30 steps, unequal rates and decays"
    )


def adam(T: int, rate: float, time: float) -> Array:
    """|W|^2 - |v|^2 along Adam (beta 0.9, 0.999) on the population cross-entropy."""
    objective = sim.Population(sim.Dirichlet(2), T, sim.CrossEntropy())
    model = _model(T)
    evaluate = objective.bind(model)
    weights = np.concatenate([model.v, model.W.ravel()])
    mean, square, rows = np.zeros_like(weights), np.zeros_like(weights), []
    for step in range(1, round(time / rate) + 1):
        rows.append(np.sum(weights[T:] ** 2) - np.sum(weights[:T] ** 2))
        slope = evaluate(weights[:T], weights[T:].reshape(2, 2))[1]
        gradient = np.concatenate([slope.v, slope.W.ravel()])
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        sized = np.sqrt(square / (1 - 0.999**step)) + 1e-8
        weights = weights - rate * mean / (1 - 0.9**step) / sized
    return np.array(rows)


@cache
def _drift_orders() -> dict[str, float]:
    """Powers of the learning rate in the drift over a fixed time."""
    objective = sim.Population(sim.Dirichlet(2), 5, sim.CrossEntropy())
    adams = [abs(adam(5, rate, 0.1)[-1] - adam(5, rate, 0.1)[0]) for rate in (1e-3, 2.5e-4)]
    runs = [
        sim.gradient_descent(_model(), objective, steps=round(5 / rate), learning_rate=rate)
        for rate in (1e-2, 2.5e-3)
    ]
    descents = [np.ptp(run.measures["balance"]) for run in runs]
    return {
        name: float(np.log(coarse / fine) / np.log(4))
        for name, (coarse, fine) in (("adam", adams), ("descent", descents))
    }


def _adam_measured(value: dict[str, float]) -> Finding:
    found = _drift_orders()
    gap = worst(abs(found[name] - value[name]) for name in value)
    return Finding(gap, 0.02, f"powers: Adam {found['adam']:.3f}, descent {found['descent']:.3f}")


def _adam_first_step(value: dict[str, float]) -> Finding:
    """Adam's first step is -rate sign(gradient): the drift is of first order in the rate a step."""
    T, model = 5, _model(5)
    objective = sim.Population(sim.Dirichlet(2), T, sim.CrossEntropy())
    slope = objective.bind(model)(model.v, model.W)[1]
    first = -2 * (np.sum(model.W * np.sign(slope.W)) - np.sum(model.v * np.sign(slope.v)))
    rate = 1e-6
    measured = np.diff(adam(T, rate, 2 * rate))[0] / rate ** (1 - value["adam"])
    return Finding(
        abs(measured / first - 1), 1e-3, f"drift over rate {measured:.5f}, predicted {first:.5f}"
    )


def _sum_symbolic(power: int) -> Finding:
    """Derivatives of a softmax row along v^(power - 1): all v_j shifted alike if power is 1."""
    v = sp.symbols("v1:5", real=True)
    slopes = set()
    for length in (2, 3, 4):
        top = [sp.exp(x) for x in v[:length]]
        for entry in (x / sum(top) for x in top):
            slopes.add(sp.simplify(sum(x ** (power - 1) * sp.diff(entry, x) for x in v)))
    return exactly(slopes == {0}, "rows of 2, 3, 4 lags; hence sum_j dL/dv_j = 0 for every loss")


def _sum_on_batches(power: int) -> Finding:
    residuals = []
    for loss in LOSSES:
        model = _model(T=30, k=3, first_layer="softmax")
        tokens = sim.sample_sequences(sim.Dirichlet(3), 50, 31, 5).tokens
        slope = sim.loss_and_gradient(model, tokens, loss)[1].v
        weight = model.v ** (power - 1)
        residuals.append(abs(np.sum(weight * slope)) / np.abs(slope).sum())
    return Finding(worst(residuals), 1e-13, "four losses, k = 3, T = 30")


def _sum_trained(power: int) -> Finding:
    model = _model(T=20, first_layer="softmax")
    run = sim.train(model, sim.Dirichlet(2), steps=200, learning_rate=0.3, rng=1, held_out=1)
    kept = (run.v**power).sum(axis=1)
    return Finding(
        float(np.ptp(kept) / np.abs(run.v[-1] - run.v[0]).sum()), 1e-12,
        "200 steps of SGD at rate 0.3; drift over the distance that v has moved",
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="x-balance-rates",
        source="beyond the paper",
        title="with rates eta_v, eta_W flow conserves |W|^2 / eta_W - |v|^2 / eta_v",
        printed=Statement(
            r"\frac d{dt}\Big(\frac{\|W\|_F^2}{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)=0", 1.0
        ),
        routes=(
            Route("symbolic", "chain rule and Euler's identity", _rates_symbolic),
            Route("simulation", "flow of the exact population loss", _rates_flow),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear first layer", "no weight decay"),
        depends_on=("x-balance",),
    ),
    Claim(
        id="x-balance-decay",
        source="beyond the paper",
        title="weight decay shrinks the balance as exp(-2 eta lambda t)",
        printed=Statement(
            r"\eta_W\lambda_W=\eta_v\lambda_v=m\ \Rightarrow\ \frac d{dt}\Big(\frac{\|W\|_F^2}"
            r"{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)=-2m\Big(\frac{\|W\|_F^2}{\eta_W}-"
            r"\frac{\|v\|^2}{\eta_v}\Big)",
            2.0,
        ),
        routes=(
            Route("symbolic", "chain rule and Euler's identity", _decay_symbolic),
            Route("simulation", "flow of the exact population loss", _decay_flow),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear first layer", "dw/dt = -eta (dL/dw + lambda w)"),
        depends_on=("x-balance-rates",),
        note="In general the right-hand side is -2 (lambda_W |W|^2 - lambda_v |v|^2): decay on one "
        "layer alone pushes the balance to the other.",
    ),
    Claim(
        id="x-balance-step",
        source="beyond the paper",
        title="one step with two rates and decays: the drift, exactly",
        printed=Statement(
            r"\Delta\Big(\frac{\|W\|^2}{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)=q(W)-q(v),\ q(w)="
            r"(\eta\lambda-2)\lambda\|w\|^2+2\eta\lambda\langle w,g\rangle+\eta\|g\|^2",
            1.0,
        ),
        routes=(
            Route("symbolic", "the square expanded", _step_symbolic),
            Route("simulation", "gradient descent on the population loss", _step_measured),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear first layer", "w <- w - eta (g + lambda w)"),
        depends_on=("x-balance-drift",),
    ),
    Claim(
        id="x-balance-adam",
        source="beyond the paper",
        title="Adam breaks the balance however small its rate; descent's drift vanishes with it",
        printed=Statement(
            r"\text{drift over a fixed time}\sim\eta^0\text{ (Adam)},\ \eta^1\text{ (descent)}",
            {"adam": 0.0, "descent": 1.0},
        ),
        routes=(
            Route("simulation", "drift at two rates", _adam_measured),
            Route("enumeration", "first step, sign descent", _adam_first_step),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("Adam with beta = (0.9, 0.999), time = rate times steps",),
        depends_on=("x-balance-drift",),
        note="Dividing each gradient entry by its own size undoes <v, g_v> = <W, g_W>.",
    ),
    Claim(
        id="x-softmax-sum",
        source="beyond the paper",
        title="softmax first layer: every gradient step conserves the sum of v",
        printed=Statement(r"\sum_j\partial_{v_j}L=0,\quad\sum_jv_j=\text{const}", 1),
        routes=(
            Route("symbolic", "shift symmetry of the softmax", _sum_symbolic),
            Route("enumeration", "gradients on batches", _sum_on_batches),
            Route("simulation", "SGD", _sum_trained),
        ),
        expected=Verdict.PROVED,
        assumptions=("softmax over the lags available at each position", "no weight decay"),
        note="Linear in v, so it holds in steps of any size; with decay the sum is multiplied by "
        "1 - eta lambda in each. The softmax's analogue of x-balance.",
    ),
)
