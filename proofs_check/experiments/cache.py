"""Training runs kept by what they depend on: parameters, library versions and the code itself."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import sim
from sim.runs.trajectory import Trajectory

# of sim: they decide what is printed, and nothing of a run
DOORS = ("commands/main.py", "commands/parser.py", "commands/sweep.py", "__main__.py")


def cache_folder() -> Path:
    """Where results are cached: $ICL_MARKOV_CACHE, or icl-markov in the user's cache folder."""
    if "ICL_MARKOV_CACHE" in os.environ:
        return Path(os.environ["ICL_MARKOV_CACHE"])
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "icl-markov"


def cached_trajectory(
    parameters: dict[str, Any], compute: Callable[[], Trajectory], *, use: bool = True
) -> Trajectory:
    """The trajectory belonging to `parameters`, computed only if it is not in the cache.

    A cache that cannot be read or written costs time, never a result.
    """
    if not use:
        return compute()
    folder = cache_folder() / _key(parameters)
    try:
        return Trajectory.load(folder)
    except (OSError, ValueError):
        trajectory = compute()
    with suppress(OSError):
        trajectory.save(folder)
    return trajectory


def _key(parameters: dict[str, Any]) -> str:
    described = json.dumps(parameters, sort_keys=True) + code_digest()
    return hashlib.sha256(described.encode()).hexdigest()[:24]


@cache
def code_digest() -> str:
    """A digest of the simulation code and its libraries: changed code never meets old results.

    Comments, docstrings, command line and drawing are no part of it.
    """
    digest = hashlib.sha256()
    for name in ("numpy", "numba"):
        digest.update(metadata.version(name).encode())
    root = Path(sim.__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith("plots/") and name not in DOORS:
            digest.update(name.encode() + _computation(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def task_digest(task: Callable[..., Any]) -> str:
    """The same with the module a task is defined in, wherever that stands."""
    source = inspect.getsource(inspect.getmodule(task) or task)
    return hashlib.sha256((code_digest() + _computation(source)).encode()).hexdigest()


def _computation(source: str) -> str:
    """The syntax tree of a module without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            del node.body[0]
    return ast.dump(tree)
