"""Experiments: runs shared by claims and figures, kept as they finish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import theory
from proofs_check.claims import CLAIMS
from proofs_check.experiments import cache
from proofs_check.experiments.experiment import Experiment
from proofs_check.ledger import selection


def numbers(configuration):
    """A run in miniature: numbers that depend on configuration and seed."""
    rng = np.random.default_rng(configuration["seed"])
    return {"value": configuration["k"] + rng.uniform()}


def fails(configuration):
    raise ArithmeticError(f"k = {configuration['k']}")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A cache of its own, and no other processes."""
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr("proofs_check.experiments.experiment.cache_folder", lambda: tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)
    return tmp_path


def test_a_second_look_reads_what_the_first_one_kept(here, monkeypatch):
    grid = {"k": [2, 3], "seed": [0, 1]}
    first = Experiment(numbers, grid).runs()
    monkeypatch.setattr(np.random, "default_rng", lambda _: pytest.fail("was computed again"))
    again = Experiment(numbers, grid).runs()
    assert [run.result for run in first.runs] == [run.result for run in again.runs]
    assert len(list(here.rglob("*.json"))) == 4


def test_without_cache_nothing_is_kept(here):
    Experiment(numbers, {"k": [2]}).runs(use_cache=False)
    assert not list(here.rglob("*.json"))


def test_a_failed_run_is_no_evidence(here):
    with pytest.raises(RuntimeError, match=r"k.*2.*failed with ArithmeticError: k = 2"):
        Experiment(fails, {"k": [2]}).runs()


def test_code_is_told_from_comments_and_docstrings():
    computation = cache._computation
    assert computation("def f(x):\n    '''Add.'''\n    return x + 1  # one\n") == computation(
        "def f(x):\n    return x + 1\n"
    )
    assert computation("x = 1 + 2") != computation("x = 1 - 2")


def test_runs_of_changed_tasks_are_not_found(here, monkeypatch):
    monkeypatch.setattr(cache.inspect, "getsource", lambda _: "first = 1")
    Experiment(numbers, {"k": [2], "seed": [0]}).runs()
    Experiment(numbers, {"k": [2], "seed": [0]}).runs()
    assert len(list(here.rglob("*.json"))) == 1
    monkeypatch.setattr(cache.inspect, "getsource", lambda _: "first = 2")
    Experiment(numbers, {"k": [2], "seed": [0]}).runs()
    assert len(list(here.rglob("*.json"))) == 2


def arrays(n, *, progress=False):
    return {"counts": np.arange(n), "value": np.array(np.sqrt(n))}


def test_arrays_are_kept_and_a_truncated_file_is_made_again(here, monkeypatch):
    first = cache.cached_arrays(arrays, {"n": 3})
    monkeypatch.setattr(np, "arange", lambda _: pytest.fail("was computed again"))
    again = cache.cached_arrays(arrays, {"n": 3})
    assert first.keys() == again.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        cache.cached_arrays(arrays, {"n": 3}, use_cache=False)
    (kept,) = here.rglob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        cache.cached_arrays(arrays, {"n": 3})


def of_theory(n, *, progress=False):
    return {"modes": theory.modes(n).singular_values}


def test_code_of_theory_counts_where_a_task_refers_to_it(here, monkeypatch):
    before = cache.task_digest(arrays), cache.task_digest(of_theory)
    monkeypatch.setattr(cache, "code_digest", {"sim": "sim", "theory": "theory"}.get)
    without, with_theory = cache.task_digest(arrays), cache.task_digest(of_theory)
    assert without != with_theory
    assert (without, with_theory) != before
    monkeypatch.setattr(cache, "code_digest", {"sim": "sim", "theory": "changed"}.get)
    assert cache.task_digest(arrays) == without
    assert cache.task_digest(of_theory) != with_theory


def test_folders_that_print_and_draw_do_not_count(tmp_path, monkeypatch):
    for name in ("__init__.py", "kernels/fast.py", "commands/main.py", "plots/axes.py"):
        path = tmp_path / "sim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    monkeypatch.setattr(cache.inspect, "getfile", lambda _: str(tmp_path / "sim/__init__.py"))
    digest = cache.code_digest.__wrapped__
    before = digest("sim")
    for name in ("commands/main.py", "plots/axes.py", "plots/new.py"):
        (tmp_path / "sim" / name).write_text("x = 2\n")
        assert digest("sim") == before
    (tmp_path / "sim/kernels/fast.py").write_text("x = 2\n")
    assert digest("sim") != before


def test_experiments_are_looked_into_only_when_asked_for():
    claims = [replace(CLAIMS[0], minutes=2.0), CLAIMS[1]]
    assert selection.select(claims, []) == claims[1:]
    assert selection.select(claims, [], experiments=True) == claims
    assert selection.select(claims, [claims[0].id]) == claims[:1]
