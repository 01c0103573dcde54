"""Experiments: many training runs whose records several claims and figures share.

An experiment is a grid of configurations and a function that carries one out. Its runs are spread
over the cores, kept one by one as they finish, and found again by what they depend on, so that an
interrupted experiment goes on where it stopped, and a claim and a figure cost one set of runs.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from proofs_check.experiments.cache import cache_folder, task_digest
from sim.sweeps.executors import Task, sweep
from sim.sweeps.grid import Grid
from sim.sweeps.table import Sweep


@dataclass(frozen=True)
class Experiment:
    """A grid of training runs.

    Attributes
    ----------
    task : callable
        What one run is: a top-level function, configuration -> Trajectory or numbers by name.
        `sim.learning.settings.train_configuration` does what ``python -m sim run`` does.
    grid : mapping of str to sequence, or sequence of mappings
        As for `sim.sweep`.
    """

    task: Task
    grid: Grid

    def runs(self, *, progress: bool = False, use_cache: bool = True) -> Sweep:
        """The runs in the order of the grid: those that are not in the cache are made now.

        Raises
        ------
        RuntimeError
            If a run failed: evidence with holes in it is none.
        """
        # one folder for all: a run that two experiments have in common is made once
        store = cache_folder() / f"experiments-{task_digest(self.task)[:16]}"
        with _processes() as executor:
            found = sweep(
                self.grid,
                self.task,
                executor=executor,
                store=store if use_cache else None,
                progress=progress,
            )
        if found.failed:
            failed = found.failed[0]
            raise RuntimeError(f"run {failed.configuration} failed with {failed.error}")
        return found


def _processes() -> AbstractContextManager[ProcessPoolExecutor | None]:
    """A process for each core this one may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores is None or cores < 2:
        return nullcontext()
    # a fresh interpreter each: forking a process with threads is not safe
    return ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn"))
