"""Every claim of the ledger, in paper order; what goes beyond the paper comes last."""

from proofs_check.claims import fact_2_3, lemma_3_1, x_bilinear, x_invariants, x_symmetry

CLAIMS = (
    *fact_2_3.CLAIMS,
    *lemma_3_1.CLAIMS,
    *x_bilinear.CLAIMS,
    *x_invariants.CLAIMS,
    *x_symmetry.CLAIMS,
)
