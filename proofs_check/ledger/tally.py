"""Count the statements of the ledger by verdict, and those that are proved apart."""

from __future__ import annotations

from collections.abc import Sequence

from proofs_check.ledger.claim import Verdict
from proofs_check.ledger.finding import Finding
from proofs_check.ledger.verdict import Entry


def summary(entries: Sequence[Entry]) -> str:
    """How many statements have which verdict, in a line; a statement may have several numbers."""
    parts = [_counted(verdict, _with(verdict, entries)) for verdict in Verdict]
    numbers = sum(len(entry.claim.ids) for entry in entries)
    printed = f" (under {numbers} numbers)" if numbers > len(entries) else ""
    plural = "" if len(entries) == 1 else "s"
    return f"{len(entries)} statement{plural}{printed}: {', '.join(filter(None, parts))}"


def _with(verdict: Verdict, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.verdict == verdict]


def _counted(verdict: Verdict, entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    count = f"{len(entries)} {verdict}"
    if verdict == Verdict.PROVED:
        return f"{count} for all cases"
    if verdict == Verdict.SUPPORTED:
        exact = sum(any(f.exact for f in standing(entry)) for entry in entries)
        return f"{count} ({exact} exact on instances)" if exact else count
    if verdict == Verdict.CORRECTED:
        exact = sum(any(f.proves for f in standing(entry)) for entry in entries)
        return f"{count} ({exact} proved)" if exact else count
    return count


def standing(entry: Entry) -> list[Finding]:
    """What the routes found on the statement that stands: printed, or corrected."""
    about = "corrected" if entry.verdict == Verdict.CORRECTED else "printed"
    return [evidence.finding for evidence in entry.evidence if evidence.about == about]
