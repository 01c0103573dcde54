"""Every claim of the ledger, in paper order; what goes beyond the paper comes last.

A module ``x`` states claims and lists them in ``CLAIMS``; what is computed for them stands beside
them or, where that is long, in ``x_routes``. What several modules share is in ``common``.
"""

from proofs_check.claims import (
    appendix_setup,
    cor_a2,
    displays,
    fact_2_3,
    lemma_3_1,
    minimal_model,
    prop_2_2,
    prop_a3,
    prop_a3_moments,
    prop_a3_steps,
    prose,
    step_1_v,
    step_1_w,
    step_1_w_prior,
    step_1_w_sums,
    step_2,
    step_2_dominance,
    task,
    transformer,
    x_bilinear,
    x_context_limit,
    x_invariants,
    x_stages,
    x_symmetry,
)

CLAIMS = (
    *task.CLAIMS,
    *transformer.CLAIMS,
    *prop_2_2.CLAIMS,
    *minimal_model.CLAIMS,
    *fact_2_3.CLAIMS,
    *prose.CLAIMS,
    *lemma_3_1.CLAIMS,
    *appendix_setup.CLAIMS,
    *step_1_w.CLAIMS,
    *step_1_w_sums.CLAIMS,
    *step_1_w_prior.CLAIMS,
    *step_1_v.CLAIMS,
    *step_2.CLAIMS,
    *step_2_dominance.CLAIMS,
    *cor_a2.CLAIMS,
    *prop_a3_steps.CLAIMS,
    *prop_a3_moments.CLAIMS,
    *prop_a3.CLAIMS,
    *displays.CLAIMS,
    *x_bilinear.CLAIMS,
    *x_invariants.CLAIMS,
    *x_symmetry.CLAIMS,
    *x_context_limit.CLAIMS,
    *x_stages.CLAIMS,
)
