"""Read the plotted numbers off a drawn figure, so that its CSV and its picture cannot differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Series(NamedTuple):
    """One plotted series: what CSV rows belong to.

    Attributes
    ----------
    panel : str
        Title of the axes, or else its labels.
    name : str
        The artist's gid, or else its label.
    x, y : ndarray, shape (n,)
        In units of the axes. Where a line spans the axes, x or y are the limits of the axis.
    """

    panel: str
    name: str
    x: Array
    y: Array


def drawn_series(figure: Figure) -> list[Series]:
    """Everything a figure shows: lines, markers, errors, bars, bands, images and shaded spans.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    list of Series
        Names are unique within a panel.
    """
    found: list[Series] = []
    for ax in figure.axes:
        if ax.get_label() == "<colorbar>":
            continue
        named = ax.get_label() or ax.get_title() or ax.get_ylabel() or ax.get_xlabel() or "axes"
        panel = " ".join(str(named).split())
        found += [Series(panel, name, x, y) for name, x, y in _of_axes(ax) if x.size]
    return _unique(found)


def _of_axes(ax: Axes) -> Iterator[tuple[str, Array, Array]]:
    inside = set()
    for container in ax.containers:
        inside |= {id(child) for child in container.get_children()}
        if isinstance(container, ErrorbarContainer):
            yield from _errorbar(container)
        elif isinstance(container, BarContainer):
            bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in container]
            yield _name(container, "bars"), *np.array(bars, dtype=float).T
    for artist in ax.get_children():
        if id(artist) in inside:
            continue
        if isinstance(artist, Line2D):
            yield _name(artist, "line"), *_in_data(artist, ax)
        elif isinstance(artist, PolyCollection):
            yield from _band(artist)
        elif isinstance(artist, LineCollection):
            ends = np.array(artist.get_segments()).reshape(-1, 2)
            yield _name(artist, "lines"), *ends.T
        elif isinstance(artist, AxesImage):
            for row, values in enumerate(np.asarray(artist.get_array(), dtype=float)):
                yield (
                    f"{_name(artist, 'image')} row {row + 1}",
                    np.arange(1.0, 1 + len(values)),
                    values,
                )
        elif isinstance(artist, Rectangle) and artist is not ax.patch:
            x = np.array([artist.get_x(), artist.get_x() + artist.get_width()], dtype=float)
            yield _name(artist, "span"), x, np.array(ax.get_ylim())


def _errorbar(container: ErrorbarContainer) -> Iterator[tuple[str, Array, Array]]:
    line, _, bars = container.lines
    name = line.get_gid() or _name(container, "points")
    x = np.asarray(line.get_xdata(), dtype=float)
    yield name, x, np.asarray(line.get_ydata(), dtype=float)
    for bar in bars:
        ends = np.array(bar.get_segments())
        yield f"{name} error", x, (ends[:, 1, 1] - ends[:, 0, 1]) / 2


def _band(artist: PolyCollection) -> Iterator[tuple[str, Array, Array]]:
    """A polygon of `fill_between`: a corner, one edge, a corner, the other edge backwards."""
    name = _name(artist, "band")
    for path in artist.get_paths():
        corners = np.asarray(path.vertices)[:-1]
        count = (len(corners) - 2) // 2
        for edge, part in (("lower", corners[1 : count + 1]), ("upper", corners[: count + 1 : -1])):
            yield f"{name} {edge}", part[:, 0].astype(float), part[:, 1].astype(float)


def _in_data(line: Line2D, ax: Axes) -> tuple[Array, Array]:
    """x and y; those that are fractions of the axes, as of `axhline`, as the axis' limits."""
    points = [np.asarray(data, dtype=float) for data in (line.get_xdata(), line.get_ydata())]
    is_data = line.get_transform().contains_branch_seperately(ax.transData)
    limits = (ax.get_xlim(), ax.get_ylim())
    return tuple(
        part if inside else low + (high - low) * part
        for part, inside, (low, high) in zip(points, is_data, limits, strict=True)
    )  # type: ignore[return-value]


def _name(artist: Artist | ErrorbarContainer | BarContainer, kind: str) -> str:
    gid = artist.get_gid() if isinstance(artist, Artist) else None
    label = str(artist.get_label() or "")
    return gid or (kind if not label or label.startswith("_") else " ".join(label.split()))


def _unique(found: list[Series]) -> list[Series]:
    """The second of a name in a panel is called ``name (2)``."""
    seen: dict[tuple[str, str], int] = {}
    out = []
    for part in found:
        key = (part.panel, part.name)
        seen[key] = seen.get(key, 0) + 1
        name = part.name if seen[key] == 1 else f"{part.name} ({seen[key]})"
        out.append(part._replace(name=name))
    return out
