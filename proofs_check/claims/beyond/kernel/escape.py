"""Beyond the paper: cross-entropy and margin loss leave the origin together, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments.escape_times import LOSSES, crossing
from proofs_check.experiments.sampled_modes import OWN, SHARED
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.sampling import mean_and_error

Slope = Callable[[Any, int], Any]  # of the loss in f_i at f = 0, from k and 1{i = y}
Law = Callable[[float, float], float]  # sigma_1 t from theta and c <u_1, 1>
RUNS = 12


@ledger.symbolic("the terms of both losses in which f_i occurs, for any k")
def gradient_symbolic(stated: Slope) -> Iterator[bool]:
    """The other k - 1 exponentials are a constant; f_y stands in k - 1 hinges, f_i in one."""
    k, rest, x, delta = sp.symbols("k rest x delta", positive=True)
    for target in (0, 1):
        entropy = sp.log(sp.exp(x) + rest) - (x if target else 0)
        hinges = (k - 1) * (delta - x) / k if target else (delta + x) / k
        for slope in (sp.diff(entropy, x).subs({x: 0, rest: k - 1}), sp.diff(hinges, x)):
            yield sp.simplify(slope - stated(k, target)) == 0


@ledger.enumeration("derivatives of both losses at f = 0", 1e-15, "k = 2, 3, 5, 20, every target")
def gradient_of_losses(stated: Slope) -> Iterator[float]:
    for k, loss in product((2, 3, 5, 20), LOSSES.values()):
        found = loss.value_and_gradient(np.zeros((1, k, k)), np.arange(k)[None])[1][0] * k
        wanted = [[stated(k, int(i == y)) for i in range(k)] for y in range(k)]
        yield from np.ravel(found - np.array(wanted, dtype=float))


@ledger.simulation("dL/dW at W = 0, compiled, on batches", 1e-13, "k = 2, 3, 5, T = 40, random v")
def gradient_on_batches(stated: Slope) -> Iterator[float]:
    """Logits are linear in W: df/dW_ml are the logits of a unit matrix."""
    rng = np.random.default_rng(2)
    for k in (2, 3, 5):
        v, tokens = rng.normal(size=40), sim.sample_sequences(sim.Dirichlet(k), 50, 41, 1).tokens
        units = np.eye(k * k).reshape(-1, k, k)
        logits = [sim.logits(sim.MinimalModel(v, unit), tokens[:, :-1]) for unit in units]
        slopes = np.array([stated(k, 0), stated(k, 1)], dtype=float)
        along = slopes[(tokens[:, 1:, None] == np.arange(k)).astype(int)]
        wanted = np.array([np.mean((f * along).sum(axis=2)) for f in logits]).reshape(k, k)
        for loss in LOSSES.values():
            start = sim.MinimalModel(v, np.zeros((k, k)))
            found = sim.loss_and_gradient(start, tokens, loss)[1].W
            yield np.abs(found - wanted).max() / np.abs(found).max()


@ledger.spectral("exact linear flow from c = 1e-6", 1e-6, "T = 8, 100, 1000, two thresholds",
                 because="c / theta, by which W has not yet forgotten the second mode")  # fmt: skip
def time_of_linear_flow(law: Law) -> Iterator[float]:
    """The norm of W at the stated time, over the stated threshold; and the time itself."""
    c = 1e-6
    for T, theta in product((8, 100, 1000), (1e-2, 1.0)):
        found = theory.modes(T)
        rate, overlap = found.singular_values[0], abs(found.v_modes[0].sum())
        stated = law(theta, c * overlap) / rate
        W = theory.linear_flow(np.full(T, c), np.zeros((2, 2)), stated)[1]
        yield (np.linalg.norm(W) / theta - 1) * np.minimum(1.0, theta)
        yield rate * (theory.escape_time(T, c, theta) - stated) * theta
        yield rate * (theory.escape_law(T, c, theta) - stated)


@cache
def _enumerated_mode(T: int) -> tuple[float, float]:
    """sigma_1 and <u_1, 1>, from gradients of the loss over all sequences."""
    loss, columns = sim.Population(sim.Dirichlet(2), T, sim.Margin(1.0)), []
    for W in (SHARED, OWN):
        evaluate = loss.bind(sim.MinimalModel(np.zeros(T), W))
        columns.append(-evaluate(np.zeros(T), W)[1].v.copy())
    u, values, _ = np.linalg.svd(np.stack(columns, axis=1), full_matrices=False)
    return float(values[0]), abs(float(u[:, 0].sum()))


@cache
def _flow_escape(name: str, T: int, c: float, theta: float) -> float:
    """Escape time in gradient flow of the exact population loss."""
    rate, overlap = _enumerated_mode(T)
    high = (np.log(theta / (c * overlap)) + 1.5) / rate
    run = sim.gradient_flow(
        sim.MinimalModel.constant(T, 2, v=c, W=0.0),
        sim.Population(sim.Dirichlet(2), T, LOSSES[name]),
        t_span=(0.0, high), t_eval=np.linspace(0.0, high, 400), rtol=1e-10, atol=1e-15,
    )  # fmt: skip
    return crossing(run.time, np.linalg.norm(run.W, axis=(1, 2)), theta)


@ledger.enumeration("flow of both losses over all sequences", 1e-4, "T = 8, theta = 0.005, two c",
                    because="curvature of cross-entropy, about 2.5 theta^2")  # fmt: skip
def time_enumerated(law: Law) -> Iterator[float]:
    T, theta = 8, 0.005
    rate, overlap = _enumerated_mode(T)
    for name, c in product(LOSSES, (1e-5, 1e-6)):
        yield rate * _flow_escape(name, T, c, theta) - law(theta, c * overlap)


@cache
def _sgd_escapes(c: float, theta: float, steps: int = 300) -> np.ndarray:
    """sigma_1 times the escape time of each seed, SGD with cross-entropy.

    W counts along its first mode, where noise leaves the mean as it is; and a step of size eta
    multiplies by 1 + eta sigma_1 and not by the exponential, hence the logarithm.
    """
    T = 100
    found = theory.modes(T)
    rate = 1.3 * theory.escape_time(T, c, theta) / steps
    growth = rate * found.singular_values[0]
    runs = (
        sim.train(
            sim.MinimalModel.constant(T, 2, v=c, W=0.0), sim.Dirichlet(2), steps=steps,
            batch_size=32, learning_rate=rate, rng=seed, record_every=2, held_out=1,
        )
        for seed in range(RUNS)
    )  # fmt: skip
    sizes = [(run.time, np.abs(np.einsum("rml,ml->r", run.W, found.W_modes[0]))) for run in runs]
    steps_taken = [crossing(time, size, theta) / rate for time, size in sizes]
    return np.array(steps_taken) * np.log1p(growth)


@ledger.simulation("SGD with cross-entropy")
def time_sampled(law: Law) -> Finding:
    found, stated, notes = [], [], []
    overlap = abs(theory.modes(100).v_modes[0].sum())
    for c, theta in ((1e-4, 3e-3), (1e-5, 3e-3)):
        found.append(mean_and_error(_sgd_escapes(c, theta)))
        stated.append(law(theta, c * overlap))
        notes.append(f"{found[-1][0]:.3f} +- {found[-1][1]:.3f} for {stated[-1]:.3f}")
    means, errors = np.transpose(found)
    detail = f"T = 100, {RUNS} runs each, theta = 0.003, c = 1e-4 and 1e-5: " + ", ".join(notes)
    return in_errors(means, stated, errors, detail)


CLAIMS = (
    ledger.proved("x-escape-gradient", "beyond the paper",
        "at f = 0 cross-entropy and the margin loss have the same gradient",
        r"\partial_{f_i}l_{CE}|_{f=0}=\partial_{f_i}l_M|_{f=0}=\tfrac1k-1\{i=y\}",
        lambda k, target: sp.S.One / k - target,
        gradient_symbolic, gradient_of_losses, gradient_on_batches,
        wrong=(lambda k, target: target - sp.S.One / k,
               lambda k, target: sp.S.One / (k + 1) - target,
               lambda k, target: sp.S.One / k - (0 if target else 1)),
        assume="the margin loss with its 1/k, hinges active", needs="eq-7"),
    ledger.supported("x-escape-time", "beyond the paper",
        "escape from v = c 1, W = 0 takes 1/sigma_1 for each factor e of c, for either loss",
        r"\sigma_1t_{esc}=\log"
        r"\frac{\theta}{c\,\langle u_1,1\rangle}+\log2,\quad \|W(t_{esc})\|_F=\theta\ll1,\ c\to0",
        lambda theta, start: np.log(theta / start) + np.log(2),
        time_of_linear_flow, time_enumerated, time_sampled,
        wrong=(lambda theta, start: np.log(theta / start),
               lambda theta, start: np.log(theta / start) - np.log(2),
               lambda theta, start: 0.9 * np.log(theta / start) + np.log(2),
               lambda theta, start: 2 * np.log(theta / start) + np.log(2)),
        assume=("k = 2, flat prior", "equal learning rates"),
        needs=("x-escape-gradient", "x-linear-flow"),
        note="sigma_1 ~ 0.0148 T^(3/2): the wait is logarithmic in the init scale and shrinks with "
        "the context. In steps of size eta t counts as log(1 + eta sigma_1) / sigma_1 each."),
)  # fmt: skip
