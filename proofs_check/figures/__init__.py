"""The figures, one file each, by the name they have on the command line."""

from proofs_check.figures import escape, fig3, fig4b, fig6, fig12, modes, stages, threshold
from proofs_check.figures.figure import FigureSpec, make_figure

FIGURES: dict[str, FigureSpec] = {
    module.SPEC.name: module.SPEC
    for module in (fig3, fig4b, fig6, fig12, modes, escape, threshold, stages)
}

__all__ = ["FIGURES", "FigureSpec", "make_figure"]
