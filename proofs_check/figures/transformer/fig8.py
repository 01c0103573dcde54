"""Fig. 8: the transformer on three states from several seeds."""

from __future__ import annotations

from proofs_check.experiments.transformer_grids import FIG_8
from proofs_check.figures.transformer.runs import seeds_spec

SPEC = seeds_spec(
    "fig8",
    "transformer, k = 3, several seeds: the same stages, not at the same time",
    FIG_8,
    height=0.36,
    minutes=1.5,
)
