"""``icl-markov check verify`` and ``check report``: judge claims, and say by which records."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proofs_check.claims import CLAIMS
from proofs_check.commands import recording
from proofs_check.commands.judges import judged
from proofs_check.experiments import records
from proofs_check.ledger import selection, text
from proofs_check.ledger.claim import Claim
from proofs_check.ledger.report import write_report
from proofs_check.ledger.verdict import Entry
from sim import checks
from sim.files import output_folder, refuse_unwritable, write_json


def add_verify(commands: Any) -> None:
    """The command ``verify``."""
    verify = commands.add_parser(
        "verify",
        help="check claims and print their verdicts",
        description="Check every claim, or those named, and print the verdicts. The exit status is "
        "0 if each verdict is the one the ledger expects, 1 if any differs, 2 for bad input. "
        "Claims about training are judged by recorded runs.",
    )
    _add_common(verify)
    verify.add_argument("--json", metavar="FILE", help="write the ledger as JSON")
    verify.add_argument("--explain", action="store_true", help="print statements and evidence")
    verify.add_argument("--list", action="store_true", help="only list the claims")
    verify.set_defaults(command=_verify)


def add_report(commands: Any) -> None:
    """The command ``report``."""
    report = commands.add_parser(
        "report",
        help="write the ledger as Markdown, LaTeX and JSON",
        description="Check every claim, or those named, and write ledger.md (with the meaning of "
        "the verdicts and the corrections found), ledger.tex (compiles with the article class) "
        "and ledger.json.",
    )
    _add_common(report)
    report.add_argument("--out", default="report", metavar="DIR", help="folder (default: report)")
    report.set_defaults(command=_report)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "claims",
        nargs="*",
        metavar="CLAIM",
        help="id, statement in parts (prop-2.2) or pattern ('x-*')",
    )
    command.add_argument(
        "--experiments",
        action="store_true",
        help="make the runs anew that these claims are judged by, and say which numbers moved "
        "(runs are saved and reused)",
    )
    command.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="with --experiments: only the first N seeds, and the others as recorded",
    )
    command.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one for each core)"
    )


def _selected(options: argparse.Namespace) -> list[Claim]:
    """The claims that are named, or all whose experiments have been recorded."""
    claims = selection.select(CLAIMS, options.claims)
    return claims if options.claims else [c for c in claims if not records.missing(c.records)]


def _not_recorded(options: argparse.Namespace) -> list[str]:
    """A line about the claims that are left out, if there are any."""
    if options.claims:
        return []
    out = [claim.id for claim in CLAIMS if records.missing(claim.records)]
    names = sorted({name for claim in CLAIMS for name in records.missing(claim.records)})
    text = f"not judged: {', '.join(out)}; `check record {' '.join(names)}` makes their runs"
    return [text] if out else []


def _verify(options: argparse.Namespace) -> int:
    claims = selection.select(CLAIMS, options.claims) if options.list else _selected(options)
    if options.list:
        for claim in claims:
            by = f" (judged by {', '.join(claim.records)})" if claim.records else ""
            print(f"{claim.id:<22} {claim.title}{by}")
        return 0
    if options.json:
        # an unwritable place is better found out before the work than after it
        refuse_unwritable(Path(options.json).parent)
    lines = _prepared(claims, options)
    if options.explain:
        entries = _all(claims, options)
        print("\n\n".join(text.explain(entry) for entry in entries))
    else:
        entries = _table(claims, options)
    print("", text.summary(entries), *lines, *_not_recorded(options), sep="\n")
    if options.json:
        output_folder(Path(options.json).parent)
        write_json(Path(options.json), {"claims": [entry.as_json() for entry in entries]})
    return 0 if all(entry.as_expected for entry in entries) else 1


def _report(options: argparse.Namespace) -> int:
    claims = _selected(options)
    refuse_unwritable(options.out)
    lines = _prepared(claims, options)
    entries = _all(claims, options)
    for path in write_report(entries, options.out):
        print(path)
    print(text.summary(entries), *lines, *_not_recorded(options), sep="\n")
    return 0 if all(entry.as_expected for entry in entries) else 1


def _prepared(claims: Sequence[Claim], options: argparse.Namespace) -> list[str]:
    """Make runs anew if that is wanted; what is to be said of the records."""
    if options.workers is not None:
        checks.integer("workers", options.workers, 1)
    names = tuple(dict.fromkeys(name for claim in claims for name in claim.records))
    if options.experiments:
        seeds = options.seeds
        return recording.make_anew(
            names, None if seeds is None else checks.integer("seeds", seeds, 1)
        )
    if options.seeds is not None:
        raise ValueError("seeds goes with --experiments: without it no run is made")
    return [f"{name}: {recording.state(name)}" for name in names]


def _all(claims: Sequence[Claim], options: argparse.Namespace) -> list[Entry]:
    return selection.with_fallen(list(judged(claims, options.workers, progress=True)))


def _table(claims: Sequence[Claim], options: argparse.Namespace) -> list[Entry]:
    """Judge claims, and print the row of each as soon as it and those before it are ready."""
    width = text.column_width(claims)
    print(text.header(width))
    entries = []
    for entry in judged(claims, options.workers):
        print(text.row(entry, width), flush=True)
        entries.append(entry)
    entries = selection.with_fallen(entries)
    for entry in entries:
        if entry.fallen:
            print(f"{entry.claim.id} depends on {', '.join(entry.fallen)}, which does not stand")
    return entries
