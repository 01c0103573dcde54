"""Corollary A.2 and Proposition A.3: (A.52)-(A.68)."""

from proofs_check.claims.cor_a2_prop_a3 import (
    cor_a2,
    prop_3_2,
    prop_a3,
    prop_a3_moments,
    prop_a3_steps,
)

IN_ORDER = (cor_a2, prop_a3_steps, prop_a3_moments, prop_a3, prop_3_2)
CLAIMS = tuple(claim for module in IN_ORDER for claim in module.CLAIMS)
