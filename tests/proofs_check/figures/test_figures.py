import csv
import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import sim
from proofs_check.experiments import digest, plateau_flow
from proofs_check.figures import FIGURES, figure, make_figure
from proofs_check.figures import parameters as settable
from proofs_check.figures.drawn import drawn_series
from proofs_check.figures.minimal.runs import train_minimal
from proofs_check.figures.spec import draw_figure

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
    "fig11": TINY | {"variants": {"": RUN | {"examples": 400}}, "k": 2},
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
    paths, _ = make_figure(spec, tmp_path / "new", venue=venue)
    assert [path.suffix for path in paths] == [".pdf", ".png", ".csv", ".json"]
    assert paths[0].read_bytes()[:4] == b"%PDF"
    with paths[2].open() as file:
        rows = list(csv.DictReader(file))
    drawn = drawn_series(draw_figure(spec, venue=venue)[0])
    assert len({(part.panel, part.name) for part in drawn}) == len(drawn)
    for part in drawn:
        found = [float(row["y"]) for row in rows
                 if (row["panel"], row["series"]) == (part.panel, part.name)]  # fmt: skip
        np.testing.assert_array_equal(found, np.ravel(part.y))
    assert sum(part.x.size for part in drawn) == len(rows) > 0
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
    monkeypatch.setattr(digest, "room_digest", lambda room: f"other {room}")
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        train_minimal(parameters)


@pytest.mark.parametrize(
    "name", ["escape", "modes", "threshold", "plateau", "ngrams", "fig6", "stages"]
)
def test_what_a_figure_simulates_is_kept(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ICL_MARKOV_CACHE", str(tmp_path))
    spec = small(name)
    monkeypatch.setattr(plateau_flow, "by_quartic", plateau_flow.by_quartic.__wrapped__)
    first = drawn_series(draw_figure(spec)[0])
    assert list(tmp_path.iterdir())
    for module, simulating in (
        (sim, "train"),
        (sim, "sample_sequences"),
        (sim, "loss_and_gradient"),
        (sim, "gradient_flow"),
        (plateau_flow, "solve_ivp"),
    ):
        monkeypatch.setattr(module, simulating, lambda *a, **k: pytest.fail("simulated again"))
    again = drawn_series(draw_figure(spec)[0])
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


@pytest.mark.parametrize("name", FIGURES)
def test_every_setting_of_a_figure_can_be_given_anew(name):
    spec = small(name)
    known = settable.settings(spec.parameters, spec.fixed)
    assert "seed" in known or name == "plateau"
    assert spec.changed(**known) == spec
    for word in ("nothing", *spec.fixed):
        with pytest.raises(ValueError, match=rf"^{word} is no setting of {name}, which has"):
            spec.changed(**{word: 1})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"k": 1}, "k must be an integer >= 2, got 1"),
        ({"k": 2.5}, "k must be an integer >= 1, got 2.5"),
        ({"seeds": 0}, "seeds must be an integer >= 1, got 0"),
        ({"snapshots": []}, "snapshots must hold at least one value, got none"),
        ({"snapshots": "early"}, "snapshots must be"),
        ({"learning_rate": np.nan}, "learning_rate must be"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, words):
    with pytest.raises((ValueError, TypeError), match=words):
        figure("fig3", **settings)


def test_settings_reach_all_variants_and_the_moments_move():
    spec = FIGURES["fig3-transformer"].changed(k=2, examples=64_000)
    assert spec.parameters["variants"] == {"": {"k": 2, "length": 100, "examples": 64_000}}
    assert spec.parameters["snapshots"] == [0, 10_000, 64_000]
    both = FIGURES["fig11"].changed(batch_size=32, learning_rate=0.1).parameters
    assert both["variants"][""]["batch_size"] == both["batch_size"] == 32
    assert "learning_rate" not in both["variants"][""]
    # what tells the variants apart is not common to them
    with pytest.raises(ValueError, match="p is no setting of fig4a"):
        FIGURES["fig4a"].changed(p=0.5)
    with pytest.raises(ValueError, match="k must be"):
        FIGURES["fig8"].changed(k=1)
    assert FIGURES["fig8"].changed(k=2).parameters["variants"].keys() == {"k = 2"}


def test_several_seeds_are_drawn_as_medians_and_their_range():
    one, three = (small("fig12").changed(seeds=seeds) for seeds in (1, 3))
    runs = [train_minimal(three.parameters, seed) for seed in range(3)]
    parts = {(s.panel, s.name): s for s in drawn_series(draw_figure(three)[0])}
    losses = np.stack([run.measures["kl_truth"] for run in runs])
    panel = "Test loss (nats)"
    np.testing.assert_array_equal(parts[panel, "truth range lower"].y, losses.min(axis=0))
    np.testing.assert_array_equal(parts[panel, "truth range upper"].y, losses.max(axis=0))
    shown = np.isin(runs[0].examples, parts[panel, "SGD"].x)
    np.testing.assert_array_equal(parts[panel, "SGD"].y, np.median(losses, axis=0)[shown])
    assert not any("range" in s.name for s in drawn_series(draw_figure(one)[0]))


def test_a_figure_is_drawn_into_given_axes_with_the_users_settings():
    whole = Figure(figsize=(8, 6))
    left, right = whole.subplots(1, 2)
    options = SMALL["fig6"]
    assert figure("fig6", into=right, rc={"axes.titlesize": 4.0}, **options) is whole
    assert left in whole.axes and right not in whole.axes
    titles = {ax.get_title(): ax.title.get_fontsize() for ax in whole.axes}
    assert "$v$ after one step" in titles
    plain = {ax.get_title(): ax.title.get_fontsize() for ax in figure("fig6", **options).axes}
    assert titles["$v$ after one step"] < plain["$v$ after one step"]
    with pytest.raises(ValueError, match="into must be axes in a grid"):
        figure("fig6", into=whole.add_axes((0, 0, 0.1, 0.1)), **options)


def test_usetex_without_latex_is_refused_before_the_work(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ValueError, match="usetex needs LaTeX"):
        figure("fig3", usetex=True, examples=10**9)
