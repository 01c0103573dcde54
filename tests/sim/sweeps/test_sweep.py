"""Sweeps: the same numbers however they are carried out; nothing finished is lost or repeated."""

import csv
import json
import multiprocessing
import random
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial

import numpy as np
import pytest

import sim
from sim.learning.settings import train_configuration
from sim.runs.trajectory import Trajectory
from sim.sweeps.grid import expand

GRID = {"k": [2, 3], "length": [5, 8, 12]}
OPTIONS = {"batch_size": 4, "held_out": 10, "steps": 6}


class Task:
    """A run that draws from its seed, counts its calls and can be told to go wrong."""

    def __init__(self, fail=(), interrupt_at=None):
        self.calls, self.fail, self.interrupt_at = [], fail, interrupt_at

    def __call__(self, configuration):
        if len(self.calls) == self.interrupt_at:
            raise KeyboardInterrupt
        self.calls.append(configuration)
        if configuration["length"] in self.fail:
            raise RuntimeError(f"no luck with {configuration['length']}")
        draw = np.random.default_rng(configuration["seed"]).random()
        return {"draw": draw, "product": configuration["k"] * configuration["length"]}


def train_tiny(configuration):
    return sim.train(
        sim.MinimalModel.constant(configuration["length"], configuration["k"]),
        sim.Dirichlet(configuration["k"]),
        steps=3, batch_size=2, held_out=8, rng=configuration["seed"],
    )  # fmt: skip


def results(found):
    return {(run.configuration["k"], run.configuration["length"]): run.result for run in found}


def test_product_in_order_with_a_seed_each():
    found = sim.sweep(GRID, Task())
    assert [(run.configuration["k"], run.configuration["length"]) for run in found] == [
        (k, length) for k in (2, 3) for length in (5, 8, 12)
    ]
    assert len({run.configuration["seed"] for run in found}) == 6
    assert len({run.result["draw"] for run in found}) == 6
    other = sim.sweep(GRID, Task(), seed=1)
    assert not {run.result["draw"] for run in found} & {run.result["draw"] for run in other}


def test_seeds_do_not_depend_on_order_or_company():
    whole = results(sim.sweep(GRID, Task()))
    listed = [{"length": length, "k": k} for k, length in whole]
    random.Random(0).shuffle(listed)
    assert results(sim.sweep(listed, Task())) == whole
    alone = results(sim.sweep({"length": np.array([8]), "k": (3,)}, Task()))
    assert alone == {(3, 8): whole[3, 8]}


def test_a_seed_of_ones_own_is_kept():
    found = sim.sweep({"k": [2], "length": [5], "seed": range(3)}, Task())
    assert [run.configuration["seed"] for run in found] == [0, 1, 2]
    assert found.runs[1].result["draw"] == np.random.default_rng(1).random()


def test_same_bits_in_this_process_in_threads_and_in_processes(tmp_path):
    namespace = {"k": [2, 3], "length": [6, 9], "seed": [0, 1]}
    configurations = [_options(**given) for given in expand(namespace, 0)]
    here = sim.sweep(configurations, train_configuration)
    with ThreadPoolExecutor(2) as pool:
        threads = sim.sweep(configurations, train_configuration, executor=pool)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        processes = sim.sweep(
            configurations, train_configuration, executor=pool, store=tmp_path / "store"
        )
    assert len(here.finished) == 8
    for other in (threads, processes):
        assert [run.result for run in other] == [run.result for run in here]
        for mine, theirs in zip(here, other, strict=True):
            np.testing.assert_array_equal(mine.trajectory.v, theirs.trajectory.v)
            np.testing.assert_array_equal(mine.trajectory.W, theirs.trajectory.W)
    # what was computed elsewhere is found here, and is not computed again
    kept = sim.sweep(configurations, train_configuration, store=tmp_path / "store")
    assert [run.seconds for run in kept] == [run.seconds for run in processes]


def _options(**given):
    return sim.RunSettings(**OPTIONS | given).describe()


def test_finished_runs_are_not_repeated(tmp_path):
    first, second = Task(), Task()
    whole = sim.sweep(GRID, first, store=tmp_path)
    assert len(first.calls) == 6
    again = sim.sweep(GRID, second, store=tmp_path)
    assert second.calls == []
    assert results(again) == results(whole)
    larger = GRID | {"k": [2, 3, 4]}
    assert len(sim.sweep(larger, second, store=tmp_path)) == 9
    assert [call["k"] for call in second.calls] == [4, 4, 4]
    # another root seed is another set of configurations
    sim.sweep(GRID, second, store=tmp_path, seed=1)
    assert len(second.calls) == 9


def test_an_interrupt_keeps_what_was_finished(tmp_path):
    interrupted, resumed = Task(interrupt_at=4), Task()
    with pytest.raises(KeyboardInterrupt):
        sim.sweep(GRID, interrupted, store=tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 4
    found = sim.sweep(GRID, resumed, store=tmp_path)
    assert len(resumed.calls) == 2
    assert results(found) == results(sim.sweep(GRID, Task()))


def test_a_failing_run_stops_no_other_and_is_tried_again(tmp_path):
    found = sim.sweep(GRID, Task(fail=[8]), store=tmp_path)
    assert (len(found.finished), len(found.failed)) == (4, 2)
    assert found.runs[1].error == "RuntimeError: no luck with 8"
    assert "4 runs finished, 2 failed" in str(found)
    assert "no luck with 8" in str(found)
    recorded = [json.loads(path.read_text())["error"] for path in tmp_path.glob("*.json")]
    assert recorded.count("RuntimeError: no luck with 8") == 2
    retried = Task()
    assert not sim.sweep(GRID, retried, store=tmp_path).failed
    assert [call["length"] for call in retried.calls] == [8, 8]


def _cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def _change_a_digit(path):
    text = path.read_text()
    assert '"product": 10' in text
    path.write_text(text.replace('"product": 10', '"product": 11'))


def _leave_out_the_checksum(path):
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage",
    [_cut, _change_a_digit, _leave_out_the_checksum, lambda path: path.write_bytes(b"\xff\x00"),
     lambda path: path.write_text("[1, 2]"), lambda path: path.write_text("")],
)  # fmt: skip
def test_a_damaged_file_is_noticed_and_its_run_repeated(damage, tmp_path):
    grid = {"k": [2], "length": [5, 8]}
    whole = sim.sweep(grid, Task(), store=tmp_path)
    damage(next(path for path in tmp_path.glob("*.json") if '"length": 5' in path.read_text()))
    repeated = Task()
    assert results(sim.sweep(grid, repeated, store=tmp_path)) == results(whole)
    assert [call["length"] for call in repeated.calls] == [5]


def test_trajectories_are_kept_in_folders_and_checked(tmp_path):
    grid = {"k": [2], "length": [4, 6]}
    found = sim.sweep(grid, train_tiny, store=tmp_path)
    folder = found.runs[0].kept
    np.testing.assert_array_equal(Trajectory.load(folder).v, found.runs[0].trajectory.v)
    assert (
        found.runs[0].result["final_kl_truth"] == found.runs[0].trajectory.measures["kl_truth"][-1]
    )
    before = [run.seconds for run in found]
    arrays = folder / "trajectory.npz"
    arrays.write_bytes(arrays.read_bytes()[:-7])
    after = sim.sweep(grid, train_tiny, store=tmp_path)
    assert after.runs[0].seconds != before[0]
    assert after.runs[1].seconds == before[1]
    np.testing.assert_array_equal(Trajectory.load(folder).v, after.runs[0].trajectory.v)


def test_what_was_run_is_part_of_the_name(tmp_path):
    grid = {"k": [2], "length": [4]}
    first = sim.sweep(grid, partial(_scaled, factor=2.0), store=tmp_path)
    second = sim.sweep(grid, partial(_scaled, factor=3.0), store=tmp_path)
    assert [found.runs[0].result["scaled"] for found in (first, second)] == [8.0, 12.0]
    assert len(list(tmp_path.glob("*.json"))) == 2


def _scaled(configuration, factor):
    return {"scaled": factor * configuration["length"]}


def test_records_table_array_and_csv(tmp_path):
    found = sim.sweep(GRID, Task(fail=[12]))
    assert found.records()[0].keys() == {"k", "length", "seed", "draw", "product"}
    table = found.table()
    assert table["k"].tolist() == [2, 2, 3, 3]
    assert table["product"].tolist() == [10, 16, 15, 24]
    assert table["draw"].dtype == np.float64
    np.testing.assert_array_equal(found.array("product"), [[10, 16, np.nan], [15, 24, np.nan]])
    rows = list(
        csv.DictReader(found.to_csv(tmp_path / "new" / "sweep.csv").read_text().splitlines())
    )
    assert [row["length"] for row in rows] == ["5", "8", "12"] * 2
    assert float(rows[0]["draw"]) == found.runs[0].result["draw"]
    assert rows[2]["error"] == "RuntimeError: no luck with 12"
    assert rows[2]["draw"] == ""
    with pytest.raises(ValueError, match="name must be one of draw, product, got 'loss'"):
        found.array("loss")
    with pytest.raises(ValueError, match="array needs a grid given as a mapping"):
        sim.sweep([{"k": 2, "length": 3}], Task()).array("draw")


def test_lists_are_values_too():
    found = sim.sweep({"k": [2], "length": [5], "rate": [(1.0, 2.0), (3.0, 4.0)]}, Task())
    assert found.table()["rate"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert found.array("draw").shape == (1, 1, 2)


def test_no_axes_are_one_run():
    assert sim.sweep({}, lambda configuration: {"draw": 1.0}).array("draw").shape == ()


def test_to_xarray():
    pytest.importorskip("xarray")
    found = sim.sweep(GRID, Task()).to_xarray()
    assert found["product"].dims == ("k", "length")
    assert float(found["product"].sel(k=3, length=8)) == 24


class Broken(Executor):
    """Carries out two runs, then loses its workers."""

    def __init__(self):
        self.submitted = 0

    def submit(self, function, /, *arguments, **options):
        future = Future()
        self.submitted += 1
        if self.submitted <= 2:
            future.set_result(function(*arguments, **options))
        else:
            future.set_exception(BrokenExecutor("a worker died"))
        return future


def test_a_dead_worker_is_told_and_finished_runs_are_kept(tmp_path):
    with pytest.raises(BrokenExecutor, match="a worker died"):
        sim.sweep(GRID, Task(), store=tmp_path, executor=Broken())
    resumed = Task()
    assert len(sim.sweep(GRID, resumed, store=tmp_path).finished) == 6
    assert len(resumed.calls) == 4


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (3.0, "run must return a Trajectory or a mapping to numbers, got 3.0"),
        ({"a": "b"}, "run must return numbers by name, got 'b' for 'a'"),
        ({"a": None}, "run must return numbers by name, got None for 'a'"),
        ({"k": 1.0}, "run must not return 'k': that column is taken"),
        ({"error": 1.0}, "run must not return 'error'"),
    ],
)
def test_a_run_that_returns_something_else_has_failed(returned, words):
    found = sim.sweep({"k": [2]}, lambda configuration: returned)
    assert words in found.runs[0].error


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"k": []}, "grid must hold at least one configuration"),
        ([], "grid must hold at least one configuration"),
        ({"k": "23"}, "grid k must be a sequence of values, got '23'"),
        ({"k": 2}, "grid k must be a sequence of values, got 2"),
        ({"k": [2, 3, 2]}, "grid must not hold a configuration twice"),
        ({"prior": [sim.Dirichlet(2)]}, "grid prior must hold numbers, strings or lists"),
        ({"error": [1]}, "grid must not have an entry named error or kept"),
        ([{2: 3}], "grid must name its entries by strings, got 2"),
        ([2], "grid must be a mapping of names to values, or configurations"),
        (7, "grid must be a mapping of names to values, or configurations .* got 7"),
    ],
)
def test_grids_that_are_refused(grid, words, tmp_path):
    with pytest.raises((TypeError, ValueError), match=words):
        sim.sweep(grid, Task(), store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_other_arguments_that_are_refused(tmp_path):
    with pytest.raises(TypeError, match="run must be a function of a configuration, got 'train'"):
        sim.sweep(GRID, "train")
    with pytest.raises(TypeError, match=r"executor must be a concurrent\.futures\.Executor, got 4"):
        sim.sweep(GRID, Task(), executor=4)
    with pytest.raises(ValueError, match="seed must be an integer >= 0, got -1"):
        sim.sweep(GRID, Task(), seed=-1)
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(TypeError, match="run must be a function at the top level of a module"),
    ):
        sim.sweep(GRID, lambda configuration: {}, executor=pool)
