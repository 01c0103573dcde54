"""The training run of the minimal model for Figs. 3, 4b and 12, with the linear flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sim
import theory
from proofs_check.experiments.cache import cached_trajectory
from sim.plots import panels
from sim.plots.panels import LearningCurves
from sim.plots.style import MEASURED, STRATEGY, THEORY
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]

# Fig. 3 (bottom) and Fig. 12 (bottom), from App. B and the caption of Fig. 3
TRAINING: dict[str, Any] = {
    "length": 100,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "init_v": 0.02,
    "init_W": 0.0,
    "examples": 128_000,
    "held_out": 2048,
    "seed": 0,
    # more than one: medians and the range over them
    "seeds": 1,
}
# the start is recorded at every step, the rest about 130 times
EARLY_STEPS = 80
# the linear flow is drawn up to where the logits it predicts reach this root mean square
LINEAR_LOGIT = 0.5


@dataclass(frozen=True)
class LearningData:
    """A run with the exact linear flow of its start.

    Attributes
    ----------
    trajectory : Trajectory
    curves : LearningCurves
    theory_examples : ndarray, shape (s,)
        Examples at which the linear flow is evaluated, as long as its logits are small.
    theory_diagonal, theory_off_diagonal : ndarray, shape (s,)
        Entries of W in the linear flow.
    """

    trajectory: Trajectory
    curves: LearningCurves
    theory_examples: Array
    theory_diagonal: Array
    theory_off_diagonal: Array


def train_minimal(parameters: dict[str, Any], seed: int = 0, **options: bool) -> Trajectory:
    """The run of Fig. 3 (bottom) for ``parameters["k"]`` states, cached by its parameters.

    `seed` is added to that of the parameters.
    """
    settings = {name: parameters[name] for name in ("k", *TRAINING) if name != "seeds"}
    settings["seed"] += seed
    return cached_trajectory(_train, settings, **options)


def _train(
    k: int,
    length: int,
    batch_size: int,
    learning_rate: float,
    init_v: float,
    init_W: float,
    examples: int,
    held_out: int,
    seed: int,
    *,
    progress: bool = False,
) -> Trajectory:
    steps = -(-examples // batch_size)
    return sim.train(
        sim.MinimalModel.constant(length, k, init_v, init_W),
        sim.Dirichlet(k),
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        loss=sim.CrossEntropy(),
        rng=seed,
        record_every=max(1, steps // 128),
        record_at=np.arange(min(steps, EARLY_STEPS) + 1),
        held_out=held_out,
        progress=progress,
    )


def compute(parameters: dict[str, Any], **options: bool) -> LearningData:
    """Train (or read from the cache) and solve the linear flow from the same start."""
    runs = [train_minimal(parameters, seed, **options) for seed in range(parameters["seeds"])]
    trajectory = runs[0]
    early = trajectory.step <= EARLY_STEPS
    steps = trajectory.step[early]
    times = sim.flow_time(steps, parameters["learning_rate"])
    v, W = theory.linear_flow(trajectory.v[0], trajectory.W[0], times)
    linear = max(2, int(np.searchsorted(_logit_size(v, W, parameters), LINEAR_LOGIT)))
    k = W.shape[1]
    diagonal = np.trace(W, axis1=1, axis2=2) / k
    off_diagonal = (W.sum(axis=(1, 2)) - k * diagonal) / (k * (k - 1))
    return LearningData(
        trajectory,
        panels.learning_curves(runs, parameters["snapshots"]),
        trajectory.examples[early][:linear].astype(float),
        diagonal[:linear],
        off_diagonal[:linear],
    )


def _logit_size(v: Array, W: Array, parameters: dict[str, Any]) -> Array:
    """Root mean square of the centred logits at the last token, for each pair of weights."""
    prior = sim.Dirichlet(parameters["k"])
    tokens = sim.sample_sequences(prior, 256, parameters["length"], parameters["seed"]).tokens
    sizes = []
    for weights in zip(v, W, strict=True):
        last = sim.logits(sim.MinimalModel(*weights), tokens)[:, -1]
        sizes.append(np.sqrt(((last - last.mean(axis=1, keepdims=True)) ** 2).mean()))
    return np.asarray(sizes)


def draw(figure: Figure, data: LearningData) -> None:
    """Test loss, v at three moments, distance to the strategies, and the start with its theory."""
    leaving_the_origin(figure.add_subplot(panels.learning_panels(figure, data.curves)), data)


def leaving_the_origin(ax: Axes, data: LearningData) -> None:
    """Entries of W in the first steps: SGD as markers, the exact linear flow as lines."""
    run = data.trajectory
    shown = run.examples <= 1.4 * data.theory_examples[-1]
    thinned = np.flatnonzero(shown)[:: max(1, int(shown.sum()) // 20)]
    for name, theory_line, style in (
        ("W_diagonal", data.theory_diagonal, STRATEGY["bigram"]),
        ("W_off_diagonal", data.theory_off_diagonal, STRATEGY["unigram"]),
    ):
        label = "diagonal of $W$" if name == "W_diagonal" else "off the diagonal"
        measured = run.measures[name][thinned]
        ax.plot(run.examples[thinned], measured, label=label, **style, **MEASURED)
        ax.plot(data.theory_examples, theory_line, gid=f"{label}, theory", **THEORY)
    ax.plot([], [], label="linear flow (theory)", **THEORY)
    ax.set(
        title="Leaving the origin",
        xlabel="examples seen",
        ylabel="mean entry of $W$",
        xlim=(0, None),
        # room for the legend above the steepest line
        ylim=(0, 1.5 * data.theory_diagonal.max()),
    )
    ax.legend(loc="upper left")
