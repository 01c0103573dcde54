"""Digests of code: by them a kept result is found again, and a record known to be current."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

from proofs_check.ledger.uses import ROOMS

LIBRARIES = {"sim": ("numpy", "scipy", "numba"), "theory": ("numpy", "scipy", "sympy", "mpmath")}
# what decides in sim and theory what is printed, drawn and written, and no number of a result.
# Whole folders: a file that is added to them, or moved within them, must not cost anybody's runs
LEFT_OUT = ("commands", "plots", "provenance.py", "version.py", "files.py", "__main__.py")
_OURS = "proofs_check"
# what carries runs out, keeps and draws their results, and changes no number of them
_MACHINERY = (
    "proofs_check.ledger",
    "proofs_check.figures.figure",
    *(f"proofs_check.experiments.{name}" for name in ("cache", "digest", "experiment", "records")),
)


def task_digest(*functions: Callable[..., Any]) -> str:
    """A digest of the code that functions rest on: changed code never meets old results.

    It covers the modules in which they are defined and what these import of `proofs_check`, of
    `sim` and `theory` all but LEFT_OUT if they are imported, and the versions of the libraries; no
    comments and docstrings.
    """
    modules: dict[str, str] = {}
    rooms: set[str] = set()
    for function in functions:
        path = inspect.getsourcefile(inspect.unwrap(function))
        _follow(function.__module__, Path(path or ""), modules, rooms)
    parts = [f"{name}{modules[name]}" for name in sorted(modules)]
    parts += [function.__qualname__ for function in functions]
    parts += [room_digest(room) for room in sorted(rooms)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def versions(room: str) -> dict[str, str]:
    """Versions of the libraries that decide the numbers of `sim` or `theory`."""
    return {name: metadata.version(name) for name in LIBRARIES[room]}


@cache
def room_digest(room: str) -> str:
    """A digest of `sim` or `theory` and the libraries its numbers depend on."""
    digest = hashlib.sha256("".join(versions(room).values()).encode())
    root = Path(import_module(room).__file__ or "").parent
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if inside.parts[0] not in LEFT_OUT:
            code = ast.dump(computation(path.read_text(encoding="utf-8")))
            digest.update(inside.as_posix().encode() + code.encode())
    return digest.hexdigest()


def computation(source: str) -> ast.Module:
    """The syntax tree of a module without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            del node.body[0]
    return tree


def _follow(name: str, path: Path, modules: dict[str, str], rooms: set[str]) -> None:
    """Add the code of a module and of those of `proofs_check` it imports; note the rooms."""
    if name in modules:
        return
    tree = computation(path.read_text(encoding="utf-8"))
    modules[name] = ast.dump(tree)
    for imported in _imports(tree):
        room = imported.split(".")[0]
        if room in ROOMS:
            rooms.add(room)
        elif room == _OURS != imported and not imported.startswith(_MACHINERY):
            source = _source(imported)
            if source is not None:
                _follow(imported, source, modules, rooms)


def _source(name: str) -> Path | None:
    """The file of a module; None if there is no module of this name."""
    try:
        found = util.find_spec(name)
    except ModuleNotFoundError:  # what should be a package is a module
        return None
    return Path(found.origin) if found is not None and found.origin else None


def _imports(tree: ast.Module) -> Iterator[str]:
    """Names of modules, and of what is taken from them: that may be a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
