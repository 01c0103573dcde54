"""Stage times: the design of the experiment, and its tasks in small."""

import numpy as np
import pytest

from proofs_check.experiments import stage_prediction, stage_runs, stage_task
from proofs_check.experiments.registry import EXPERIMENTS


def test_the_design_varies_one_thing_at_a_time():
    base = {"length": 100, "k": 2, "init": 0.02}
    for group, cells in stage_runs.design().items():
        for cell in cells:
            varied = {name for name, value in base.items() if getattr(cell, name) != value}
            free = (
                {"length", "k"}
                if group == "length"
                else {"length" if group == "stability" else group}
            )
            assert varied <= free


def test_every_time_is_predicted():
    cells = {(c.labels["length"], c.labels["k"]) for c in EXPERIMENTS["stage-times"].cells}
    assert set(stage_runs.THRESHOLDS) <= set(stage_runs.FLOWS) <= cells
    predicted = [cell.labels for cell in EXPERIMENTS["stage-predicted"].cells]
    for cell in stage_runs.all_cells():
        wanted = {"length": cell.length, "k": cell.k, "init": cell.init}
        assert wanted in predicted
    for flow in EXPERIMENTS["stage-flows"].cells:
        assert 0 < flow.configuration["first"] < flow.configuration["stop"]


def test_a_run_finds_its_stage_later_by_a_stricter_threshold():
    cell = stage_runs.Cell("unigram", length=30, learning_rate=0.01, batch_size=16)
    configuration = cell._asdict() | {"steps": 200, "seed": 1}
    found = stage_task.stage_run(configuration | {"all": True})
    for kind in stage_task.KINDS:
        times = [found[f"{kind}_{index}"] for index in range(len(stage_task.MARGINS))]
        assert 0 < times[0] < times[1] < times[2] < 2.0
    assert stage_task.stage_run(configuration | {"all": False}) == {"limit_0": found["limit_0"]}


def test_flow_and_sgd_in_small_steps_agree(monkeypatch):
    monkeypatch.setattr(stage_task, "SEQUENCES", 1000)
    monkeypatch.setattr(stage_task, "TESTS", 1)
    flow = stage_task.flow_run({"length": 30, "k": 2, "seed": 0, "first": 0.05, "stop": 4.0})
    cell = stage_runs.Cell("bigram", length=30, learning_rate=5e-3, batch_size=64)
    run = stage_task.stage_run(cell._asdict() | {"steps": 800, "seed": 0, "all": True})
    for kind in stage_task.KINDS:
        assert flow[f"bigram_{kind}_0"] == pytest.approx(run[f"{kind}_0"], rel=0.15)
        assert flow[f"unigram_{kind}_0"] < flow[f"bigram_{kind}_0"] < flow[f"bigram_{kind}_1"]


def test_descent_in_small_steps_is_the_predicted_flow():
    setting = {"length": 30, "k": 2, "init": 0.02, "seed": 0}
    flow = stage_prediction.predict(setting | {"leads": 1})
    assert flow["unigram_0"] > flow["unigram_counted"]
    assert 0.01 < flow["bigram_error"] / flow["bigram_0"] < 0.1
    steps = {"learning_rate": 5e-3, "stop": 1.3 * flow["bigram_expected"]}
    assert stage_prediction.descend(setting | steps)["bigram"] == pytest.approx(
        flow["bigram_expected"], rel=0.02
    )
    early = steps | {"stop": 0.8 * flow["bigram_0"]}
    assert stage_prediction.descend(setting | early)["bigram"] == np.inf
