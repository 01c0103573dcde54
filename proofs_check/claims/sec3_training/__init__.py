"""Sec. 3 and the captions of the figures: prose that can be checked, and trained transformers."""

from proofs_check.claims.sec3_training import captions, layers, learning, prose, two_states

CLAIMS = (*prose.CLAIMS, *layers.CLAIMS, *captions.CLAIMS, *learning.CLAIMS, *two_states.CLAIMS)
