"""``icl-markov check``: verify claims, write the report, draw figures and run the demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from proofs_check.claims import CLAIMS
from proofs_check.commands import drawing
from proofs_check.ledger import selection, text
from proofs_check.ledger.index import write_pages
from proofs_check.ledger.report import write_report
from sim.commands.parser import OneLineParser, in_options
from sim.files import output_folder, refuse_unwritable, write_json
from sim.provenance import VERSION

EXAMPLES = """\
examples:
  {prog} demo                          the main result, in a minute
  {prog} verify                        every claim and its verdict
  {prog} verify A.32 --explain         one claim with its evidence
  {prog} verify 'x-*' --json out.json  claims beyond the paper, as data
  {prog} report --out report/          the ledger as a document
  {prog} figure fig3 fig12 --venue icml2
"""


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m proofs_check") -> int:
    """Run the command line; the exit status is 2 for bad input, 1 for an unwelcome outcome.

    `prog` is what was typed to get here, for the help.
    """
    parser = _parser(prog)
    options, words = parser.parse_known_args(arguments)
    if words and not hasattr(options, "settings"):
        parser.error(f"unrecognized arguments: {' '.join(words)}")
    # settings of figures, each with its own
    options.settings = words
    try:
        return int(options.command(options))
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        print(f"error: {in_options(error, options)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
    return 1


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=prog,
        description="Check the theory of in-context Markov chain learning against simulation.",
        epilog=EXAMPLES.format(prog=prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="check claims and print their verdicts",
        description="Check every claim, or those named, and print the verdicts. The exit status is "
        "0 if each verdict is the one the ledger expects, 1 if any differs, 2 for bad input.",
    )
    verify.add_argument(
        "claims",
        nargs="*",
        metavar="CLAIM",
        help="id, statement in parts (prop-2.2) or pattern ('x-*')",
    )
    _add_experiments(verify)
    verify.add_argument("--json", metavar="FILE", help="write the ledger as JSON")
    verify.add_argument("--explain", action="store_true", help="print statements and evidence")
    verify.add_argument("--list", action="store_true", help="only list the claims")
    verify.set_defaults(command=_verify)

    report = commands.add_parser(
        "report",
        help="write the ledger as Markdown, LaTeX and JSON",
        description="Check every claim, or those named, and write ledger.md (with the meaning of "
        "the verdicts and the corrections found), ledger.tex (compiles with the article class) "
        "and ledger.json.",
    )
    report.add_argument(
        "claims",
        nargs="*",
        metavar="CLAIM",
        help="id, statement in parts (prop-2.2) or pattern ('x-*')",
    )
    _add_experiments(report)
    report.add_argument("--out", default="report", metavar="DIR", help="folder (default: report)")
    report.set_defaults(command=_report)

    index = commands.add_parser(
        "index",
        help="write the equation index, the errata and the page on verdicts",
        description="Write equations.md (every id, where it is printed, its verdict and the file "
        "that checks it), errata.md (every correction) and verdicts.md (what verdicts mean, and "
        "which entries have limits). Nothing is computed: the verdicts are the expected ones, "
        "which `verify` confirms.",
    )
    index.add_argument("--out", default="docs", metavar="DIR", help="folder (default: docs)")
    index.set_defaults(command=_index)

    drawing.add_figure(commands)
    drawing.add_demo(commands, prog)
    return parser


def _add_experiments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--experiments",
        action="store_true",
        help="if no CLAIM is named, also check those that need many training runs (runs are saved "
        "and reused)",
    )


def _verify(options: argparse.Namespace) -> int:
    claims = selection.select(
        CLAIMS, options.claims, experiments=options.experiments or options.list
    )
    if options.list:
        for claim in claims:
            cost = f" (experiment, about {claim.minutes:g} min)" if claim.minutes else ""
            print(f"{claim.id:<22} {claim.title}{cost}")
        return 0
    if options.json:
        # an unwritable place is better found out before the work than after it
        refuse_unwritable(Path(options.json).parent)
    entries = selection.verify(claims, progress=True)
    if options.explain:
        print("\n\n".join(text.explain(entry) for entry in entries))
        print()
        print(text.summary(entries))
    else:
        print(text.table(entries))
    _tell_left_out(options)
    if options.json:
        output_folder(Path(options.json).parent)
        write_json(Path(options.json), {"claims": [entry.as_json() for entry in entries]})
    return 0 if all(entry.as_expected for entry in entries) else 1


def _report(options: argparse.Namespace) -> int:
    claims = selection.select(CLAIMS, options.claims, experiments=options.experiments)
    refuse_unwritable(options.out)
    entries = selection.verify(claims, progress=True)
    for path in write_report(entries, options.out):
        print(path)
    print(text.summary(entries))
    _tell_left_out(options)
    return 0 if all(entry.as_expected for entry in entries) else 1


def _index(options: argparse.Namespace) -> int:
    for path in write_pages(CLAIMS, options.out):
        print(path)
    return 0


def _tell_left_out(options: argparse.Namespace) -> None:
    if options.claims or options.experiments:
        return
    left_out = [claim for claim in CLAIMS if claim.minutes]
    if left_out:
        minutes = sum(claim.minutes for claim in left_out)
        print(
            f"not checked: {len(left_out)} claims that need many training runs (use --experiments, "
            f"or name them; about {minutes:.0f} minutes on two cores)"
        )
