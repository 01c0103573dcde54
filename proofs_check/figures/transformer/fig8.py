"""Fig. 8: the transformer on three states from ten seeds."""

from __future__ import annotations

from proofs_check.figures.transformer.runs import seeds_spec

SPEC = seeds_spec(
    "fig8",
    "transformer, k = 3, ten seeds: the same stages, not at the same time",
    {"k = 3": {"k": 3, "length": 100, "examples": 128_000}},
    seeds=10,
    height=0.36,
)
