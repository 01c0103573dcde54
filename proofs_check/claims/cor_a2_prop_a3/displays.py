"""Numbered displays that are the whole of a named statement: found under both names."""

from __future__ import annotations

from dataclasses import replace

from proofs_check import ledger
from proofs_check.claims.cor_a2_prop_a3 import cor_a2, prop_a3

DISPLAYS = {
    "cor-A.2-W": ("A.53-W", "(A.53), p. 25"),
    "cor-A.2-v": ("A.53-v", "(A.53), p. 25"),
    "prop-A.3": ("A.58", "(A.58), p. 26"),
}

CLAIMS: tuple[ledger.Claim, ...] = tuple(
    replace(claim, id=DISPLAYS[claim.id][0], source=DISPLAYS[claim.id][1], depends_on=(claim.id,))
    for claim in (*cor_a2.CLAIMS, *prop_a3.CLAIMS)
    if claim.id in DISPLAYS
)
