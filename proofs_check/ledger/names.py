"""What the code of a function refers to by name: globals, members of modules, local imports."""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

ROOMS = ("sim", "theory", "proofs_check")
LEDGER = "proofs_check.ledger"
Globals = dict[str, Any]


class Attribute(NamedTuple):
    """A name that is looked up on an object of which the code does not tell what it is."""

    name: str


@cache
def references(function: FunctionType) -> tuple[Any, ...]:
    """What a function names, closes over and has as defaults.

    A global that holds a number or an array comes with what it was computed with.
    """
    found = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    found += _named(function.__code__, function.__globals__)
    return tuple(thing for thing in found if thing is not None)


@cache
def is_ours(module: str | None) -> bool:
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


def _named(code: CodeType, names: Globals) -> Iterator[Any]:
    current: Any = None  # what was loaded last, of which a member may be taken next
    imported: ModuleType | None = None
    before = ""
    local: dict[str, ModuleType] = {}  # modules imported within the function
    for step in dis.get_instructions(code):
        name, argument = step.opname, step.argval
        if name == "EXTENDED_ARG":  # belongs to the next
            continue
        if name in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            if isinstance(current, ModuleType):
                current = _member(current, argument)
                continue
            yield Attribute(argument)
        yield current
        current = None
        if name in ("LOAD_GLOBAL", "LOAD_NAME"):
            current = names.get(argument)
            if not callable(current) and not isinstance(current, ModuleType):
                yield from _assigned(names, argument)
        elif name == "IMPORT_NAME":
            imported = importlib.import_module(argument) if is_ours(argument) else None
        elif name == "IMPORT_FROM" and imported is not None:
            yield _member(imported, argument)
        elif name == "STORE_FAST" and imported is not None and before == "IMPORT_NAME":
            local[argument] = sys.modules[imported.__name__.split(".")[0]]
        elif name.startswith("LOAD_FAST") and argument in local:
            current = local[argument]
        before = name
    yield current
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant, names)


def _member(module: ModuleType, name: str) -> Any:
    if not is_ours(module.__name__):
        return None
    found = getattr(module, name, None)
    if found is not None and not callable(found) and not isinstance(found, ModuleType):
        return [found, *_assigned(vars(module), name)]
    return found


def _assigned(names: Globals, name: str) -> list[Any]:
    """What the value of a global was computed with, if its module is one of ours."""
    module = sys.modules.get(names.get("__name__", ""))
    expression = None
    if module is not None and is_ours(module.__name__):
        expression = _assignments(module).get(name)
    found = []
    for node in ast.walk(expression) if expression is not None else ():
        if isinstance(node, ast.Name) and node.id != name:
            found.append(names.get(node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = names.get(node.value.id)
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
