"""Fig. 12, bottom row: the minimal model on two states."""

from __future__ import annotations

from proofs_check.figures.minimal import runs as learning
from proofs_check.figures.spec import FigureSpec

SPEC = FigureSpec(
    name="fig12",
    title="minimal model, k = 2: test loss, positional weights, distance to the strategies",
    parameters={"k": 2, "snapshots": [3_000, 64_000, 127_000], **learning.TRAINING},
    height=0.64,
    compute=learning.compute,
    draw=learning.draw,
)
