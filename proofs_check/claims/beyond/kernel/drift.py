"""Beyond the paper: |W|^2 - |v|^2 with two rates, weight decay, steps and Adam; softmax."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

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


@ledger.simulation("flow of the exact population loss", 1e-8, "rates 0.5 and 2, three losses",
                   because="relative tolerance 1e-10 of the integrator at each step")  # fmt: skip
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


@ledger.simulation("flow of the exact population loss", 1e-8, "rate times decay 0.2, three losses",
                   because="relative tolerance 1e-11 of the integrator at each step")  # fmt: skip
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


_CHAINS = np.array([[[0.8, 0.2], [0.4, 0.6]], [[0.3, 0.7], [0.1, 0.9]]])


def _balance_after(optimizer: str, rate: float, steps: int) -> np.ndarray:
    """|W|^2 - |v|^2 before the first and after the last step on the population loss."""
    run = sim.gradient_descent(
        random_model(), population(), steps=steps, learning_rate=rate, optimizer=optimizer,
        record_every=1,
    )  # fmt: skip
    return run.measures["balance"]


@ledger.simulation("drift over a fixed time at two rates, by sim's optimizers", 0.02,
                   "time 0.1 for Adam, 5 for descent",
                   because="next order in the rate")  # fmt: skip
def adam_measured(value: dict[str, float]) -> Iterator[float]:
    for optimizer, name, rate, steps in (
        ("adam", "adam", 1e-3, 100),
        ("sgd", "descent", 1e-2, 500),
    ):
        coarse, fine = (
            np.ptp(_balance_after(optimizer, rate / n, n * steps)[[0, -1]]) for n in (1, 4)
        )
        yield np.log(coarse / fine) / np.log(4) - value[name]


def _numpy_gradient(weights: np.ndarray) -> np.ndarray:
    """Of cross-entropy over all sequences of fixed chains, T = 3, k = 2, written out in NumPy."""
    v, W, T = weights[:3], weights[3:].reshape(2, 2), 3
    tokens = np.array(list(product(range(2), repeat=T + 1)))
    chance = np.zeros(len(tokens))
    for P in _CHAINS:
        pi = np.array([P[1, 0], P[0, 1]]) / (P[1, 0] + P[0, 1])
        steps = np.prod(P[tokens[:, :-1], tokens[:, 1:]], axis=1)
        chance = chance + pi[tokens[:, 0]] * steps / len(_CHAINS)
    one_hot, slope = np.eye(2)[tokens], np.zeros(7)
    for p in range(T):
        # f_i = sum_t 1{x_t = i} sum_j v_j W[x_p, x_{t-j}]
        d_f = np.zeros((len(tokens), 2, 7))
        for t, j in zip(*np.tril_indices(p + 1), strict=True):
            pair = W[tokens[:, p], tokens[:, t - j]]
            d_f[:, :, j] += one_hot[:, t] * pair[:, None]
            place = 3 + 2 * tokens[:, p] + tokens[:, t - j]
            d_f[np.arange(len(tokens)), :, place] += one_hot[:, t] * v[j]
        f = d_f[:, :, :3] @ v
        push = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True) - one_hot[:, p + 1]
        slope += np.einsum("n,ni,niw->w", chance, push, d_f) / T
    return slope


def _own_drift(name: str, rate: float, steps: int) -> float:
    """Change of |W|^2 - |v|^2 in Adam (beta 0.9, 0.999) or descent, written out."""
    weights = np.array([0.3, -0.2, 0.4, 0.5, -0.3, 0.2, 0.6])
    sign = np.repeat([-1.0, 1.0], (3, 4))
    before, mean, square = sign @ weights**2, np.zeros(7), np.zeros(7)
    for step in range(1, steps + 1):
        slope = _numpy_gradient(weights)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        sized = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights = weights - rate * (sized if name == "adam" else slope)
    return float(sign @ weights**2 - before)


@cache
def _own_power(name: str) -> float:
    rate, steps = {"adam": (1e-3, 50), "descent": (2e-2, 100)}[name]
    coarse, fine = (abs(_own_drift(name, rate / n, n * steps)) for n in (1, 4))
    return float(np.log(coarse / fine) / np.log(4))


@ledger.enumeration("the same over all sequences, written out in NumPy", 0.02,
                    "T = 3, two chains; time 0.05 for Adam, 2 for descent",
                    because="next order in the rate")  # fmt: skip
def adam_written_out(value: dict[str, float]) -> Iterator[float]:
    for name in value:
        yield _own_power(name) - value[name]


@ledger.symbolic("exponentials of a softmax row, two by two", detail="any number of lags")
def sum_symbolic(power: int) -> bool:
    """Entries of a row are 1 / sum_j exp(v_j - v_i): derivatives along v^(power - 1).

    All v_j are shifted alike if power is 1. Where a row stays as it is, so does every loss, and
    the derivative along that direction, sum_j dL/dv_j, is 0.
    """
    x, y, s = sp.symbols("v_i v_j s", real=True)
    moved = (y + s * y ** (power - 1)) - (x + s * x ** (power - 1))
    return bool(sp.simplify(sp.diff(sp.exp(moved), s).subs(s, 0)) == 0)


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
        {"adam": 0.0, "descent": 1.0}, adam_measured, adam_written_out,
        wrong=({"adam": 1.0, "descent": 1.0}, {"adam": 0.5, "descent": 1.0},
               {"adam": 0.0, "descent": 0.0}, {"adam": 0.0, "descent": 2.0}),
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
