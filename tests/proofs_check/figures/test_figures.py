import csv
import functools
import json
from dataclasses import replace

import numpy as np
import pytest

import sim
from proofs_check.experiments import cache, plateau_flow, stage_runs
from proofs_check.figures import FIGURES, make_figure
from proofs_check.figures.minimal.runs import train_minimal

TINY = {"length": 8, "batch_size": 4, "examples": 400, "held_out": 20}
RUN = {"k": 2, "length": 8, "batch_size": 4, "examples": 80, "held_out": 20}
SMALL = {
    "fig3-transformer": {"variants": {"": RUN}, "snapshots": [8, 40, 80]},
    "fig12-transformer": {"variants": {"": RUN}, "snapshots": [8, 40, 80]},
    "fig1": {"variants": {"": RUN}},
    "fig2": {"variants": {"": RUN}, "moments": [0, 80], "shown": 8},
    "fig4a": {
        "variants": {p: RUN | {"prior": "interpolated", "p": float(p)} for p in "01"},
        "seeds": 1,
        "held_out": 20,
    },
    "fig10": {"variants": {"": RUN}, "moments": [0, 80], "shown": 8},
    "fig11": TINY | {"variants": {"": RUN}, "k": 2},
    "fig5": {
        "variants": {"a": RUN | {"order": 2}, "b": RUN | {"order": 2, "heads": 2}},
        "seeds": 2,
    },
    "fig8": {"variants": {"k = 2": RUN}, "seeds": 3},
    "fig9": {"variants": {"k = 4": RUN | {"k": 4}}, "seeds": 2},
    "fig13": {
        "variants": {"a": RUN | {"layers": 1}, "b": RUN | {"layers": 1, "mlp": 4}},
        "seeds": 1,
    },
    "fig3": TINY | {"snapshots": [40, 200, 400], "length": 6},
    "fig12": TINY | {"snapshots": [40, 200, 400]},
    "fig4b": TINY | {"at": 200},
    "fig6": {"length": 10, "samples": 2000},
    "modes": {"length": 12, "sampled_lengths": [6, 12], "samples": 400},
    "escape": {"length": 12, "scales": [1e-2, 1e-3], "steps": 40, "runs": 2, "beyond": 2.0},
    "threshold": {"length": 30, "sampled_lengths": [40], "samples": 1000, "batches": 2},
    "plateau": {"lags": [16, 32], "shown": [32]},
    "ngrams": {"length": 8, "steps": 40, "batch_size": 4, "held_out": 20, "points": 2},
    "stages": {
        "lengths": [25],
        "states": [2],
        "inits": [0.02],
        "seeds": 1,
        "run_length": 25,
        "run_steps": 100,
    },
}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Runs this small are over before another process has begun."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)


def small(name):
    spec = FIGURES[name]
    assert SMALL[name].keys() <= spec.parameters.keys()
    return replace(spec, parameters=spec.parameters | SMALL[name])


@functools.cache
def computed(name):
    spec = small(name)
    return spec.compute(spec.parameters, progress=False, use_cache=True)


@pytest.mark.parametrize("venue", ["neurips", "icml"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_four_files_and_the_csv_is_what_was_plotted(name, venue, monkeypatch, tmp_path):
    known = computed(name)
    for simulating in ("train", "sample_sequences", "loss_and_gradient", "logits"):
        monkeypatch.setattr(sim, simulating, lambda *a, **k: pytest.fail("simulated in drawing"))
    spec = replace(small(name), compute=lambda *a, **k: known)
    paths, data = make_figure(spec, tmp_path / "new", venue=venue)
    assert [path.suffix for path in paths] == [".pdf", ".png", ".csv", ".json"]
    assert paths[0].read_bytes()[:4] == b"%PDF"
    with paths[2].open() as file:
        rows = list(csv.DictReader(file))
    for part in spec.series(data):
        found = [float(row["y"]) for row in rows
                 if (row["panel"], row["series"]) == (part.panel, part.name)]  # fmt: skip
        np.testing.assert_array_equal(found, np.ravel(part.y))
    record = json.loads(paths[3].read_text())
    # a figure of theory alone has no seed
    assert spec.parameters.items() <= record["parameters"].items()
    assert record["versions"]["numpy"]


def test_fig6_monte_carlo_agrees_with_the_exact_step():
    spec = FIGURES["fig6"]
    data = spec.compute(spec.parameters | {"samples": 20_000})
    assert np.abs((data.sampled_W - data.W) / data.error_W).max() < 4.5
    assert np.abs((data.sampled_v - data.v) / data.error_v).max() < 4.5


def test_training_runs_are_cached_by_parameters_and_code(monkeypatch, tmp_path):
    monkeypatch.setenv("ICL_MARKOV_CACHE", str(tmp_path))
    parameters = small("fig12").parameters
    first = train_minimal(parameters)
    monkeypatch.setattr(sim, "train", lambda *a, **k: pytest.fail("trained again"))
    np.testing.assert_array_equal(train_minimal(parameters).W, first.W)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        train_minimal(parameters | {"seed": 5})
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        train_minimal(parameters, use_cache=False)
    monkeypatch.setattr(cache, "code_digest", lambda package: f"other {package}")
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        train_minimal(parameters)


@pytest.mark.parametrize(
    "name", ["escape", "modes", "threshold", "plateau", "ngrams", "fig6", "stages"]
)
def test_what_a_figure_simulates_is_kept(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ICL_MARKOV_CACHE", str(tmp_path))
    spec = small(name)
    monkeypatch.setattr(stage_runs, "measured", stage_runs.measured.__wrapped__)
    monkeypatch.setattr(plateau_flow, "by_quartic", plateau_flow.by_quartic.__wrapped__)
    first = spec.series(spec.compute(spec.parameters))
    assert list(tmp_path.iterdir())
    for module, simulating in (
        (sim, "train"),
        (sim, "sample_sequences"),
        (sim, "loss_and_gradient"),
        (sim, "gradient_flow"),
        (plateau_flow, "solve_ivp"),
    ):
        monkeypatch.setattr(module, simulating, lambda *a, **k: pytest.fail("simulated again"))
    again = spec.series(spec.compute(spec.parameters))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.y, other.y)
    # a failed run of an experiment is a RuntimeError, of which the first sentence is enough
    with pytest.raises((pytest.fail.Exception, RuntimeError), match="simulated again"):
        spec.compute(spec.parameters, use_cache=False)


def test_a_broken_cache_costs_time_not_results(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("ICL_MARKOV_CACHE", str(blocked))
    assert len(train_minimal(small("fig12").parameters)) > 1


def test_unknown_venue_and_unwritable_folder_are_refused(tmp_path):
    with pytest.raises(ValueError, match="venue must be one of neurips"):
        make_figure(small("fig6"), tmp_path, venue="nature")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OSError, match="cannot be written"):
        make_figure(small("fig6"), blocked / "figures")
