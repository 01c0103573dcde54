"""Figure of the unigram stage with many lags: its duration, and the growth of beta during it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from proofs_check.experiments.cache import cached_arrays
from proofs_check.experiments.plateau_flow import Run, quartic_flows
from proofs_check.figures.spec import FigureSpec
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow
from theory.stages import plateau

Array = NDArray[np.float64]
MARKERS = ("uniform", "unigram", "bigram", "trigram")


@dataclass(frozen=True)
class PlateauData:
    """Flows of the whole loss by number of lags J, and the flow of three numbers.

    Attributes
    ----------
    lags : (n,)
    lengths : (n,)
        Flow time from half way to unigrams to half way from there to bigrams.
    fine, slow : (m,)
        Lags, and the slow flow's time to `beta`, shifted by `shift` to the last of `lengths`.
    beta, shift, slope : float
    times : (t,)
        Since half way to unigrams.
    growth, predicted : dicts of lags to (t,)
        beta in the whole flow and in the slow one.
    """

    lags: Array
    lengths: Array
    fine: Array
    slow: Array
    beta: float
    shift: float
    slope: float
    times: Array
    growth: dict[int, Array]
    predicted: dict[int, Array]


def compute(parameters: dict[str, Any], **options: bool) -> PlateauData:
    """Flows of the quartic for every number of lags."""
    lags, beta = parameters["lags"], parameters["beta"]
    flows = cached_arrays(quartic_flows, {"lags": lags}, **options)
    rows = zip(*(flows[name] for name in Run._fields), strict=True)
    runs = {J: Run(*row) for J, row in zip(lags, rows, strict=True)}
    lengths = np.array([run.begins(2) - run.begins(1) for run in runs.values()])
    fine = np.geomspace(min(lags), max(lags) * 100, 40)
    fine = fine[[plateau.plateau_start(float(J)) < 0.9 * beta for J in fine]]
    slow = np.array([plateau.plateau_time(float(J), beta) for J in fine])
    shift = float(lengths[-1] - plateau.plateau_time(max(lags), beta))
    times = np.linspace(0.0, parameters["until"], 41)[1:]
    growth, predicted = {}, {}
    for J in parameters["shown"]:
        off, diagonal = runs[J].at(times)
        growth[J], predicted[J] = diagonal - off, plateau.plateau_growth(J, times)
    return PlateauData(np.array(lags), lengths, fine, slow + shift, beta, shift,
                       plateau.plateau_slope(), times, growth, predicted)  # fmt: skip


def draw(figure: Figure, data: PlateauData) -> None:
    """Lengths of the stage on the left, beta on the right."""
    grid = figure.add_gridspec(2, 1) if is_narrow(figure) else figure.add_gridspec(1, 2)
    ax = figure.add_subplot(grid[0])
    ax.plot(data.lags, data.lengths, label="flow of the loss", **STRATEGY["uniform"], **MEASURED)
    ax.plot(data.fine, data.slow, label="slow flow, shifted", **THEORY)
    end, top = data.fine[-1], data.slow[-1]
    ax.plot(data.fine, top + data.slope * np.log(data.fine / end), color="0.5", linewidth=0.8,
            linestyle=(0, (4, 2)), label=rf"slope $1/(8|h|)={data.slope:.3f}$")  # fmt: skip
    ax.set(xscale="log", xlabel="lags $J$", ylabel="flow time", ylim=(0, None),
           title="Length of the unigram stage")  # fmt: skip
    ax.legend(loc="lower right")
    ax = figure.add_subplot(grid[1])
    for (J, values), name in zip(data.growth.items(), MARKERS, strict=False):
        ax.plot(data.times[::3], values[::3], label=f"$J={J}$", **STRATEGY[name], **MEASURED)
        ax.plot(data.times, data.predicted[J], gid=f"J = {J}, slow flow", **THEORY)
    ax.plot([], [], label="slow flow", **THEORY)
    ax.set(xlabel="flow time since half way to unigrams", ylabel=r"$\beta$", yscale="log",
           title=r"Growth of $\beta$ from $(2J)^{-1/4}$")  # fmt: skip
    ticks = [0.1, 0.2, 0.3, 0.5, 0.8]
    ax.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left")


SPEC = FigureSpec(
    name="plateau",
    title="the unigram stage in the limit of squared loss: its length and beta, against the lags",
    parameters={
        "lags": [16, 32, 64, 128, 256, 512, 1024],
        "shown": [16, 128, 1024],
        "beta": 0.5,
        "until": 8.0,
    },
    height=0.42,
    compute=compute,
    draw=draw,
)
