"""Public names of the ledger: claims, routes that check them, and the resulting verdicts."""

from proofs_check.ledger.claim import (
    Claim,
    Statement,
    Verdict,
    corrected,
    measured,
    proved,
    supported,
)
from proofs_check.ledger.finding import Finding, exactly, in_errors
from proofs_check.ledger.route import (
    Kind,
    Route,
    attention,
    enumeration,
    intervention,
    quadrature,
    replication,
    simulation,
    spectral,
    symbolic,
)
from proofs_check.ledger.trace import reading
from proofs_check.ledger.verdict import MEANING, Entry, Evidence, judge

__all__ = [
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
    "supported",
    "symbolic",
]
