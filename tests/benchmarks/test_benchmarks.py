"""The benchmarks' own arithmetic; nothing here asserts a time."""

import json

import numpy as np
import pytest

from benchmarks import agreement, machine, report, rows, scaling
from benchmarks.cli import main
from benchmarks.peers import numpy_model
from benchmarks.timing import Timing, paired, ratio


def result(value, quartiles, *, at_most=False, name="a"):
    row = rows.Row(name, "b", 1.0, value, value, quartiles, 5.0, at_most)
    host = {"processor": "p", "cores": 2, "vectors": "avx2", "python": "3", "versions": {}}
    return {"format": report.FORMAT, "machine": host, "rows": [row.as_dict()]}


def test_all_installed_sides_agree():
    found = agreement.check(quick=True)
    assert {"ours, direct", "ours, fourier", "NumPy", "ours, transformer"} <= {
        entry.peer for entry in found
    }


def test_a_side_that_differs_stops_everything(monkeypatch):
    def wrong(tokens, v, W):
        loss, d_v, d_W = original(tokens, v, W)
        return loss, d_v * 1.001, d_W

    original = numpy_model.loss_and_gradient
    monkeypatch.setattr(numpy_model, "loss_and_gradient", wrong)
    with pytest.raises(AssertionError, match=r"not the same mathematics.*NumPy"):
        agreement.check(quick=True)


def test_paired_takes_turns_and_counts_units():
    order = []
    times = paired(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")},
        rounds=3, round_seconds=0.0, units={"b": 10},
    )  # fmt: skip
    # twice each to warm up, then in turns
    assert "".join(order) == "aabb" + "ab" * 3
    assert len(times["a"].seconds) == 3
    assert times["b"].calls == 1


def test_ratio_is_paired():
    slow, fast = Timing((2.0, 20.0, 6.0), 1), Timing((1.0, 10.0, 2.0), 1)
    assert ratio(slow, fast) == (2.0, 2.0, 2.5)


def test_necessary_operations_count_two_triangles():
    """By brute force: a multiply-add for each pair s <= t, state but one, sequence and way."""
    T, k, B = 7, 3, 5
    pairs = sum(1 for t in range(T) for s in range(t + 1))
    assert machine.necessary_operations(k, T, B) == 2 * B * (k - 1) * pairs


def test_exponent_of_a_power_law():
    x = np.array([1.0, 2.0, 4.0, 8.0])
    slope, error = scaling.exponent(x, 3.0 * x**1.5)
    assert slope == pytest.approx(1.5)
    assert error < 1e-12
    assert scaling.exponent(x, x * [1.0, 1.1, 0.9, 1.0])[1] > 0.01


@pytest.mark.parametrize(
    ("old", "new", "at_most", "word", "worse"),
    [
        ((10.0, (9.0, 11.0)), (7.0, (6.0, 8.0)), False, "**worse**", True),
        ((10.0, (9.0, 11.0)), (8.9, (8.0, 9.5)), False, "same", False),
        ((10.0, (9.0, 11.0)), (13.0, (12.0, 14.0)), False, "better", False),
        ((2.0, (1.9, 2.1)), (3.0, (2.9, 3.1)), True, "**worse**", True),
        ((2.0, (1.9, 2.1)), (1.0, (0.9, 1.1)), True, "better", False),
    ],
)
def test_compare_looks_beyond_the_spread(old, new, at_most, word, worse):
    table, got_worse = report.compare(result(*old, at_most=at_most), result(*new, at_most=at_most))
    assert word in table
    assert got_worse is worse


def test_compare_names_new_and_lost_rows(tmp_path, capsys):
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, name in zip(paths, ("kept", "fresh"), strict=True):
        path.write_text(json.dumps(result(1.0, (1.0, 1.0), name=name)))
    assert main(["compare", *map(str, paths)]) == 0
    out = capsys.readouterr().out
    assert "| kept | b | 1 | | gone |" in out
    assert "| fresh | b | | 1 | new |" in out


def test_what_is_no_result_is_refused(tmp_path, capsys):
    path = tmp_path / "x.json"
    path.write_text("{}")
    assert main(["compare", str(path), str(path)]) == 2
    assert "is not a benchmark result: its format is not" in capsys.readouterr().err


def test_report_says_which_targets_are_missed():
    assert "at least 5: met" in report.markdown(result(6.0, (5.0, 7.0)))
    assert "at least 5: **missed**" in report.markdown(result(4.0, (3.0, 5.0)))
    assert "at most 5: **missed**" in report.markdown(result(6.0, (5.0, 7.0), at_most=True))
