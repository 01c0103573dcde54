"""`FigureSpec`, which defines a figure, and what computes it, draws it and writes its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure

from proofs_check.figures import parameters as settable
from proofs_check.figures.drawn import Series, drawn_series
from sim.files import output_folder, write_atomic, write_json
from sim.plots.style import (
    figure_height,
    paper_style,
    refuse_without_latex,
    save_figure,
    venue_width,
)
from sim.provenance import provenance


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
        ``(figure, data) -> None``; draws and never simulates. What it draws is also what the CSV
        holds, under each artist's gid or label.
    minutes : float
        About how long the runs take on two cores, the first time.
    fixed : tuple of str
        Parameters that cannot be changed: the figure shows one run, say.
    """

    name: str
    title: str
    parameters: dict[str, Any]
    height: float
    compute: Callable[..., Any]
    draw: Callable[[Figure, Any], None]
    minutes: float = 0.0
    fixed: tuple[str, ...] = ()

    def changed(self, **changes: Any) -> FigureSpec:
        """The same figure at other settings.

        Raises
        ------
        ValueError, TypeError
            If the figure has no such setting, or it cannot have such a value.
        """
        return replace(
            self, parameters=settable.changed(self.name, self.parameters, changes, self.fixed)
        )


def draw_figure(
    spec: FigureSpec,
    *,
    venue: str = "neurips",
    usetex: bool = False,
    rc: dict[str, Any] | None = None,
    into: SubFigure | None = None,
    progress: bool = False,
    use_cache: bool = True,
) -> tuple[Figure, Any]:
    """Compute a figure and draw it, on a new `Figure` as wide as the venue's text.

    Returns
    -------
    figure : Figure
        The new one, or the one that `into` is a part of.
    data
        What was plotted.
    """
    width = venue_width(venue)
    if usetex:
        refuse_without_latex()
    data = spec.compute(spec.parameters, progress=progress, use_cache=use_cache)
    with paper_style(usetex=usetex, rc=rc):
        figure = Figure(figsize=(width, figure_height(width, spec.height)))
        whole = figure if into is None else into.figure
        spec.draw(figure if into is None else into, data)  # type: ignore[arg-type]
        # the layout is solved while the style still holds
        whole.draw_without_rendering()
    return whole, data


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
    venue_width(venue)
    folder = output_folder(out)
    figure, data = draw_figure(
        spec, venue=venue, usetex=usetex, progress=progress, use_cache=use_cache
    )
    paths = save_figure(figure, folder, spec.name)
    table = folder / f"{spec.name}.csv"
    content = _csv(drawn_series(figure))
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
