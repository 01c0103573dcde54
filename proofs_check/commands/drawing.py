"""``icl-markov check figure`` and ``demo``: compute and draw figures."""

from __future__ import annotations

import argparse
import ast
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim import checks
from sim.commands.parser import OneLineParser, in_options
from sim.plots.style import VENUES, refuse_without_latex, use_file_backend, venue_width

if TYPE_CHECKING:
    from proofs_check.figures import FigureSpec

Commands = Any


def add_figure(commands: Commands) -> None:
    """The command ``figure``."""
    figure = commands.add_parser(
        "figure",
        help="compute and draw figures (PDF, PNG, CSV, JSON)",
        description="Compute figures (reusing saved runs) and write each as PDF and PNG, with the "
        "plotted numbers as CSV and the parameters as JSON. A figure can be drawn at other "
        "settings: `figure fig3 --k 4 --length 200 --seeds 5`; `figure fig3 --list` lists them.",
    )
    figure.add_argument(
        "figures", nargs="*", metavar="NAME", help="figures, or all; `--list` has their names"
    )
    figure.add_argument(
        "--list", action="store_true",
        help="only list the figures with what they cost, or the settings of those named",
    )  # fmt: skip
    _add_output(figure)
    figure.add_argument("--usetex", action="store_true", help="typeset with LaTeX")
    figure.set_defaults(command=_figure, settings=[])


def add_demo(commands: Commands, prog: str) -> None:
    """The command ``demo``."""
    demo = commands.add_parser(
        "demo",
        help="the main result in a minute: train the minimal model and compare with theory",
        description="Train the minimal model as in the bottom rows of Figs. 3 and 12, print its "
        "stages and some verdicts, and draw the figures.",
    )
    demo.add_argument("--k", type=int, nargs="+", default=[3, 2],
                      help="number of states: 3, 2 or both (default: both)")  # fmt: skip
    demo.add_argument("--examples", type=int, help="training sequences (default: 128000)")
    demo.add_argument("--seed", type=int, default=0, help="seed (default: 0)")
    _add_output(demo)
    demo.set_defaults(command=_demo, prog=prog)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="figures", metavar="DIR", help="folder (default: figures)")
    parser.add_argument(
        "--venue",
        default="neurips",
        help=f"text width to draw for: {', '.join(VENUES)} (default: neurips)",
    )
    parser.add_argument("--no-cache", action="store_true", help="train again, reuse no saved run")


def _figure(options: argparse.Namespace) -> int:
    from proofs_check.figures import FIGURES, make_figure

    if options.list:
        print(_listing(options.figures))
        return 0
    if not options.figures:
        raise ValueError("figure needs a name, or all; --list has the names")
    names = list(FIGURES) if options.figures == ["all"] else options.figures
    named = [FIGURES[checks.one_of("figure", name, FIGURES)] for name in names]
    specs = [_changed(spec, options.settings) for spec in named]
    # found out before the work
    venue_width(options.venue)
    if options.usetex:
        refuse_without_latex()
    use_file_backend()
    began = time.monotonic()
    for done, spec in enumerate(specs):
        if len(specs) > 1:
            print(f"{spec.name} ({done + 1} of {len(specs)}{_left(specs, done, began)})")
        paths, _ = make_figure(
            spec, options.out, venue=options.venue, usetex=options.usetex, progress=True,
            use_cache=not options.no_cache,
        )  # fmt: skip
        print("\n".join(str(path) for path in paths), flush=True)
    return 0


def _left(specs: Sequence[FigureSpec], done: int, began: float) -> str:
    """About how long the rest takes, once one is finished: kept runs make figures cheap."""
    spent = (time.monotonic() - began) / 60
    planned = sum(spec.minutes for spec in specs[:done])
    rest = sum(spec.minutes for spec in specs[done:])
    if not planned:
        return f", at most {rest:.0f} minutes" if rest >= 1 else ""
    return f", about {rest * min(1.0, spent / planned):.0f} minutes left"


def _listing(names: Sequence[str]) -> str:
    """All figures with their cost, or the settings of some."""
    from proofs_check.figures import FIGURES, parameters

    if not names:
        width = max(map(len, FIGURES))
        return "\n".join(
            f"{spec.name:<{width}}  {_cost(spec.minutes):<7}  {spec.title}"
            for spec in FIGURES.values()
        )
    lines = []
    for name in names:
        spec = FIGURES[checks.one_of("figure", name, FIGURES)]
        lines.append(f"{spec.name}: {spec.title} ({_cost(spec.minutes)})")
        for setting, value in parameters.settings(spec.parameters, spec.fixed).items():
            shown = " ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"  --{setting.replace('_', '-'):<16} {shown}")
    return "\n".join(lines)


def _cost(minutes: float) -> str:
    return f"{minutes:g} min" if minutes >= 1 else "seconds"


def _changed(spec: FigureSpec, words: Sequence[str]) -> FigureSpec:
    settings = _settings(spec, words)
    try:
        return spec.changed(**settings)
    except (ValueError, TypeError) as error:
        raise type(error)(in_options(error, argparse.Namespace(**settings))) from None


def _settings(spec: FigureSpec, words: Sequence[str]) -> dict[str, Any]:
    """The settings on the command line, each in the form the figure has it."""
    from proofs_check.figures import parameters

    parser = OneLineParser(prog=f"figure {spec.name}", add_help=False, allow_abbrev=False)
    for name, value in parameters.settings(spec.parameters, spec.fixed).items():
        option = f"--{name.replace('_', '-')}"
        several: dict[str, Any] = {"nargs": "+"} if isinstance(value, list) else {}
        parser.add_argument(option, dest=name, type=_plain, default=argparse.SUPPRESS, **several)
    found, unknown = parser.parse_known_args(list(words))
    if unknown:
        raise ValueError(
            f"{unknown[0]} is no setting of {spec.name}; `figure {spec.name} --list` has them"
        )
    return vars(found)


def _plain(word: str) -> Any:
    """A number if it is one, else the word."""
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def _demo(options: argparse.Namespace) -> int:
    from proofs_check.commands.demonstration import SPECS, demo

    for k in options.k:
        checks.one_of("k", str(k), map(str, SPECS))
    if options.examples is not None:
        checks.integer("examples", options.examples, 1)
    use_file_backend()
    return demo(
        states=tuple(options.k),
        examples=options.examples,
        seed=checks.integer("seed", options.seed, 0),
        out=options.out,
        venue=options.venue,
        use_cache=not options.no_cache,
        prog=options.prog,
    )
