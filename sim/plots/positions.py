"""Plot the distances of a run at every position of the context."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from sim.learning.settings import held_out_sequences
from sim.plots.axes import examples_seen
from sim.plots.panels import SNAPSHOT_COLORS
from sim.plots.style import (
    MEASURED,
    STRATEGY,
    figure_height,
    is_narrow,
    paper_style,
    venue_width,
)
from sim.runs.positions import PositionDistances, distances_by_position
from sim.runs.trajectory import Trajectory

MOST_MARKERS = 18


def plot_positions(
    trajectory: Trajectory, *, venue: str = "neurips", usetex: bool = False
) -> Figure:
    """KL from the truth at every position at three moments, and from the strategies at the end.

    Raises
    ------
    ValueError
        If the run does not say what its sequences were drawn from, or the venue is unknown.
    """
    batch, last = held_out_sequences(trajectory), trajectory.examples[-1]
    moments = [
        int(np.abs(trajectory.examples - share * last).argmin()) for share in (0.025, 0.4, 1)
    ]
    found = [distances_by_position(trajectory.model(index), batch) for index in moments]
    width = venue_width(venue)
    with paper_style(usetex=usetex):
        figure = Figure(figsize=(width, figure_height(width, 0.4)))
        axes = figure.subplots(*((2, 1) if is_narrow(figure) else (1, 2)))
        _from_truth(axes[0], found, [float(trajectory.examples[index]) for index in moments])
        _from_strategies(axes[1], found[-1])
        figure.draw_without_rendering()
    return figure


def _from_truth(ax: Axes, found: list[PositionDistances], examples: list[float]) -> None:
    for name, values in found[-1].baselines.items():
        if name != "uniform":
            ax.plot(_places(values), values, color=STRATEGY[name]["color"], label=name)
    for distances, seen, color in zip(found, examples, SNAPSHOT_COLORS, strict=True):
        shown = _thin(len(distances.kl_truth))
        ax.plot(shown + 1, distances.kl_truth[shown], color=color, marker="o",
                label=examples_seen(seen), **MEASURED)  # fmt: skip
    ax.set(title="Distance from the truth (nats)", ylabel="KL(truth ‖ model)")
    _finish(ax)


def _from_strategies(ax: Axes, distances: PositionDistances) -> None:
    for name, values in distances.kl.items():
        shown = _thin(len(values))
        ax.plot(shown + 1, values[shown], label=name, **STRATEGY[name], **MEASURED)
    ax.set(title="To the strategies, at the end (nats)", ylabel="KL(strategy ‖ model)")
    _finish(ax)


def _finish(ax: Axes) -> None:
    ax.set(xscale="log", xlabel="tokens seen", ylim=(0, None))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="upper right")


def _places(values: np.ndarray) -> np.ndarray:
    return np.arange(1, len(values) + 1)


def _thin(length: int) -> np.ndarray:
    """Indices about evenly spaced on a logarithmic axis."""
    return np.unique(np.round(np.geomspace(1, length, MOST_MARKERS)).astype(int)) - 1
