"""Beyond the paper: several heads and n-grams."""

from proofs_check.claims.beyond.ngrams import ngrams

CLAIMS = ngrams.CLAIMS
