"""The ledger: all claims in order, picked by id, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from tqdm import tqdm

from proofs_check.claims import CLAIMS
from proofs_check.ledger.claim import Claim
from proofs_check.ledger.verdict import Entry, judge


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
    """Judge every claim; an entry names those it depends on that do not stand."""
    claims = list(claims)
    entries: list[Entry] = []
    with tqdm(total=len(claims), unit="claim", disable=not progress, leave=False) as bar:
        for claim in claims:
            bar.set_postfix_str(claim.id)
            entries.append(judge(claim))
            bar.update()
    fallen = {entry.claim.id for entry in entries if not entry.stands}
    return [
        replace(entry, fallen=tuple(id for id in entry.claim.depends_on if id in fallen))
        for entry in entries
    ]
