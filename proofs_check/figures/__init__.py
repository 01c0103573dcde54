"""Registry of the figures by their command-line names; each figure has its own file."""

from proofs_check.figures.beyond import escape, modes, ngrams, plateau, stages, threshold
from proofs_check.figures.figure import FigureSpec, make_figure
from proofs_check.figures.minimal import fig3, fig4b, fig6, fig12
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

__all__ = ["FIGURES", "FigureSpec", "make_figure"]
