"""Fig. 2: attention of both layers on a short input, in each stage of training."""

from __future__ import annotations

from dataclasses import replace

from proofs_check.figures.transformer import fig10

SPEC = replace(
    fig10.SPEC,
    name="fig2",
    title="attention of both layers on ten tokens: uniform, unigram and bigram stage",
    parameters=fig10.SPEC.parameters | {"moments": [0, 10_000, 128_000], "shown": 10},
    height=0.6,
)
