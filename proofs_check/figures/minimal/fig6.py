"""Fig. 6: W and v after one step of gradient descent, exact and as a Monte Carlo estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sim
import theory
from proofs_check.experiments.cache import cached_arrays
from proofs_check.figures.spec import FigureSpec
from sim.plots import panels
from sim.plots.style import MEASURED, THEORY, is_narrow

Array = NDArray[np.float64]
BATCHES = 20


@dataclass(frozen=True)
class StepOne:
    """One step from W = c 11^T, v = c 1: exact, and estimated from sampled sequences.

    Attributes
    ----------
    W, v : ndarray, shapes (2, 2) and (T,)
        Exact population step.
    sampled_W, sampled_v : ndarray
        The same from sampled sequences and the margin loss.
    error_W, error_v : ndarray
        Their standard errors.
    start : float
        c.
    """

    W: Array
    v: Array
    sampled_W: Array
    sampled_v: Array
    error_W: Array
    error_v: Array
    start: float


def sampled_steps(
    length: int,
    init: float,
    learning_rate: float,
    samples: int,
    seed: int,
    *,
    progress: bool = False,
) -> dict[str, Array]:
    """W and v after a step on each of 20 batches of sequences; a fraction of a second in all."""
    model = sim.MinimalModel.constant(length, 2, v=init, W=init)
    # above c^2 T (T + 1) / 2 every hinge is active, (A.14)
    loss = sim.Margin(init**2 * length * (length + 1))
    W, v = [], []
    for own in np.random.SeedSequence(seed).spawn(BATCHES):
        tokens = sim.sample_sequences(sim.Dirichlet(2), samples // BATCHES, length + 1, own).tokens
        gradient = sim.loss_and_gradient(model, tokens, loss)[1]
        W.append(init - learning_rate * gradient.W)
        v.append(init - learning_rate * gradient.v)
    return {"W": np.array(W), "v": np.array(v)}


def compute(parameters: dict[str, Any], **options: bool) -> StepOne:
    """Exact first step, and its estimate from `samples` sequences in 20 batches."""
    T, c, eta = parameters["length"], parameters["init"], parameters["learning_rate"]
    gradient_W, gradient_v = theory.first_step(T)
    steps = cached_arrays(sampled_steps, parameters, **options)
    errors = {name: np.std(s, axis=0, ddof=1) / np.sqrt(BATCHES) for name, s in steps.items()}
    return StepOne(
        W=c + eta * c * gradient_W,
        v=c + eta * c * gradient_v,
        sampled_W=np.mean(steps["W"], axis=0),
        sampled_v=np.mean(steps["v"], axis=0),
        error_W=errors["W"],
        error_v=errors["v"],
        start=c,
    )


def draw(figure: Figure, data: StepOne) -> None:
    """Exact W as a heat map; exact v as a line over the sampled one."""
    grid = (
        figure.add_gridspec(2, 1)
        if is_narrow(figure)
        else figure.add_gridspec(1, 2, width_ratios=[1, 2])
    )
    panels.weight_matrix(figure.add_subplot(grid[0]), data.W, "$W$ after one step (exact)")
    ax = figure.add_subplot(grid[1])
    lag = np.arange(1, len(data.v) + 1)
    every = slice(0, None, max(1, len(lag) // 33))
    ax.errorbar(
        lag[every], data.sampled_v[every], yerr=data.error_v[every], color="#0072B2", marker="o",
        elinewidth=0.6, label="sampled sequences (± standard error)", **MEASURED,
    )  # fmt: skip
    ax.plot(lag, data.v, label="exact expectation (theory)", **THEORY)
    ax.axhline(data.start, gid="start", color="0.5", linewidth=0.6, linestyle=(0, (3, 2)))
    ax.annotate("start", (lag[-1], data.start), xytext=(0, -2), textcoords="offset points",
                ha="right", va="top", color="0.4")  # fmt: skip
    ax.set(title="$v$ after one step", xlabel="lag $j$ (1 = current token)", ylabel="$v_j$")
    low, high = ax.get_ylim()
    ax.set_ylim(low - 0.08 * (high - low), high)
    ax.legend()


SPEC = FigureSpec(
    name="fig6",
    title="W and v after one step of gradient descent, exact and sampled, k = 2",
    parameters={"length": 100, "init": 0.02, "learning_rate": 0.03, "samples": 100_000, "seed": 0},
    height=0.36,
    compute=compute,
    draw=draw,
)
