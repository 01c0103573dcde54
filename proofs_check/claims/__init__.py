"""Every claim of the ledger, in paper order; what goes beyond the paper comes last.

A module ``x`` states claims and lists them in ``CLAIMS``; what is computed for them stands beside
them, in ``x_routes`` where that is long, and in `proofs_check.methods` where several share it.
"""

from proofs_check.claims import (
    beyond,
    cor_a2_prop_a3,
    lemma_a1,
    lemma_a1_step_1,
    lemma_a1_step_2,
    sec2_task,
    sec3_training,
)

IN_ORDER = (
    sec2_task,
    sec3_training,
    lemma_a1,
    lemma_a1_step_1,
    lemma_a1_step_2,
    cor_a2_prop_a3,
    beyond,
)
CLAIMS = tuple(claim for folder in IN_ORDER for claim in folder.CLAIMS)
