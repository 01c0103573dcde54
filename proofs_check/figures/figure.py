"""`FigureSpec`, which defines a figure, and `make_figure`, which computes it and writes files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from sim.files import output_folder, write_atomic, write_json
from sim.plots.style import figure_height, paper_style, save_figure, venue_width
from sim.provenance import provenance


@dataclass(frozen=True)
class Series:
    """One plotted series: what a CSV row belongs to."""

    panel: str
    name: str
    x: ArrayLike
    y: ArrayLike


@dataclass(frozen=True)
class FigureSpec:
    """A figure of the paper, or beyond it.

    Attributes
    ----------
    name : str
        As on the command line.
    title : str
        One line for ``--help``.
    parameters : dict
        Everything the numbers depend on; JSON-ready.
    height : float
        Height over width at a full text width; a single column is drawn taller.
    compute : callable
        ``(parameters, progress=bool, use_cache=bool) -> data``.
    draw : callable
        ``(figure, data) -> None``; draws and never simulates.
    series : callable
        ``data -> list[Series]``, the plotted numbers.
    """

    name: str
    title: str
    parameters: dict[str, Any]
    height: float
    compute: Callable[..., Any]
    draw: Callable[[Figure, Any], None]
    series: Callable[[Any], list[Series]]


def make_figure(
    spec: FigureSpec,
    out: str | Path,
    *,
    venue: str = "neurips",
    usetex: bool = False,
    progress: bool = False,
    use_cache: bool = True,
) -> tuple[list[Path], Any]:
    """Compute and draw a figure; write PDF, PNG, the plotted numbers as CSV, and a JSON.

    Returns
    -------
    paths : list of Path
    data
        What was plotted.
    """
    width = venue_width(venue)
    folder = output_folder(out)
    data = spec.compute(spec.parameters, progress=progress, use_cache=use_cache)
    with paper_style(usetex=usetex):
        figure = Figure(figsize=(width, figure_height(width, spec.height)))
        spec.draw(figure, data)
        paths = save_figure(figure, folder, spec.name)
    table = folder / f"{spec.name}.csv"
    content = _csv(spec.series(data))
    write_atomic(table, lambda file: file.write(content))
    record = folder / f"{spec.name}.json"
    write_json(record, provenance(figure=spec.name, venue=venue, usetex=usetex, **spec.parameters))
    return [*paths, table, record], data


def _csv(series: list[Series]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["panel", "series", "x", "y"])
    for part in series:
        for x, y in zip(np.ravel(part.x), np.ravel(part.y), strict=True):
            writer.writerow([part.panel, part.name, repr(x.item()), repr(y.item())])
    return text.getvalue().encode()
