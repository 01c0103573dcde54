"""The referee: theory and simulation side by side, claim by claim and figure by figure.

`CLAIMS` holds every claim of the ledger. One of your own is written with `proved`, `supported` or
`corrected`, and judged by `judge`.
"""

from typing import Any

from proofs_check.ledger import (
    MEANING,
    Claim,
    Entry,
    Evidence,
    Finding,
    Kind,
    Route,
    Statement,
    Verdict,
    attention,
    corrected,
    enumeration,
    exactly,
    intervention,
    judge,
    proved,
    quadrature,
    replication,
    simulation,
    spectral,
    supported,
    symbolic,
)
from proofs_check.ledger.scrutiny import weaknesses
from proofs_check.ledger.text import explain, summary, table

__all__ = [
    "CLAIMS",
    "MEANING",
    "Claim",
    "Entry",
    "Evidence",
    "Finding",
    "Kind",
    "Route",
    "Statement",
    "Verdict",
    "attention",
    "corrected",
    "enumeration",
    "exactly",
    "explain",
    "intervention",
    "judge",
    "proved",
    "quadrature",
    "replication",
    "simulation",
    "spectral",
    "summary",
    "supported",
    "symbolic",
    "table",
    "weaknesses",
]


def __getattr__(name: str) -> Any:
    if name == "CLAIMS":
        # two seconds of imports, for those who look at the claims
        from proofs_check.claims import CLAIMS

        return CLAIMS
    raise AttributeError(f"module 'proofs_check' has no attribute {name!r}")
