"""Sweeps on one folder share the work; what is in a folder can be read, whatever it is."""

import json
import os
import threading

import numpy as np
import pytest

import sim
from sim.files import node_name
from sim.sweeps import claims, executors
from sim.sweeps.store import RunStore, task_name
from sim.sweeps.table import Sweep

GRID = {"length": [5, 8, 12]}


def task(configuration):
    return {"product": 2 * configuration["length"], "never": np.inf}


class Slow:
    """A run that takes as long as the test wants, and counts its calls."""

    task_name = "slow"

    def __init__(self, barrier):
        self.calls, self._barrier = [], barrier

    def __call__(self, configuration):
        self.calls.append(configuration["length"])
        self._barrier.wait(10)
        return task(configuration)


def test_two_sweeps_at_once_do_every_run_once(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "PATIENCE", 0.01)
    barrier = threading.Barrier(2)
    first, second = Slow(barrier), Slow(barrier)
    grid, found = {"length": list(range(6))}, {}

    def work(run):
        found[run] = sim.sweep(grid, run, store=tmp_path)

    threads = [threading.Thread(target=work, args=(run,)) for run in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(first.calls + second.calls) == list(range(6))
    assert len(first.calls) == 3
    for sweep in found.values():
        assert [run.result["product"] for run in sweep] == [0, 2, 4, 6, 8, 10]
    assert not list(tmp_path.glob("*.claim"))


def test_claims_of_the_dead_count_for_nothing(tmp_path):
    path = tmp_path / "run.claim"
    with claims.claimed(path) as mine:
        assert mine
        assert claims.owner(path) == (node_name(), os.getpid())
        with claims.claimed(path) as again:
            assert not again
        assert path.exists()
    assert not path.exists()
    for content, seconds in ((f"{node_name()}@4999999", 0), ("elsewhere@1", 1000), ("", 1000)):
        path.write_text(content)
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - seconds))
        with claims.claimed(path) as mine:
            assert mine
    path.write_text("elsewhere@1")
    with claims.claimed(path) as mine:
        assert not mine
    assert [file.name for file in tmp_path.iterdir()] == ["run.claim"]


def test_shards_together_are_the_whole(tmp_path):
    parts = [sim.sweep(GRID, task, store=tmp_path, shard=(i, 2)) for i in (1, 2)]
    assert [[run.configuration["length"] for run in part] for part in parts] == [[5, 12], [8]]
    found = Sweep.load(tmp_path)
    np.testing.assert_array_equal(found.array("product"), [10, 16, 24])
    np.testing.assert_array_equal(found.array("never"), [np.inf] * 3)
    with pytest.raises(ValueError, match="shard must be"):
        sim.sweep(GRID, task, shard=(3, 2))


def test_a_sweep_is_read_back_with_what_is_missing(tmp_path):
    sim.sweep(GRID, task, store=tmp_path)
    sim.sweep({"length": [5, 20]}, task, store=tmp_path, shard=(1, 2))
    found = Sweep.load(tmp_path)
    assert [run.configuration["length"] for run in found] == [5, 20, 12, 8]
    assert [run.error for run in found] == [None, "not done yet", None, None]
    with pytest.raises(FileNotFoundError, match="no sweep at"):
        Sweep.load(tmp_path / "nothing")


def test_files_are_strict_json(tmp_path):
    sim.sweep(GRID, task, store=tmp_path)
    for path in tmp_path.glob("*.json"):
        content = json.loads(path.read_text(), parse_constant=pytest.fail)
        assert content["result"]["never"] == "Infinity"


def _fifo(path):
    path.unlink()
    os.mkfifo(path)


def _folder(path):
    path.unlink()
    (path / "inside").mkdir(parents=True)


@pytest.mark.parametrize(
    "damage",
    [_fifo, _folder, lambda path: path.write_text("[" * 100_000),
     lambda path: path.write_bytes(path.read_bytes()[:-9])],
)  # fmt: skip
def test_what_is_damaged_is_set_aside_and_repeated(damage, tmp_path):
    sim.sweep(GRID, task, store=tmp_path)
    place = RunStore(tmp_path, task_name(task))
    [path] = [path for path in tmp_path.glob("*.json") if '"length": 8' in path.read_text()]
    damage(path)
    assert [run.error for run in Sweep.load(tmp_path)] == [None, "its file is damaged", None]
    found = sim.sweep(GRID, task, store=tmp_path)
    assert place.load(found.runs[1].configuration).result["product"] == 16
    assert path.with_name(f"{path.name}.damaged-1").exists()


def diverging(configuration):
    return sim.train(
        sim.MinimalModel.constant(6, 2, W=5.0), sim.Dirichlet(2), steps=200, batch_size=4,
        held_out=4, learning_rate=9.0, rng=configuration["seed"],
    )  # fmt: skip


def test_a_run_that_diverged_is_kept_with_its_trajectory(tmp_path):
    for _ in range(2):
        [run] = sim.sweep({"seed": [0]}, diverging, store=tmp_path)
        assert run.error.startswith("Diverged: training diverged at step")
        assert run.trajectory.stopped == "diverged"
        assert len(run.trajectory) > 1
    assert Sweep.load(tmp_path).failed[0].error == run.error
