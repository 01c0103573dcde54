"""The second step in the proof of Lemma A.1: (A.38)-(A.51)."""

from proofs_check.claims.lemma_a1_step_2 import step_2, step_2_dominance

CLAIMS = (*step_2.CLAIMS, *step_2_dominance.CLAIMS)
