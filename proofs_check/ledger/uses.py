"""Find which functions of `sim` and `theory` a route uses, and their file and line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from proofs_check.ledger.names import references

ROOMS = ("sim", "theory")
_OURS = "proofs_check"
PACKAGE_FOLDER = Path(__file__).parents[2]


def place(function: Any) -> str:
    """``file:line`` of a function; see `located`."""
    function = unwrapped(function)
    try:
        path = Path(inspect.getsourcefile(function) or "")
    except TypeError:
        return ""
    return located(str(path), function.__code__.co_firstlineno)


def located(path: str, line: int) -> str:
    """``file:line``: relative to the folder the package stands in, or to the current one."""
    for folder in (PACKAGE_FOLDER, Path.cwd()):
        if Path(path).is_relative_to(folder):
            return f"{Path(path).relative_to(folder).as_posix()}:{line}"
    return f"{path}:{line}"


@cache
def rooms_used(function: Callable[..., Any]) -> tuple[str, ...]:
    """Folders of `sim` and `theory` that a function, or what it calls here, refers to.

    Followed are the functions of the module a computation stands in and of `proofs_check`; what
    those of `sim` and `theory` call in turn is theirs.
    """
    found: set[str] = set()
    seen: set[int] = set()
    _follow(function, found, seen)
    return tuple(sorted(found))


def _follow(thing: Any, found: set[str], seen: set[int]) -> None:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            _follow(part, found, seen)
        return
    module = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    if not isinstance(module, str):
        return
    if module.split(".")[0] in ROOMS:
        found.add(".".join(module.split(".")[:2]))
        return
    wrapped = unwrapped(thing)
    if wrapped is not thing:
        _follow(wrapped, found, seen)
    elif isinstance(thing, FunctionType):
        for reference in references(thing):
            _follow(reference, found, seen)
    elif isinstance(thing, type) and module.split(".")[0] == _OURS:
        for member in vars(thing).values():
            _follow(member, found, seen)


def unwrapped(function: Any) -> Any:
    """The function behind a route, a partial, a property or a cache."""
    for name in ("compute", "func", "fget", "__wrapped__"):
        inner = getattr(function, name, None)
        if callable(inner):
            return unwrapped(inner)
    return function
