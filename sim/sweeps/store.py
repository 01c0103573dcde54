"""Store the runs of a sweep in a folder, one file each, named by their configuration."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sim.files import (
    canonical,
    digest,
    json_bytes,
    output_folder,
    strict,
    write_atomic,
    write_json,
)
from sim.provenance import provenance
from sim.runs.trajectory import Trajectory
from sim.sweeps.claims import claimed, give_up_stale
from sim.sweeps.grid import Configuration, plain

FORMAT = "icl-markov run 1"
CLAIM, GRID = ".claim", "grid"


@dataclass(frozen=True, eq=False)
class Run:
    """One configuration and its result, or the error that ended the run.

    Attributes
    ----------
    configuration : dict
        With its seed.
    result : dict of str to number
        What the run returned, or the summary of its trajectory; empty if it failed.
    error : str or None
        Kind and message of the exception that ended it, if one did.
    seconds : float
        Wall time it took.
    """

    configuration: Configuration
    result: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
    kept: Trajectory | Path | None = None

    @property
    def trajectory(self) -> Trajectory:
        """The trajectory the run returned, read from the store if it is there.

        Raises
        ------
        ValueError
            If the run returned numbers, or failed before there was one.
        """
        if self.kept is None:
            raise ValueError(f"run {self.configuration} has no trajectory")
        return self.kept if isinstance(self.kept, Trajectory) else Trajectory.load(self.kept)


class RunStore:
    """A folder with ``<name>.json`` for every run, and a run folder ``<name>/`` if it has one.

    The name is a hash of what was run and of its configuration. The JSON is written last, whole,
    and holds a checksum: a run is there completely or not at all.

    Parameters
    ----------
    path : path-like
        Made if it does not exist.
    task : str
        What was run, from `task_name`.
    """

    def __init__(self, path: str | os.PathLike[str], task: str) -> None:
        self.folder = output_folder(path)
        self.task = task

    def path(self, configuration: Configuration) -> Path:
        """The file of a configuration, whether it exists or not."""
        return run_path(self.folder, self.task, configuration)

    def claim(self, configuration: Configuration) -> AbstractContextManager[bool]:
        """Hold a run's claim while it is being done; False if another sweep does it."""
        return claimed(self.path(configuration).with_suffix(CLAIM))

    def give_up_stale_claims(self) -> None:
        """Remove the claims of processes that have died."""
        for path in self.folder.glob(f"*{CLAIM}"):
            give_up_stale(path)

    def note(self, axes: dict[str, list[Any]] | None, configurations: list[Configuration]) -> None:
        """Write down what is to be run, for `Sweep.load` and ``sim show``."""
        names = [self.path(given).stem for given in configurations]
        content = {"axes": axes, "names": names, "configurations": configurations}
        path, text = self.folder / GRID, json_bytes(content)
        if not path.is_file() or path.read_bytes() != text:
            write_atomic(path, lambda file: file.write(text))

    def save(self, run: Run) -> Run:
        """Write a run; its trajectory, if it has one, is then referred to instead of held."""
        path = self.path(run.configuration)
        kept = run.kept.save(path.with_suffix("")) if isinstance(run.kept, Trajectory) else None
        content = strict(
            {
                "format": FORMAT,
                "task": self.task,
                "configuration": run.configuration,
                "result": run.result,
                "error": run.error,
                "trajectory": kept is not None,
                "seconds": run.seconds,
                "provenance": provenance(),
            }
        )
        write_json(path, content | {"sha256": digest(content)})
        return Run(run.configuration, run.result, run.error, run.seconds, kept)

    def load(self, configuration: Configuration, *, set_aside: bool = False) -> Run | None:
        """The run of a configuration; None if it is not there, or not whole.

        What is there and not whole can be set aside, under another name, to make room.
        """
        path = self.path(configuration)
        found = read_run(path, self.task)
        same = canonical(strict(configuration))
        if found is not None and canonical(strict(found.configuration)) == same:
            return found
        if set_aside and os.path.lexists(path):
            for damaged in (path, path.with_suffix("")):
                _set_aside(damaged)
        return None


def run_path(folder: Path, task: str, configuration: Configuration) -> Path:
    """The file of a configuration in a store; its run folder has the name without ``.json``."""
    return folder / f"{digest([task, configuration])[:24]}.json"


def read_run(path: Path, task: str | None = None) -> Run | None:
    """A run from its file, with its trajectory checked; None if it is not there, or not whole."""
    try:
        if not path.is_file():
            return None
        content = json.loads(path.read_bytes())
        checksum = content.pop("sha256")
        if checksum != digest(content) or content["format"] != FORMAT:
            return None
        if task is not None and content["task"] != task:
            return None
        kept = path.with_suffix("") if content["trajectory"] else None
        if kept is not None:
            Trajectory.load(kept)
        # what JSON has no number for is there as a word
        result = {
            name: float(value) if isinstance(value, str) else value
            for name, value in content["result"].items()
        }
        return Run(content["configuration"], result, content["error"], content["seconds"], kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # whatever is wrong with it, the run can be had again
        return None


def _set_aside(path: Path) -> None:
    if os.path.lexists(path):
        names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
        path.rename(next(name for name in names if not os.path.lexists(name)))


def task_name(run: Any) -> str:
    """What a function is called in the store: its module, name and bound arguments.

    A function that has moved since keeps its old name in an attribute ``task_name``.
    """
    if isinstance(run, partial):
        bound = plain("run's bound arguments", [list(run.args), *sorted(run.keywords.items())])
        return f"{task_name(run.func)} {canonical(bound)}"
    kind = run if hasattr(run, "__qualname__") else type(run)
    return str(getattr(run, "task_name", f"{kind.__module__}.{kind.__qualname__}"))
