"""Figure of the modes of the population kernel: growth rates, lag profiles and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import theory
from proofs_check.experiments.cache import cached_arrays
from proofs_check.experiments.sampled_modes import sampled_modes
from proofs_check.figures.spec import FigureSpec
from sim.plots.style import MEASURED, STRATEGY, THEORY, is_narrow

Array = NDArray[np.float64]
SHOWN = 20  # lags drawn
PRIORS = {"flat": "flat prior", "doubly_stochastic": "$a=b$"}
# not the colours of the strategies: which one a mode stands for depends on the prior
STYLE = (STRATEGY["uniform"], STRATEGY["trigram"])


@dataclass(frozen=True)
class ModesData:
    """Exact and sampled modes of two-state kernels.

    Attributes
    ----------
    lengths, values : (n,), dict of prior to (n, 2)
        Exact singular values.
    sampled_lengths, sampled, errors : (m,), dicts of prior to (m, 2)
        Estimates from sequences, with standard errors.
    profiles, sampled_profiles : (2, lags)
        v of both modes, flat prior.
    shares : dict of prior to list of dicts
        Share of each strategy that a mode alone explains.
    T : int
        Context length of profiles and shares.
    """

    lengths: Array
    values: dict[str, Array]
    sampled_lengths: Array
    sampled: dict[str, Array]
    errors: dict[str, Array]
    profiles: Array
    sampled_profiles: Array
    shares: dict[str, list[dict[str, float]]]
    T: int


def compute(parameters: dict[str, Any], **options: bool) -> ModesData:
    """Closed-form modes, and the same from sampled gradients."""
    T, few = parameters["length"], parameters["sampled_lengths"]
    many = np.unique(np.geomspace(min(few) / 2, 2 * max(few), 40).astype(int))
    sampled = cached_arrays(sampled_modes, parameters, **options)
    exact = theory.modes(T)
    left, _, _ = np.linalg.svd(sampled["columns"])
    profiles = left.T[:2] * np.sign(np.sum(left.T[:2] * exact.v_modes, axis=1))[:, None]
    shares = {
        prior: [
            {name: float(sampled[name][row, mode]) for name in ("unigram", "bigram")}
            for mode in (0, 1)
        ]
        for row, prior in enumerate(PRIORS)
    }
    return ModesData(
        lengths=many.astype(float),
        values={
            prior: np.array([theory.modes(int(x), prior=prior).singular_values for x in many])
            for prior in PRIORS
        },
        sampled_lengths=np.array(few, dtype=float),
        sampled=dict(zip(PRIORS, sampled["values"], strict=True)),
        errors=dict(zip(PRIORS, sampled["errors"], strict=True)),
        profiles=exact.v_modes[:, :SHOWN],
        sampled_profiles=profiles[:, :SHOWN],
        shares=shares,
        T=T,
    )


def draw(figure: Figure, data: ModesData) -> None:
    """Singular values, profiles and shares."""
    tall = {"height_ratios": [1.9, 1.2, 1]}
    grid = figure.add_gridspec(3, 1, **tall) if is_narrow(figure) else figure.add_gridspec(1, 3)
    axes = [figure.add_subplot(grid[i]) for i in range(3)]
    _growth(axes[0], data)
    _profiles(axes[1], data)
    _roles(axes[2], data)


def _growth(ax: Axes, data: ModesData) -> None:
    """Lines are closed forms, dashed for a = b."""
    for (prior, label), dash in zip(PRIORS.items(), ("-", (0, (3, 2))), strict=True):
        for mode in (0, 1):
            style = THEORY | {"linestyle": dash, "gid": f"mode {mode + 1}, {label}, theory"}
            ax.plot(data.lengths, data.values[prior][:, mode], **style,
                    label=f"theory, {label}" if mode == 0 else None)  # fmt: skip
            ax.errorbar(
                data.sampled_lengths, data.sampled[prior][:, mode],
                yerr=data.errors[prior][:, mode], **STYLE[mode], **MEASURED, elinewidth=0.6,
                gid=f"mode {mode + 1}, {label}, sampled",
                label=f"mode {mode + 1}, sampled" if prior == "flat" else None,
            )  # fmt: skip
    top = max(values.max() for values in data.values.values())
    ax.set(xscale="log", yscale="log", xlabel="context length $T$", title="Singular values of $K$")
    ax.set_ylim(top=200 * top)  # room for the legend
    ax.legend(loc="upper left")


def _profiles(ax: Axes, data: ModesData) -> None:
    lag = np.arange(1, data.profiles.shape[1] + 1)
    for mode in (0, 1):
        ax.plot(lag, data.profiles[mode], gid=f"mode {mode + 1}, theory", **THEORY)
        ax.plot(lag, data.sampled_profiles[mode], **STYLE[mode], **MEASURED,
                label=f"mode {mode + 1}")  # fmt: skip
    ax.axhline(0, color="0.6", linewidth=0.5, zorder=0)
    ax.set(xlabel="lag $j$ (1 = current token)", title=f"$v_j$ of the modes, $T={data.T}$")
    ax.locator_params(axis="x", integer=True)
    ax.legend()


def _roles(ax: Axes, data: ModesData) -> None:
    labels: list[str] = []
    for prior, rows in data.shares.items():
        for mode, share in enumerate(rows):
            place = len(labels)
            for name, value in share.items():
                ax.plot([place], [value], **STRATEGY[name], **MEASURED,
                        gid=f"{name}, mode {mode + 1}, {PRIORS[prior]}",
                        label=name if place == 0 else None)  # fmt: skip
            labels.append(f"{mode + 1}\n{PRIORS[prior].split()[0]}")
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks([0, 0.5, 1])
    ax.set(ylim=(-0.05, 1.45), xlim=(-0.5, len(labels) - 0.5), xlabel="mode",
           title="Share of a strategy explained")  # fmt: skip
    ax.legend(loc="upper center", ncols=2)


SPEC = FigureSpec(
    name="modes",
    title="modes of the population kernel, k = 2: growth, profiles, what they predict",
    parameters={
        "length": 100,
        "sampled_lengths": [20, 50, 100, 200, 400],
        "samples": 20_000,
        "seed": 0,
    },
    height=0.42,
    compute=compute,
    draw=draw,
)
