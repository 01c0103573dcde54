"""``icl-markov sim show`` of a sweep: what is done, running, failed and waiting."""

from __future__ import annotations

from sim.sweeps.contents import DAMAGED, NOT_DONE, read_store
from sim.sweeps.store import Run
from sim.sweeps.table import Sweep


def show_sweep(folder: str) -> int:
    """Print what is done, running, failed and waiting in the folder of a sweep."""
    found = read_store(folder)
    left = {index: run for index, run in enumerate(found.runs) if run.error in (NOT_DONE, DAMAGED)}
    failed = [run for run in Sweep(found.runs).failed if run.error not in (NOT_DONE, DAMAGED)]
    running = [index for index in found.running if index in left]
    done = len(found.runs) - len(left) - len(failed)
    waiting = len(left) - len(running)
    print(f"{done} runs done, {len(running)} running, {len(failed)} failed, {waiting} waiting")
    names = _varied(found.runs)
    for index in running:
        print(f"running: {where(left[index], names)} ({found.running[index]})")
    for run in failed:
        print(f"failed: {where(run, names)} with {run.error}")
    for run in left.values():
        if run.error == DAMAGED:
            print(f"damaged: {where(run, names)}")
    return 0


def _varied(runs: list[Run]) -> list[str]:
    """The options in which runs differ."""
    first = runs[0].configuration if runs else {}
    return [
        name for name in first
        if any(run.configuration.get(name) != first[name] for run in runs)
    ] or list(first)[:1]  # fmt: skip


def where(run: Run, names: list[str]) -> str:
    options = zip(names, option_values(run, names), strict=True)
    return " ".join(f"{name.replace('_', '-')}={value}" for name, value in options)


def option_values(run: Run, names: list[str]) -> tuple[str, ...]:
    """A run's options as they are typed."""
    found = (run.configuration.get(name) for name in names)
    return tuple(" ".join(map(str, v)) if isinstance(v, list) else str(v) for v in found)
