"""``icl-markov sim sweep``: runs over a grid of options and seeds, and a table of their stages."""

from __future__ import annotations

import argparse
import copy
import math
import sys
from concurrent.futures import BrokenExecutor, Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from itertools import chain, product
from pathlib import Path

from sim import checks
from sim.commands.options import add_run_options, run_settings
from sim.commands.parser import OneLineParser, ShowDefaults
from sim.commands.sweep_state import option_values, where
from sim.files import refuse_unwritable
from sim.learning.settings import RunSettings, train_configuration
from sim.messages import shown
from sim.runs.statistics import MedianInterval, median_interval
from sim.runs.trajectory import Trajectory
from sim.sweeps.contents import DAMAGED, NOT_DONE
from sim.sweeps.executors import sweep
from sim.sweeps.grid import Configuration
from sim.sweeps.store import Run, run_path
from sim.sweeps.table import Sweep
from sim.sweeps.workers import cluster, processes

EXAMPLES = """\
examples:
  {prog} sweep --grid length=25,50,100 --grid k=2,3 --seeds 10 --workers 2 --out sweep/
  {prog} sweep --grid learning-rate=1e-3,2e-3,4e-3 --k 2 --examples 64000 --out rates/
  {prog} sweep --grid 'learning-rate=2e-3 2e-3,2e-3 0.1' --out pairs/      rates of v and of W

Finished runs are saved in DIR/runs and not repeated: the same command resumes a stopped sweep, and
a command with more values or seeds adds to it. `{prog} show` and `plot` accept each run folder
there.
"""
# what cannot vary from run to run, or has an option of its own
NOT_SWEPT = ("seed",)
MOST_FAILURES_SHOWN = 5

KEPT = "what was done is saved in {}; run the same command again to resume"


def add_sweep(commands: argparse._SubParsersAction[OneLineParser], prog: str) -> None:
    """Add the command to those of ``icl-markov sim``, which the user has typed as `prog`."""
    parser = commands.add_parser(
        "sweep",
        help="train over a grid of options and seeds, in several processes",
        description="Train for every combination of the grid's values and for several seeds, and "
        "print when\neach strategy becomes the closest to the model. Options are those of `run`; "
        "the grid\noverrides them.",
        epilog=EXAMPLES.format(prog=prog),
        formatter_class=_SweepHelp,
    )
    grid = parser.add_argument_group("sweep")
    grid.add_argument(
        "--grid", action="append", metavar="NAME=VALUE,VALUE,...",
        help="an option of `run` and its values; may be given several times",
    )  # fmt: skip
    grid.add_argument(
        "--seeds", type=int, default=1, help="number of consecutive seeds, starting at --seed"
    )
    grid.add_argument("--workers", type=int, default=1, help="number of processes")
    grid.add_argument("--out", metavar="DIR", required=True, help="folder of the sweep")
    grid.add_argument(
        "--shard", metavar="I/N",
        help="do only the I-th of N parts, for job arrays; all parts have the same DIR",
    )  # fmt: skip
    grid.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="tcp://... of a Dask scheduler, or local for Dask with --workers processes",
    )  # fmt: skip
    grid.add_argument(
        "--checkpoint-every", type=float, default=60.0, metavar="SECONDS",
        help="how often an unfinished run is written to DIR",
    )  # fmt: skip
    add_run_options(parser)
    parser.set_defaults(command=_sweep, prog=parser.prog)


class _SweepHelp(ShowDefaults, argparse.RawDescriptionHelpFormatter):
    """Defaults behind the options, the examples line by line."""


@dataclass(frozen=True)
class TrainInStore:
    """What `sim run` does with a configuration, here or in a worker, with its checkpoints."""

    store: str
    checkpoint_every: float

    task_name = train_configuration.task_name  # type: ignore[attr-defined]

    def __call__(self, configuration: Configuration) -> Trajectory:
        path = run_path(Path(self.store), self.task_name, configuration)
        return RunSettings.from_description(configuration).train(
            checkpoint=path.with_suffix(""), checkpoint_every=self.checkpoint_every
        )


def _sweep(options: argparse.Namespace) -> int:
    workers = checks.threads(options.workers, "workers")
    if options.threads != 1:
        raise ValueError(f"threads must be 1 in a sweep (use --workers), got {options.threads}")
    names, configurations = _configurations(options)
    for configuration in configurations:
        # what can be refused is refused before the first run
        RunSettings.from_description(configuration).check()
    refuse_unwritable(options.out)
    shard = _shard(options.shard)
    store = Path(options.out) / "runs"
    try:
        with _executor(options, workers) as executor:
            found = sweep(
                configurations,
                TrainInStore(str(store), options.checkpoint_every),
                executor=executor,
                store=store,
                progress=not options.quiet,
                shard=shard,
            )
    except (BrokenExecutor, KeyboardInterrupt) as error:
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "a worker died"
        print(f"error: {why}; {KEPT.format(options.out)}", file=sys.stderr)
        return 1
    # before anything is printed; of several shards the last one writes the whole
    whole = found if shard is None else _done(Sweep.load(store))
    written = _resolved(whole).to_csv(Path(options.out) / "sweep.csv")
    print(table(found, names))
    print(f"written to {written}")
    _tell_failures(found, [*names, "seed"])
    return 1 if found.failed else 0


def _resolved(found: Sweep) -> Sweep:
    """The sweep for its table: with the learning rates and optimizers that were used."""
    return Sweep([
        replace(run, configuration=RunSettings.from_description(run.configuration).resolved())
        for run in found.runs
    ])  # fmt: skip


def _tell_failures(found: Sweep, names: list[str]) -> None:
    for run in found.failed[:MOST_FAILURES_SHOWN]:
        print(f"error: {where(run, names)} failed with {run.error}", file=sys.stderr)
    if len(found.failed) > MOST_FAILURES_SHOWN:
        rest = len(found.failed) - MOST_FAILURES_SHOWN
        print(f"error: {rest} more failed, see the CSV", file=sys.stderr)


def _executor(options: argparse.Namespace, workers: int) -> AbstractContextManager[Executor | None]:
    if options.scheduler is not None:
        return cluster(options.scheduler, workers)
    return processes(workers)


def _shard(given: str | None) -> tuple[int, int] | None:
    if given is None:
        return None
    number, slash, parts = given.partition("/")
    if not (slash and number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)):
        raise ValueError(f"shard must be i/n with i = 1, ..., n, got {given!r}")
    return int(number), int(parts)


def _done(found: Sweep) -> Sweep:
    return Sweep([run for run in found if run.error not in (NOT_DONE, DAMAGED)])


def _configurations(options: argparse.Namespace) -> tuple[list[str], list[Configuration]]:
    """The names of the grid, and every run's options as ``icl-markov sim run`` would have them."""
    parser = OneLineParser(prog=options.prog, add_help=False)
    add_run_options(parser)
    known = {entry.name.replace("_", "-"): entry.name for entry in fields(RunSettings)}
    axes = _axes(options, [name for name in known if name not in NOT_SWEPT])
    base = argparse.Namespace(**{name: getattr(options, name) for name in known.values()})
    first = checks.integer("seed", options.seed, 0)
    seeds = range(first, first + checks.integer("seeds", options.seeds, 1))
    configurations = []
    for values, seed in product(product(*axes.values()), seeds):
        words = [_typed(name, value) for name, value in zip(axes, values, strict=True)]
        chosen = parser.parse_args(list(chain(*words)), namespace=copy.copy(base))
        configurations.append(run_settings(chosen).describe() | {"seed": seed})
    return [known[name] for name in axes], configurations


def _typed(name: str, value: str) -> list[str]:
    # attached with an equals sign, a value may begin with a minus
    return [f"--{name}", *value.split()] if " " in value else [f"--{name}={value}"]


def _axes(options: argparse.Namespace, known: list[str]) -> dict[str, list[str]]:
    axes: dict[str, list[str]] = {}
    for given in options.grid or []:
        name, equals, values = given.partition("=")
        name, listed = name.strip().removeprefix("--"), [part.strip() for part in values.split(",")]
        if not equals or not all(listed):
            raise ValueError(f"grid must be NAME=VALUE,VALUE,..., got {shown(given)}")
        checks.one_of("grid NAME", name, known)
        if name in axes:
            raise ValueError(f"grid must name {name} once, got it twice")
        axes[name] = listed
    for one, other in (("steps", "examples"), ("examples", "steps")):
        if one in axes and (other in axes or getattr(options, other) is not None):
            raise ValueError(f"grid must not vary {one} when {other} is given")
    return axes


def table(found: Sweep, names: list[str]) -> str:
    """Medians over the seeds, with their intervals, for every combination of the grid's values."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in found.finished:
        groups.setdefault(option_values(run, names), []).append(run)
    if not groups:
        return "no run finished"
    names_of = found.finished[0].result
    stages = [name for name in names_of if name.endswith("_from") and name != "uniform_from"]
    options = [name.replace("_", "-") for name in names]
    headings = [f"{name.removesuffix('_from')} from examples" for name in stages]
    rows = [[*options, "runs", *headings, "final KL to truth (nats)"]]
    coverage = []
    for values, runs in groups.items():
        intervals = [
            median_interval([run.result[name] for run in runs])
            for name in (*stages, "final_kl_truth")
        ]
        coverage.append(intervals[0].coverage)
        # of what lies before the first record no more is known
        first = max(run.result.get("first_record", 0.0) for run in runs)
        cells = [*(_cell(interval, first) for interval in intervals[:-1]), _cell(intervals[-1])]
        rows.append([*values, str(len(runs)), *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([*lines, *_legend(coverage)])


def _cell(interval: MedianInterval, first: float = 0.0) -> str:
    median, low, high = (_number(value, first) for value in interval[:3])
    return median if low == high else f"{median} [{low}, {high}]"


def _number(value: float, first: float = 0.0) -> str:
    if math.isinf(value):
        return "never"
    if 0.0 < value < first:
        return f"< {_number(first)}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _legend(coverage: list[float]) -> list[str]:
    low, high = min(coverage), max(coverage)
    if not high:
        return ["(one run each; with --seeds 6 or more there are intervals of 95%)"]
    held = f"{low:.1%}" if low == high else f"{low:.1%} to {high:.1%}"
    return [f"(median over seeds [interval that covers the true median with probability {held}])"]
