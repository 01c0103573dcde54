"""Run a sweep in this process or in workers; finished runs are stored, so it can be resumed."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from numbers import Real
from typing import Any

import numpy as np
from tqdm import tqdm

from sim import checks
from sim.learning.compilation import warmup
from sim.messages import shown
from sim.models.contracts import DTYPES
from sim.models.registry import MODELS
from sim.runs.stages import stage_times
from sim.runs.trajectory import Trajectory
from sim.sweeps.grid import RESERVED, Configuration, Grid, expand, plain
from sim.sweeps.store import Run, RunStore, task_name
from sim.sweeps.table import Sweep
from sim.sweeps.workers import busy

PATIENCE = 0.5  # seconds between looks at what another sweep is doing

Task = Callable[[Configuration], Trajectory | Mapping[str, float]]


def sweep(
    grid: Grid,
    run: Task,
    *,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool = False,
    shard: tuple[int, int] | None = None,
) -> Sweep:
    """Call `run` for every configuration of a grid.

    The numbers depend on the configurations alone: not on their order, the executor, the number of
    workers, or on how often the sweep was stopped and resumed.

    Parameters
    ----------
    grid : mapping of str to sequence, or iterable of mappings
        ``{"k": [2, 3], "length": [50, 100]}`` means all four combinations. A configuration without
        an entry ``seed`` gets an integer seed derived from its entries.
    run : callable
        Takes a configuration (dict) and returns a Trajectory or a mapping of names to numbers. Its
        randomness has to come from ``configuration["seed"]``. For worker processes it has to be
        defined at the top level of a module (or be a `functools.partial` of such a function).
    executor : concurrent.futures.Executor, optional
        Where runs take place; if not given, in this process, one after the other. May be a
        `ProcessPoolExecutor`, a `ThreadPoolExecutor` (compiled kernels release the GIL) or Dask's
        ``Client.get_executor()`` (tested with version 2026.8; workers need access to the store).
        It is not shut down.
    store : path-like, optional
        Folder in which every finished run is saved, one file each, written by the worker itself. A
        run that is already there is not repeated, unless it failed, was interrupted or its file is
        damaged. Several sweeps on one folder, on one machine or many, share the work. Changes of
        the code are not detected: after a change, use another folder.
    seed : int
        Root of the derived seeds.
    progress : bool
        Show a progress bar on stderr.
    shard : (int, int), optional
        ``(i, n)``: only the i-th of n parts of the runs, i = 1, ..., n; the whole is then in the
        store (`Sweep.load`).

    Returns
    -------
    Sweep
        The runs in the order of the grid. One that raised an exception has its message in `error`;
        the others go on.

    Raises
    ------
    TypeError, ValueError
        If the grid is empty, holds a configuration twice or something that is not plain data, or
        `run` cannot be sent to processes.
    concurrent.futures.BrokenExecutor
        If a worker died (for lack of memory, say). Runs that had finished are in the store.

    Examples
    --------
    >>> import sim
    >>> def run(configuration):
    ...     model = sim.MinimalModel.constant(T=configuration["T"], k=2)
    ...     return sim.train(model, sim.Dirichlet(2), steps=5, rng=configuration["seed"])
    >>> found = sim.sweep({"T": [5, 10], "seed": [0, 1, 2]}, run)
    >>> print(found)
    Sweep: 6 runs finished, 0 failed
    >>> found.array("final_loss").shape
    (2, 3)
    """
    if not callable(run):
        raise TypeError(f"run must be a function of a configuration, got {shown(run)}")
    if executor is not None:
        checks.instance("executor", executor, Executor, "a concurrent.futures.Executor")
    if isinstance(executor, ProcessPoolExecutor):
        _refuse_unpicklable(run)
    configurations = expand(grid, checks.integer("seed", seed, 0))
    axes = None
    if isinstance(grid, Mapping):
        axes = {name: [plain(name, value) for value in grid[name]] for name in grid}
    part = _part(shard)
    # the grid has been found good: now the folder is made
    place = None if store is None else RunStore(store, task_name(run))
    if place is not None:
        place.note(axes, configurations)
        place.give_up_stale_claims()
    if part is not None:
        configurations, axes = configurations[part], None
    runs = {} if place is None else _finished(place, configurations)
    total = len(configurations)
    with tqdm(total=total, initial=len(runs), unit="run", disable=not progress, leave=False) as bar:
        for index, done in _carry_out_all(run, runs, configurations, place, executor):
            runs[index] = done
            bar.update()
    return Sweep([runs[index] for index in range(total)], axes)


def _part(shard: tuple[int, int] | None) -> slice | None:
    if shard is None:
        return None
    number, parts = shard
    parts = checks.integer("shard n", parts, 1)
    if checks.integer("shard i", number, 1) > parts:
        raise ValueError(f"shard must be (i, n) with i = 1, ..., n, got {number} of {parts}")
    return slice(number - 1, None, parts)


def _carry_out_all(
    run: Task,
    runs: dict[int, Run],
    configurations: list[Configuration],
    place: RunStore | None,
    executor: Executor | None,
) -> Iterator[tuple[int, Run]]:
    """Every run that is missing; what another sweep does is waited for, and done if it gives up."""
    missing = [index for index in range(len(configurations)) if index not in runs]
    while missing:
        elsewhere = []
        for index, done in _carry_out(
            run, [(index, configurations[index]) for index in missing], place, executor
        ):
            if done is None:
                elsewhere.append(index)
            else:
                yield index, done
        missing = elsewhere
        if missing:
            time.sleep(PATIENCE)


def _finished(place: RunStore, configurations: list[Configuration]) -> dict[int, Run]:
    found = ((index, place.load(given)) for index, given in enumerate(configurations))
    return {index: run for index, run in found if run is not None and run.error is None}


def _carry_out(
    run: Task,
    missing: list[tuple[int, Configuration]],
    place: RunStore | None,
    executor: Executor | None,
) -> Iterator[tuple[int, Run | None]]:
    """Runs as they finish, with their place in the grid; None if another sweep is doing one."""
    if executor is None:
        for index, configuration in missing:
            yield index, execute(run, configuration, place)
        return
    if missing:
        # workers would all compile the same
        needed = _named(missing, "dtype", DTYPES), _named(missing, "model", tuple(MODELS))
        warmup(*needed)
        client = getattr(executor, "_client", None)
        if client is not None:
            # Dask's workers may be on machines with caches of their own
            client.run(warmup, *needed)
    futures = {executor.submit(execute, run, given, place): index for index, given in missing}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        # interrupted, or a worker died: what has not begun will not begin
        for future in futures:
            future.cancel()


def _named(
    missing: list[tuple[int, Configuration]], entry: str, known: tuple[str, ...]
) -> tuple[str, ...]:
    """Which of the known names the configurations have in an entry; the first, if none."""
    given = {str(configuration.get(entry)) for _, configuration in missing}
    return tuple(name for name in known if name in given) or known[:1]


def execute(run: Task, configuration: Configuration, place: RunStore | None) -> Run | None:
    """One run, in whatever process, unless another sweep has claimed it."""
    if place is None:
        with busy():
            return _tried(run, configuration)
    with busy(), place.claim(configuration) as mine:
        if not mine:
            return None
        # finished by another sweep since, perhaps
        before = place.load(configuration, set_aside=True)
        if before is not None and before.error is None:
            return before
        return place.save(_tried(run, configuration))


def _tried(run: Task, configuration: Configuration) -> Run:
    """A run: an exception becomes its result, an interrupt does not."""
    began = time.perf_counter()
    try:
        # a copy: what the function does to its argument is no business of the others
        result, kept = _understood(run(dict(configuration)), configuration)
        return Run(configuration, result, None, time.perf_counter() - began, kept)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        found = getattr(error, "trajectory", None)
        # that of a run that diverged
        kept = found if isinstance(found, Trajectory) else None
        return Run(configuration, {}, message, time.perf_counter() - began, kept)


def summary(trajectory: Trajectory) -> dict[str, float]:
    """A trajectory in numbers: its last loss and measures, and when the strategies take over.

    ``unigram_from`` is the number of examples (of a flow: the time) at which the unigram strategy
    first becomes the nearest, infinity if it does not within the run; so for each strategy.
    ``first_record`` is where the first record after the start lies: of a smaller number above 0 no
    more is known than that it is smaller.
    """
    last = {"loss": trajectory.loss} | trajectory.measures
    result = {f"final_{name}": float(values[-1]) for name, values in last.items()}
    names = [name.removeprefix("kl_") for name in last if name.startswith("kl_")]
    strategies = [name for name in names if name != "truth"]
    if strategies:
        stages = stage_times(trajectory)
        unit = "examples" if trajectory.examples.any() else "time"
        for name in strategies:
            starts = [getattr(at, f"start_{unit}") for at in stages if at.strategy == name]
            result[f"{name}_from"] = min(starts, default=np.inf)
        if unit in stages.first:
            result["first_record"] = stages.first[unit]
    return result


def _understood(
    returned: Any, configuration: Configuration
) -> tuple[dict[str, float], Trajectory | None]:
    """The numbers a run came to, and its trajectory if it returned one."""
    trajectory = returned if isinstance(returned, Trajectory) else None
    result = returned if trajectory is None else summary(trajectory)
    if not isinstance(result, Mapping):
        raise TypeError(
            f"run must return a Trajectory or a mapping to numbers, got {shown(result)}"
        )
    numbers = {name: plain(f"result {name}", value) for name, value in result.items()}
    for name, value in numbers.items():
        if not isinstance(name, str) or not isinstance(value, Real):
            raise TypeError(f"run must return numbers by name, got {shown(value)} for {name!r}")
        if name in configuration or name in RESERVED:
            raise ValueError(f"run must not return {name!r}: that column is taken")
    return numbers, trajectory


def _refuse_unpicklable(run: Task) -> None:
    try:
        pickle.dumps(run)
    except (pickle.PicklingError, AttributeError, TypeError):
        raise TypeError(
            "run must be a function at the top level of a module to be sent to worker processes, "
            f"got {shown(run)}"
        ) from None
