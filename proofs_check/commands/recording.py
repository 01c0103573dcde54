"""``icl-markov check record``, and what `verify` says and does about records."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from proofs_check.experiments import making, records
from proofs_check.experiments.registry import EXPERIMENTS
from sim import checks
from sim.files import refuse_unwritable

SHOWN = 12  # moved numbers that are listed one by one


def add_record(commands: Any) -> None:
    """The command ``record``."""
    record = commands.add_parser(
        "record",
        help="make the runs of experiments anew and write their records",
        description="Make the runs of every experiment, or of those named, and write their numbers "
        "by seed. Claims are judged by these records. Finished runs are saved and reused.",
    )
    record.add_argument("experiments", nargs="*", metavar="NAME", help="experiment (default: all)")
    record.add_argument("--list", action="store_true", help="only list the experiments")
    record.add_argument(
        "--out", default=str(records.FOLDER), metavar="DIR",
        help="folder (default: that of the package, where claims look for them)",
    )  # fmt: skip
    record.add_argument("--no-cache", action="store_true", help="train again, reuse no saved run")
    record.set_defaults(command=_record)


def _record(options: argparse.Namespace) -> int:
    if options.list:
        for experiment in EXPERIMENTS.values():
            runs = len(experiment.cells) * len(experiment.seeds)
            size = f"{runs} runs, about {experiment.minutes:g} min on two cores"
            print(f"{experiment.name:<16} {experiment.title} ({size}); {state(experiment.name)}")
        return 0
    chosen = [checks.one_of("experiment", name, EXPERIMENTS) for name in options.experiments]
    refuse_unwritable(Path(options.out))
    for name in chosen or EXPERIMENTS:
        made = making.make(EXPERIMENTS[name], progress=True, use_cache=not options.no_cache)
        print(records.save(made, Path(options.out)), flush=True)
    return 0


def state(name: str) -> str:
    """Whether an experiment has a record, by which code it was made, and whether that is ours."""
    try:
        digest = records.committed(name).digest
    except ValueError:
        return "not recorded"
    changed = "" if digest == EXPERIMENTS[name].digest else ", the code has changed since"
    return f"recorded at {digest[:12]}{changed}"


def make_anew(names: Iterable[str], seeds: int | None) -> list[str]:
    """Make runs of experiments, let claims be judged by them, and say what moved.

    With `seeds` so many of the seeds that are judged on; the others stay as they are recorded.
    """
    lines = []
    for name in names:
        new = making.make(EXPERIMENTS[name], seeds, progress=True)
        old = records.committed(name)
        records.use(making.merged(old, new))
        found = making.moved(old, new)
        runs = f"{len(new.rows)} runs made anew"
        lines.append(f"{name}: {runs}, {'numbers moved:' if found else 'no number moved'}")
        lines += [f"  {line}" for line in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"  and {len(found) - SHOWN} more")
    return lines
