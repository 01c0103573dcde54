"""Fig. 4a: transformers trained on the priors of App. B, tested on the full prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sim
from proofs_check.experiments.transformer_grids import trained
from proofs_check.figures.spec import FigureSpec
from sim.plots.axes import examples_axis, nats_axis
from sim.plots.style import STRATEGY

Array = NDArray[np.float64]

P = (0.0, 0.25, 0.5, 0.75, 1.0)
TRAINING: dict[str, Any] = {"k": 2, "length": 100, "prior": "interpolated", "examples": 128_000}


@dataclass(frozen=True)
class FamilyData:
    """Test loss on the full distribution, for each p and seed.

    Attributes
    ----------
    examples : ndarray, shape (r,)
    loss : dict of str to ndarray, shape (seeds, r)
    levels : dict of str to float
        KL from the truth to each strategy.
    """

    examples: Array
    loss: dict[str, Array]
    levels: dict[str, float]


def _compute(parameters: dict[str, Any], **options: bool) -> FamilyData:
    variants = parameters["variants"]
    length = next(iter(variants.values()))["length"]
    test_set = sim.HeldOut.draw(sim.Dirichlet(2), parameters["held_out"], length, 0)
    runs = trained(parameters, **options)
    loss = {
        title: np.stack([test_set.evaluate_all(r.model(-1), r.parameters)["kl_truth"] for r in row])
        for title, row in zip(variants, runs, strict=True)
    }
    return FamilyData(runs[0][0].examples.astype(float), loss, test_set.baselines)


def _draw(figure: Figure, data: FamilyData) -> None:
    ax = figure.subplots()
    colors = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(data.loss)))
    for (title, losses), color in zip(data.loss.items(), colors, strict=True):
        for seed, loss in enumerate(losses):
            ax.plot(data.examples, loss, color=color, label=None if seed else title,
                    gid=f"{title}, run {seed + 1}")  # fmt: skip
    for name, level in data.levels.items():
        ax.axhline(
            level,
            gid=f"{name} strategy",
            color=STRATEGY[name]["color"],
            linewidth=1.0,
            linestyle=(0, (4, 2)),
        )
        ax.annotate(
            name, (1.0, level), xycoords=("axes fraction", "data"), xytext=(3, 0),
            textcoords="offset points", va="center", color="0.25",
        )  # fmt: skip
    ax.set(title="Test loss on the full distribution", ylabel="KL(truth ‖ model), nats")
    examples_axis(ax, data.examples[-1])
    nats_axis(ax, [*data.loss.values()], headroom=1.15)
    ax.legend(loc="upper center", ncols=len(data.loss), columnspacing=0.9, handlelength=1.2)


SPEC = FigureSpec(
    name="fig4a",
    title="transformers trained where unigrams say much (p = 0) to little (p = 1), k = 2",
    parameters={
        "variants": {f"p = {p:g}": TRAINING | {"p": p} for p in P},
        "seeds": 2,
        "seed": 0,
        "held_out": 1024,
    },
    height=0.5,
    compute=_compute,
    draw=_draw,
    minutes=1.5,
)
