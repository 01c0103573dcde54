"""Fig. 5: trigrams, with three heads in each layer and with one."""

from __future__ import annotations

from typing import Any

from proofs_check.figures.transformer.runs import seeds_spec

TASK: dict[str, Any] = {"k": 2, "order": 2, "length": 200, "width": 48, "examples": 128_000}

SPEC = seeds_spec(
    "fig5",
    "transformer on trigrams: four stages with three heads, and what one head learns",
    {"three heads": TASK | {"heads": 3}, "one head": TASK | {"heads": 1}},
    seeds=3,
    height=0.72,
)
