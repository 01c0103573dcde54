"""``icl-markov sim``: train a model or a grid of models, and show or plot a run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.commands.options import add_run_options, run_settings
from sim.commands.parser import OneLineParser, ShowDefaults, closed_pipe, in_options
from sim.commands.signals import terminate_as_interrupt
from sim.commands.sweep import add_sweep
from sim.commands.sweep_state import show_sweep
from sim.files import output_folder, refuse_unwritable, strict
from sim.learning.compilation import warmup
from sim.learning.control import Diverged, Interrupted
from sim.learning.settings import RunSettings, measured
from sim.learning.user_modules import use
from sim.models.contracts import DTYPES
from sim.models.registry import MODELS
from sim.provenance import VERSION
from sim.runs.stages import half_rise_examples, stage_times
from sim.runs.storage import CHECKPOINT, HEADER
from sim.runs.trajectory import Trajectory
from sim.sweeps.contents import store_folder

GO_ON = "the same command goes on from there"
EXAMPLES = """\
examples:
  {prog} run --k 3 --length 100 --examples 128000 --out run/    the paper's Fig. 3 (bottom)
  {prog} run --model transformer --k 3 --examples 128000 --out tf/   Fig. 3 (top)
  {prog} run --prior doubly_stochastic --k 2 --out run-ds/      no unigram signal
  {prog} sweep --grid k=2,3 --seeds 10 --out sweep/             stage times over 10 seeds
  {prog} show run/                                              settings and stages of a run
  {prog} plot run/                                              run/run.pdf and run/run.png
  {prog} plot run/ --positions                                  KL at every position
"""


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m sim") -> int:
    """Run the command line; the exit status is 2 for bad input, 1 for an unwelcome outcome.

    `prog` is what was typed to get here, for the help.
    """
    options = _parser(prog).parse_args(arguments)
    try:
        with terminate_as_interrupt():
            status = int(options.command(options))
            sys.stdout.flush()
            return status
    except Diverged as error:
        where = f" in {error.trajectory.save(options.out)}" if options.out else ""
        print(f"error: {in_options(error, options)}{where}", file=sys.stderr)
    except BrokenPipeError:
        return closed_pipe()
    except (ValueError, TypeError, OSError, MemoryError) as error:
        print(f"error: {in_options(error, options)}", file=sys.stderr)
        return 2
    except Interrupted as error:
        go_on = f"; {GO_ON}" if options.out else ""
        print(f"error: interrupted after {error.step:,} steps{go_on}", file=sys.stderr)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
    return 1


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=prog,
        description="Simulate how a two-layer attention model learns to predict Markov chains "
        "from their context.",
        epilog=EXAMPLES.format(prog=prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    add_sweep(commands, prog)
    show = commands.add_parser(
        "show", help="print the settings, results and stages of a run, or the state of a sweep"
    )
    show.add_argument("run", metavar="RUN", help="folder of a run or sweep, or a file of a run")
    _add_uses(show)
    show.set_defaults(command=_show)
    warm = commands.add_parser("warmup", help="compile all kernels now, so that runs start faster")
    warm.add_argument("--dtype", nargs="+", default=["float64"], choices=DTYPES, metavar="DTYPE",
                      help=f"{', '.join(DTYPES)} (default: float64)")  # fmt: skip
    warm.add_argument("--model", nargs="+", default=list(MODELS), choices=list(MODELS),
                      metavar="NAME", help=f"{', '.join(MODELS)} (default: all)")  # fmt: skip
    warm.set_defaults(command=_warmup)
    plot = commands.add_parser("plot", help="draw a run, or several that differ in the seed")
    plot.add_argument(
        "run", nargs="+", metavar="RUN",
        help="run folder, or a file in it; of several runs medians and ranges are drawn",
    )  # fmt: skip
    plot.add_argument(
        "--out", metavar="DIR", help="folder for the figure (default: the run folder)"
    )
    plot.add_argument(
        "--venue",
        default="neurips",
        help="conference or journal whose text width to use (default: %(default)s)",
    )
    plot.add_argument(
        "--positions", action="store_true",
        help="plot KL at every position of the context instead of learning curves",
    )  # fmt: skip
    plot.add_argument("--usetex", action="store_true", help="typeset with LaTeX")
    _add_uses(plot)
    plot.set_defaults(command=_plot)
    return parser


def _add_run(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    run = commands.add_parser(
        "run",
        help="train a model on fresh sequences and record its progress",
        description="Train a model on fresh sequences from random Markov chains. The defaults are "
        "the paper's minimal model: cross-entropy over all positions, SGD, v = 0.02, W = 0.",
        formatter_class=ShowDefaults,
    )
    record = add_run_options(run)
    record.add_argument(
        "--out", metavar="DIR",
        help="folder to write the run to; if it was interrupted, the same command goes on with it",
    )  # fmt: skip
    record.add_argument(
        "--overwrite", action="store_true", help="replace a run with other settings in DIR"
    )
    record.add_argument(
        "--checkpoint-every", type=float, default=60.0, metavar="SECONDS",
        help="how often an unfinished run is written to DIR",
    )  # fmt: skip
    record.add_argument(
        "--max-seconds", type=float, metavar="SECONDS",
        help="end after this time; the same command goes on",
    )  # fmt: skip
    run.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    settings = run_settings(options)
    settings.check()
    control: dict[str, Any] = {"max_seconds": options.max_seconds}
    if options.out is not None:
        # found out now rather than after the training
        refuse_unwritable(options.out)
        _make_room(Path(options.out), settings, overwrite=options.overwrite)
        control |= {"checkpoint": options.out, "checkpoint_every": options.checkpoint_every}
    trajectory = settings.train(threads=options.threads, progress=not options.quiet, **control)
    # before anything is printed: that may fail too
    folder = trajectory.save(options.out) if options.out and not trajectory.stopped else None
    _print_run(trajectory)
    _print_balance(trajectory)
    if folder is not None:
        print(f"written to {folder}")
    elif options.out:
        print(GO_ON)
    return 0


def _print_run(trajectory: Trajectory) -> None:
    print(trajectory)
    print(stage_times(trajectory))
    _print_heads(trajectory)


def _print_heads(trajectory: Trajectory) -> None:
    """When the heads of a transformer formed, beside what its predictions say."""
    for name, what in (("previous_token", "to the token before"), ("induction", "by induction")):
        if name in trajectory.measures:
            last, seen = trajectory.measures[name][-1], half_rise_examples(trajectory, name)
            when = "never rose" if np.isnan(seen) else f"half way after {seen:,.0f} examples"
            if 0.0 < seen < trajectory.examples[1]:
                when = f"half way after fewer than {trajectory.examples[1]:,} examples"
            print(f"attention {what}: {last:.2f} at the end, {when}")


def _print_balance(trajectory: Trajectory) -> None:
    """Check the invariant that every run of the minimal model carries along."""
    if "balance" not in trajectory.measures:
        return
    drift = trajectory.measures["balance"][-1] - trajectory.measures["balance"][0]
    line = f"|W|^2 - |v|^2 has drifted by {drift:.4g}"
    if "balance_drift" in trajectory.measures:
        expected = trajectory.measures["balance_drift"][-1]
        line += f"; the steps should have added {expected:.4g} = sum eta^2 (|dL/dW|^2 - |dL/dv|^2)"
    print(line)


def _warmup(options: argparse.Namespace) -> int:
    seconds = warmup(tuple(options.dtype), tuple(options.model))
    print(f"kernels ready after {seconds:.1f} s")
    return 0


def _make_room(folder: Path, settings: RunSettings, *, overwrite: bool) -> None:
    """A run is not lost to a slip; the same run again gives the same numbers anyway."""
    for name in (HEADER, CHECKPOINT):
        if not (folder / name).exists():
            continue
        if overwrite:
            with contextlib.suppress(ValueError):
                if _is_of(Trajectory.load(folder / name), settings):
                    continue
            (folder / CHECKPOINT).unlink(missing_ok=True)
        elif not _is_of(Trajectory.load(folder / name), settings):
            raise ValueError(
                f"out {folder} already holds a different run: choose another folder or add "
                "--overwrite"
            )


def _is_of(trajectory: Trajectory, settings: RunSettings) -> bool:
    return trajectory.provenance.get("configuration") == strict(settings.describe())


def _add_uses(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--uses",
        nargs="+",
        default=[],
        metavar="NAME",
        help="modules or Python files that register your own models",
    )


def _show(options: argparse.Namespace) -> int:
    for name in options.uses:
        use(name)
    if store_folder(options.run) is not None:
        return show_sweep(options.run)
    trajectory = measured(Trajectory.load(options.run))
    _print_run(trajectory)
    origin = trajectory.provenance
    print(f"run {origin['created']} in {origin['seconds']:.1f} s: {origin['command']}")
    for name, value in origin["parameters"].items():
        print(f"  {name:<14} {value}")
    return 0


def _plot(options: argparse.Namespace) -> int:
    for name in options.uses:
        use(name)
    runs = [measured(Trajectory.load(run)) for run in options.run]
    if len(runs) > 1 and (options.positions or not options.out):
        raise ValueError("several runs are plotted as curves, without --positions, and need --out")
    # drawing is loaded only when something is drawn
    from sim.plots.positions import plot_positions
    from sim.plots.run import plot_run
    from sim.plots.style import save_figure, use_file_backend

    use_file_backend()
    given = Path(options.run[0])
    folder = output_folder(options.out or (given if given.is_dir() else given.parent))
    look = {"venue": options.venue, "usetex": options.usetex}
    if options.positions:
        figure, name = plot_positions(runs[0], **look), "positions"
    else:
        figure, name = plot_run(runs if len(runs) > 1 else runs[0], **look), "run"
    for path in save_figure(figure, folder, name):
        print(path)
    return 0
