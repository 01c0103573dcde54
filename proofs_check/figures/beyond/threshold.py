"""Figure of the learning rate above which the second step makes v_2 the largest entry of v."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import brentq
from tqdm import tqdm

import sim
import theory
from proofs_check.experiments.cache import cached_arrays
from proofs_check.figures.spec import FigureSpec
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow
from theory.first_steps.step_2 import second_step

Array = NDArray[np.float64]
SHOWN = 12  # lags drawn
EVERY_HINGE = sim.Margin(1e9)
FACTORS = (0.5, 4.0)  # of the critical rate, in the right panel
STYLE = (STRATEGY["uniform"], STRATEGY["bigram"])


@dataclass(frozen=True)
class ThresholdData:
    """Critical learning rates, and v after two steps below and above one of them.

    Attributes
    ----------
    lengths, rates, law : (n,)
        Context lengths, critical rates, and C / T^3.
    sampled_lengths, sampled, errors : (m,)
        The same from sampled sequences; relative standard errors.
    v, sampled_v : (2, lags)
        v_j / c - 1 over that of v_2, below and above the rate.
    T : int
    """

    lengths: Array
    rates: Array
    law: Array
    sampled_lengths: Array
    sampled: Array
    errors: Array
    v: Array
    sampled_v: Array
    T: int


def critical(T: int) -> float:
    """The critical learning rate, which must exist."""
    rate = theory.critical_learning_rate(T)
    if rate is None:
        raise ValueError(f"length must be at least 10 for a critical learning rate, got {T}")
    return rate


def two_steps(tokens: NDArray[np.int32], eta: float) -> Array:
    """v / c after two steps of descent on the margin loss with every hinge active, c = 1."""
    T = tokens.shape[1] - 1
    model = sim.MinimalModel.constant(T, 2, v=1.0, W=1.0)
    for _ in range(2):
        slope = sim.loss_and_gradient(model, tokens, EVERY_HINGE)[1]
        model = model.with_parameters(model.v - eta * slope.v, model.W - eta * slope.W)
    return model.v


def sampled_rate(tokens: NDArray[np.int32]) -> float:
    """The rate at which v_2 meets v_1 on these sequences."""
    start = critical(tokens.shape[1] - 1)

    def lead(log_factor: float) -> float:
        v = two_steps(tokens, start * np.exp(log_factor))
        return float(v[1] - v[0]) / start

    if not lead(-4.0) < 0 < lead(4.0):
        raise ValueError(f"samples must be larger to see a threshold, got {len(tokens)}")
    return float(start * np.exp(brentq(lead, -4.0, 4.0, xtol=1e-3)))


def sampled(
    length: int,
    sampled_lengths: list[int],
    samples: int,
    batches: int,
    seed: int,
    *,
    progress: bool = False,
) -> dict[str, Array]:
    """Logarithms of the rates of batches of sequences, and v / c below and above the exact rate.

    ``logs`` has shape (sampled lengths, batches), ``v`` (2, length).
    """
    prior, seeds = sim.Dirichlet(2), np.random.SeedSequence(seed).spawn(batches)
    logs = []
    for T in tqdm(sampled_lengths, disable=not progress, leave=False):
        drawn = (sim.sample_sequences(prior, samples, T + 1, own) for own in seeds)
        logs.append([np.log(sampled_rate(batch.tokens)) for batch in drawn])
    tokens = sim.sample_sequences(prior, samples, length + 1, seed).tokens
    v = [two_steps(tokens, factor * critical(length)) for factor in FACTORS]
    return {"logs": np.array(logs), "v": np.array(v)}


def compute(parameters: dict[str, Any], **options: bool) -> ThresholdData:
    """Exact rates, and batches of sampled sequences that each find their own."""
    T, few = parameters["length"], parameters["sampled_lengths"]
    found = cached_arrays(sampled, parameters, **options)
    many = np.unique(np.geomspace(10, 2 * max(*few, T), 60).astype(int))
    exact = [second_step(T, 1.0, factor * critical(T))[1] for factor in FACTORS]
    return ThresholdData(
        lengths=many.astype(float),
        rates=np.array([critical(int(x)) for x in many]),
        law=float(theory.critical_rate_constant()) / many.astype(float) ** 3,
        sampled_lengths=np.array(few, dtype=float),
        sampled=np.exp(found["logs"].mean(axis=1)),
        errors=found["logs"].std(axis=1, ddof=1) / np.sqrt(parameters["batches"]),
        v=np.array([_relative(v) for v in exact]),
        sampled_v=np.array([_relative(v) for v in found["v"]]),
        T=T,
    )


def _relative(v: Array) -> Array:
    """Growth of the first entries over that of v_2."""
    return (v[:SHOWN] - 1) / (v[1] - 1)


def draw(figure: Figure, data: ThresholdData) -> None:
    """Rates on the left, v below and above one on the right."""
    grid = figure.add_gridspec(2, 1) if is_narrow(figure) else figure.add_gridspec(1, 2)
    ax = figure.add_subplot(grid[0])
    ax.plot(data.lengths, data.rates, **THEORY, label="exact (theory)")
    ax.plot(data.lengths, data.law, color="0.5", linewidth=0.8, linestyle=(0, (3, 2)),
            label="law $C/T^3$")  # fmt: skip
    ax.errorbar(data.sampled_lengths, data.sampled, yerr=data.sampled * data.errors,
                elinewidth=0.6, label="sampled sequences", **STYLE[0], **MEASURED)  # fmt: skip
    ax.axvspan(2, 9.5, color="0.9", linewidth=0)
    ax.annotate("none\nfor\n$T\\leq9$", (4.4, 0.04), xycoords=("data", "axes fraction"),
                ha="center", va="bottom", color="0.35")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlim=(2, data.lengths[-1]), xlabel="context length $T$",
           title=r"Critical learning rate $\eta_{\mathrm{crit}}$")  # fmt: skip
    ax.legend()
    ax = figure.add_subplot(grid[1])
    lag = np.arange(1, data.v.shape[1] + 1)
    for factor, exact, sampled, style in zip(FACTORS, data.v, data.sampled_v, STYLE, strict=True):
        ax.plot(lag, exact, gid=f"{factor:g} critical, exact", **THEORY)
        ax.plot(lag, sampled, gid=f"{factor:g} critical, sampled", **style, **MEASURED,
                label=rf"$\eta={factor:g}\,\eta_{{\mathrm{{crit}}}}$")  # fmt: skip
    ax.axhline(1, color="0.5", linewidth=0.6, linestyle=(0, (3, 2)))
    ax.set(xlabel="lag $j$ (1 = current token)",
           title=rf"Growth of $v_j$ over that of $v_2$, $T={data.T}$")  # fmt: skip
    ax.legend()


SPEC = FigureSpec(
    name="threshold",
    title="critical learning rate of the second step, k = 2, and v below and above it",
    parameters={
        "length": 100,
        "sampled_lengths": [14, 20, 30, 50, 100, 200],
        "samples": 4000,
        "batches": 8,
        "seed": 0,
    },
    height=0.4,
    compute=compute,
    draw=draw,
)
