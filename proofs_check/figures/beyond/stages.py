"""Figure of stage times, predicted and measured: by length, init scale and k, and in one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

import sim
from proofs_check.experiments import stage_runs, stage_task
from proofs_check.experiments.cache import cached_trajectory
from proofs_check.figures.spec import FigureSpec
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow
from sim.runs.statistics import median_interval
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]
EXPECTED = THEORY | {"linestyle": "--", "linewidth": 0.7}
KIND = "limit_0"  # infinite-context strategies, as the prediction has them, without a margin


@dataclass(frozen=True)
class Curve:
    """Predicted and measured times of one stage along x, each ``(n,)``.

    `expected` is predicted, too, from expected counts.
    """

    panel: str
    stage: str
    x: Array
    predicted: Array
    expected: Array
    median: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class StagesData:
    """Curves over length and init, and a run with its predicted times by stage."""

    curves: list[Curve]
    run: Trajectory
    marks: dict[str, float]


def compute(parameters: dict[str, Any], **options: bool) -> StagesData:
    """Recorded runs of the design and recorded predictions, and one run."""
    groups = stage_runs.design()
    lengths, states = parameters["lengths"], parameters["states"]
    by_states = [cell for cell in groups["length"] if cell.k in states and cell.length in lengths]
    by_length = [cell for cell in by_states if cell.k == 2]
    by_init = [cell for cell in groups["init"] if cell.init in parameters["inits"]]
    panels = [("T", "length", by_length), ("c", "init", by_init)]
    panels += [(f"k={k}", "length", [cell for cell in by_states if cell.k == k])
               for k in states]  # fmt: skip
    curves = [
        _curve(panel, axis, stage, cells)
        for panel, axis, cells in panels
        for stage in stage_runs.STAGES
    ]
    T = parameters["run_length"]
    marks = stage_runs.predicted(T, 2, 0.02)
    settings = {"length": T, "steps": parameters["run_steps"], "seed": parameters["seed"]}
    settings["learning_rate"] = 2.5 * marks["bigram"] / settings["steps"]
    return StagesData(curves, cached_trajectory(one_run, settings, **options), marks)


def _curve(panel: str, axis: str, stage: str, cells: list[stage_runs.Cell]) -> Curve:
    own = sorted({cell for cell in cells if cell.stage == stage}, key=lambda c: c[1:4])
    measured = [median_interval(stage_runs.measured(cell)) for cell in own]
    columns = [[getattr(cell, axis) for cell in own]]
    for kind in ("0", "expected"):
        columns.append([stage_runs.predicted(c.length, c.k, c.init, kind)[stage] for c in own])
    columns += [list(each) for each in zip(*(found[:3] for found in measured), strict=True)]
    return Curve(panel, stage, *map(np.array, columns))


def one_run(
    length: int, steps: int, learning_rate: float, seed: int, *, progress: bool = False
) -> Trajectory:
    """SGD on two states, and its distances to the strategies of infinite context."""
    run = sim.train(
        sim.MinimalModel.constant(length, 2, v=0.02), sim.Dirichlet(2), steps=steps,
        batch_size=64, learning_rate=learning_rate, rng=seed, held_out=1, progress=progress,
        record_at=np.unique(np.geomspace(1, steps, 40).astype(int)),
    )  # fmt: skip
    test = sim.sample_sequences(sim.Dirichlet(2), 1024, length + 1, seed + 1)
    held_out = stage_task.limit_strategies(test)
    return stage_task.with_measures(run, held_out.evaluate_all(run.model(), run.parameters))


def draw(figure: Figure, data: StagesData) -> None:
    """Stage times, their ratio to the prediction, and one run with predicted times as rules."""
    grid = figure.add_gridspec(4, 1) if is_narrow(figure) else figure.add_gridspec(2, 2)
    for place, panel, label in ((0, "T", "context length $T$"), (1, "c", "init scale $c$")):
        _times(figure.add_subplot(grid[place]), data, panel, label)
    _ratios(figure.add_subplot(grid[2]), data)
    _one_run(figure.add_subplot(grid[3]), data)


def _times(ax: Axes, data: StagesData, panel: str, label: str) -> None:
    for curve in (c for c in data.curves if c.panel == panel):
        style = STRATEGY[curve.stage]
        error = np.array([curve.median - curve.low, curve.high - curve.median])
        ax.errorbar(curve.x, curve.median, yerr=error, elinewidth=0.6, label=f"{curve.stage}, SGD",
                    **style, **MEASURED)  # fmt: skip
        ax.plot(curve.x, curve.predicted, **THEORY)
        ax.plot(curve.x, curve.expected, **EXPECTED)
    ax.plot([], [], label="predicted", **THEORY)
    ax.plot([], [], label="from expected counts", **EXPECTED)
    other = "$c=0.02$" if panel == "T" else "$T=100$"
    ax.set(xscale="log", yscale="log", xlabel=label, title=f"Stage begins, {other}")
    ax.set(ylabel="flow time")
    if panel == "T":
        _length_ticks(ax, data)
        ax.legend(loc="lower left")


def _length_ticks(ax: Axes, data: StagesData) -> None:
    lengths = sorted({int(x) for c in data.curves if c.panel == "T" for x in c.x})
    ax.set_xticks(lengths, labels=[str(length) for length in lengths])
    ax.minorticks_off()


def _ratios(ax: Axes, data: StagesData) -> None:
    """Measured over predicted, a marker for each number of states; crosses: expected counts."""
    curves = [curve for curve in data.curves if curve.panel.startswith("k=")]
    panels = list(dict.fromkeys(curve.panel for curve in curves))
    for curve in curves:
        place = panels.index(curve.panel)
        error = [curve.median - curve.low, curve.high - curve.median] / curve.predicted
        style = STRATEGY[curve.stage] | MEASURED | {"marker": "os^D"[place % 4]}
        ax.errorbar(curve.x * 1.06 ** (place - 1), curve.median / curve.predicted, yerr=error,
                    elinewidth=0.6, **style)  # fmt: skip
        ax.plot(curve.x * 1.06 ** (place - 1), curve.median / curve.expected,
                **style | {"marker": "x", "markersize": 3})  # fmt: skip
    ax.axhline(1.0, **THEORY)
    ax.set(xscale="log", xlabel="context length $T$", ylabel="measured / predicted",
           title="SGD over prediction, $c=0.02$")  # fmt: skip
    _length_ticks(ax, data)
    # handles, not empty plots: those are never clipped, and the layout makes room for them
    look = MEASURED | {"clip_on": True, "color": "0.3"}
    handles = [
        Line2D([], [], label=f"$k={panel[2:]}$", **(look | {"marker": "os^D"[place % 4]}))
        for place, panel in enumerate(panels)
    ]
    handles.append(Line2D([], [], label="expected counts", **(look | {"marker": "x"})))
    ax.legend(loc="upper right", handles=handles)


def _one_run(ax: Axes, data: StagesData) -> None:
    run = data.run
    for name in ("uniform", *stage_runs.STAGES):
        ax.plot(run.time[1:], run.measures[f"kl_{name}"][1:], label=name, markersize=2.5,
                **STRATEGY[name], **MEASURED)  # fmt: skip
    for when in data.marks.values():
        ax.axvline(when, **THEORY)
    ax.set(xscale="log", xlabel="flow time", title="KL from each, one run", ylim=(0, None))
    ax.legend(loc="upper left")


SPEC = FigureSpec(
    name="stages",
    title="stage times, predicted and measured: context length, init scale, number of states",
    parameters={
        "lengths": [25, 50, 100, 200, 400],
        "states": [2, 3],
        "inits": [2e-4, 2e-3, 6e-3, 2e-2],
        "run_length": 50,
        "run_steps": 1500,
        "seed": 0,
    },
    height=0.8,
    compute=compute,
    draw=draw,
    minutes=14,
)
