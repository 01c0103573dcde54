"""Cost against T, k, B and threads as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from sim.plots.style import figure_height, paper_style, save_figure, venue_width

PANELS = {
    "T": "context length $T$",
    "k": "states $k$",
    "B": "batch size $B$",
    "threads": "threads",
}
TICKS = {"T": (100, 1_000, 10_000), "k": (2, 4, 8, 16, 32, 64), "B": (8, 32, 128, 512)}


def draw(curves: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Write ``benchmarks.pdf`` and ``.png``, a panel for each variable measured."""
    width = venue_width("neurips")
    shown = [name for name in PANELS if any(curve["variable"] == name for curve in curves)]
    with paper_style():
        figure = Figure(figsize=(width, figure_height(width, 0.4)))
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        axes = dict(zip(shown, panels, strict=True))
        for curve in curves:
            single = "float32" in curve["setting"]
            direct = curve["setting"].endswith("direct")
            label = ("float32" if single else "float64") + (", direct" if direct else "")
            axes[curve["variable"]].loglog(
                curve["x"], curve["microseconds"], label=label,
                color="#D55E00" if single else "#0072B2", marker="o", markersize=2.5,
                linestyle=":" if direct else "-",
            )  # fmt: skip
        for name, ax in axes.items():
            ax.set_xlabel(PANELS[name])
            measured = sorted({x for curve in curves if curve["variable"] == name
                               for x in curve["x"]})  # fmt: skip
            ticks = TICKS.get(name, measured)
            ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
            ax.xaxis.set_minor_formatter(NullFormatter())
        panels[0].set_ylabel("microseconds a gradient")
        handles, labels = axes[shown[0]].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        return save_figure(figure, folder, "benchmarks")
