"""Every claim of the ledger, in paper order; what goes beyond the paper comes last."""

from proofs_check.claims import (
    cor_a2,
    fact_2_3,
    lemma_3_1,
    prop_a3,
    prop_a3_moments,
    prop_a3_steps,
    x_bilinear,
    x_invariants,
    x_symmetry,
)

CLAIMS = (
    *fact_2_3.CLAIMS,
    *lemma_3_1.CLAIMS,
    *cor_a2.CLAIMS,
    *prop_a3_steps.CLAIMS,
    *prop_a3_moments.CLAIMS,
    *prop_a3.CLAIMS,
    *x_bilinear.CLAIMS,
    *x_invariants.CLAIMS,
    *x_symmetry.CLAIMS,
)
