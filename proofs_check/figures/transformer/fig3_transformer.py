"""Fig. 3, top row: the transformer on three states."""

from __future__ import annotations

from proofs_check.figures.transformer.runs import one_run_spec

SPEC = one_run_spec(
    "fig3-transformer",
    "transformer, k = 3: test loss, attention of layer 1, distance to the strategies",
    {"k": 3, "length": 100, "examples": 128_000},
    [0, 20_000, 128_000],
)
