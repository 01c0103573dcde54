"""Sec. 3 and the captions of the figures: prose that can be checked, and trained transformers."""

from proofs_check.claims.sec3_training import (
    captions,
    layers,
    learning,
    passing,
    prose,
    two_states,
)

IN_ORDER = (prose, layers, passing, captions, learning, two_states)
CLAIMS = tuple(claim for module in IN_ORDER for claim in module.CLAIMS)
