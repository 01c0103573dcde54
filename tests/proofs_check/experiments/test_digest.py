"""Digests of code: what changes them, and what does not."""

import ast

import pytest

import theory
from proofs_check.experiments import digest
from proofs_check.experiments.stage_prediction import predict
from proofs_check.experiments.stage_task import stage_run


def plain(configuration):
    return {}


def of_theory(configuration):
    return {"modes": theory.modes(3).singular_values}


def test_code_is_told_from_comments_and_docstrings():
    def computation(source):
        return ast.dump(digest.computation(source))

    assert computation("def f(x):\n    '''Add.'''\n    return x + 1  # one\n") == computation(
        "def f(x):\n    return x + 1\n"
    )
    assert computation("x = 1 + 2") != computation("x = 1 - 2")


@pytest.mark.parametrize(("room", "changes"), [("sim", (True, True)), ("theory", (False, True))])
def test_a_task_depends_on_the_rooms_it_imports(room, changes, monkeypatch):
    before = [digest.task_digest(task) for task in (stage_run, predict)]
    known = digest.room_digest
    monkeypatch.setattr(digest, "room_digest", lambda of: "new" if of == room else known(of))
    after = [digest.task_digest(task) for task in (stage_run, predict)]
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == changes


def test_a_task_depends_on_the_modules_it_imports(monkeypatch):
    """stage_prediction takes its thresholds from stage_task."""
    before = digest.task_digest(predict)
    compute = digest.computation

    def changed(source):
        return compute(source.replace("MARGINS = (0.0, 0.003", "MARGINS = (0.0, 0.004"))

    monkeypatch.setattr(digest, "computation", changed)
    assert digest.task_digest(predict) != before


def test_what_prints_and_draws_does_not_count(tmp_path, monkeypatch):
    names = ("__init__.py", "kernels/fast.py", "commands/main.py", "plots/axes.py", "provenance.py")
    for name in names:
        path = tmp_path / "sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    module = type("module", (), {"__file__": str(tmp_path / "sim/__init__.py")})
    monkeypatch.setattr(digest, "import_module", lambda _: module)
    of = digest.room_digest.__wrapped__
    before = of("sim")
    for name in ("commands/main.py", "plots/axes.py", "plots/new.py", "provenance.py"):
        (tmp_path / "sim" / name).write_text("x = 2\n")
        assert of("sim") == before
    (tmp_path / "sim/kernels/fast.py").write_text("x = 2\n")
    assert of("sim") != before


@pytest.mark.parametrize("library", ["numpy", "scipy", "numba"])
def test_versions_of_libraries_count(library, monkeypatch):
    before = digest.room_digest.__wrapped__("sim")
    version = digest.metadata.version
    monkeypatch.setattr(
        digest.metadata, "version", lambda name: "0" if name == library else version(name)
    )
    assert digest.room_digest.__wrapped__("sim") != before
