"""Fig. 9: the transformer on eight states, with context length 200."""

from __future__ import annotations

from proofs_check.experiments.transformer_grids import FIG_9
from proofs_check.figures.transformer.runs import seeds_spec

SPEC = seeds_spec(
    "fig9",
    "transformer, k = 8, T = 200: three stages here too",
    FIG_9,
    height=0.36,
    minutes=2.5,
)
