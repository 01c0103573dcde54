"""Follow a computation through `theory`, `sim` and `proofs_check`, to all functions it rests on.

Functions are followed by the names their code refers to. A method is reached when its class and
its name both are, wherever that is: rather too much than too little. A global that holds a number
or an array is followed to the functions it was computed with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numpy as np

from proofs_check.ledger.names import Attribute, is_ours, references
from proofs_check.ledger.uses import unwrapped

ROUTE, VALUE = "the route", "the value"
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
        if isinstance(thing, Attribute):
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
        if is_ours(module.__name__) and not hasattr(module, "__path__"):
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
            if is_ours(base.__module__) and base not in self._classes:
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
        if not is_ours(function.__module__) or function.__code__.co_filename.startswith("<"):
            return
        name = f"{function.__module__}.{function.__qualname__}"
        if name.endswith("<lambda>"):
            name += f":{function.__code__.co_firstlineno}"
        if not hasattr(function, "only_reads"):
            self.callers.setdefault(name, set()).add(caller)
        if id(function) in self._seen:
            return
        self._seen[id(function)] = function
        self._all(references(function), name)
