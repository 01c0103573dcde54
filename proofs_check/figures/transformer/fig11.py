"""Fig. 11: transformer and minimal model tested on the full distribution and on parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sim
from proofs_check.experiments.transformer_grids import trained
from proofs_check.figures.minimal import runs as learning
from proofs_check.figures.spec import FigureSpec
from sim.plots.axes import examples_axis, nats_axis
from sim.plots.style import STRATEGY, is_narrow
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]

# chains drawn from the prior, chains with equal rows, and chains whose stationary law is uniform
COLORS = {
    "full": STRATEGY["uniform"]["color"],
    "unigram": STRATEGY["unigram"]["color"],
    "uniform stationary": STRATEGY["bigram"]["color"],
}


@dataclass(frozen=True)
class Tested:
    """The test losses of one run.

    Attributes
    ----------
    examples : ndarray, shape (r,)
    loss : dict of str to ndarray, shape (r,)
        By distribution.
    """

    examples: Array
    loss: dict[str, Array]


def _compute(parameters: dict[str, Any], **options: bool) -> dict[str, Tested]:
    k, length = parameters["k"], parameters["length"]
    priors = (sim.Dirichlet(k), sim.Unigram(k), sim.DoublyStochastic(k))
    tests = {
        name: sim.HeldOut.draw(prior, parameters["held_out"], length, 0)
        for name, prior in zip(COLORS, priors, strict=True)
    }
    runs = {
        "transformer": trained(parameters, **options)[0][0],
        "minimal model": learning.train_minimal(parameters, **options),
    }
    return {name: _tested(run, tests) for name, run in runs.items()}


def _tested(run: Trajectory, tests: dict[str, sim.HeldOut]) -> Tested:
    loss = {
        name: test_set.evaluate_all(run.model(-1), run.parameters)["kl_truth"]
        for name, test_set in tests.items()
    }
    return Tested(run.examples.astype(float), loss)


def _draw(figure: Figure, data: dict[str, Tested]) -> None:
    shape = (2, 1) if is_narrow(figure) else (1, 2)
    for ax, (title, tested) in zip(figure.subplots(*shape).ravel(), data.items(), strict=True):
        for name, loss in tested.loss.items():
            ax.plot(tested.examples, loss, color=COLORS[name], label=name)
        ax.set(title=title, ylabel="KL(truth ‖ model), nats")
        examples_axis(ax, tested.examples[-1])
        nats_axis(ax, [*tested.loss.values()], headroom=1.1)
        ax.legend(loc="upper right")


SPEC = FigureSpec(
    name="fig11",
    title="test loss on full, unigram and uniform-stationary chains, k = 3",
    parameters={
        **learning.TRAINING,
        "k": 3,
        "held_out": 2048,
        "variants": {"": {"k": 3, "length": 100, "examples": 128_000}},
        "seeds": 1,
    },
    height=0.36,
    compute=_compute,
    draw=_draw,
    fixed=("seeds",),
)
