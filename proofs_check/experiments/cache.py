"""Results kept by what they depend on: parameters, library versions and the code itself."""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from proofs_check.ledger.uses import rooms_used
from sim.files import output_folder, write_atomic
from sim.runs.trajectory import Trajectory

Result = TypeVar("Result")
Arrays = dict[str, NDArray[Any]]
ARRAYS = "arrays.npz"

LIBRARIES = ("numpy", "scipy", "sympy", "numba")
# folders of sim and theory that decide what is printed and drawn, and no number of a result. Whole
# folders: a file that is added to them, or moved within them, must not cost anybody's kept runs
LEFT_OUT = ("commands", "plots")


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


def task_digest(task: Callable[..., Any]) -> str:
    """A digest of a task's code: changed code never meets old results.

    It covers the module in which the task is defined, `sim`, `theory` if the task refers to it,
    and the versions of the libraries, but no comments and docstrings, and nothing of LEFT_OUT but
    the module of the task itself.
    """
    source = inspect.getsource(inspect.getmodule(task) or task)
    packages = {"sim", *(room.split(".")[0] for room in rooms_used(task))}
    digests = [_computation(source), *map(code_digest, sorted(packages))]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


@cache
def code_digest(package: str) -> str:
    """A digest of `sim` or `theory` and the libraries its numbers depend on."""
    digest = hashlib.sha256()
    for name in LIBRARIES:
        digest.update(metadata.version(name).encode())
    root = Path(inspect.getfile(import_module(package))).parent
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if inside.parts[0] not in LEFT_OUT:
            code = _computation(path.read_text(encoding="utf-8"))
            digest.update(inside.as_posix().encode() + code.encode())
    return digest.hexdigest()


def _computation(source: str) -> str:
    """The syntax tree of a module without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            del node.body[0]
    return ast.dump(tree)
