"""Follow a computation through `theory`, `sim` and `proofs_check`, to all functions it rests on.

Functions are followed by the names their code refers to. A method is reached when its class and
its name both are, wherever that is: rather too much than too little. A global that holds a number
or an array is followed to the functions it was computed with.
"""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from proofs_check.ledger.uses import unwrapped

ROOMS = ("sim", "theory", "proofs_check")
ROUTE, VALUE = "the route", "the value"
LEDGER = "proofs_check.ledger"
_PLAIN = (str, bytes, int, float, complex, type(None), np.ndarray, np.generic)
# methods that the interpreter calls
_IMPLICIT = ("__init__", "__post_init__", "__new__", "__call__", "__iter__", "__getitem__")


Function = TypeVar("Function", bound=Callable[..., Any])


def reading(reason: str) -> Callable[[Function], Function]:
    """Mark a function that only takes apart or writes out what is judged: routes may share it.

    Parameters
    ----------
    reason : str
        Why no error in it could hide from both routes.
    """
    if not reason.strip():
        raise ValueError(f"reason must say why routes may share the function, got {reason!r}")

    def mark(function: Function) -> Function:
        unwrapped(function).only_reads = reason
        return function

    return mark


class _Attribute(NamedTuple):
    """A name that is looked up on an object of which the code does not tell what it is."""

    name: str


def functions_reached(
    compute: Callable[..., Any], values: Iterable[Any] = ()
) -> Mapping[str, frozenset[str]]:
    """Every function of ours that a computation rests on, each with those that refer to it.

    With `values` also what it does with them: their methods, and functions among them. What stands
    in the computation itself is referred to by `ROUTE`, what stands in a value by `VALUE`.
    Those of the ledger itself are left out, and those marked with `reading`.
    """
    trace = _Trace()
    trace.follow(compute, ROUTE)
    trace.follow(tuple(values), VALUE)
    return {name: frozenset(callers) for name, callers in trace.callers.items()}


class _Trace:
    def __init__(self) -> None:
        self.callers: dict[str, set[str]] = {}
        self._seen: dict[int, Any] = {}  # by id, and held, so that no id is used twice
        self._classes: set[type] = set()
        self._attributes: set[str] = set()

    def follow(self, thing: Any, caller: str) -> None:
        """Add what `thing` rests on; `caller` is the function that refers to it."""
        if isinstance(thing, _PLAIN):
            return
        if isinstance(thing, _Attribute):
            self._attribute(thing.name, caller)
        elif isinstance(thing, partial):
            self._all((thing.func, *thing.args, *thing.keywords.values()), caller)
        elif isinstance(thing, tuple | list | set | frozenset):
            self._all(thing, caller)
        elif isinstance(thing, Mapping):
            self._all(thing.values(), caller)
        elif isinstance(thing, ModuleType):
            self._module(thing, caller)
        elif isinstance(thing, type):
            self._class(thing, caller)
        elif isinstance(function := unwrapped(thing), FunctionType):
            self._function(function, caller)
        elif function is not thing:
            self.follow(function, caller)
        else:
            self._class(type(thing), caller)

    def _all(self, things: Any, caller: str) -> None:
        for thing in things:
            self.follow(thing, caller)

    def _module(self, module: ModuleType, caller: str) -> None:
        # a module as a value: any of its functions may be taken by name
        if _is_ours(module.__name__) and not hasattr(module, "__path__"):
            self._all(
                [
                    member
                    for member in vars(module).values()
                    if callable(member) and getattr(member, "__module__", "") == module.__name__
                ],
                caller,
            )

    def _class(self, kind: type, caller: str) -> None:
        for base in kind.__mro__:
            if _is_ours(base.__module__) and base not in self._classes:
                self._classes.add(base)
                for name, member in list(vars(base).items()):
                    if name in _IMPLICIT or name in self._attributes:
                        self.follow(member, caller)

    def _attribute(self, name: str, caller: str) -> None:
        if name not in self._attributes:
            self._attributes.add(name)
            for kind in list(self._classes):
                if name in vars(kind):
                    self.follow(vars(kind)[name], caller)

    def _function(self, function: FunctionType, caller: str) -> None:
        if not _is_ours(function.__module__) or function.__code__.co_filename.startswith("<"):
            return
        name = f"{function.__module__}.{function.__qualname__}"
        if name.endswith("<lambda>"):
            name += f":{function.__code__.co_firstlineno}"
        if not hasattr(function, "only_reads"):
            self.callers.setdefault(name, set()).add(caller)
        if id(function) in self._seen:
            return
        self._seen[id(function)] = function
        for cell in function.__closure__ or ():
            try:
                self.follow(cell.cell_contents, name)
            except ValueError:  # not filled yet
                continue
        self._all(function.__defaults__ or (), name)
        self._all((function.__kwdefaults__ or {}).values(), name)
        module = sys.modules[function.__module__]
        self._all(_references(function.__code__, module), name)


@cache
def _is_ours(module: str | None) -> bool:
    """Whether a module is of this package, but not of the ledger, or a user's own."""
    if module is None or f"{module}.".startswith(f"{LEDGER}."):
        return False
    root = module.split(".")[0]
    if root in ROOMS:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        root not in sys.stdlib_module_names
        and file is not None
        and not {"site-packages", "dist-packages"} & set(Path(file).parts)
    )


@cache
def _references(code: CodeType, module: ModuleType) -> tuple[Any, ...]:
    """What code refers to: globals, members of modules, local imports, names of attributes."""
    return tuple(thing for thing in _named(code, module) if thing is not None)


def _named(code: CodeType, module: ModuleType) -> Iterator[Any]:
    current: Any = None  # the module of which a member may be taken next
    for step in dis.get_instructions(code):
        argument = step.argval
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM"):
            if isinstance(current, ModuleType):
                member = _member(current, argument)
                if step.opname == "IMPORT_FROM":  # the module stays for the next name
                    yield member
                else:
                    current = member
            else:
                yield current
                current = None
                yield _Attribute(argument)
            continue
        yield current
        current = None
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            current = vars(module).get(argument)
            if not callable(current) and not isinstance(current, ModuleType):
                yield from _assigned(module, argument)
        elif step.opname == "IMPORT_NAME" and _is_ours(argument):
            current = importlib.import_module(argument)
    yield current
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant, module)


def _member(module: ModuleType, name: str) -> Any:
    if not _is_ours(module.__name__):
        return None
    found = getattr(module, name, None)
    if found is not None and not callable(found) and not isinstance(found, ModuleType):
        return [found, *_assigned(module, name)]
    return found


def _assigned(module: ModuleType, name: str) -> list[Any]:
    """What the value of a module's global was computed with, if it is one of our modules."""
    if not _is_ours(module.__name__):
        return []
    expression = _assignments(module).get(name)
    if expression is None:
        return []
    found = []
    for node in ast.walk(expression):
        if isinstance(node, ast.Name) and node.id != name:
            found.append(vars(module).get(node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = vars(module).get(node.value.id)
            if isinstance(owner, ModuleType):
                found.append(getattr(owner, node.attr, None))
    return [thing for thing in found if not isinstance(thing, ModuleType)]


@cache
def _assignments(module: ModuleType) -> dict[str, ast.expr]:
    """The expressions that a module's globals are given, from its source."""
    found: dict[str, ast.expr] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign):
            named = [name for target in node.targets for name in ast.walk(target)]
        elif isinstance(node, ast.AnnAssign):
            named = [node.target]
        else:
            continue
        if node.value is not None:
            found |= {name.id: node.value for name in named if isinstance(name, ast.Name)}
    return found
