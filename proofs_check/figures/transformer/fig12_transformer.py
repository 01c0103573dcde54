"""Fig. 12, top row: the transformer on two states.

Of ten seeds half learn as this one does, by attending to the token before; most others avoid that
token (claim `x-two-states-heads`).
"""

from __future__ import annotations

from proofs_check.figures.transformer.runs import one_run_spec

SPEC = one_run_spec(
    "fig12-transformer",
    "transformer, k = 2: test loss, attention of layer 1, distance to the strategies",
    {"k": 2, "length": 100, "examples": 128_000},
    [0, 20_000, 128_000],
    seed=2,
)
