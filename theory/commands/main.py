"""``icl-markov theory``: print derivations, modes, constants, thresholds and stage times."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from theory import checks
from theory.commands.show import list_text, show_text
from theory.commands.tables import constant_table, mode_table, threshold_table
from theory.derivations import registry as derivations
from theory.version import __version__

_ABOUT = """\
Theoretical predictions for the minimal model of eq. (8), arXiv:2402.11004v1:
derivations with their closed forms and numbers, modes of gradient flow, and stage times."""

_EXAMPLES = """\
examples:
  {prog} list                          ids for `show`
  {prog} show lemma-3.1 --length 100   the first gradient step, at T = 100
  {prog} show A.32 --latex             one constant, for a paper
  {prog} modes --length 100            singular values of the population kernel
  {prog} constants --k 2 --length 100  entropies, and the KL to each strategy
  {prog} threshold --length 10 100     learning rates that make v_2 the largest
  {prog} stages --length 100           start of the unigram and bigram stages
  {prog} ngrams --heads 2 --length 8   how several heads leave the origin"""

_SEED_HELP = "seed of the randomised points for k > 2 (default 0)"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def _parser(prog: str) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog=prog, description=_ABOUT, epilog=_EXAMPLES.format(prog=prog), formatter_class=raw
    )
    parser.add_argument("--version", action="version", version=f"icl-markov {__version__}")
    commands = parser.add_subparsers(
        required=True,
        metavar="list | show | modes | constants | threshold | stages | ngrams",
    )
    listing = commands.add_parser(
        "list",
        help="list the ids and titles of the derivations",
        description="Print the ids and titles of the derivations, one per line.",
    )
    listing.set_defaults(name="list", command=lambda _: list_text())
    _add_show(commands)
    _add_modes(commands)
    _add_constants(commands)
    _add_threshold(commands)
    _add_stages(commands)
    _add_ngrams(commands)
    return parser


def _add_show(commands: argparse._SubParsersAction[_Parser]) -> None:
    show = commands.add_parser(
        "show", help="print a derivation step by step",
        description="Carry out one derivation, or all of them, and print each step: a sentence, "
        "the expression it is about and, if that is a number, its value.",
        epilog=f"ids: {', '.join(derivations.ids())}",
    )  # fmt: skip
    show.add_argument("id", nargs="?", metavar="ID", help="id of the derivation (default: all)")
    show.add_argument(
        "--length",
        type=int,
        default=4,
        metavar="T",
        help="context length T, for steps that depend on it (default 4); numbers are exact up to "
        "T = 6 and decimal beyond",
    )
    form = show.add_mutually_exclusive_group()
    for name, what in (("latex", "display equations"), ("json", "one JSON list of derivations")):
        form.add_argument(
            f"--{name}", dest="form", action="store_const", const=name, help=f"print {what}"
        )
    show.set_defaults(name="show", command=_show, form="text")


def _add_modes(commands: argparse._SubParsersAction[_Parser]) -> None:
    flow = commands.add_parser(
        "modes", help="singular values and vectors of the population kernel",
        description="Print the singular values of K, which are the growth rates of gradient flow "
        "from small weights, and the leading components of each mode: v_1, v_2, ... (v_1 is the "
        "current token) and the diagonal and off-diagonal entry of W.",
    )  # fmt: skip
    flow.add_argument("--length", type=int, required=True, metavar="T", help="context length T")
    flow.add_argument(
        "--k",
        type=int,
        default=2,
        help="number of states (default 2). For k = 2 results are exact up to rounding; for k > 2 "
        "they come from randomised QMC, with standard errors, which takes seconds for k = 3 and "
        "T = 100 and minutes for long contexts",
    )
    flow.add_argument("--seed", type=int, default=0, help=_SEED_HELP)
    _add_prior(flow)
    flow.set_defaults(name="modes", command=_modes)


def _add_constants(commands: argparse._SubParsersAction[_Parser]) -> None:
    task = commands.add_parser(
        "constants", help="entropies of the task, and the KL from the truth to each strategy",
        description="Print averages over the prior (sum of pi^2, entropies, the constants of "
        "Lemma 3.1) and the KL from the truth to each strategy, in nats.",
    )  # fmt: skip
    task.add_argument("--k", type=int, default=2, help="number of states (default 2)")
    task.add_argument(
        "--length",
        type=int,
        metavar="T",
        help="also print the KL at this context length (k = 2 only, at most 200)",
    )
    _add_prior(task)
    task.add_argument("--seed", type=int, default=0, help=_SEED_HELP)
    task.set_defaults(name="constants", command=_constants)


def _add_threshold(commands: argparse._SubParsersAction[_Parser]) -> None:
    rates = commands.add_parser(
        "threshold", help="learning rates above which the second step makes v_2 the largest",
        description="Print the critical learning rate of the second gradient step (Lemma 3.1; two "
        "states, flat prior, initial weights W = c 11', v = c 1), its ratio to the law C / T^3, "
        "and the margin Delta that keeps every hinge active. Only Delta depends on c.",
    )  # fmt: skip
    rates.add_argument(
        "--length",
        type=int,
        nargs="+",
        default=[9, 10, 11, 12, 15, 20, 30, 50, 100, 300, 1000],
        metavar="T",
        help="context lengths (default a table from 9 to 1000)",
    )
    rates.set_defaults(name="threshold", command=lambda args: threshold_table(tuple(args.length)))


def _add_stages(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = commands.add_parser(
        "stages", help="predicted times of the stages uniform, unigram, bigram",
        description="Print when each strategy is predicted to be closest to the model, starting "
        "from v = init and W = 0, with an estimate of the error of each time, and which function "
        "and equation it comes from.",
    )  # fmt: skip
    parser.add_argument("--length", type=int, required=True, metavar="T", help="context length T")
    parser.add_argument("--k", type=int, default=2, help="number of states (default 2)")
    _add_prior(parser)
    parser.add_argument(
        "--init", type=float, default=0.02, help="initial value of every v_j (default 0.02)"
    )
    parser.add_argument(
        "--loss", default="cross_entropy", help="cross_entropy or margin (default cross_entropy)"
    )
    parser.add_argument(
        "--closure",
        help="how counts of pairs enter: fluctuating (default for cross_entropy), or replaced by "
        "their expectations: expected (the only one for margin; the second time is early)",
    )
    parser.add_argument("--seed", type=int, default=0, help=_SEED_HELP)
    parser.set_defaults(name="stages", command=_stages)


def _add_ngrams(commands: argparse._SubParsersAction[_Parser]) -> None:
    parser = commands.add_parser(
        "ngrams", help="how heads whose scores are multiplied leave the origin",
        description="Print the direction in which the minimal model with several heads leaves the "
        "origin, its rate, whether it keeps treating the states alike, and the time it takes from "
        "given initial weights. For short contexts only: all k**(T+1) sequences are enumerated.",
    )  # fmt: skip
    parser.add_argument(
        "--length", type=int, default=8, metavar="T", help="context length T (default 8)"
    )
    parser.add_argument("--heads", type=int, default=2, help="number of heads H (default 2)")
    parser.add_argument("--k", type=int, default=2, help="number of states (default 2)")
    parser.add_argument("--order", type=int, help="order of the chains (default: number of heads)")
    parser.add_argument(
        "--init",
        type=float,
        default=0.02,
        help="initial value of all v_j, W_ml (default 0.02)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the randomised points (default 0)"
    )
    parser.set_defaults(name="ngrams", command=_ngrams)


def _add_prior(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prior",
        default="flat",
        metavar="NAME",
        type=lambda name: "flat" if name == "dirichlet" else name,
        help=f"{' or '.join(checks.PRIORS)}; dirichlet is another name for flat (default flat)",
    )


def _show(args: argparse.Namespace) -> str:
    return show_text(args.id, checks.integer("--length", args.length, 1), args.form)


def _modes(args: argparse.Namespace) -> str:
    checks.integer("--length", args.length, 1)
    checks.integer("--k", args.k, 2)
    checks.one_of("--prior", args.prior, checks.PRIORS)
    return mode_table(args.length, args.k, args.prior, args.seed, progress=sys.stderr.isatty())


def _constants(args: argparse.Namespace) -> str:
    return constant_table(args.k, args.prior, args.length, args.seed)


def _stages(args: argparse.Namespace) -> str:
    # here, because scipy.integrate would slow the other commands
    from theory.commands.stage_table import stage_table
    from theory.stages.prediction import predict_stages

    checks.integer("--length", args.length, 1)
    given = {"k": args.k, "prior": args.prior, "init": args.init, "loss": args.loss}
    found = predict_stages(
        args.length, **given, closure=args.closure, seed=args.seed, progress=sys.stderr.isatty()
    )
    return stage_table(found, T=args.length, **given)


def _ngrams(args: argparse.Namespace) -> str:
    from theory.commands.ngram_table import ngram_table  # as above

    return ngram_table(
        checks.integer("--length", args.length, 1), args.heads, k=args.k, order=args.order,
        init=args.init, seed=args.seed,
    )  # fmt: skip


def main(argv: Sequence[str] | None = None, *, prog: str = "python -m theory") -> int:
    """Run the command line; the exit status is 0, or 2 for bad input (one line on stderr).

    `prog` is what was typed to get here, for the help and the refusals.
    """
    args = _parser(prog).parse_args(argv)
    try:
        text = args.command(args)
    except (TypeError, ValueError, MemoryError) as refusal:
        message = str(refusal) or "there is not enough memory: choose a smaller length or k"
        print(f"error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 1
    return _print(text)


def _print(text: str) -> int:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # The reader (head, a pager) has seen enough; keep the interpreter's own flush quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
