"""Importing the Python files in which users define and register their models."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

from sim.files import checked_path
from sim.messages import cut, shown


def use(name: str) -> None:
    """Import a module by name, or a Python file, for what it registers.

    A file may import the files beside it. The same file is imported once.

    Raises
    ------
    ValueError
        If there is no such module or file, or it raises an exception.
    """
    path = checked_path(name, "uses").resolve()
    if path.suffix == ".py" and not path.is_file():
        raise ValueError(f"uses must name a module or a Python file, got {shown(name)}")
    try:
        if path.suffix != ".py":
            importlib.import_module(name)
        elif (known := f"_used_{path}") not in sys.modules:
            _import_file(path, known)
    except ModuleNotFoundError as error:
        hint = f" (for a file: --uses {shown(name)[1:-1]}.py)" if error.name == name else ""
        raise ValueError(
            f"uses {shown(name)} cannot be imported: {cut(error, 300)}{hint}"
        ) from None
    except Exception as error:
        kind = "" if isinstance(error, ImportError | SyntaxError) else f"{type(error).__name__}: "
        raise ValueError(
            f"uses {shown(name)} cannot be imported: {kind}{cut(error, 300)}"
        ) from None


def _import_file(path: Path, known: str) -> None:
    spec = importlib.util.spec_from_file_location(known, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[known] = module
    folder = str(path.parent)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[known]
        raise
    finally:
        sys.path.remove(folder)
