"""Onset and stage times: verdicts, perturbed statements, and the design of the experiment."""

from dataclasses import replace

import numpy as np
import pytest

import theory
from proofs_check import ledger, stage_runs
from proofs_check.claim import Statement, Verdict, look_into
from proofs_check.claims import stage_times_routes as routes
from proofs_check.claims.x_stage_times import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}
TIMES, SLOPES = BY_ID["x-stage-times"], BY_ID["x-stage-slopes"]
ONSET = BY_ID["x-unigram-onset"].printed.value


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not c.minutes], ids=lambda c: c.id)
def test_verdict_is_the_expected_one(claim):
    entry = look_into(claim)
    assert entry.as_expected, ledger.explain(entry)


@pytest.fixture
def fabricated(monkeypatch):
    """Times that obey the stated laws, with a scatter of 1 % over the seeds."""
    rate = theory.modes(100).singular_values[0]

    def predicted(T, k, init, threshold=0):
        late = np.log(0.02 / init) / rate if init < 0.01 else 0.0
        return {"unigram": 444 / (max(init, 0.01) ** 2 * T**4) + late, "bigram": 1.0}

    def cell_times(cell):
        stated = TIMES.printed.value.get(cell.length, (1.0, 1.0, 1.0))
        early, limit, counted = stated if cell.init == 0.02 else (1.0, 1.0, 1.0)
        scatter = np.linspace(0.99, 1.01, stage_runs.SEEDS)
        time = predicted(cell.length, cell.k, cell.init)[cell.stage]
        ratios = {"unigram": (early, early), "bigram": (limit, counted)}[cell.stage]
        return {f"{kind}_0": ratio * time * scatter
                for kind, ratio in zip(("limit", "counted"), ratios, strict=True)}  # fmt: skip

    found = {cell: cell_times(cell) for cell in stage_runs.all_cells()}
    monkeypatch.setattr(stage_runs, "measured", lambda: found)
    monkeypatch.setattr(stage_runs, "predicted", predicted)
    monkeypatch.setattr(routes, "population_times", lambda T, _: TIMES.printed.value[T])


@pytest.mark.parametrize("claim", [TIMES, SLOPES], ids=lambda c: c.id)
def test_an_experiment_that_obeys_the_laws_supports_them(claim, fabricated):
    entry = look_into(claim)
    assert entry.verdict == Verdict.SUPPORTED, ledger.explain(entry)


def changed(value, index, factor):
    return {T: tuple(x * (factor if i == index else 1.0) for i, x in enumerate(ratios))
            for T, ratios in value.items()}  # fmt: skip


PERTURBED = [
    *(("x-stage-times", changed(TIMES.printed.value, index, 1.1)) for index in range(3)),
    *(("x-stage-slopes", SLOPES.printed.value | {name: value + 0.3})
      for name, value in SLOPES.printed.value.items()),
    ("x-unigram-onset-condition", 1.01),
    ("x-unigram-onset", ONSET | {"linear": 1.2 * ONSET["linear"]}),
    ("x-unigram-onset", ONSET | {"cross_entropy": 0.8 * ONSET["cross_entropy"]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value, fabricated):
    entry = look_into(replace(BY_ID[name], printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, ledger.explain(entry)


def test_every_claim_is_perturbed():
    assert set(BY_ID) == {name for name, _ in PERTURBED}


def test_the_design_varies_one_thing_at_a_time_and_repeats_no_run():
    base = {"length": 100, "k": 2, "init": 0.02}
    for group, cells in stage_runs.design().items():
        for cell in cells:
            varied = {name for name, value in base.items() if getattr(cell, name) != value}
            assert varied <= ({"length", "k"} if group == "length" else {group})
    runs = stage_runs.configurations(stage_runs.all_cells(), seeds=2)
    assert len({tuple(sorted(run.items())) for run in runs}) == len(runs)


def test_a_run_finds_its_stage_later_by_a_stricter_threshold():
    cell = stage_runs.Cell("unigram", length=30, learning_rate=0.01, batch_size=16)
    found = stage_runs.stage_run(cell._asdict() | {"steps": 200, "seed": 1})
    for kind in stage_runs.KINDS:
        times = [found[f"{kind}_{index}"] for index in range(len(stage_runs.MARGINS))]
        assert 0 < times[0] < times[1] < times[2] < 2.0
