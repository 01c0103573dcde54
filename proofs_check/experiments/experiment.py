"""Experiments: training runs whose numbers are recorded, and the claims and figures that use them.

The runs of an experiment are spread over the cores, kept one by one as they finish, and found again
by what they depend on: an interrupted experiment goes on where it stopped.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from proofs_check.experiments.cache import cache_folder
from proofs_check.experiments.digest import task_digest
from sim.runs.trajectory import Trajectory
from sim.sweeps.executors import Task, sweep
from sim.sweeps.grid import Grid
from sim.sweeps.table import Sweep

Labels = dict[str, Any]
Numbers = Mapping[str, float | str]
# a number is read from runs with smaller seeds, and judged on runs with these and larger ones
JUDGED = 100


@dataclass(frozen=True)
class Cell:
    """One setting of an experiment, run from several seeds.

    Attributes
    ----------
    labels : dict
        What tells it from the other settings, as it stands in the record.
    configuration : dict
        What the task is given, but for the seed.
    """

    labels: Labels
    configuration: dict[str, Any]


@dataclass(frozen=True)
class Experiment:
    """Settings, the seeds each is run from, and the numbers taken from a run.

    Attributes
    ----------
    name, title : str
    task : callable
        What one run is: a top-level function, configuration -> Trajectory or numbers by name.
        `sim.learning.settings.train_configuration` does what ``python -m sim run`` does.
    cells : sequence of Cell
    seeds : sequence of int
        Those below `JUDGED` are what stated numbers are read from.
    numbers : callable, optional
        Trajectory -> numbers by name, for a task that returns trajectories.
    minutes : float
        About how long all runs take on two cores.
    """

    name: str
    title: str
    task: Task
    cells: Sequence[Cell]
    seeds: Sequence[int]
    numbers: Callable[[Trajectory], Numbers] | None = None
    minutes: float = 1.0

    @cached_property
    def digest(self) -> str:
        """A digest of the code its numbers depend on."""
        return task_digest(self.task, *([self.numbers] if self.numbers else []))

    def rows(
        self, seeds: Sequence[int] | None = None, *, progress: bool = False, use_cache: bool = True
    ) -> list[Labels]:
        """Labels, seed and numbers of every run, in the order of cells and seeds.

        Raises
        ------
        RuntimeError
            If a run failed: an incomplete grid is not evidence.
        """
        chosen = self.seeds if seeds is None else seeds
        grid = [cell.configuration | {"seed": seed} for cell in self.cells for seed in chosen]
        labels = [cell.labels | {"seed": seed} for cell in self.cells for seed in chosen]
        with processes() as executor:
            found = runs(self.task, grid, executor, progress=progress, use_cache=use_cache).runs
            if self.numbers is None:
                numbers: Iterable[Numbers] = (run.result for run in found)
            else:
                each = (executor.map if executor else map)(
                    _numbers, [self.numbers] * len(found), found
                )
                numbers = list(each)
        return [label | dict(own) for label, own in zip(labels, numbers, strict=True)]


def _numbers(numbers: Callable[[Trajectory], Numbers], run: Any) -> Numbers:
    return numbers(run.trajectory)


def runs(
    task: Task,
    grid: Grid,
    executor: Executor | None = None,
    *,
    progress: bool = False,
    use_cache: bool = True,
) -> Sweep:
    """The runs of a grid, as for `sim.sweep`: those that are not in the cache are made now."""
    # one folder for all: a run that two experiments have in common is made once
    store = cache_folder() / f"experiments-{task_digest(task)[:16]}"
    found = sweep(
        grid, task, executor=executor, store=store if use_cache else None, progress=progress
    )
    if found.failed:
        failed = found.failed[0]
        raise RuntimeError(f"run {failed.configuration} failed with {failed.error}")
    return found


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(workers: int | None = None) -> AbstractContextManager[ProcessPoolExecutor | None]:
    """So many worker processes, one for each core if not given; None in place of a single one."""
    count = cores() if workers is None else workers
    if count < 2:
        return nullcontext()
    # a fresh interpreter each: forking a process with threads is not safe
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
