"""Stage times: verdicts on made-up times, and the design of the experiment."""

import numpy as np
import pytest

import theory
from proofs_check import weaknesses
from proofs_check.claims.beyond.stages import stable_rate, stage_times
from proofs_check.experiments import stage_runs, stage_task
from proofs_check.ledger import Verdict, judge, text

BY_ID = {claim.id: claim for claim in (*stage_times.CLAIMS, *stable_rate.CLAIMS)}
RATIOS = BY_ID["x-stage-times"].printed.value
THRESHOLDS = BY_ID["x-stage-thresholds"].printed.value


@pytest.fixture
def fabricated(monkeypatch):
    """Times that obey the stated laws, with a scatter of 1 % over the seeds."""
    rate = theory.modes(100).singular_values[0]

    def predicted(T, k, init, threshold=0):
        late = np.log(0.02 / init) / rate if init < 0.01 else 0.0
        factors = THRESHOLDS[T, k][threshold - 1] if threshold and (T, k) in THRESHOLDS else (1, 1)
        return {"unigram": (444 / (max(init, 0.01) ** 2 * T**4) + late) * factors[0],
                "bigram": factors[1]}  # fmt: skip

    def times_of(stage, T, k, init=0.02, rate=None):
        early, limit, counted = RATIOS.get((T, k), (1.0, 1.2, 1.2)) if init == 0.02 else (1, 1, 1)
        if (T, k) == (stable_rate.LENGTH, 2):
            limit = 0.6 if rate == stable_rate.UNSTABLE else 1.0
        scatter = np.linspace(0.99, 1.01, stage_runs.SEEDS)
        ratios = {"unigram": (early, early), "bigram": (limit, counted)}[stage]
        return {f"{kind}_{index}": ratio * predicted(T, k, init, index)[stage] * scatter
                for kind, ratio in zip(("limit", "counted"), ratios, strict=True)
                for index in range(3)}  # fmt: skip

    def flows():
        return {(T, k): {f"{stage}_{name}": times for stage in stage_runs.STAGES
                         for name, times in times_of(stage, T, k).items()}
                for T, k in stage_runs.FLOWS}  # fmt: skip

    def measured(cells):
        return {cell: times_of(cell.stage, cell.length, cell.k, cell.init, cell.learning_rate)
                for cell in cells}  # fmt: skip

    monkeypatch.setattr(stage_runs, "measured", measured)
    monkeypatch.setattr(stage_runs, "flows", flows)
    monkeypatch.setattr(stage_runs, "predicted", predicted)
    times = {stable_rate.STABLE: 1.02, stable_rate.UNSTABLE: 0.7}
    monkeypatch.setattr(stable_rate, "_flow", lambda: (1.0, 2e-4))
    monkeypatch.setattr(stable_rate, "_bigram_time", times.get)


@pytest.mark.parametrize("claim", [c for c in BY_ID.values() if c.minutes], ids=lambda c: c.id)
def test_times_that_obey_the_laws_support_them_and_nothing_else(claim, fabricated):
    entry = judge(claim)
    assert entry.verdict == Verdict.SUPPORTED, text.explain(entry)
    assert not weaknesses(claim)


def test_the_design_varies_one_thing_at_a_time_and_repeats_no_run():
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
    runs = stage_runs.configurations(stage_runs.all_cells(), seeds=2)
    assert len({tuple(sorted(run.items())) for run in runs}) == len(runs)


def test_flows_reach_every_cell_they_are_compared_in():
    cells = {(cell.length, cell.k) for cell in stage_runs.design()["length"]}
    assert set(RATIOS) == set(stage_runs.FLOWS) <= cells
    assert set(THRESHOLDS) <= set(stage_runs.FLOWS)
    for flow in stage_runs.flow_configurations(samples=1):
        assert 0 < flow["first"] < flow["stop"]


def test_a_run_finds_its_stage_later_by_a_stricter_threshold():
    cell = stage_runs.Cell("unigram", length=30, learning_rate=0.01, batch_size=16)
    found = stage_task.stage_run(cell._asdict() | {"steps": 200, "seed": 1})
    for kind in stage_task.KINDS:
        times = [found[f"{kind}_{index}"] for index in range(len(stage_task.MARGINS))]
        assert 0 < times[0] < times[1] < times[2] < 2.0
