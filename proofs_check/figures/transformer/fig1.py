"""Fig. 1, right: distances from a transformer to each strategy during training."""

from __future__ import annotations

from matplotlib.figure import Figure

from proofs_check.figures.figure import FigureSpec, Series
from proofs_check.figures.transformer.runs import one_run_spec
from sim.plots import panels
from sim.plots.panels import LearningCurves


def _draw(figure: Figure, data: LearningCurves) -> None:
    panels.strategy_distances(figure.subplots(), data)


def _series(data: LearningCurves) -> list[Series]:
    return [Series("strategies", name, data.examples, kl) for name, kl in data.kl.items()]


SPEC: FigureSpec = one_run_spec(
    "fig1",
    "transformer, k = 3: distance to uniform, unigram and bigram predictions",
    {"k": 3, "length": 100, "examples": 128_000},
    [],
    height=0.5,
    draw=_draw,
    series=_series,
)
