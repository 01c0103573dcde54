"""Leaving the origin: W in SGD beside the linear flow, and the escape time against init scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm

import sim
import theory
from proofs_check.claims.beyond.kernel.escape import crossing
from proofs_check.figures.figure import FigureSpec, Series
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow
from sim.task.losses import Loss

Array = NDArray[np.float64]
LOSSES: dict[str, Loss] = {"cross-entropy": sim.CrossEntropy(), "margin": sim.Margin(1.0)}
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


def compute(
    parameters: dict[str, Any], *, progress: bool = False, use_cache: bool = True
) -> EscapeData:
    """SGD with both losses from every init scale, and the linear flow."""
    T, threshold, scales = (parameters[name] for name in ("length", "threshold", "scales"))
    kernel = theory.population_kernel(T)
    found: dict[str, list[list[float]]] = {name: [] for name in LOSSES}
    times, sizes, flows = [], [], []
    seeds = np.random.SeedSequence(parameters["seed"]).spawn(parameters["runs"])
    for c in tqdm(scales, disable=not progress, leave=False):
        high = parameters["beyond"] * theory.escape_time(T, c, threshold, kernel=kernel)
        for name, loss in LOSSES.items():
            runs = [_run(T, c, high, loss, seed, parameters) for seed in seeds]
            found[name].append([crossing(run.time, _size(run.W), threshold) for run in runs])
            if name == "cross-entropy":
                v, W = runs[0].v[0], runs[0].W[0]
                times.append(runs[0].time)
                sizes.append(_size(runs[0].W))
                flows.append(_size(theory.linear_flow(v, W, runs[0].time, kernel=kernel)[1]))
    fine = np.geomspace(min(scales) / 2, 2 * max(scales), 60)
    predicted = [theory.escape_time(T, float(c), threshold, kernel=kernel) for c in fine]
    scale = np.sqrt(parameters["runs"])
    return EscapeData(
        scales=np.array(scales),
        times=times,
        sizes=sizes,
        theory_sizes=flows,
        threshold=threshold,
        fine=fine,
        predicted=np.array(predicted),
        measured={name: np.mean(rows, axis=1) for name, rows in found.items()},
        errors={name: np.std(rows, axis=1, ddof=1) / scale for name, rows in found.items()},
    )


def _run(
    T: int,
    c: float,
    high: float,
    loss: Loss,
    seed: np.random.SeedSequence,
    parameters: dict[str, Any],
) -> sim.Trajectory:
    steps = parameters["steps"]
    return sim.train(
        sim.MinimalModel.constant(T, 2, v=c, W=0.0), sim.Dirichlet(2), steps=steps, loss=loss,
        batch_size=parameters["batch_size"], learning_rate=high / steps, rng=seed,
        record_every=2, held_out=1,
    )  # fmt: skip


def _size(W: Array) -> Array:
    return np.linalg.norm(W, axis=(-2, -1))


def draw(figure: Figure, data: EscapeData) -> None:
    """Growth on the left, escape times on the right."""
    grid = figure.add_gridspec(2, 1) if is_narrow(figure) else figure.add_gridspec(1, 2)
    ax = figure.add_subplot(grid[0])
    labels: tuple[str | None, str | None] = ("SGD, cross-entropy", "linear flow (theory)")
    for time, size, flow in zip(data.times, data.sizes, data.theory_sizes, strict=True):
        thin = slice(1, None, max(1, len(time) // 14))
        ax.plot(time[thin], size[thin], label=labels[0], **STYLE["cross-entropy"], **MEASURED)
        ax.plot(time[1:], flow[1:], label=labels[1], **THEORY)
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


def series(data: EscapeData) -> list[Series]:
    """Everything plotted."""
    out = [Series("escape", "theory", data.fine, data.predicted)]
    for name in LOSSES:
        out.append(Series("escape", name, data.scales, data.measured[name]))
        out.append(Series("escape", f"{name} error", data.scales, data.errors[name]))
    rows = zip(data.scales, data.times, data.sizes, data.theory_sizes, strict=True)
    for c, time, size, flow in rows:
        out.append(Series("growth", f"c = {c:g}", time, size))
        out.append(Series("growth", f"c = {c:g} theory", time, flow))
    return out


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
    series=series,
)
