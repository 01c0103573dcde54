"""``icl-markov theory | sim | check``: one command for the three packages, from any folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import NoReturn

from proofs_check.rooms import refuse_hidden

PROGRAM = "icl-markov"
# word: (where its command line is, what it does)
ROOMS = {
    "theory": ("theory.commands.main", "predictions of the theory: derivations, modes, stages"),
    "sim": ("sim.commands.main", "simulation: train a model or many, and show or plot a run"),
    "check": ("proofs_check.commands.main", "verify the claims one by one, and draw the figures"),
}

EXAMPLES = """\
examples:
  icl-markov check demo                               the main result, in a minute
  icl-markov theory show lemma-3.1 --length 100       a derivation, with its numbers
  icl-markov sim run --k 3 --length 100 --out run/    train a model
  icl-markov sim plot run/                            plot the run
  icl-markov check verify A.32 --explain              a claim and the evidence for it

`icl-markov theory --help` (or `sim`, `check`) lists the subcommands. In a clone,
`python -m theory`, `python -m sim` and `python -m proofs_check` run the same commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the package named by the first argument with the other arguments; return its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    room = parser.parse_args(words[:1]).room
    if room is None:
        parser.print_help()
        return 0
    if room not in ROOMS:
        parser.error(f"the first word must be one of {', '.join(ROOMS)}, got {room!r}")
    return run_room(room, words[1:], f"{PROGRAM} {room}")


def run_room(room: str, words: Sequence[str], prog: str) -> int:
    """Run one package's command line, if no file of the user's hides a package of ours."""
    try:
        refuse_hidden()
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # only now, because numba, SymPy and matplotlib are slow to import and none needs all three
    run = import_module(ROOMS[room][0]).main
    return int(run(words, prog=prog))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    rooms = "\n".join(f"  {word:<8} {what}" for word, (_, what) in ROOMS.items())
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} {{{','.join(ROOMS)}}} ...",
        description="How a two-layer attention model learns, in stages, to predict a Markov chain "
        f"from its\ncontext: theory, simulation, and checks of one against the other.\n\n{rooms}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("room", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    return parser


def _version() -> str:
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        return "(not installed)"
