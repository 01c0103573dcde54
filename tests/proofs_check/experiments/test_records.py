"""Records: what is written is read, and what has moved is seen."""

import json

import numpy as np
import pytest

from proofs_check.experiments import making, records
from proofs_check.experiments.experiment import Cell, Experiment
from proofs_check.experiments.registry import EXPERIMENTS

ROWS = [
    {"arm": arm, "seed": seed, "value": value, "stages": "uniform unigram"}
    for arm, seed, value in (
        ("a", 0, 0.123456), ("a", 100, np.inf), ("a", 101, 2.0), ("b", 100, np.nan),
    )
]  # fmt: skip


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record that is committed in a folder of its own."""
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    made = records.made_of("tried", "abc", ROWS, ["arm"])
    records.save(made, tmp_path)
    yield made
    records.committed.cache_clear()
    records.forget()


def test_a_record_is_read_as_it_was_written(record, tmp_path):
    found = records.load("tried")
    assert (found.digest, found.labels) == ("abc", ("arm",))
    assert [row["seed"] for row in found] == [0, 100, 101, 100]
    assert found.rows[0] == ROWS[0] | {"value": 0.12346}
    assert found.values("value", arm="a")[1] == np.inf
    assert np.isnan(found.values("value", arm="b")).all()
    json.loads((tmp_path / "tried.json").read_text(), parse_constant=pytest.fail)


def test_seeds_that_are_judged_on_are_not_those_read_from(record):
    assert [row["seed"] for row in record.judged.select(arm="a")] == [100, 101]
    assert [row["seed"] for row in record.read] == [0]
    with pytest.raises(ValueError, match="record tried has no run with"):
        record.read.values("value", arm="b")


def test_an_experiment_without_a_record_is_named(record):
    with pytest.raises(ValueError, match=r"experiment other has no record; `check record other`"):
        records.load("other")


def test_runs_made_anew_stand_for_the_committed_ones(record):
    new = records.made_of("tried", "def", [ROWS[1] | {"value": 5.0}], ["arm"])
    merged = making.merged(record, new)
    assert merged.values("value", arm="a").tolist() == [0.12346, 5.0, 2.0]
    assert len(merged) == len(record)
    records.use(merged)
    assert records.load("tried").values("value", arm="a")[1] == 5.0
    records.forget()
    assert records.load("tried").values("value", arm="a")[1] == np.inf


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, None),
        ({"value": 2.00001}, None),
        ({"value": 2.01}, "arm a, seed 101: value was 2.0, is 2.01"),
        ({"value": np.nan}, "arm a, seed 101: value was 2.0, is nan"),
        ({"stages": "uniform"}, "arm a, seed 101: stages was uniform unigram, is uniform"),
        ({"seed": 102}, "arm a, seed 102: not recorded"),
    ],
)
def test_what_moved_is_said(change, line, record):
    new = records.made_of("tried", "def", [ROWS[2] | change, ROWS[3]], ["arm"])
    assert making.moved(record, new) == ([line] if line else [])


def draws(configuration):
    rng = np.random.default_rng(configuration["seed"])
    return {"value": configuration["k"] + rng.uniform()}


def test_some_seeds_or_all_are_made(here):
    tried = Experiment("tried", "", draws, [Cell({"k": 2}, {"k": 2})], (0, 1, 100, 101, 102))
    assert [row["seed"] for row in making.make(tried)] == [0, 1, 100, 101, 102]
    some = making.make(tried, seeds=2)
    assert [row["seed"] for row in some] == [100, 101]
    assert making.moved(making.make(tried), some) == []
    assert some.digest == tried.digest


def test_a_record_is_of_all_runs_of_its_experiment():
    assert set(records.names()) <= set(EXPERIMENTS)
    for name in records.names():
        experiment = EXPERIMENTS[name]
        of = (*records.committed(name).labels, "seed")
        found = [[row[label] for label in of] for row in records.committed(name)]
        cells = [records.rounded(cell.labels).values() for cell in experiment.cells]
        assert found == [[*cell, seed] for cell in cells for seed in experiment.seeds]
        assert (records.FOLDER / f"{name}.json").stat().st_size < 60_000
