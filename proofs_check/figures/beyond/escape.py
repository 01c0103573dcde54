"""Figure of the escape from the origin: W in SGD and linear flow, and time against init scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import theory
from proofs_check.experiments.cache import cached_arrays
from proofs_check.experiments.escape_times import LOSSES, crossing, escape_runs
from proofs_check.figures.spec import FigureSpec
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow

Array = NDArray[np.float64]
STYLE = {"cross-entropy": STRATEGY["uniform"], "margin": STRATEGY["trigram"]}


@dataclass(frozen=True)
class EscapeData:
    """Growth of W and escape times, from v = c 1 and W = 0.

    Attributes
    ----------
    scales : (s,)
        c.
    times : list of (n,)
        Flow times of the records of one run each, cross-entropy.
    sizes, theory_sizes : lists of (n,)
        |W|_F in the run, and in the linear flow.
    threshold : float
    fine, predicted : (m,)
        Init scales and predicted escape times.
    measured, errors : dicts of loss to (s,)
        Mean escape times and standard errors.
    """

    scales: Array
    times: list[Array]
    sizes: list[Array]
    theory_sizes: list[Array]
    threshold: float
    fine: Array
    predicted: Array
    measured: dict[str, Array]
    errors: dict[str, Array]


def compute(parameters: dict[str, Any], **options: bool) -> EscapeData:
    """SGD with both losses from every init scale, and the linear flow."""
    T, threshold, scales = (parameters[name] for name in ("length", "threshold", "scales"))
    kernel = theory.population_kernel(T)
    runs = cached_arrays(escape_runs, parameters, **options)
    flows = [
        theory.linear_flow(np.full(T, c), np.zeros((2, 2)), time, kernel=kernel)[1]
        for c, time in zip(scales, runs["time"], strict=True)
    ]
    escapes = np.array([
        [[crossing(time, size, threshold) for size in row] for row in rows]
        for time, rows in zip(runs["time"], runs["size"], strict=True)
    ])  # fmt: skip
    means, spreads = escapes.mean(axis=2), escapes.std(axis=2, ddof=1)
    fine = np.geomspace(min(scales) / 2, 2 * max(scales), 60)
    predicted = [theory.escape_time(T, float(c), threshold, kernel=kernel) for c in fine]
    return EscapeData(
        scales=np.array(scales),
        times=list(runs["time"]),
        sizes=list(runs["size"][:, 0, 0]),
        theory_sizes=[np.linalg.norm(W, axis=(1, 2)) for W in flows],
        threshold=threshold,
        fine=fine,
        predicted=np.array(predicted),
        measured=dict(zip(LOSSES, means.T, strict=True)),
        errors=dict(zip(LOSSES, spreads.T / np.sqrt(parameters["runs"]), strict=True)),
    )


def draw(figure: Figure, data: EscapeData) -> None:
    """Growth on the left, escape times on the right."""
    grid = figure.add_gridspec(2, 1) if is_narrow(figure) else figure.add_gridspec(1, 2)
    ax = figure.add_subplot(grid[0])
    labels: tuple[str | None, str | None] = ("SGD, cross-entropy", "linear flow (theory)")
    runs = zip(data.scales, data.times, data.sizes, data.theory_sizes, strict=True)
    for c, time, size, flow in runs:
        thin = slice(1, None, max(1, len(time) // 14))
        ax.plot(
            time[thin],
            size[thin],
            label=labels[0],
            gid=f"SGD, c = {c:g}",
            **STYLE["cross-entropy"],
            **MEASURED,
        )
        ax.plot(time[1:], flow[1:], label=labels[1], gid=f"theory, c = {c:g}", **THEORY)
        labels = (None, None)
    for c, time, flow in zip(data.scales, data.times, data.theory_sizes, strict=True):
        ax.annotate(f"{c:g}", (time[-1], flow[-1]), xytext=(0, 2), textcoords="offset points",
                    ha="center", va="bottom", color="0.35")  # fmt: skip
    ax.axhline(data.threshold, color="0.5", linewidth=0.6, linestyle=(0, (3, 2)))
    low = min(size[1] for size in data.sizes)
    ax.set(yscale="log", xlabel="flow time", title=r"$\|W\|_F$ from $v=c1$, $W=0$; numbers are $c$",
           ylim=(low / 2, 40 * max(flow[-1] for flow in data.theory_sizes)))  # fmt: skip
    ax.legend(loc="upper left")
    ax = figure.add_subplot(grid[1])
    for name in LOSSES:
        ax.errorbar(data.scales, data.measured[name], yerr=data.errors[name], elinewidth=0.6,
                    label=f"SGD, {name}", **STYLE[name], **MEASURED)  # fmt: skip
    ax.plot(data.fine, data.predicted, **THEORY, label="linear flow (theory)")
    ax.set(xscale="log", xlabel="init scale $c$", ylim=(0, None),
           title=rf"Flow time until $\|W\|_F={data.threshold:g}$")  # fmt: skip
    ax.legend()


SPEC = FigureSpec(
    name="escape",
    title="leaving the origin, k = 2: growth of W and escape time against init scale",
    parameters={
        "length": 100,
        "scales": [1e-2, 1e-3, 1e-4, 1e-5, 1e-6],
        "threshold": 0.03,
        "beyond": 1.25,
        "steps": 300,
        "batch_size": 32,
        "runs": 6,
        "seed": 0,
    },
    height=0.4,
    compute=compute,
    draw=draw,
)
