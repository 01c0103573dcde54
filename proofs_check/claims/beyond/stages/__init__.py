"""Beyond the paper: infinite context, the unigram stage, and when the stages begin."""

from proofs_check.claims.beyond.stages import (
    context_limit,
    plateau,
    stable_rate,
    stage_slopes,
    stage_times,
    stages,
    unigram_delay,
)

CLAIMS = (*context_limit.CLAIMS, *stages.CLAIMS, *plateau.CLAIMS)
TIMES = (*unigram_delay.CLAIMS, *stage_times.CLAIMS, *stage_slopes.CLAIMS, *stable_rate.CLAIMS)
