"""What is in the folder of a sweep: done, failed, running and waiting runs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.files import canonical, strict
from sim.sweeps.claims import owner
from sim.sweeps.store import CLAIM, GRID, Run, read_run

NOT_DONE, DAMAGED = "not done yet", "its file is damaged"


@dataclass(frozen=True, eq=False)
class Contents:
    """The runs of a store.

    Attributes
    ----------
    runs : list of Run
        Those of the latest grid in its order, then the others.
    axes : dict or None
        The latest grid, if it was a product.
    planned : int
        Runs in the latest grid.
    running : dict of int to str
        Who is doing a run, by its place in `runs`.
    """

    runs: list[Run]
    axes: dict[str, list[Any]] | None
    planned: int
    running: dict[int, str]


def store_folder(folder: str | os.PathLike[str]) -> Path | None:
    """The store in a folder, or in the ``runs`` of a ``sim sweep``; None if there is none."""
    for place in (Path(folder), Path(folder) / "runs"):
        if (place / GRID).is_file():
            return place
    # one that was filled before grids were written down
    older = Path(folder) / "runs"
    return older if older.is_dir() else None


def read_store(folder: str | os.PathLike[str]) -> Contents:
    """Read all runs, each checked.

    Raises
    ------
    FileNotFoundError
        If there is no store.
    """
    place = store_folder(folder)
    if place is None:
        raise FileNotFoundError(f"no sweep at {folder}: it has no file {GRID} and no folder runs")
    axes, planned = _grid(place)
    paths = {place / f"{name}.json": given for name, given in planned.items()}
    runs, running = [], {}
    for index, (path, given) in enumerate(paths.items()):
        runs.append(_run(path, given))
        holder = owner(path.with_suffix(CLAIM))
        if holder is not None:
            running[index] = f"process {holder.process} on {holder.node}"
    others = [read_run(path) for path in sorted(place.glob("*.json")) if path not in paths]
    runs += sorted((run for run in others if run is not None), key=_by_configuration)
    return Contents(runs, axes, len(planned), running)


def _run(path: Path, given: dict[str, Any]) -> Run:
    found = read_run(path)
    if found is not None and canonical(strict(found.configuration)) == canonical(given):
        return found
    return Run(given, error=DAMAGED if os.path.lexists(path) else NOT_DONE)


def _by_configuration(run: Run) -> str:
    return canonical(run.configuration)


def _grid(place: Path) -> tuple[dict[str, list[Any]] | None, dict[str, dict[str, Any]]]:
    """The axes of the latest grid, and its configurations by the names of their files."""
    try:
        content = json.loads((place / GRID).read_bytes())
        named = zip(content["names"], content["configurations"], strict=True)
        return content["axes"], dict(named)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, {}
