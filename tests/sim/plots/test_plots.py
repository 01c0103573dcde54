"""Runs of every kind give readable figures: text of sane length, whole markers, visible stages."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.plots.axes import examples_axis, examples_seen, nats_axis
from sim.plots.panels import thin
from sim.plots.run import plot_run
from sim.runs.trajectory import Trajectory


def fake_run(examples, kl, weights=0.3):
    """A run with the given distances: ``kl (r, 3)`` to uniform, unigram and bigram."""
    count, kl = len(examples), np.asarray(kl, dtype=float)
    names = ("uniform", "unigram", "bigram")
    measures = {f"kl_{name}": kl[:, i] for i, name in enumerate(names)}
    v, W = np.full((count, 5), weights), np.full((count, 2, 2), -weights)
    step = np.arange(count)
    return Trajectory(step, step * 0.1, np.asarray(examples), kl[:, 0], {"v": v, "W": W},
                      measures | {"kl_truth": kl[:, 2]},
                      {"uniform": 0.3, "unigram": 0.2, "bigram": 0.1})  # fmt: skip


def texts(figure):
    figure.draw_without_rendering()
    shown = (text for text in figure.findobj(Text) if text.get_visible())
    return [text.get_text() for text in shown if text.get_text()]


@pytest.mark.parametrize(
    "last", [1e3, 1e300, np.inf, np.nan], ids=["far", "overflowing", "infinite", "not a number"]
)
def test_a_diverged_run_has_short_labels(last):
    run = fake_run([0, 8, 16], [[0.1, 0.2, 0.3], [5.0, 7.0, 80.0], [last] * 3], weights=4e150)
    figure = plot_run(run)
    assert max(map(len, texts(figure))) < 50
    ticks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert 2 <= len(ticks) <= 10
    assert max(map(len, ticks)) <= 7
    assert np.isfinite(figure.axes[0].get_ylim()).all()


@pytest.mark.parametrize("venue", ["neurips", "icml"])
def test_a_short_run_counts_examples(venue):
    run = fake_run(np.arange(0, 2561, 64), np.tile([0.1, 0.2, 0.3], (41, 1)))
    found = texts(plot_run(run, venue=venue))
    assert "after 64 examples" in found
    assert "after 1,024 examples" in found
    assert "examples seen (square-root scale)" in found
    assert not any("thousand" in text for text in found)
    assert examples_seen(38_400) == "38 thousand examples"


def test_markers_on_the_edge_are_whole():
    run = fake_run([0, 500, 1000], [[0.0, 0.2, 0.3]] * 3)
    figure = plot_run(run)
    markers = [
        line for ax in figure.axes for line in ax.lines if line.get_marker() not in ("", "None")
    ]
    assert len(markers) == 4
    assert not any(line.get_clip_on() for line in markers)


def test_a_stage_of_one_percent_is_seen():
    ax = Figure().add_subplot()
    examples_axis(ax, 128_000)
    place = ax.transAxes.inverted().transform(ax.transData.transform([[1_557, 0], [60_429, 0]]))
    np.testing.assert_allclose(place[:, 0], np.sqrt([1_557 / 128_000, 60_429 / 128_000]))
    assert place[0, 0] > 0.1
    assert ax.get_xlabel() == "thousand examples (square-root scale)"


@pytest.mark.parametrize("last", [1, 3, 16, 100, 2_560, 128_000, 10**7])
def test_ticks_are_round_ordered_and_apart(last):
    ax = Figure().add_subplot()
    examples_axis(ax, float(last))
    ticks = ax.get_xticks()
    assert ticks[0] == 0
    assert ticks[-1] <= last
    assert 2 <= len(ticks) <= 10
    assert np.diff(np.sqrt(ticks / last)).min() >= 0.11 - 1e-12
    mantissa = ticks[1:] / 10 ** np.floor(np.log10(ticks[1:]))
    assert set(np.round(mantissa, 9)) <= {1.0, 2.0, 5.0}


def test_distances_are_linear_unless_they_explode():
    for top, scale in ((0.3, "linear"), (99.0, "linear"), (101.0, "symlog"), (1e308, "symlog")):
        ax = Figure().add_subplot()
        nats_axis(ax, [np.array([0.1, top])])
        assert ax.get_yscale() == scale
        assert ax.get_ylim()[1] > min(top, 9e306)


def test_thinned_records_are_apart_and_keep_the_ends():
    examples = np.arange(0.0, 128_001.0, 64.0)
    index = thin(examples)
    assert (index[0], index[-1]) == (0, len(examples) - 1)
    assert 30 <= len(index) <= 40
    gaps = np.diff(np.sqrt(examples[index]))
    assert gaps.max() < 2 * np.sqrt(128_000) / 39


def test_several_runs_are_their_median_and_range():
    kl = np.array([[0.1, 0.2, 0.3], [0.2, 0.1, 0.2]])
    runs = [fake_run([0, 8], kl * factor) for factor in (1.0, 3.0, 2.0)]
    loss = plot_run(runs).axes[0]
    (points,) = [line for line in loss.lines if line.get_label() == "SGD"]
    np.testing.assert_allclose(points.get_ydata(), 2 * kl[:, 2])
    (band,) = loss.collections
    low, high = (f(band.get_paths()[0].vertices[:, 1]) for f in (np.min, np.max))
    np.testing.assert_allclose([low, high], [0.2, 0.9])
    assert not plot_run(runs[0]).axes[0].collections
    with pytest.raises(ValueError, match="same numbers of examples"):
        plot_run([runs[0], fake_run([0, 16], kl)])
    del runs[1].measures["kl_unigram"]
    with pytest.raises(ValueError, match="same measures"):
        plot_run(runs)
