"""Beyond the paper: |W|^2 - |v|^2 with two rates, weight decay, steps and Adam; softmax."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.beyond.kernel.invariants import (
    LOSSES,
    SMOOTH,
    flow,
    population,
    random_model,
)
from proofs_check.ledger.compare import worst

RATES, DECAY = (0.5, 2.0), (0.4, 0.1)  # of v and of W; both products are 0.2

RATE_V, RATE_W, DECAY_V, DECAY_W = sp.symbols("rate_v rate_W decay_v decay_W", positive=True)
V2, W2, ALONG = sp.symbols("v2 W2 along", positive=True)
# d/dt of |v|^2 and of |W|^2, where <v, dL/dv> = <W, dL/dW> = ALONG
VELOCITY_V = -2 * RATE_V * (ALONG + DECAY_V * V2)
VELOCITY_W = -2 * RATE_W * (ALONG + DECAY_W * W2)


def _balances(run: sim.Trajectory, rates: tuple[float, float] = RATES) -> np.ndarray:
    return np.array([theory.balance(v, W, rates) for v, W in zip(run.v, run.W, strict=True)])


@ledger.symbolic("chain rule and Euler's identity", detail="from <v, dL/dv> = <W, dL/dW>")
def rates_symbolic(power: float) -> bool:
    p = sp.nsimplify(power)
    total = VELOCITY_W / RATE_W**p - VELOCITY_V / RATE_V**p
    return bool(sp.simplify(total.subs({DECAY_V: 0, DECAY_W: 0})) == 0)


@ledger.simulation("flow of the exact population loss", 1e-8, "rates 0.5 and 2, three losses")
def rates_in_flow(power: float) -> Iterator[float]:
    """Drift over the change of |W|^2."""
    for loss in SMOOTH:
        run = flow(loss, 20.0, 1e-10, rates=RATES)
        kept = _balances(run, (RATES[0] ** power, RATES[1] ** power))
        yield np.ptp(kept) / np.ptp((run.W**2).sum(axis=(1, 2)))


@ledger.symbolic("chain rule and Euler's identity", detail="from <v, dL/dv> = <W, dL/dW>")
def decay_symbolic(factor: float) -> bool:
    kept = W2 / RATE_W - V2 / RATE_V
    total = VELOCITY_W / RATE_W - VELOCITY_V / RATE_V
    law = total + sp.nsimplify(factor) * RATE_W * DECAY_W * kept
    return bool(sp.simplify(law.subs(DECAY_V, RATE_W * DECAY_W / RATE_V)) == 0)


@ledger.simulation("flow of the exact population loss", 1e-8, "rate times decay 0.2, three losses")
def decay_in_flow(factor: float) -> Iterator[float]:
    for loss in SMOOTH:
        run = flow(loss, 10.0, 1e-11, rates=RATES, weight_decay=DECAY)
        found = _balances(run)
        law = theory.decayed_balance(found[0], factor / 2 * run.time, RATES, DECAY)
        yield np.abs(found - law).max() / abs(found[0])


@ledger.symbolic("the square expanded, in one layer")
def step_symbolic(share: float) -> bool:
    """|w - eta (g + decay w)|^2 / eta apart from -2 <w, g>, which is the same for both layers."""
    eta, decay, w2, g2, along = sp.symbols("eta decay w2 g2 along", positive=True)
    after = (1 - eta * decay) ** 2 * w2 - 2 * eta * (1 - eta * decay) * along + eta**2 * g2
    own = (eta * decay - 2) * decay * w2 + 2 * eta * decay * along + sp.nsimplify(share) * eta * g2
    return bool(sp.expand((after - w2) / eta + 2 * along - own) == 0)


@ledger.simulation("descent on the population loss", 1e-11, "30 steps, unequal rates and decays")
def step_measured(share: float) -> Iterator[float]:
    model = random_model()
    run = sim.gradient_descent(
        model, population(), steps=30, learning_rate=RATES, weight_decay=DECAY, record_every=1
    )
    drift, evaluate = np.diff(_balances(run)), population().bind(model)
    for v, W, change in zip(run.v[:-1], run.W[:-1], drift, strict=True):
        g = evaluate(v, W)[1]
        law = theory.step_drift(v, W, g.v, g.W, RATES, DECAY)
        squares = RATES[1] * np.sum(g.W**2) - RATES[0] * np.sum(g.v**2)
        yield (law + (share - 1) * squares - change) / np.abs(drift).max()


@cache
def _adam(rate: float, steps: int) -> np.ndarray:
    """|W|^2 - |v|^2 before each of Adam's steps (beta 0.9, 0.999) on the population loss."""
    model = random_model()
    T, evaluate = model.T, population().bind(model)
    weights = np.concatenate([model.v, model.W.ravel()])
    mean, square, rows = np.zeros_like(weights), np.zeros_like(weights), []
    for step in range(1, steps + 1):
        rows.append(np.sum(weights[T:] ** 2) - np.sum(weights[:T] ** 2))
        slope = evaluate(weights[:T], weights[T:].reshape(2, 2))[1]
        gradient = np.concatenate([slope.v, slope.W.ravel()])
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        sized = np.sqrt(square / (1 - 0.999**step)) + 1e-8
        weights = weights - rate * mean / (1 - 0.9**step) / sized
    return np.array(rows)


def _descent(rate: float) -> np.ndarray:
    """|W|^2 - |v|^2 in gradient descent to time 5."""
    steps = round(5 / rate)
    run = sim.gradient_descent(random_model(), population(), steps=steps, learning_rate=rate)
    return run.measures["balance"]


@ledger.simulation("drift at two rates")
def adam_measured(value: dict[str, float]) -> ledger.Finding:
    drifts = {
        "adam": [abs(rows[-1] - rows[0]) for rows in (_adam(1e-3, 100), _adam(2.5e-4, 400))],
        "descent": [np.ptp(_descent(rate)) for rate in (1e-2, 2.5e-3)],
    }
    found = {name: np.log(coarse / fine) / np.log(4) for name, (coarse, fine) in drifts.items()}
    gap = worst(abs(found[name] - value[name]) for name in value)
    detail = f"powers: Adam {found['adam']:.3f}, descent {found['descent']:.3f}"
    return ledger.Finding(gap, 0.02, detail)


@ledger.enumeration("first step, sign descent")
def adam_first_step(value: dict[str, float]) -> ledger.Finding:
    """Adam's first step is -rate sign(gradient): the drift is of first order in the rate a step."""
    model, rate = random_model(), 1e-6
    slope = population().bind(model)(model.v, model.W)[1]
    first = -2 * (np.sum(model.W * np.sign(slope.W)) - np.sum(model.v * np.sign(slope.v)))
    measured = np.diff(_adam(rate, 2))[0] / rate ** (1 - value["adam"])
    detail = f"drift over rate {measured:.5f}, predicted {first:.5f}"
    return ledger.Finding(abs(measured / first - 1), 1e-3, detail)


@ledger.symbolic("shift symmetry of the softmax", detail="rows of 2, 3, 4 lags")
def sum_symbolic(power: int) -> Iterator[bool]:
    """Derivatives of a softmax row along v^(power - 1): all v_j shifted alike if power is 1.

    Where they vanish, sum_j dL/dv_j = 0 for every loss.
    """
    v = sp.symbols("v1:5", real=True)
    for length in (2, 3, 4):
        top = [sp.exp(x) for x in v[:length]]
        for entry in (x / sum(top) for x in top):
            yield sp.simplify(sum(x ** (power - 1) * sp.diff(entry, x) for x in v)) == 0


@ledger.enumeration("gradients on batches", 1e-13, "four losses, k = 3, T = 30")
def sum_on_batches(power: int) -> Iterator[float]:
    model = random_model(T=30, k=3, first_layer="softmax")
    tokens = sim.sample_sequences(sim.Dirichlet(3), 50, 31, 5).tokens
    for loss in LOSSES:
        slope = sim.loss_and_gradient(model, tokens, loss)[1].v
        yield np.sum(model.v ** (power - 1) * slope) / np.abs(slope).sum()


@ledger.simulation("SGD", 1e-12, "200 steps at rate 0.3; drift over the distance that v has moved")
def sum_trained(power: int) -> float:
    model = random_model(T=20, first_layer="softmax")
    run = sim.train(model, sim.Dirichlet(2), steps=200, learning_rate=0.3, rng=1, held_out=1)
    return float(np.ptp((run.v**power).sum(axis=1)) / np.abs(run.v[-1] - run.v[0]).sum())


CLAIMS = (
    ledger.proved("x-balance-rates", "beyond the paper",
        "with rates eta_v, eta_W flow conserves |W|^2 / eta_W - |v|^2 / eta_v",
        r"\frac d{dt}\Big(\frac{\|W\|_F^2}{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)=0",
        1.0, rates_symbolic, rates_in_flow, wrong=(0.0, -1.0, 0.5),
        assume=("linear first layer", "no weight decay"), needs="x-balance"),
    ledger.proved("x-balance-decay", "beyond the paper",
        "weight decay shrinks the balance as exp(-2 eta lambda t)",
        r"\eta_W\lambda_W=\eta_v\lambda_v=m\ \Rightarrow\ \frac d{dt}\Big(\frac{\|W\|_F^2}{\eta_W}-"
        r"\frac{\|v\|^2}{\eta_v}\Big)=-2m\Big(\frac{\|W\|_F^2}{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)",
        2.0, decay_symbolic, decay_in_flow, wrong=(1.0, -2.0),
        assume=("linear first layer", "dw/dt = -eta (dL/dw + lambda w)"), needs="x-balance-rates",
        note="In general the right-hand side is -2 (lambda_W |W|^2 - lambda_v |v|^2): decay on one "
        "layer alone pushes the balance to the other."),
    ledger.proved("x-balance-step", "beyond the paper",
        "one step with two rates and decays: the drift, exactly",
        r"\Delta\Big(\frac{\|W\|^2}{\eta_W}-\frac{\|v\|^2}{\eta_v}\Big)=q(W)-q(v),\ "
        r"q(w)=(\eta\lambda-2)\lambda\|w\|^2+2\eta\lambda\langle w,g\rangle+\eta\|g\|^2",
        1.0, step_symbolic, step_measured, wrong=(-1.0, 2.0),
        assume=("linear first layer", "w <- w - eta (g + lambda w)"), needs="x-balance-drift"),
    ledger.supported("x-balance-adam", "beyond the paper",
        "Adam breaks the balance however small its rate; descent's drift vanishes with it",
        r"\text{drift over a fixed time}\sim\eta^0\text{ (Adam)},\ \eta^1\text{ (descent)}",
        {"adam": 0.0, "descent": 1.0}, adam_measured, adam_first_step,
        wrong=({"adam": 1.0, "descent": 1.0}, {"adam": 0.5, "descent": 1.0}),
        assume="Adam with beta = (0.9, 0.999), time = rate times steps", needs="x-balance-drift",
        note="Dividing each gradient entry by its own size undoes <v, g_v> = <W, g_W>."),
    ledger.proved("x-softmax-sum", "beyond the paper",
        "softmax first layer: every gradient step conserves the sum of v",
        r"\sum_j\partial_{v_j}L=0,\quad\sum_jv_j=\text{const}",
        1, sum_symbolic, sum_on_batches, sum_trained, wrong=(2, 3),
        assume=("softmax over the lags available at each position", "no weight decay"),
        note="Linear in v, so it holds in steps of any size; with decay the sum is multiplied by 1 "
        "- eta lambda in each. The softmax's analogue of x-balance."),
)  # fmt: skip
