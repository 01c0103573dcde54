"""Check the claims of the paper against theory and simulation, and draw the figures.

`CLAIMS` holds every claim of the ledger. Write your own claim with `proved`, `supported` or
`corrected`, and check it with `judge`.
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
    in_errors,
    intervention,
    judge,
    measured,
    proved,
    quadrature,
    reading,
    replication,
    simulation,
    spectral,
    supported,
    symbolic,
)
from proofs_check.ledger.independence import dependences
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
    "dependences",
    "enumeration",
    "exactly",
    "explain",
    "figure",
    "in_errors",
    "intervention",
    "judge",
    "measured",
    "proved",
    "quadrature",
    "reading",
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
        from proofs_check.rooms import refuse_hidden

        refuse_hidden()
        from proofs_check.claims import CLAIMS

        return CLAIMS
    if name == "figure":
        # with it come Matplotlib and the kernels
        from proofs_check.figures import figure

        return figure
    if name == "__version__":
        from sim import __version__

        return __version__
    raise AttributeError(f"module 'proofs_check' has no attribute {name!r}")
