"""Claims, evidence and verdicts: the grammar of the ledger.

A claim carries its printed statement as data and a set of routes. A route is a computation that
takes such data and finds out how far it is from true. Nothing about a verdict is stored: it
follows from the findings, so every one of them could have been otherwise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What the evidence says of a printed statement."""

    PROVED = "proved"
    SUPPORTED = "supported"
    CORRECTED = "corrected"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


MEANING = {
    Verdict.PROVED: "an exact identity decided in a normal form, and every other route agrees",
    Verdict.SUPPORTED: "numbers agree on independent routes, to the stated tolerances",
    Verdict.CORRECTED: "false as printed; the corrected statement is proved or supported",
    Verdict.REFUTED: "false as printed, and no repair is known",
    Verdict.UNDECIDED: "the routes disagree, fail, or are fewer than two",
}


@dataclass(frozen=True)
class Statement:
    """A statement twice: as LaTeX for the reader, and as the data the routes are run on."""

    latex: str
    value: Any = None


@dataclass(frozen=True)
class Finding:
    """What one route found: a distance from truth, and how much of it is allowed.

    An exact finding has tolerance 0 and decides the statement in full generality; its residual
    is 0 or 1. A numeric one holds when the residual is within its tolerance.
    """

    residual: float
    tolerance: float
    detail: str
    exact: bool = False

    @property
    def holds(self) -> bool:
        """Whether the statement stands on this route; NaN never does."""
        # bool() since NumPy comparisons are not
        return bool(self.residual <= self.tolerance)


def exactly(holds: bool, detail: str) -> Finding:
    """The finding of a decision procedure."""
    return Finding(0.0 if holds else 1.0, 0.0, detail, exact=True)


@dataclass(frozen=True)
class Route:
    """One way to find out: independent routes have different kinds.

    Attributes
    ----------
    kind : str
        symbolic, enumeration, spectral, quadrature or simulation.
    how : str
        What is computed, in one line.
    find : callable
        Statement value -> Finding.
    """

    kind: str
    how: str
    find: Callable[[Any], Finding]


@dataclass(frozen=True)
class Claim:
    """An entry of the ledger before it has been looked into.

    Attributes
    ----------
    id : str
        The paper's own number, or ``x-...`` for what goes beyond it.
    source : str
        Where it stands.
    title : str
        In a few words.
    printed : Statement
    routes : tuple of Route
        At least two kinds, or the verdict is undecided.
    expected : Verdict
        What the ledger says; `verify` fails when the evidence says something else.
    corrected : Statement, optional
        The true statement, when the printed one is false; it is run on the same routes.
    assumptions : tuple of str
    depends_on : tuple of str
        Ids of claims this one rests on.
    note : str
        Why it fails as printed, or what to keep in mind.
    minutes : float
        About how long its training runs take on two cores, if they are an `Experiment`; such a
        claim is looked into when it is asked for.
    """

    id: str
    source: str
    title: str
    printed: Statement
    routes: tuple[Route, ...]
    expected: Verdict
    corrected: Statement | None = None
    assumptions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    note: str = ""
    minutes: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """A finding, the route that made it, and which statement it is about."""

    about: str
    kind: str
    how: str
    finding: Finding


@dataclass(frozen=True)
class Entry:
    """A claim with its evidence and verdict."""

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether the evidence says what the ledger says."""
        return self.verdict == self.claim.expected

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
            "source": claim.source,
            "title": claim.title,
            "statement": claim.printed.latex,
            "verdict": str(self.verdict),
            "expected": str(claim.expected),
            "printed": claim.printed.latex,
            "corrected": claim.corrected.latex if claim.corrected else None,
            "assumptions": list(claim.assumptions),
            "depends_on": list(claim.depends_on),
            "note": claim.note,
            "evidence": [
                {
                    "about": evidence.about,
                    "route": evidence.kind,
                    "how": evidence.how,
                    "exact": evidence.finding.exact,
                    "holds": evidence.finding.holds,
                    "residual": _number(evidence.finding.residual),
                    "tolerance": _number(evidence.finding.tolerance),
                    "detail": evidence.finding.detail,
                }
                for evidence in self.evidence
            ],
            "seconds": round(self.seconds, 3),
        }


def _number(value: float) -> float | None:
    """A float that strict JSON can hold."""
    return float(value) if math.isfinite(value) else None


def look_into(claim: Claim) -> Entry:
    """Run every route on the printed statement, and on the corrected one if there is one."""
    began = time.perf_counter()
    statements = {"printed": claim.printed}
    if claim.corrected is not None:
        statements["corrected"] = claim.corrected
    evidence = tuple(
        Evidence(about, route.kind, route.how, _find(route, statement))
        for about, statement in statements.items()
        for route in claim.routes
    )
    return Entry(claim, verdict(evidence), evidence, time.perf_counter() - began)


def _find(route: Route, statement: Statement) -> Finding:
    try:
        return route.find(statement.value)
    except (ArithmeticError, ValueError, TypeError, RuntimeError) as error:
        # a route that breaks down is evidence of nothing; the others are still worth having
        return Finding(math.nan, 0.0, f"failed: {type(error).__name__}: {error}")


def verdict(evidence: tuple[Evidence, ...]) -> Verdict:
    """The verdict that follows from the evidence.

    Fewer than two kinds of routes decide nothing, and neither do routes that disagree.
    """
    printed = [e.finding for e in evidence if e.about == "printed"]
    corrected = [e.finding for e in evidence if e.about == "corrected"]
    if len({e.kind for e in evidence}) < 2 or any(
        math.isnan(finding.residual) for finding in printed
    ):
        return Verdict.UNDECIDED
    if all(finding.holds for finding in printed):
        exact = any(finding.exact for finding in printed)
        return Verdict.PROVED if exact else Verdict.SUPPORTED
    if any(finding.holds for finding in printed):
        return Verdict.UNDECIDED
    if not corrected:
        return Verdict.REFUTED
    return Verdict.CORRECTED if all(finding.holds for finding in corrected) else Verdict.UNDECIDED
