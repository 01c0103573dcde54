"""Beyond the paper: the claims ``x-...``."""

from proofs_check.claims.beyond import kernel, ngrams, stages

CLAIMS = (*kernel.CLAIMS, *stages.CLAIMS, *ngrams.CLAIMS, *stages.TIMES)
