"""Fig. 1, right: distances from a transformer to each strategy during training."""

from __future__ import annotations

from matplotlib.figure import Figure

from proofs_check.figures.spec import FigureSpec
from proofs_check.figures.transformer.runs import one_run_spec
from sim.plots import panels
from sim.plots.panels import LearningCurves


def _draw(figure: Figure, data: LearningCurves) -> None:
    panels.strategy_distances(figure.subplots(), data)


SPEC: FigureSpec = one_run_spec(
    "fig1",
    "transformer, k = 3: distance to uniform, unigram and bigram predictions",
    {"k": 3, "length": 100, "examples": 128_000},
    [],
    height=0.5,
    draw=_draw,
)
