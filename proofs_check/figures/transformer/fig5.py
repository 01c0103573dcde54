"""Fig. 5: transformers learning trigrams, with three heads in each layer and with one."""

from __future__ import annotations

from proofs_check.experiments.transformer_grids import FIG_5
from proofs_check.figures.transformer.runs import seeds_spec

SPEC = seeds_spec(
    "fig5",
    "transformer on trigrams: four stages with three heads, and what one head learns",
    FIG_5,
    height=0.72,
    minutes=3,
)
