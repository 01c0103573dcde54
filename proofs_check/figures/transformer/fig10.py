"""Figs. 2 and 10: attention of both layers on one input, at four moments of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

import sim
from proofs_check.experiments.transformer_grids import trained
from proofs_check.figures.spec import FigureSpec
from sim.models.transformer.passes import attention_maps
from sim.plots.axes import examples_seen
from sim.plots.style import is_narrow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MapsData:
    """Attention on one input.

    Attributes
    ----------
    tokens : ndarray of int, shape (T,)
    examples : list of float
        Sequences seen when the maps were taken.
    maps : ndarray, shape (moments, layers, T, T)
        Row i holds what position i reads.
    """

    tokens: NDArray[np.int32]
    examples: list[float]
    maps: Array


def _compute(parameters: dict[str, Any], **options: bool) -> MapsData:
    run = trained(parameters, **options)[0][0]
    places = [int(np.abs(run.examples - at).argmin()) for at in parameters["moments"]]
    prior, shown = sim.Dirichlet(run.model(-1).k), parameters["shown"]
    tokens = sim.sample_sequences(prior, 1, shown, parameters["input_seed"]).tokens
    maps = []
    for place in places:
        model = run.model(place)
        assert isinstance(model, sim.Transformer)
        maps.append(np.stack(attention_maps(model, tokens))[:, 0, 0])
    return MapsData(tokens[0], [float(run.examples[place]) for place in places], np.array(maps))


def _draw(figure: Figure, data: MapsData) -> None:
    moments, layers = data.maps.shape[:2]
    wide = not is_narrow(figure)
    axes = figure.subplots(*((layers, moments) if wide else (moments, layers)), squeeze=False)
    panels: list[list[Axes]] = (axes.T if wide else axes).tolist()
    norm = Normalize(0, 1)
    scale = ScalarMappable(norm, "cividis")
    for row, maps, examples in zip(panels, data.maps, data.examples, strict=True):
        for layer, ax in enumerate(row):
            ax.set_label(f"layer {layer + 1} after {examples:.0f} examples")
            ax.imshow(maps[layer], gid="attention of position", cmap=scale.cmap, norm=norm)
            _name_tokens(ax, data.tokens)
            ax.set(
                title=examples_seen(examples).removesuffix(" examples") if layer == 0 else "",
                ylabel=f"layer {layer + 1}" if row is panels[0] or not wide else "",
            )
    figure.suptitle("Attention on one input, after so many examples", fontsize="medium")
    figure.colorbar(scale, ax=axes, shrink=0.6, label="attention")


def _name_tokens(ax: Axes, tokens: NDArray[np.int32]) -> None:
    """The tokens along both axes, as states from 1 on."""
    places, names = range(len(tokens)), [str(token + 1) for token in tokens]
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.tick_params(length=0, pad=1, labelsize=5)


SPEC = FigureSpec(
    name="fig10",
    title="attention of both layers on one input, at four moments of the training",
    parameters={
        "variants": {"": {"k": 3, "length": 100, "examples": 128_000}},
        "seeds": 1,
        "seed": 0,
        "moments": [0, 10_000, 22_000, 128_000],
        "shown": 16,
        "input_seed": 1,
    },
    height=0.5,
    compute=_compute,
    draw=_draw,
    fixed=("seeds",),
)
