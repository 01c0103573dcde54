"""What `import theory` offers, and that it is quick."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import theory


def test_every_name_is_there() -> None:
    assert set(theory.__all__) <= set(dir(theory))
    for name in theory.__all__:
        found = getattr(theory, name)
        assert found.__name__ == name
        assert found.__doc__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(theory.__file__).read_text(encoding="utf-8"))
    shown = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("theory.")
        for alias in node.names
        if alias.asname != "__version__"
    }
    assert shown == {name: getattr(theory, name).__module__ for name in theory.__all__}


def test_no_function_hides_a_module() -> None:
    for module in sorted({getattr(theory, name).__module__ for name in theory.__all__}):
        found = import_module(module)
        assert not hasattr(found, module.rpartition(".")[2])


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'theory' has no attribute 'mods'"):
        theory.mods  # noqa: B018


def test_symbols_are_not_loaded_before_they_are_used() -> None:
    code = (
        "import sys, theory; theory.modes(3, prior=([1], [[[0.9, 0.1], [0.4, 0.6]]]));"
        "sys.exit(any(name in sys.modules for name in ('sympy', 'scipy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
