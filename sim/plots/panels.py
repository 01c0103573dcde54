"""Panels that several figures share. Each draws plain data on given axes and never simulates.

Theory is a line, simulation is markers, and a stage is shaded and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.plots.axes import (
    MOST_NATS,
    examples_axis,
    examples_seen,
    nats_axis,
    short,
    square_root,
    square_root_axis,
)
from sim.plots.style import BAR, MEASURED, STRATEGY, THEORY, is_narrow
from sim.runs.measures import strategy_names
from sim.runs.stages import StageTimes, stage_times
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]

SNAPSHOT_COLORS = ("#8C2D04", "#7A5BA6", "#007A87")
MOST_MARKERS = 40
# from here on the first lags would be a sliver
MANY_LAGS = 60
ATTENTION = {
    "previous_token": "layer 1: token before",
    "induction": "layer 2: what followed this token",
}


@dataclass(frozen=True)
class Snapshot:
    """The positional weights at one moment; `theory` is a prediction for them, if there is one."""

    examples: float
    v: Array
    symbol: str = "$v_j$"
    theory: Array | None = None


@dataclass(frozen=True)
class LearningCurves:
    """What the panels of a learning run show.

    Attributes
    ----------
    examples : ndarray, shape (r,)
        Training sequences seen.
    kl_truth : ndarray, shape (r,)
        KL from the truth to the model, nats.
    kl : dict of str to ndarray, shape (r,)
        KL from each strategy to the model.
    baselines : dict of str to float
        KL from the truth to each strategy.
    stages : StageTimes
    snapshots : sequence of Snapshot
    attention : dict of str to ndarray, shape (r,)
        What a transformer's heads attend to, if the run is one of a transformer.
    spread : dict of str to (ndarray, ndarray), each (r,)
        Lowest and highest value over several runs, of ``truth`` and of each strategy; the curves
        are then medians over the runs.
    """

    examples: Array
    kl_truth: Array
    kl: dict[str, Array]
    baselines: dict[str, float]
    stages: StageTimes
    snapshots: Sequence[Snapshot] = field(default_factory=tuple)
    attention: dict[str, Array] = field(default_factory=dict)
    spread: dict[str, tuple[Array, Array]] = field(default_factory=dict)


def learning_curves(
    run: Trajectory | Sequence[Trajectory], snapshots_at: Sequence[float] = ()
) -> LearningCurves:
    """The curves of a run, with v at the records nearest to `snapshots_at` examples.

    Of several runs: medians and the whole range of the measures, and v of the first run.

    Raises
    ------
    ValueError
        If the runs are not recorded after the same numbers of examples, or not measured alike.
    """
    if not isinstance(run, Trajectory):
        middle, spread = _over_runs(list(run))
        return replace(learning_curves(middle, snapshots_at), spread=spread)
    trajectory = run
    examples = trajectory.examples.astype(float)
    nearest = [int(np.abs(examples - at).argmin()) for at in snapshots_at]
    names = strategy_names(trajectory.measures)
    return LearningCurves(
        examples=examples,
        kl_truth=trajectory.measures["kl_truth"],
        kl={name: trajectory.measures[f"kl_{name}"] for name in names},
        baselines=trajectory.baselines,
        stages=stage_times(trajectory),
        snapshots=[
            Snapshot(examples[i], *(trajectory.model(i).lag_weights() or (np.zeros(0), "")))
            for i in nearest
        ],
        attention={
            name: trajectory.measures[name] for name in ATTENTION if name in trajectory.measures
        },
    )


def _over_runs(
    runs: list[Trajectory],
) -> tuple[Trajectory, dict[str, tuple[Array, Array]]]:
    """The first run with medians over all for its measures, and the range of each distance."""
    first = runs[0]
    for run in runs[1:]:
        if not np.array_equal(run.examples, first.examples):
            raise ValueError("runs must be recorded after the same numbers of examples")
        if run.measures.keys() != first.measures.keys():
            raise ValueError("runs must have the same measures")
    values = {name: np.stack([run.measures[name] for run in runs]) for name in first.measures}
    middle = replace(
        first,
        measures={name: np.median(rows, axis=0) for name, rows in values.items()},
        baselines={
            name: float(np.median([run.baselines[name] for run in runs]))
            for name in first.baselines
        },
    )
    spread = {
        name.removeprefix("kl_"): (rows.min(axis=0), rows.max(axis=0))
        for name, rows in values.items()
        if name.startswith("kl_") and len(runs) > 1
    }
    return middle, spread


def _range(ax: Axes, data: LearningCurves, name: str, color: str) -> None:
    """The range over several runs, if there are several."""
    if name in data.spread:
        ax.fill_between(data.examples, *data.spread[name], color=color, alpha=0.25, linewidth=0,
                        gid=f"{name} range")  # fmt: skip


def attention_scores(ax: Axes, data: LearningCurves) -> None:
    """Attention of layer 1 to the token before, and of layer 2 to what followed the token."""
    index = thin(data.examples)
    for (name, label), color in zip(ATTENTION.items(), SNAPSHOT_COLORS, strict=False):
        if name in data.attention:
            values = data.attention[name][index]
            ax.plot(data.examples[index], values, color=color, label=label, marker="o", **MEASURED)
    # room for the legend
    ax.set(title="Attention mass", ylabel="mean over positions", ylim=(0, 1.35))
    ax.set_yticks([0, 0.5, 1])
    ax.legend(loc="upper left")
    examples_axis(ax, data.examples[-1])


def thin(examples: Array, count: int = MOST_MARKERS) -> NDArray[np.int64]:
    """Indices of about `count` records evenly spaced on the axis, so that markers stay apart."""
    place = square_root(examples)
    grid = np.linspace(place[0], place[-1], count)
    return np.unique(np.abs(place[None, :] - grid[:, None]).argmin(axis=1))


def test_loss(ax: Axes, data: LearningCurves) -> None:
    """KL from the truth to the model, with the strategies' own KL as horizontal lines."""
    # beside such distances all the lines are at the foot, and their names on top of each other
    has_diverged = not (data.kl_truth <= MOST_NATS).all()
    for name in data.baselines:
        if name == "uniform":
            continue
        level = data.baselines[name]
        ax.axhline(level, color=STRATEGY[name]["color"], linewidth=1.0, gid=f"{name} strategy")
        if has_diverged:
            continue
        # outside, where no marker can run into it
        ax.annotate(
            name,
            (1.0, level),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            color="0.25",
        )
    index = thin(data.examples)
    _range(ax, data, "truth", "0.2")
    ax.plot(
        data.examples[index],
        data.kl_truth[index],
        color="0.2",
        marker="o",
        label="SGD",
        **MEASURED,
    )
    for snapshot, color in zip(data.snapshots, SNAPSHOT_COLORS, strict=False):
        ax.axvline(snapshot.examples, color=color, linewidth=0.8, linestyle=(0, (3, 2)),
                   gid=f"after {snapshot.examples:.0f} examples")  # fmt: skip
    ax.set(title="Test loss (nats)", ylabel="KL(truth ‖ model)")
    examples_axis(ax, data.examples[-1])
    nats_axis(ax, [data.kl_truth, np.array([*data.baselines.values()])])


def positional_weights(ax: Axes, snapshot: Snapshot, color: str = BAR) -> None:
    """v as bars over the lag, of several heads side by side, with a predicted v as a line."""
    heads = np.atleast_2d(snapshot.v)
    lag = np.arange(1, heads.shape[1] + 1)
    # gaps between many thin bars would only flicker
    width = (0.8 if len(lag) <= 40 else 1.0) / len(heads)
    for head, v in enumerate(heads):
        place = lag + (head - (len(heads) - 1) / 2) * width
        ax.bar(place, v, width=width, color=color, alpha=0.5 ** (head / 2), linewidth=0,
               label=f"head {head + 1}" if len(heads) > 1 else "v")  # fmt: skip
    if snapshot.theory is not None:
        ax.plot(lag, snapshot.theory, gid="theory", **THEORY)
    ax.axhline(0, color="0.3", linewidth=0.5, gid="zero")
    ax.set_label(f"positional weights after {snapshot.examples:.0f} examples")
    if len(lag) > MANY_LAGS:
        square_root_axis(ax, len(lag))
        ax.set_xticks([1, *ax.get_xticks()[1:]])
    ax.set_xlim(0.5, len(lag) + 0.5)


def snapshot_column(axes: Sequence[Axes], data: LearningCurves) -> None:
    """One panel of v for each snapshot, from early to late."""
    for ax, snapshot, color in zip(axes, data.snapshots, SNAPSHOT_COLORS, strict=True):
        positional_weights(ax, snapshot, color)
        ax.annotate(
            f"after {examples_seen(snapshot.examples)}",
            (0.99, 0.97),
            xycoords="axes fraction",
            ha="right",
            va="top",
            color=color,
        )
        low, high = ax.get_ylim()
        # headroom for the label
        ax.set_ylim(low, high + 0.45 * (high - low))
        ax.locator_params(axis="y", nbins=3)
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        if ax is not axes[-1]:
            ax.tick_params(labelbottom=False)
    axes[0].set_title("Positional weights")
    axes[len(axes) // 2].set_ylabel(data.snapshots[0].symbol)
    axes[-1].set_xlabel("lag $j$ (1 = current token)")


def strategy_distances(ax: Axes, data: LearningCurves) -> None:
    """KL from each strategy to the model; the background names the nearest strategy."""
    index = thin(data.examples)
    for name, values in data.kl.items():
        _range(ax, data, name, STRATEGY[name]["color"])
        ax.plot(data.examples[index], values[index], label=name, **STRATEGY[name], **MEASURED)
    for stage in data.stages:
        ax.axvspan(
            stage.start_examples,
            stage.stop_examples,
            color=STRATEGY[stage.strategy]["color"],
            alpha=0.14,
            linewidth=0,
            gid=f"{stage.strategy} stage",
        )
    ax.set(title="Distance to the strategies (nats)", ylabel="KL(strategy ‖ model)")
    examples_axis(ax, data.examples[-1])
    # room for the legend
    nats_axis(ax, data.kl.values(), headroom=1.22)
    ax.legend(loc="upper left", ncols=3, columnspacing=0.9, handletextpad=0.2)


def learning_panels(figure: Figure, data: LearningCurves) -> SubplotSpec:
    """Test loss, snapshots of v and distances in three of four cells; returns the fourth.

    Two by two in a full text width, below each other in a column. The snapshots share the second
    cell; all panels are of one grid, so that their edges line up.
    """
    rows = len(data.snapshots)
    if is_narrow(figure):
        heights = [1.0, *[1.5 / rows] * rows, 1.0, 1.0]
        grid = figure.add_gridspec(rows + 3, 1, height_ratios=heights)
        loss, shots, distances, last = (
            grid[0],
            [grid[i] for i in range(1, rows + 1)],
            grid[-2],
            grid[-1],
        )
    else:
        grid = figure.add_gridspec(2 * rows, 2)
        loss, distances, last = grid[:rows, 0], grid[rows:, 0], grid[rows:, 1]
        shots = [grid[i, 1] for i in range(rows)]
    test_loss(figure.add_subplot(loss), data)
    snapshot_column([figure.add_subplot(cell) for cell in shots], data)
    strategy_distances(figure.add_subplot(distances), data)
    return last


def curve_panels(figure: Figure, data: LearningCurves) -> None:
    """Test loss and distances alone, for models that have no weights to show."""
    grid = figure.add_gridspec(2, 1) if is_narrow(figure) else figure.add_gridspec(1, 2)
    test_loss(figure.add_subplot(grid[0]), data)
    strategy_distances(figure.add_subplot(grid[1]), data)


def weight_matrix(ax: Axes, W: Array, title: str = "$W$") -> None:
    """W as a heat map with its values written in; those of several heads (H, k, k) in a row."""
    k = W.shape[-1]
    heads = W.reshape(-1, k, k)
    W = np.concatenate(list(heads), axis=1)
    image = ax.imshow(W, gid="W")
    for head in range(1, len(heads)):
        ax.axvline(head * k - 0.5, color="white", linewidth=3)
    middle = (W.min() + W.max()) / 2
    for (row, column), value in np.ndenumerate(W):
        if k <= 4:
            # cividis is dark at its low end
            color = "white" if value < middle else "black"
            # "z" writes no negative zero; the cells of four states are narrow
            text = f"{value:z.{3 if k < 4 else 2}f}" if abs(value) < 1000 else f"{value:.0e}"
            ax.annotate(text, (column, row), ha="center", va="center", color=color,
                        fontsize="medium" if k < 4 else "x-small")  # fmt: skip
    labels = [str(state) for state in range(1, k + 1)]
    ax.set_xticks(range(k * len(heads)), labels * len(heads))
    ax.set_yticks(range(k), labels)
    asking = "current token $x_p$" if len(heads) == 1 else "token $x_{p-n+1}$ of head $n$"
    ax.set(title=title, xlabel="past token $x_s$", ylabel=asking)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if k > 4:
        ax.figure.colorbar(image, ax=ax)
