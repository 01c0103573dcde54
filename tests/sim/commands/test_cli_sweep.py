import csv
import re

import numpy as np
import pytest

from sim.commands.main import main
from sim.commands.sweep import table
from sim.runs.trajectory import Trajectory
from sim.sweeps.store import Run
from sim.sweeps.table import Sweep

TINY = ["--batch-size", "4", "--held-out", "10", "--steps", "8", "--quiet"]


def test_sweep_is_run_over_a_grid_and_seeds(tmp_path, capsys):
    out = tmp_path / "sweep"
    grid = ["--grid", "length=5,7", "--grid", "init-v=-0.1,0.02", "--seeds", "2", "--k", "2"]
    assert main(["sweep", *grid, *TINY, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.split()[:3] == ["length", "init-v", "runs"]
    assert len(printed.splitlines()) == 1 + 4 + 2
    rows = list(csv.DictReader((out / "sweep.csv").read_text().splitlines()))
    assert len(rows) == 8
    wanted = {"length": "7", "init_v": "-0.1", "seed": "1"}
    row = next(row for row in rows if wanted.items() <= row.items())
    # one of them by `run` itself
    alone = tmp_path / "alone"
    options = ["--length", "7", "--init-v=-0.1", "--seed", "1", "--k", "2"]
    assert main(["run", *options, *TINY, "--out", str(alone)]) == 0
    swept, single = Trajectory.load(out / row["kept"]), Trajectory.load(alone)
    np.testing.assert_array_equal(swept.v, single.v)
    assert swept.provenance["configuration"] == single.provenance["configuration"]
    assert float(row["final_kl_truth"]) == single.measures["kl_truth"][-1]


def test_pairs_of_rates_and_a_second_call(tmp_path, capsys):
    arguments = ["sweep", "--grid", "learning-rate=0.1 0.2,0.3", *TINY, "--k", "2",
                 "--length", "4", "--out", str(tmp_path)]  # fmt: skip
    assert main(arguments) == 0
    first = (tmp_path / "sweep.csv").read_bytes()
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("trajectory.*")}
    assert len(times) == 4
    assert main(arguments) == 0
    assert (tmp_path / "sweep.csv").read_bytes() == first
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("trajectory.*")}
    assert "0.1 0.2" in capsys.readouterr().out


def test_a_run_that_diverges_is_told_and_the_others_counted(tmp_path, capsys):
    wild = ["--loss", "squared", "--init-W", "1", "--init-v", "1", "--length", "6", "--k", "2"]
    small = ["--batch-size", "4", "--held-out", "10", "--steps", "400", "--quiet"]
    arguments = ["sweep", "--grid", "learning-rate=1e-4,90", *wild, *small, "--out", str(tmp_path)]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: learning-rate=90.0 seed=0 failed with Diverged: ")
    assert captured.err.count("\n") == 1
    assert "0.0001" in captured.out


def _run(length, seed, unigram, bigram):
    result = {"uniform_from": 0.0, "unigram_from": unigram, "bigram_from": bigram,
              "final_kl_truth": 0.125}  # fmt: skip
    return Run({"length": length, "seed": seed}, result)


def test_the_table_has_medians_and_intervals():
    runs = [_run(25, seed, 100.0 + seed, 40_000.0 + seed) for seed in range(6)]
    runs += [_run(50, seed, 200.0, np.inf if seed else 7.0) for seed in range(6)]
    lines = table(Sweep(runs), ["length"]).splitlines()
    assert "unigram from examples" in lines[0]
    cells = re.split(r" {2,}", lines[1].strip())
    assert cells == ["25", "6", "102.5 [100, 105]", "40,002 [40,000, 40,005]", "0.125"]
    assert "never [7, never]" in lines[2]
    assert "96.9%" in lines[3]
    assert "with --seeds 6 or more" in table(Sweep(runs[:1]), ["length"])
    assert table(Sweep([]), ["length"]) == "no run finished"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grid", "lenght=3"], "error: --grid NAME must be one of prior, k, order"),
        (["--grid", "seed=3"], "grid NAME must be one of"),
        (["--grid", "k"], "error: --grid must be NAME=VALUE,VALUE,..., got 'k'"),
        (["--grid", "k=2,,3"], "error: --grid must be NAME=VALUE,VALUE,..., got 'k=2,,3'"),
        (["--grid", "k=2", "--grid", "k=3"], "grid must name k once"),
        (["--grid", "k=2,2"], "grid must not hold a configuration twice"),
        (["--grid", "k=2,1"], "error: --k must be an integer >= 2, got 1"),
        (["--grid", "steps=2,4", "--examples", "7"], "must not vary steps when examples is given"),
        (["--seeds", "0"], "error: --seeds must be an integer >= 1, got 0"),
        (["--threads", "2"], "error: --threads must be 1 in a sweep (use --workers), got 2"),
        (["--workers", "0"], "error: --workers must be an integer >= 1, got 0"),
        (["--seed", "-1"], "error: --seed must be an integer >= 0, got -1"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, words, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sweep", *arguments, "--quiet", "--out", str(out)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert not out.exists()


@pytest.mark.parametrize("arguments", [["--grid", "k=two", "--out", "x"], ["--grid", "k=2"]])
def test_a_malformed_command_is_one_line_too(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["sweep", *arguments])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_shards_make_the_whole_table_and_show_tells_the_state(tmp_path, capsys):
    command = [
        "sweep",
        *TINY,
        "--length",
        "5",
        "--grid",
        "k=2,3",
        "--seeds",
        "2",
        "--out",
        str(tmp_path),
    ]
    assert main([*command, "--shard", "1/2"]) == 0
    capsys.readouterr()
    assert main(["show", str(tmp_path)]) == 0
    assert "2 runs done, 0 running, 0 failed, 2 waiting" in capsys.readouterr().out
    assert main([*command, "--shard", "2/2"]) == 0
    assert len((tmp_path / "sweep.csv").read_text().splitlines()) == 5
    assert main([*command, "--shard", "3/2"]) == 2
    assert "--shard must be i/n" in capsys.readouterr().err


def test_show_says_what_failed_and_why(tmp_path, capsys):
    wild = ["--loss", "squared", "--init-W", "1", "--init-v", "1", "--length", "6", "--k", "2"]
    small = ["--batch-size", "4", "--held-out", "10", "--steps", "400", "--quiet"]
    arguments = ["sweep", "--grid", "learning-rate=1e-4,90", *wild, *small, "--out", str(tmp_path)]
    assert main(arguments) == 1
    capsys.readouterr()
    assert main(["show", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "1 runs done, 0 running, 1 failed, 0 waiting" in shown
    assert "failed: learning-rate=90.0 with Diverged: training diverged" in shown
