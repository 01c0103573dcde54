"""Onset and stage times: verdicts, perturbed statements, and the design of the experiment."""

from dataclasses import replace

import numpy as np
import pytest

import theory
from proofs_check.claims.beyond.stages import stable_rate as x_stable_rate
from proofs_check.claims.beyond.stages import stable_rate_routes as stable
from proofs_check.claims.beyond.stages.stage_times import CLAIMS
from proofs_check.experiments import stage_runs, stage_task
from proofs_check.ledger import Statement, Verdict, judge, text

BY_ID = {claim.id: claim for claim in (*CLAIMS, *x_stable_rate.CLAIMS)}
RATIOS, THRESHOLDS, SLOPES = (
    BY_ID[name].printed.value for name in ("x-stage-times", "x-stage-thresholds", "x-stage-slopes")
)
ONSET = BY_ID["x-unigram-onset"].printed.value


@pytest.mark.parametrize("claim", [c for c in BY_ID.values() if not c.minutes], ids=lambda c: c.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


@pytest.fixture
def fabricated(monkeypatch):
    """Times that obey the stated laws, with a scatter of 1 % over the seeds."""
    rate = theory.modes(100).singular_values[0]

    def predicted(T, k, init, threshold=0):
        late = np.log(0.02 / init) / rate if init < 0.01 else 0.0
        factors = THRESHOLDS[T, k][threshold - 1] if threshold and (T, k) in THRESHOLDS else (1, 1)
        return {"unigram": (444 / (max(init, 0.01) ** 2 * T**4) + late) * factors[0],
                "bigram": factors[1]}  # fmt: skip

    def stage_times(stage, T, k, init=0.02, rate=None):
        early, limit, counted = RATIOS.get((T, k), (1.0, 1.2, 1.2)) if init == 0.02 else (1, 1, 1)
        if (T, k) == (stable.LENGTH, 2):
            limit = 0.6 if rate == stable.UNSTABLE else 1.0
        scatter = np.linspace(0.99, 1.01, stage_runs.SEEDS)
        ratios = {"unigram": (early, early), "bigram": (limit, counted)}[stage]
        return {f"{kind}_{index}": ratio * predicted(T, k, init, index)[stage] * scatter
                for kind, ratio in zip(("limit", "counted"), ratios, strict=True)
                for index in range(3)}  # fmt: skip

    def flows():
        return {(T, k): {f"{stage}_{name}": times for stage in stage_runs.STAGES
                         for name, times in stage_times(stage, T, k).items()}
                for T, k in stage_runs.FLOWS}  # fmt: skip

    def measured(cells):
        return {cell: stage_times(cell.stage, cell.length, cell.k, cell.init, cell.learning_rate)
                for cell in cells}  # fmt: skip

    monkeypatch.setattr(stage_runs, "measured", measured)
    monkeypatch.setattr(stage_runs, "flows", flows)
    monkeypatch.setattr(stage_runs, "predicted", predicted)
    monkeypatch.setattr(stable, "_flow", lambda: (1.0, 2e-4))
    monkeypatch.setattr(stable, "_bigram_time", {stable.STABLE: 1.02, stable.UNSTABLE: 0.7}.get)


EXPERIMENTS = [claim for claim in BY_ID.values() if claim.minutes]


@pytest.mark.parametrize("claim", EXPERIMENTS, ids=lambda c: c.id)
def test_an_experiment_that_obeys_the_laws_supports_them(claim, fabricated):
    entry = judge(claim)
    assert entry.verdict == Verdict.SUPPORTED, text.explain(entry)


def changed(value, index, factor):
    return {key: tuple(x * (factor if i == index else 1.0) for i, x in enumerate(entries))
            for key, entries in value.items()}  # fmt: skip


def changed_pairs(pairs, place, index):
    return tuple(changed({0: pair}, index, 0.99)[0] if at == place else pair
                 for at, pair in enumerate(pairs))  # fmt: skip


BOUNDS = BY_ID["x-stage-times-range"].printed.value
STEPS = BY_ID["x-stage-large-steps"].printed.value
RATE = BY_ID["x-stage-stable-rate"].printed.value
PERTURBED = [
    *(("x-stage-times", changed(RATIOS, index, 1.1)) for index in range(3)),
    *(("x-stage-thresholds", {key: changed_pairs(pairs, place, index)
                              for key, pairs in THRESHOLDS.items()})
      for place in range(2) for index in range(2)),
    ("x-stage-times-range", BOUNDS | {"unigram": (0.95, 0.96)}),
    ("x-stage-times-range", BOUNDS | {"bigram": (1.0, 1.15)}),
    ("x-stage-times-range", BOUNDS | {"bigram": (1.15, 1.35)}),
    ("x-stage-times-range", BOUNDS | {"bigram": (1.0, 1.6)}),
    ("x-stage-times-range", BOUNDS | {"unigram": (0.8, 1.05)}),
    *(("x-stage-slopes", SLOPES | {name: value + 0.3}) for name, value in SLOPES.items()),
    ("x-unigram-onset-condition", 1.01),
    ("x-unigram-onset", ONSET | {"linear": 1.2 * ONSET["linear"]}),
    ("x-unigram-onset", ONSET | {"cross_entropy": 0.8 * ONSET["cross_entropy"]}),
    ("x-stage-stable-rate", 1.15 * RATE),
    ("x-stage-stable-rate", RATE / 1.15),
    ("x-stage-large-steps", STEPS | {"stable": 1.2}),
    ("x-stage-large-steps", STEPS | {"unstable": 0.5}),
    ("x-stage-large-steps", STEPS | {"largest": 2e-3}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value, fabricated):
    entry = judge(replace(BY_ID[name], printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_every_claim_is_perturbed():
    assert set(BY_ID) == {name for name, _ in PERTURBED}


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
