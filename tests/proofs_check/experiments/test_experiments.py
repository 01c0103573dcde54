"""Experiments: runs of every cell and seed, kept as they finish."""

import numpy as np
import pytest

import sim
from proofs_check.experiments import cache, digest
from proofs_check.experiments.experiment import Cell, Experiment
from proofs_check.experiments.registry import EXPERIMENTS


def numbers(configuration):
    """A run in miniature: numbers that depend on configuration and seed."""
    rng = np.random.default_rng(configuration["seed"])
    return {"value": configuration["k"] + rng.uniform()}


def fails(configuration):
    raise ArithmeticError(f"k = {configuration['k']}")


def trains(configuration):
    model = sim.MinimalModel.constant(4, 2)
    return sim.train(model, sim.Dirichlet(2), steps=3, rng=configuration["seed"], held_out=4)


def last_loss(run):
    return {"last": float(run.loss[-1]), "name": "uniform"}


def experiment(task=numbers, **more):
    cells = [Cell({"name": f"k = {k}"}, {"k": k}) for k in (2, 3)]
    return Experiment("miniature", "", task, cells, (0, 100), **more)


def test_a_second_look_reads_what_the_first_one_kept(here, monkeypatch):
    first = experiment().rows()
    monkeypatch.setattr(np.random, "default_rng", lambda _: pytest.fail("was computed again"))
    assert experiment().rows() == first
    assert [(row["name"], row["seed"]) for row in first] == [
        ("k = 2", 0), ("k = 2", 100), ("k = 3", 0), ("k = 3", 100)
    ]  # fmt: skip
    assert len(list(here.rglob("*.json"))) == 4


def test_without_cache_nothing_is_kept(here):
    experiment().rows(use_cache=False)
    assert not list(here.rglob("*.json"))


def test_numbers_are_taken_of_trajectories(here):
    made = experiment(trains, numbers=last_loss).rows()
    assert all(0.5 < row["last"] < 0.9 and row["name"] == "uniform" for row in made)
    assert made[0]["last"] == made[2]["last"] != made[1]["last"]


def test_a_failed_run_is_no_evidence(here):
    with pytest.raises(RuntimeError, match=r"k.*2.*failed with ArithmeticError: k = 2"):
        experiment(fails).rows()


def test_runs_of_changed_tasks_are_not_found(here, monkeypatch):
    experiment().rows()
    before = experiment().digest
    compute = digest.computation
    monkeypatch.setattr(digest, "computation", lambda source: compute(source + "\nfirst = 2"))
    experiment().rows()
    assert len(list(here.rglob("*.json"))) == 8
    assert experiment().digest != before


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


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_run_is_made_twice_and_some_are_judged_on(name):
    tried = EXPERIMENTS[name]
    for described in ([c.labels for c in tried.cells], [c.configuration for c in tried.cells]):
        assert len({tuple(map(str, sorted(own.items()))) for own in described}) == len(tried.cells)
    assert len({tuple(cell.labels) for cell in tried.cells}) == 1
    assert all("seed" not in cell.configuration for cell in tried.cells)
    assert any(seed >= 100 for seed in tried.seeds)
