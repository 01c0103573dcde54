"""The first step in the proof of Lemma A.1: (A.17)-(A.37)."""

from proofs_check.claims.lemma_a1_step_1 import step_1_v, step_1_w, step_1_w_prior, step_1_w_sums

CLAIMS = (*step_1_w.CLAIMS, *step_1_w_sums.CLAIMS, *step_1_w_prior.CLAIMS, *step_1_v.CLAIMS)
