"""The plotting style, and the text widths of conferences and journals."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.figure import Figure, SubFigure

from sim import checks
from sim.files import write_atomic

# full text width in inches; icml is one column, icml2 both
VENUES = {"neurips": 5.5, "iclr": 5.5, "icml": 3.25, "icml2": 6.75, "tmlr": 6.5, "jmlr": 6.0}

STRATEGY: dict[str, dict[str, Any]] = {
    "uniform": {"color": "#004C97", "marker": "o"},
    "unigram": {"color": "#C26A00", "marker": "s"},
    "bigram": {"color": "#00805F", "marker": "^"},
    "trigram": {"color": "#A8508A", "marker": "D"},
}
# a marker on the edge of the axes is drawn whole, above the edge
MEASURED: dict[str, Any] = {
    "linestyle": "none",
    "markerfacecolor": "white",
    "markeredgewidth": 0.6,
    "clip_on": False,
    "zorder": 3,
}
THEORY: dict[str, Any] = {"color": "black", "linewidth": 1.0}
BAR = "#56789A"
# inches: wider than the column of a two-column page, narrower than the text of any venue
NARROW = 4.0


@contextmanager
def paper_style(*, usetex: bool = False, rc: dict[str, Any] | None = None) -> Iterator[None]:
    """Apply the style inside a ``with`` block; `usetex` hands all text to LaTeX.

    Settings in `rc` (see `matplotlib.rcParams`) override the style.
    """
    if usetex:
        refuse_without_latex()
    sheet = Path(__file__).with_name("paper.mplstyle")
    with mpl.rc_context(), mpl.style.context(str(sheet)):
        mpl.rcParams["text.usetex"] = usetex
        mpl.rcParams.update(rc or {})  # type: ignore[arg-type]
        yield


def refuse_without_latex() -> None:
    """Refuse to typeset with LaTeX where there is none.

    Raises
    ------
    ValueError
    """
    if shutil.which("latex") is None:
        raise ValueError(
            "usetex needs LaTeX, but there is no program `latex`: install TeX Live, or leave it out"
        )


def venue_width(venue: str) -> float:
    """Width in inches of a figure as wide as the venue's text."""
    return VENUES[checks.one_of("venue", venue, VENUES)]


def figure_height(width: float, ratio: float) -> float:
    """Height in inches: `ratio` of a full text width; a column stacks what stands side by side."""
    return ratio * width if width > NARROW else 2.9 * ratio * width


def is_narrow(figure: Figure | SubFigure) -> bool:
    """Whether a figure is as wide as a column only: what stands side by side is then stacked."""
    return bool(figure.bbox.width / figure.get_dpi() <= NARROW)


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``name.pdf`` and ``name.png`` into an existing folder, each whole or not at all."""
    written = []
    # resolution and font embedding are read when a figure is saved, not when it is drawn
    with paper_style():
        # a date in the file would make two drawings of the same data differ
        for suffix, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
            path = folder / f"{name}.{suffix}"
            save = partial(figure.savefig, format=suffix, metadata=metadata)
            write_atomic(path, save)
            written.append(path)
    return written


def use_file_backend() -> None:
    """Draw without a screen, unless the user has chosen a backend."""
    if "MPLBACKEND" not in os.environ:
        mpl.use("agg")
