"""Fig. 13: one-layer transformers, with and without an MLP, for each kind of positions."""

from __future__ import annotations

from proofs_check.experiments.transformer_grids import FIG_13
from proofs_check.figures.transformer.runs import seeds_spec

SPEC = seeds_spec(
    "fig13",
    "one-layer transformers trained four times longer: not beyond unigrams",
    FIG_13,
    height=1.6,
    minutes=5,
)
