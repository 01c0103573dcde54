"""Fig. 3, bottom row: the minimal model on three states."""

from __future__ import annotations

from proofs_check.figures.minimal import runs as learning
from proofs_check.figures.spec import FigureSpec

SPEC = FigureSpec(
    name="fig3",
    title="minimal model, k = 3: test loss, positional weights, distance to the strategies",
    parameters={"k": 3, "snapshots": [3_000, 38_000, 121_000], **learning.TRAINING},
    height=0.64,
    compute=learning.compute,
    draw=learning.draw,
)
