"""Figure of several heads: stages up to trigrams, weights of the heads, and escape times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from proofs_check.experiments.cache import cached_arrays, cached_trajectory
from proofs_check.experiments.ngram_runs import HEADS, doubling_times, learn
from proofs_check.figures.spec import FigureSpec
from sim.plots import panels
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]
STYLE = dict(zip(HEADS, (STRATEGY[name] for name in ("bigram", "trigram", "uniform")), strict=True))


@dataclass(frozen=True)
class NgramData:
    """Runs by number of heads, and doubling times.

    Attributes
    ----------
    runs : dict of int to Trajectory
    sizes : (s,)
        Norms of all weights from which flows start.
    measured, predicted : dicts of int to (s,)
        Flow time in which they double: cross-entropy flow, and flow of B.
    """

    runs: dict[int, Trajectory]
    sizes: Array
    measured: dict[int, Array]
    predicted: dict[int, Array]


def compute(parameters: dict[str, Any], **options: bool) -> NgramData:
    """Two runs of SGD, and flows of the enumerated loss from several sizes."""
    names = ("length", "steps", "batch_size", "held_out", "seed")
    settings = {name: parameters[name] for name in names}
    runs = {
        heads: cached_trajectory(learn, settings | {"heads": heads}, **options) for heads in (2, 1)
    }
    low, high = parameters["sizes"]
    sizes = np.geomspace(low, high, parameters["points"])
    times = cached_arrays(doubling_times, {"sizes": sizes.tolist()}, **options)
    return NgramData(
        runs=runs,
        sizes=sizes,
        measured=dict(zip(HEADS, times["measured"], strict=True)),
        predicted=dict(zip(HEADS, times["predicted"], strict=True)),
    )


def draw(figure: Figure, data: NgramData) -> None:
    """Stages of two heads and of one, the weights of the two, and doubling times."""
    grid = figure.add_gridspec(4, 1) if is_narrow(figure) else figure.add_gridspec(2, 2)
    cells = [grid[place] for place in range(4)]
    for cell, (heads, run) in zip(cells[:2], data.runs.items(), strict=True):
        ax = figure.add_subplot(cell)
        panels.strategy_distances(ax, panels.learning_curves(run))
        ax.set_title("Two heads (nats)" if heads == 2 else "One head (nats)")
    _weights(figure.add_subplot(cells[2]), data.runs[2])
    _doubling(figure.add_subplot(cells[3]), data)


def _weights(ax: Axes, run: Trajectory) -> None:
    v = run.v[-1]
    lag = np.arange(1, v.shape[1] + 1)
    for head, (row, name) in enumerate(zip(v, ("bigram", "trigram"), strict=True)):
        ax.bar(lag + 0.4 * head - 0.2, row, width=0.4, color=STRATEGY[name]["color"], linewidth=0,
               label=f"$v^{head + 1}$: asks with $x_{{p{'-1' if head else ''}}}$")  # fmt: skip
    ax.axhline(0, color="0.3", linewidth=0.5)
    ax.set(title="What two heads look at, in the end", xlabel="lag $j$ (1 = current token)",
           ylabel="$v_j$", xlim=(0.3, 12.7))  # fmt: skip
    ax.set_xticks(range(1, 13))
    ax.legend(loc="upper right")


def _doubling(ax: Axes, data: NgramData) -> None:
    for heads, times in data.measured.items():
        label = f"{heads} head{'s' if heads > 1 else ''}, flow"
        ax.plot(data.sizes, times, label=label, **STYLE[heads], **MEASURED)
        ax.plot(data.sizes, data.predicted[heads], gid=f"{heads}, predicted", **THEORY)
    ax.plot([], [], label="predicted", **THEORY)
    ax.set(xscale="log", yscale="log", xlabel="norm of the weights at the start",
           ylabel="flow time", title="Until the weights have doubled")  # fmt: skip
    ax.set_xticks([0.03, 0.1, 0.3], labels=["0.03", "0.1", "0.3"])
    ax.minorticks_off()
    ax.legend(loc="upper right")


SPEC = FigureSpec(
    name="ngrams",
    title="several heads, k = 2, chains of order two: stages to trigrams, the wait at the origin",
    parameters={
        "length": 30,
        "steps": 4000,
        "batch_size": 64,
        "held_out": 2048,
        "seed": 0,
        "sizes": [0.03, 0.5],
        "points": 7,
    },
    height=0.68,
    compute=compute,
    draw=draw,
)
