"""Judge a claim: run its routes and derive the verdict from their findings alone."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proofs_check.ledger.claim import Claim, Statement, Verdict
from proofs_check.ledger.finding import Finding
from proofs_check.ledger.route import Kind, Route

MEANING = {
    Verdict.PROVED: "an exact identity decided in a normal form, and every other route agrees",
    Verdict.SUPPORTED: "numbers agree on independent routes, to the stated tolerances",
    Verdict.MEASURED: "read off training runs, and found again on runs with other seeds",
    Verdict.CORRECTED: "false as printed; the corrected statement is proved or supported",
    Verdict.REFUTED: "false as printed, and no repair is known",
    Verdict.UNDECIDED: "routes disagree, one decides nothing, or they are of fewer than two kinds",
}


@dataclass(frozen=True)
class Evidence:
    """A finding, the route that made it, and which statement it is about."""

    about: str
    route: Route
    finding: Finding

    @property
    def kind(self) -> Kind:
        """The kind of the route."""
        return self.route.kind

    def as_json(self) -> dict[str, Any]:
        """The evidence as JSON-ready data."""
        finding = self.finding
        return {
            "about": self.about,
            "route": str(self.route.kind),
            "how": self.route.how,
            "uses": list(self.route.uses),
            "place": self.route.place,
            "exact": finding.exact,
            "scope": finding.scope,
            "holds": finding.holds,
            "residual": _number(finding.residual),
            "tolerance": _number(finding.tolerance),
            "because": finding.because,
            "detail": finding.detail,
        }


@dataclass(frozen=True)
class Entry:
    """A claim with its evidence and verdict.

    Attributes
    ----------
    claim : Claim
    verdict : Verdict
    evidence : tuple of Evidence
    seconds : float
        Time it took.
    why : str
        Why it is undecided, if it is.
    fallen : tuple of str
        Ids of claims it depends on that were judged along with it and do not stand.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    seconds: float
    why: str = ""
    fallen: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether the evidence says what the ledger says."""
        return self.verdict == self.claim.expected

    @property
    def stands(self) -> bool:
        """Whether its statement, as printed or as corrected, is proved or supported."""
        return self.verdict not in (Verdict.REFUTED, Verdict.UNDECIDED)

    @property
    def residual(self) -> float:
        """The largest residual of the statement that stands (printed, or corrected)."""
        about = "corrected" if self.verdict == Verdict.CORRECTED else "printed"
        return max(
            (e.finding.residual for e in self.evidence if e.about == about), default=math.nan
        )

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON-ready data."""
        claim = self.claim
        return {
            "id": claim.id,
            "also": dict(claim.also),
            "source": claim.source,
            "title": claim.title,
            "place": claim.place,
            "statement": claim.printed.latex,
            "verdict": str(self.verdict),
            "why": self.why,
            "expected": str(claim.expected),
            "printed": claim.printed.latex,
            "corrected": claim.corrected.latex if claim.corrected else None,
            "assumptions": list(claim.assumptions),
            "depends_on": list(claim.depends_on),
            "fallen": list(self.fallen),
            "note": claim.note,
            "evidence": [evidence.as_json() for evidence in self.evidence],
            "seconds": round(self.seconds, 3),
        }


def _number(value: float) -> float | None:
    """A float that strict JSON can hold."""
    return float(value) if math.isfinite(value) else None


def judge(claim: Claim) -> Entry:
    """Run every route on the printed statement, and on the corrected one if there is one.

    Parameters
    ----------
    claim : Claim

    Returns
    -------
    Entry
        A route that raises an exception is evidence of nothing; its message is in the finding.
    """
    if not isinstance(claim, Claim):
        raise TypeError(f"claim must be a Claim (of `proved`, `supported`, ...), got {claim!r}")
    began = time.perf_counter()
    findings = examine(claim)
    return conclude(claim, findings, time.perf_counter() - began)


def examine(claim: Claim) -> list[Finding]:
    """What every route finds of the printed and of the corrected statement, in this order."""
    return [find(route, said) for said in _statements(claim).values() for route in claim.routes]


def conclude(claim: Claim, findings: Sequence[Finding], seconds: float) -> Entry:
    """The entry that follows from what `examine` found."""
    places = [(about, route) for about in _statements(claim) for route in claim.routes]
    evidence = tuple(
        Evidence(about, route, finding)
        for (about, route), finding in zip(places, findings, strict=True)
    )
    verdict, why = weigh(evidence, measured=claim.expected == Verdict.MEASURED)
    return Entry(claim, verdict, evidence, seconds, why)


def _statements(claim: Claim) -> dict[str, Statement]:
    found = {"printed": claim.printed}
    return found if claim.corrected is None else found | {"corrected": claim.corrected}


def find(route: Route, statement: Statement) -> Finding:
    """What a route finds; an exception becomes a finding that is NaN and never holds."""
    try:
        return route.find(statement.value)
    except Exception as error:
        return Finding(math.nan, 0.0, f"failed: {type(error).__name__}: {error}")


def weigh(evidence: tuple[Evidence, ...], *, measured: bool = False) -> tuple[Verdict, str]:
    """The verdict that follows from the evidence, and why if it is undecided.

    With `measured` the statement was read off training runs, and no evidence makes more of it.
    """
    printed = [e.finding for e in evidence if e.about == "printed"]
    corrected = [e.finding for e in evidence if e.about == "corrected"]
    if len({e.kind for e in evidence}) < 2:
        return Verdict.UNDECIDED, "fewer than two kinds of routes"
    failed = {e.route.how: e.finding.detail for e in evidence if math.isnan(e.finding.residual)}
    if failed:
        routes = "; ".join(f"'{how}' ({detail or 'NaN'})" for how, detail in failed.items())
        return Verdict.UNDECIDED, f"a route decides nothing: {routes}"
    held = [finding.holds for finding in printed]
    if all(held) and measured:
        return Verdict.MEASURED, ""
    if all(held):
        return (Verdict.PROVED if any(f.proves for f in printed) else Verdict.SUPPORTED), ""
    if any(held):
        return Verdict.UNDECIDED, f"the routes disagree: {_sides(evidence, 'printed')}"
    if not corrected:
        return Verdict.REFUTED, ""
    if all(finding.holds for finding in corrected):
        return Verdict.CORRECTED, ""
    return Verdict.UNDECIDED, f"the correction is rejected: {_sides(evidence, 'corrected')}"


def _sides(evidence: tuple[Evidence, ...], about: str) -> str:
    """Which routes accept a statement, and which reject it."""
    sides = {True: "accepted by", False: "rejected by"}
    named = {
        word: [f"'{e.route.how}'" for e in evidence if e.about == about and e.finding.holds == held]
        for held, word in sides.items()
    }
    return ", ".join(f"{word} {', '.join(names)}" for word, names in named.items() if names)
