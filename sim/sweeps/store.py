"""Store the runs of a sweep in a folder, one file each, named by their configuration."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sim.files import canonical, digest, output_folder, write_json
from sim.provenance import provenance
from sim.runs.trajectory import Trajectory
from sim.sweeps.grid import Configuration, plain

FORMAT = "icl-markov run 1"


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
            If the run returned numbers, or failed.
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
        return self.folder / f"{digest([self.task, configuration])[:24]}.json"

    def save(self, run: Run) -> Run:
        """Write a run; its trajectory, if it has one, is then referred to instead of held."""
        path = self.path(run.configuration)
        kept = run.kept.save(path.with_suffix("")) if isinstance(run.kept, Trajectory) else None
        content = {
            "format": FORMAT,
            "task": self.task,
            "configuration": run.configuration,
            "result": run.result,
            "error": run.error,
            "trajectory": kept is not None,
            "seconds": run.seconds,
            "provenance": provenance(),
        }
        write_json(path, content | {"sha256": digest(content)})
        return Run(run.configuration, run.result, run.error, run.seconds, kept)

    def load(self, configuration: Configuration) -> Run | None:
        """The run of a configuration; None if it is not there, or not whole."""
        path = self.path(configuration)
        try:
            content = json.loads(path.read_bytes())
            checksum = content.pop("sha256")
            found = canonical([content[name] for name in ("format", "task", "configuration")])
            wanted = canonical([FORMAT, self.task, configuration])
            if checksum != digest(content) or found != wanted:
                return None
            kept = path.with_suffix("") if content["trajectory"] else None
            if kept is not None:
                Trajectory.load(kept)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # whatever is wrong with it, the run can be had again
            return None
        return Run(configuration, content["result"], content["error"], content["seconds"], kept)


def task_name(run: Any) -> str:
    """What a function is called in the store: its module, name and bound arguments.

    A function that has moved since keeps its old name in an attribute ``task_name``.
    """
    if isinstance(run, partial):
        bound = plain("run's bound arguments", [list(run.args), *sorted(run.keywords.items())])
        return f"{task_name(run.func)} {canonical(bound)}"
    kind = run if hasattr(run, "__qualname__") else type(run)
    return str(getattr(run, "task_name", f"{kind.__module__}.{kind.__qualname__}"))
