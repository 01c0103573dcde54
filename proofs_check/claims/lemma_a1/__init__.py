"""Lemma 3.1 = A.1, what it states, and the set-up of its proof: (A.9)-(A.16)."""

from proofs_check.claims.lemma_a1 import appendix_setup, lemma_3_1

CLAIMS = (*lemma_3_1.CLAIMS, *appendix_setup.CLAIMS)
