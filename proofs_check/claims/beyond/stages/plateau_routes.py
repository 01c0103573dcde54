"""The flow that the figure of the plateau draws."""

from proofs_check.claims.beyond.stages.plateau import by_quartic

__all__ = ["by_quartic"]
