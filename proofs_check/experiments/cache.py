"""Results kept by what they depend on: parameters, library versions and the code itself."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from proofs_check.experiments.digest import task_digest
from sim.files import output_folder, write_atomic
from sim.runs.trajectory import Trajectory

Result = TypeVar("Result")
Arrays = dict[str, NDArray[Any]]
ARRAYS = "arrays.npz"


def cache_folder() -> Path:
    """Where results are cached: $ICL_MARKOV_CACHE, or icl-markov in the user's cache folder."""
    if "ICL_MARKOV_CACHE" in os.environ:
        return Path(os.environ["ICL_MARKOV_CACHE"])
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "icl-markov"


def cached_trajectory(
    task: Callable[..., Trajectory],
    parameters: dict[str, Any],
    *,
    progress: bool = False,
    use_cache: bool = True,
) -> Trajectory:
    """The trajectory ``task(**parameters, progress=progress)``, made only if it is not kept.

    A cache that cannot be read or written costs time, never a result.

    Parameters
    ----------
    task : callable
        A function at the top level of a module. Kept results are found again by the code of that
        module, of `sim`, and of `theory` if the task refers to it.
    parameters : dict
        JSON-ready.
    progress, use_cache : bool
        Whether to show a progress bar, and whether to look for kept results and keep new ones.
    """
    compute = partial(task, **parameters, progress=progress)
    folder = _folder(task, parameters) if use_cache else None
    return _cached(compute, folder, Trajectory.load, lambda found, place: found.save(place))


def cached_arrays(
    task: Callable[..., Arrays],
    parameters: dict[str, Any],
    *,
    progress: bool = False,
    use_cache: bool = True,
) -> Arrays:
    """The same for a task that returns arrays by name."""
    compute = partial(task, **parameters, progress=progress)
    folder = _folder(task, parameters) if use_cache else None
    return _cached(compute, folder, _load_arrays, _save_arrays)


def _cached(
    compute: Callable[[], Result],
    folder: Path | None,
    load: Callable[[Path], Result],
    save: Callable[[Result, Path], object],
) -> Result:
    if folder is None:
        return compute()
    with suppress(OSError, ValueError, EOFError, BadZipFile):
        return load(folder)
    result = compute()
    with suppress(OSError):
        save(result, folder)
    return result


def _load_arrays(folder: Path) -> Arrays:
    # read first: NumPy leaves a file open that it finds damaged
    content = io.BytesIO((folder / ARRAYS).read_bytes())
    with np.load(content, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _save_arrays(arrays: Arrays, folder: Path) -> None:
    path = output_folder(folder) / ARRAYS
    content: dict[str, Any] = arrays
    # without allow_pickle=False, which NumPy 2.0 takes for one more array
    write_atomic(path, lambda file: np.savez(file, **content))


def _folder(task: Callable[..., Any], parameters: dict[str, Any]) -> Path:
    described = [task.__qualname__, task_digest(task), parameters]
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return cache_folder() / key[:24]
