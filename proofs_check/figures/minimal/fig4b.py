"""Fig. 4b: W and v of the minimal model on two states during the change to bigrams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from proofs_check.figures.minimal.runs import TRAINING, train_minimal
from proofs_check.figures.spec import FigureSpec
from sim.plots import panels
from sim.plots.panels import Snapshot
from sim.plots.style import is_narrow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """W and v at one moment of training."""

    W: Array
    v: Array
    examples: float


def compute(parameters: dict[str, Any], **options: bool) -> Weights:
    """The run of Fig. 12 at the record nearest to ``parameters["at"]`` examples."""
    run = train_minimal(parameters, **options)
    index = int(np.abs(run.examples - parameters["at"]).argmin())
    return Weights(run.W[index], run.v[index], float(run.examples[index]))


def draw(figure: Figure, data: Weights) -> None:
    """W as a heat map, v as bars."""
    grid = (
        figure.add_gridspec(2, 1)
        if is_narrow(figure)
        else figure.add_gridspec(1, 2, width_ratios=[1, 2])
    )
    panels.weight_matrix(figure.add_subplot(grid[0]), data.W)
    ax = figure.add_subplot(grid[1])
    panels.positional_weights(ax, Snapshot(data.examples, data.v))
    ax.set(
        title=f"$v$ after {data.examples / 1e3:.0f} thousand examples",
        xlabel="lag $j$ (1 = current token)",
        ylabel="$v_j$",
    )


SPEC = FigureSpec(
    name="fig4b",
    title="W and v on the way to bigrams, k = 2: the even/odd pattern",
    parameters={"k": 2, "at": 64_000, **TRAINING},
    height=0.36,
    compute=compute,
    draw=draw,
    fixed=("seeds",),
)
