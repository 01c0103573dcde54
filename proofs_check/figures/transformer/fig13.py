"""Fig. 13: one layer is not enough, with or without an MLP, whatever the positions."""

from __future__ import annotations

from typing import Any

from proofs_check.figures.transformer.runs import seeds_spec

# eight times as long as the two-layer runs
ONE_LAYER: dict[str, Any] = {"k": 3, "length": 100, "layers": 1, "examples": 1_024_000}

SPEC = seeds_spec(
    "fig13",
    "one-layer transformers trained eight times longer: not beyond unigrams",
    {
        "relative": ONE_LAYER,
        "relative, MLP": ONE_LAYER | {"mlp": 64},
        "absolute": ONE_LAYER | {"positions": "absolute"},
        "absolute, MLP": ONE_LAYER | {"positions": "absolute", "mlp": 64},
        "two states": ONE_LAYER | {"k": 2},
    },
    seeds=2,
    height=1.6,
)
