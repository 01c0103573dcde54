"""Importing the Python files in which users define and register their models."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path


def use(name: str) -> None:
    """Import a module by name, or a Python file, for what it registers.

    A file may import the files beside it. The same file is imported once.

    Raises
    ------
    ValueError
        If there is no such module or file, or it raises an exception.
    """
    path = Path(name).resolve()
    try:
        if path.suffix != ".py":
            importlib.import_module(name)
        elif not path.is_file():
            raise ValueError(f"uses must name a module or a Python file, got {name!r}")
        elif (known := f"_used_{path}") not in sys.modules:
            _import_file(path, known)
    except ModuleNotFoundError as error:
        hint = f" (for a file: --uses {name}.py)" if error.name == name else ""
        raise ValueError(f"uses {name!r} cannot be imported: {error}{hint}") from None
    except (ImportError, SyntaxError) as error:
        raise ValueError(f"uses {name!r} cannot be imported: {error}") from None


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
