"""Training runs of the paper's transformers for the figures: one run, or one for each seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from proofs_check.experiments.transformer_grids import trained
from proofs_check.figures.spec import FigureSpec
from sim.plots import panels
from sim.plots.axes import examples_axis, nats_axis
from sim.plots.panels import LearningCurves
from sim.plots.style import STRATEGY, is_narrow


@dataclass(frozen=True)
class Variant:
    """One architecture and task, trained from several seeds."""

    title: str
    curves: list[LearningCurves]


def seeds_spec(
    name: str, title: str, grid: dict[str, Any], *, height: float, minutes: float
) -> FigureSpec:
    """A figure of the test loss of all seeds, and of the distances to the strategies.

    Of each variant of a grid (see `transformer_grids`) in a row.
    """
    return FigureSpec(
        name=name,
        title=title,
        parameters=grid,
        height=height,
        minutes=minutes,
        compute=_compute_seeds,
        draw=_draw_seeds,
    )


def _compute_seeds(parameters: dict[str, Any], **options: bool) -> list[Variant]:
    found = zip(parameters["variants"], trained(parameters, **options), strict=True)
    return [
        Variant(title, [panels.learning_curves(run) for run in seeds]) for title, seeds in found
    ]


def _draw_seeds(figure: Figure, data: list[Variant]) -> None:
    shape = (2 * len(data), 1) if is_narrow(figure) else (len(data), 2)
    axes = figure.subplots(*shape, squeeze=False).ravel()
    for row, variant in enumerate(data):
        losses_of_seeds(axes[2 * row], variant)
        distances_of_seeds(axes[2 * row + 1], variant)


def losses_of_seeds(ax: Axes, variant: Variant) -> None:
    """Test loss of every seed as a line, with the strategies' own KL."""
    for run, curves in enumerate(variant.curves):
        ax.plot(curves.examples, curves.kl_truth, color="0.25", linewidth=0.6, alpha=0.8,
                gid=f"run {run + 1}")  # fmt: skip
    # every seed has held-out sequences of its own
    for name in variant.curves[0].baselines:
        level = float(np.mean([curves.baselines[name] for curves in variant.curves]))
        ax.axhline(level, color=STRATEGY[name]["color"], linewidth=1.0, gid=f"{name} strategy")
        ax.annotate(
            name, (1.0, level), xycoords=("axes fraction", "data"), xytext=(3, 0),
            textcoords="offset points", va="center", color="0.25",
        )  # fmt: skip
    count = len(variant.curves)
    ax.set(title=f"{variant.title}: test loss, {count} seeds", ylabel="KL(truth ‖ model), nats")
    examples_axis(ax, variant.curves[0].examples[-1])
    nats_axis(ax, [curves.kl_truth for curves in variant.curves])


def distances_of_seeds(ax: Axes, variant: Variant) -> None:
    """Median over the seeds of the distances to the strategies, and their whole range."""
    examples = variant.curves[0].examples
    for name in variant.curves[0].kl:
        values = np.array([curves.kl[name] for curves in variant.curves])
        color = STRATEGY[name]["color"]
        ax.plot(examples, np.median(values, axis=0), color=color, label=name)
        ax.fill_between(
            examples,
            values.min(axis=0),
            values.max(axis=0),
            color=color,
            alpha=0.2,
            linewidth=0,
            gid=f"{name} range",
        )
    ax.set_label(f"{variant.title}: distance to the strategies")
    ax.set(title="distance to the strategies", ylabel="KL(strategy ‖ model), nats")
    examples_axis(ax, examples[-1])
    nats_axis(ax, [v for curves in variant.curves for v in curves.kl.values()], headroom=1.25)
    ax.legend(loc="upper right", ncols=2, columnspacing=0.9)


def one_run_spec(
    name: str,
    title: str,
    options: dict[str, Any],
    snapshots: list[int],
    *,
    seed: int = 0,
    height: float = 0.64,
    draw: Callable[[Figure, LearningCurves], None] | None = None,
) -> FigureSpec:
    """A figure of one run, by itself: test loss, attention of layer 1 by lag, distances, scores."""
    return FigureSpec(
        name=name,
        title=title,
        parameters={"variants": {"": options}, "seeds": 1, "seed": seed, "snapshots": snapshots},
        height=height,
        compute=_compute_one,
        draw=draw or _draw_one,
    )


def _compute_one(parameters: dict[str, Any], **options: bool) -> LearningCurves:
    return panels.learning_curves(trained(parameters, **options)[0], parameters["snapshots"])


def _draw_one(figure: Figure, data: LearningCurves) -> None:
    panels.attention_scores(figure.add_subplot(panels.learning_panels(figure, data)), data)
