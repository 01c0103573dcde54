"""Every claim of the ledger, in paper order; what goes beyond the paper comes last.

A module ``x`` states claims and lists them in ``CLAIMS``; what is computed for them stands beside
them or, where that is long, in ``x_routes``. What several modules share is in ``common``.
"""

from proofs_check.claims.beyond.kernel import (
    bilinear as x_bilinear,
)
from proofs_check.claims.beyond.kernel import (
    constants as x_constants,
)
from proofs_check.claims.beyond.kernel import (
    drift as x_drift,
)
from proofs_check.claims.beyond.kernel import (
    escape as x_escape,
)
from proofs_check.claims.beyond.kernel import (
    even_odd as x_even_odd,
)
from proofs_check.claims.beyond.kernel import (
    invariants as x_invariants,
)
from proofs_check.claims.beyond.kernel import (
    modes as x_modes,
)
from proofs_check.claims.beyond.kernel import (
    symmetry as x_symmetry,
)
from proofs_check.claims.beyond.kernel import (
    threshold as x_threshold,
)
from proofs_check.claims.beyond.ngrams import ngrams as x_ngrams
from proofs_check.claims.beyond.stages import (
    context_limit as x_context_limit,
)
from proofs_check.claims.beyond.stages import (
    plateau as x_plateau,
)
from proofs_check.claims.beyond.stages import (
    stable_rate as x_stable_rate,
)
from proofs_check.claims.beyond.stages import (
    stage_times as x_stage_times,
)
from proofs_check.claims.beyond.stages import (
    stages as x_stages,
)
from proofs_check.claims.beyond.stages import (
    unigram_delay as x_unigram_delay,
)
from proofs_check.claims.cor_a2_prop_a3 import (
    cor_a2,
    displays,
    prop_a3,
    prop_a3_moments,
    prop_a3_steps,
)
from proofs_check.claims.lemma_a1 import appendix_setup, lemma_3_1
from proofs_check.claims.lemma_a1_step_1 import step_1_v, step_1_w, step_1_w_prior, step_1_w_sums
from proofs_check.claims.lemma_a1_step_2 import step_2, step_2_dominance
from proofs_check.claims.sec2_task import fact_2_3, minimal_model, prop_2_2, task, transformer
from proofs_check.claims.sec3_training import learning, prose, two_states

CLAIMS = (
    *task.CLAIMS,
    *transformer.CLAIMS,
    *prop_2_2.CLAIMS,
    *minimal_model.CLAIMS,
    *fact_2_3.CLAIMS,
    *prose.CLAIMS,
    *learning.CLAIMS,
    *two_states.CLAIMS,
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
    *x_drift.CLAIMS,
    *x_symmetry.CLAIMS,
    *x_modes.CLAIMS,
    *x_even_odd.CLAIMS,
    *x_escape.CLAIMS,
    *x_threshold.CLAIMS,
    *x_constants.CLAIMS,
    *x_context_limit.CLAIMS,
    *x_stages.CLAIMS,
    *x_plateau.CLAIMS,
    *x_ngrams.CLAIMS,
    *x_unigram_delay.CLAIMS,
    *x_stage_times.CLAIMS,
    *x_stable_rate.CLAIMS,
)
