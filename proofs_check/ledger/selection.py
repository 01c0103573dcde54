"""The ledger: all claims in order, picked by id, looked into, and printed."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from tqdm import tqdm

from proofs_check.claims import CLAIMS
from proofs_check.ledger.claim import MEANING, Claim, Entry, Verdict, look_into


def select(patterns: Sequence[str], *, experiments: bool = False) -> list[Claim]:
    """Claims whose id matches one of the patterns, in ledger order.

    Without a pattern, all of them; those that rest on experiments only with `experiments`. A
    pattern is an id, or a shell-style wildcard (``x-*``), or where it is neither the beginning of
    ids up to a hyphen: ``lemma-3.1`` picks all its parts, ``x-balance`` itself alone.
    """
    if not patterns:
        return [claim for claim in CLAIMS if experiments or not claim.minutes]
    for pattern in patterns:
        if not any(_matches(claim, pattern) for claim in CLAIMS):
            near = get_close_matches(pattern, [claim.id for claim in CLAIMS], n=5, cutoff=0.5)
            hint = f" (near it: {', '.join(near)})" if near else ""
            raise ValueError(
                f"claim must be an id or pattern of the ledger, which `verify --list` prints, "
                f"got {pattern!r}{hint}"
            )
    return [claim for claim in CLAIMS if any(_matches(claim, pattern) for pattern in patterns)]


def resting_on_experiments() -> list[Claim]:
    """The claims that rest on experiments."""
    return [claim for claim in CLAIMS if claim.minutes]


def _matches(claim: Claim, pattern: str) -> bool:
    if any(other.id == pattern for other in CLAIMS):
        return claim.id == pattern
    return fnmatchcase(claim.id, pattern) or claim.id.startswith(f"{pattern}-")


def verify(claims: Iterable[Claim], *, progress: bool = False) -> list[Entry]:
    """Look into every claim."""
    claims = list(claims)
    entries = []
    with tqdm(total=len(claims), unit="claim", disable=not progress, leave=False) as bar:
        for claim in claims:
            bar.set_postfix_str(claim.id)
            entries.append(look_into(claim))
            bar.update()
    return entries


def table(entries: Sequence[Entry]) -> str:
    """The entries as a table for the terminal, and a line that counts the verdicts."""
    width = max(len("claim"), *(len(entry.claim.id) for entry in entries))
    lines = [f"{'claim':<{width}}  {'verdict':<10} {'residual':>9} {'seconds':>8}  statement"]
    for entry in entries:
        mark = "" if entry.as_expected else f"  (expected {entry.claim.expected})"
        lines.append(
            f"{entry.claim.id:<{width}}  {entry.verdict:<10} {entry.residual:>9.1e} "
            f"{entry.seconds:>8.2f}  {entry.claim.title}{mark}"
        )
    return "\n".join([*lines, "", summary(entries)])


def summary(entries: Sequence[Entry]) -> str:
    """One line: how many claims have which verdict."""
    count = Counter(entry.verdict for entry in entries)
    parts = [f"{count[verdict]} {verdict}" for verdict in Verdict if count[verdict]]
    return f"{len(entries)} claims: {', '.join(parts)}"


def explain(entry: Entry) -> str:
    """One entry in full: statement, assumptions, evidence, and the correction if there is one."""
    claim = entry.claim
    lines = [
        f"{claim.id}  {claim.title}",
        f"  source     {claim.source}",
        f"  printed    {claim.printed.latex}",
    ]
    lines += [f"  assuming   {assumption}" for assumption in claim.assumptions]
    if claim.depends_on:
        lines.append(f"  rests on   {', '.join(claim.depends_on)}")
    lines.append(f"  verdict    {entry.verdict}: {MEANING[entry.verdict]}")
    if claim.corrected is not None:
        lines.append(f"  corrected  {claim.corrected.latex}")
    if claim.note:
        lines += textwrap.wrap(
            claim.note, 96, initial_indent="  note       ", subsequent_indent=" " * 13
        )
    for evidence in entry.evidence:
        finding = evidence.finding
        if finding.exact:
            size = "exact"
        else:
            size = f"residual {finding.residual:.1e}, allowed {finding.tolerance:.0e}"
        lines.append(
            f"  {'holds' if finding.holds else 'FAILS':<10} {evidence.about}, {evidence.kind}: "
            f"{evidence.how} ({size})"
        )
        lines += textwrap.wrap(
            finding.detail, 96, initial_indent=" " * 13, subsequent_indent=" " * 13
        )
    return "\n".join(lines)
