"""``icl-markov check``: verify claims, write the report, draw figures and run the demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from proofs_check.claims import CLAIMS
from proofs_check.commands import drawing, recording, verifying
from proofs_check.ledger.index import write_pages
from sim.commands.parser import OneLineParser, closed_pipe, in_options
from sim.provenance import VERSION

EXAMPLES = """\
examples:
  {prog} demo                          the main result, in a minute
  {prog} verify                        every claim and its verdict
  {prog} verify A.32 --explain         one claim with its evidence
  {prog} verify 'x-*' --json out.json  claims beyond the paper, as data
  {prog} verify fig-8 --experiments    a claim about training, its runs made anew
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
        status = int(options.command(options))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return closed_pipe()
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
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
    verifying.add_verify(commands)
    verifying.add_report(commands)
    recording.add_record(commands)

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


def _index(options: argparse.Namespace) -> int:
    for path in write_pages(CLAIMS, options.out):
        print(path)
    return 0
