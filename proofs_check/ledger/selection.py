"""Select claims by id or pattern, and judge them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from tqdm import tqdm

from proofs_check.ledger.claim import Claim
from proofs_check.ledger.verdict import Entry, judge


def select(claims: Sequence[Claim], patterns: Sequence[str]) -> list[Claim]:
    """Those of `claims` whose id matches one of the patterns, in their order.

    Without a pattern, all of them. A pattern is an id, or a shell-style wildcard (``x-*``), or
    where it is neither the beginning of ids up to a hyphen: ``lemma-3.1`` picks all its parts,
    ``x-balance`` itself alone.
    """
    if not patterns:
        return list(claims)
    ids = [id for claim in claims for id in claim.ids]
    picked: set[str] = set()
    for pattern in patterns:
        matching = _matching(ids, pattern)
        if not matching:
            near = get_close_matches(pattern, ids, n=5, cutoff=0.5)
            hint = f" (near it: {', '.join(near)})" if near else ""
            raise ValueError(
                f"claim must be an id or pattern of the ledger, which `verify --list` prints, "
                f"got {pattern!r}{hint}"
            )
        picked.update(matching)
    return [claim for claim in claims if picked.intersection(claim.ids)]


def _matching(ids: Sequence[str], pattern: str) -> list[str]:
    if pattern in ids:
        return [pattern]
    return [id for id in ids if fnmatchcase(id, pattern) or id.startswith(f"{pattern}-")]


def verify(claims: Iterable[Claim], *, progress: bool = False) -> list[Entry]:
    """Judge every claim; an entry names those it depends on that do not stand."""
    claims = list(claims)
    entries: list[Entry] = []
    with tqdm(total=len(claims), unit="claim", disable=not progress, leave=False) as bar:
        for claim in claims:
            bar.set_postfix_str(claim.id)
            entries.append(judge(claim))
            bar.update()
    return with_fallen(entries)


def with_fallen(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, each with those of the others that it depends on and that do not stand."""
    fallen = {entry.claim.id for entry in entries if not entry.stands}
    return [
        replace(entry, fallen=tuple(id for id in entry.claim.depends_on if id in fallen))
        for entry in entries
    ]
