"""Print the ledger in the terminal: tables, explanations and summaries."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from proofs_check.ledger.claim import Claim
from proofs_check.ledger.independence import dependences
from proofs_check.ledger.tally import summary
from proofs_check.ledger.verdict import MEANING, Entry, Evidence

__all__ = ["column_width", "explain", "header", "row", "summary", "table"]


def table(entries: Sequence[Entry]) -> str:
    """The entries as a table, and a line that counts the verdicts."""
    width = column_width([entry.claim for entry in entries])
    return "\n".join([header(width), *(row(entry, width) for entry in entries), "",
                      summary(entries)])  # fmt: skip


def column_width(claims: Sequence[Claim]) -> int:
    """Of the column of ids."""
    return max(len("claim"), *(len(claim.id) for claim in claims))


def header(width: int) -> str:
    """The first line of a table."""
    return f"{'claim':<{width}}  {'verdict':<10} {'residual':>9} {'seconds':>8}  statement"


def row(entry: Entry, width: int) -> str:
    """The line of an entry."""
    why = f": {entry.why}" if entry.why else ""
    mark = "" if entry.as_expected else f"  (expected {entry.claim.expected}{why})"
    if entry.fallen:
        mark += f"  (depends on {', '.join(entry.fallen)}, which does not stand)"
    return (
        f"{entry.claim.id:<{width}}  {entry.verdict:<10} {entry.residual:>9.1e} "
        f"{entry.seconds:>8.2f}  {entry.claim.title}{mark}"
    )


def explain(entry: Entry) -> str:
    """One entry in full: statement, assumptions, evidence, and the correction if there is one."""
    claim = entry.claim
    lines = [
        f"{claim.id}  {claim.title}",
        f"  source     {'; '.join([claim.source, *claim.also.values()])}",
        f"  printed    {claim.printed.latex}",
    ]
    lines += [f"  assuming   {assumption}" for assumption in claim.assumptions]
    if claim.depends_on:
        lines.append(f"  depends on {', '.join(claim.depends_on)}")
    if entry.fallen:
        lines.append(f"  BUT        {', '.join(entry.fallen)} does not stand")
    lines.append(f"  verdict    {entry.verdict}: {entry.why or MEANING[entry.verdict]}")
    if claim.corrected is not None:
        lines.append(f"  corrected  {claim.corrected.latex}")
    if claim.note:
        lines += textwrap.wrap(
            claim.note, 96, initial_indent="  note       ", subsequent_indent=" " * 13
        )
    if claim.place:
        lines.append(f"  written in {claim.place}")
    for evidence in entry.evidence:
        lines += _evidence(evidence)
    for sentence in dependences(claim):
        lines += textwrap.wrap(
            sentence, 96, initial_indent="  DEPENDENT  ", subsequent_indent=" " * 13
        )
    return "\n".join(lines)


def _evidence(evidence: Evidence) -> list[str]:
    finding, route = evidence.finding, evidence.route
    if finding.exact:
        size = f"exact, {finding.scope}" if finding.scope else "exact"
    else:
        size = f"residual {finding.residual:.1e}, allowed {finding.tolerance:.2g}"
        size += f": {finding.because}" if finding.because else ""
    mark = "holds" if finding.holds else "FAILS"
    used = f", uses {', '.join(route.uses)}" if route.uses else ""
    return [
        f"  {mark:<10} {evidence.about}, {evidence.kind}: {route.how} ({size})",
        *textwrap.wrap(finding.detail, 96, initial_indent=" " * 13, subsequent_indent=" " * 13),
        f"{' ' * 13}{route.place}{used}",
    ]
