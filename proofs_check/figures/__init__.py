"""The figures by their command-line names, and `figure`, which draws one from Python."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from proofs_check.figures.beyond import escape, modes, ngrams, plateau, stages, threshold
from proofs_check.figures.minimal import fig3, fig4b, fig6, fig12
from proofs_check.figures.spec import FigureSpec, draw_figure, make_figure
from proofs_check.figures.transformer import (
    fig1,
    fig2,
    fig3_transformer,
    fig4a,
    fig5,
    fig8,
    fig9,
    fig10,
    fig11,
    fig12_transformer,
    fig13,
)
from sim import checks

FIGURES: dict[str, FigureSpec] = {
    module.SPEC.name: module.SPEC
    for module in (
        fig1,
        fig2,
        fig3,
        fig3_transformer,
        fig4a,
        fig4b,
        fig5,
        fig6,
        fig8,
        fig9,
        fig10,
        fig11,
        fig12,
        fig12_transformer,
        fig13,
        modes,
        escape,
        threshold,
        stages,
        plateau,
        ngrams,
    )
}

__all__ = ["FIGURES", "FigureSpec", "figure", "make_figure"]


def figure(
    name: str,
    *,
    into: Axes | SubFigure | None = None,
    venue: str = "neurips",
    usetex: bool = False,
    rc: dict[str, Any] | None = None,
    progress: bool = False,
    use_cache: bool = True,
    **settings: Any,
) -> Figure:
    """A figure of the paper, or beyond it, at its own or at other settings.

    Parameters
    ----------
    name : str
        As on the command line; `FIGURES` has them all.
    into : Axes or SubFigure, optional
        Where to draw. The axes must be a cell of a grid, as from `subplots`; they are replaced by
        the panels. If not given, a new figure as wide as the venue's text.
    venue : str
        A name of `sim.plots.style.VENUES`.
    usetex : bool
        Typeset with LaTeX.
    rc : dict, optional
        Settings of Matplotlib that override the style, such as ``{"font.size": 10}``.
    progress : bool
        Show progress bars on stderr.
    use_cache : bool
        Reuse runs that were kept; they are kept in any case.
    **settings
        Values for names of ``FIGURES[name].parameters``: ``k=4``, ``length=200``, ``seeds=5``.
        For a figure of transformers also settings that all its runs have in common.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError, TypeError
        If there is no such figure, venue or setting, or a setting cannot have such a value.

    Examples
    --------
    >>> from proofs_check.figures import figure
    >>> drawn = figure("fig3", k=2, length=20, examples=6400, seeds=3)
    >>> [ax.get_title() for ax in drawn.axes][:1]
    ['Test loss (nats)']
    """
    spec = FIGURES[checks.one_of("figure", name, FIGURES)].changed(**settings)
    part = _cell_of(into) if isinstance(into, Axes) else into
    drawn, _ = draw_figure(
        spec, venue=venue, usetex=usetex, rc=rc, into=part, progress=progress, use_cache=use_cache
    )
    return drawn


def _cell_of(axes: Axes) -> SubFigure:
    """A part of the figure in place of axes in a grid."""
    cell, whole = axes.get_subplotspec(), axes.figure
    if cell is None or whole is None:
        raise ValueError("into must be axes in a grid, as from subplots, got free axes")
    axes.remove()
    return whole.add_subfigure(cell)
