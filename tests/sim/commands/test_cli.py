import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

from sim.commands.main import main
from sim.runs.trajectory import Trajectory

TINY = ["--k", "2", "--length", "6", "--batch-size", "4", "--held-out", "10", "--quiet"]
SMALL = [*TINY, "--steps", "8"]


def test_run_show_plot(tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["run", *SMALL, "--out", out]) == 0
    assert "KL to the truth" in capsys.readouterr().out
    assert main(["show", out]) == 0
    shown = capsys.readouterr().out
    assert "'prior': 'dirichlet'" in shown
    assert "nearest strategy" in shown
    assert main(["plot", out]) == 0
    assert (tmp_path / "run" / "run.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "run" / "run.pdf").read_bytes()[:4] == b"%PDF"
    assert Trajectory.load(out).examples[-1] == 32


def test_examples_are_never_fewer_than_asked(tmp_path):
    out = tmp_path / "run"
    assert main(["run", *TINY, "--examples", "10", "--out", str(out)]) == 0
    assert Trajectory.load(out).examples[-1] == 12


def test_options_reach_the_run(tmp_path):
    out = tmp_path / "run"
    options = ["--prior", "doubly_stochastic", "--loss", "margin", "--delta", "2", "--at", "last",
               "--learning-rate", "0.1", "0.2", "--init-v", "0.3", "--init-W", "0.1",
               "--first-layer", "softmax", "--normalize", "length", "--seed", "4"]  # fmt: skip
    assert main(["run", *SMALL, *options, "--out", str(out)]) == 0
    run = Trajectory.load(out)
    parameters = run.provenance["parameters"]
    assert parameters["prior"] == {"prior": "doubly_stochastic", "k": 2}
    assert parameters["loss"] == {"loss": "margin", "at": "last", "delta": 2.0}
    assert parameters["learning_rate"] == [0.1, 0.2]
    assert parameters["model"]["first_layer"] == "softmax"
    assert (run.v[0] == 0.3).all()
    assert (run.W[0] == 0.1).all()


def test_a_run_that_was_stopped_is_shown_and_goes_on(tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["run", *SMALL, "--out", str(whole)]) == 0
    command = ["run", *SMALL, "--out", str(parts), "--max-seconds", "0"]
    assert main(command) == 0
    assert "the same command goes on from there" in capsys.readouterr().out
    assert [path.name for path in parts.iterdir()] == ["checkpoint"]
    assert main(["show", str(parts)]) == 0
    shown = capsys.readouterr().out
    assert "not finished (max_seconds = 0)" in shown
    assert "KL to the truth" in shown
    assert main(["run", *TINY, "--steps", "9", "--out", str(parts)]) == 2
    assert "already holds a different run" in capsys.readouterr().err
    while not (parts / "trajectory.npz").exists():
        assert main(command) == 0
    assert (parts / "trajectory.npz").read_bytes() == (whole / "trajectory.npz").read_bytes()
    assert main(["run", *TINY, "--steps", "9", "--out", str(parts), "--overwrite"]) == 0


def test_a_diverging_run_is_kept_and_says_the_same_twice(tmp_path, capsys):
    command = ["run", *TINY, "--steps", "200", "--learning-rate", "9", "--init-W", "5",
               "--out", str(tmp_path)]  # fmt: skip
    assert main(command) == 1
    first, content = capsys.readouterr().err, (tmp_path / "trajectory.npz").read_bytes()
    assert "training diverged at step" in first
    assert main(command) == 1
    # before it may stand that kernels are compiled
    assert capsys.readouterr().err.splitlines()[-1] == first.splitlines()[-1]
    assert (tmp_path / "trajectory.npz").read_bytes() == content
    assert main(["show", str(tmp_path)]) == 0
    assert "not finished (diverged)" in capsys.readouterr().out


def test_a_run_is_saved_before_it_is_told(tmp_path, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.print", full)
    with pytest.raises(OSError, match="No space left"):
        main(["run", *SMALL, "--out", str(tmp_path)])
    assert Trajectory.load(tmp_path).step[-1] == 8


def test_a_folder_without_a_name_is_refused(capsys):
    assert main(["run", *SMALL, "--out", ""]) == 2
    assert capsys.readouterr().err == "error: --out must name a folder, got ''\n"


def test_a_different_run_is_not_overwritten_by_a_slip(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    assert main(["run", *SMALL, *out]) == 0
    before = (tmp_path / "trajectory.npz").read_bytes()
    # the same run again gives the same bytes
    assert main(["run", *SMALL, *out]) == 0
    assert (tmp_path / "trajectory.npz").read_bytes() == before
    assert main(["run", *SMALL, *out, "--seed", "1"]) == 2
    assert "already holds a different run" in capsys.readouterr().err
    assert (tmp_path / "trajectory.npz").read_bytes() == before
    assert main(["run", *SMALL, *out, "--seed", "1", "--overwrite"]) == 0
    assert (tmp_path / "trajectory.npz").read_bytes() != before


def test_divergence_keeps_what_was_recorded(tmp_path, capsys):
    out = tmp_path / "run"
    wild = ["--loss", "squared", "--learning-rate", "90", "--init-W", "1", "--init-v", "1"]
    arguments = ["run", *TINY, "--steps", "400", *wild, "--record-every", "1", "--out", str(out)]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "error: training diverged at step" in error
    recommended = re.search(r"use a --learning-rate below about ([0-9.e-]+);", error)
    assert recommended and float(recommended[1]) < 1
    assert np.isfinite(Trajectory.load(out).v).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--k", "1"], "error: --k must be an integer >= 2, got 1"),
        (["run", "--length", "0"], "error: --length must be an integer >= 1, got 0"),
        (["run", "--alpha", "0"], "error: --alpha must be a finite number > 0"),
        (
            ["run", "--prior", "zipf"],
            "error: --prior must be one of dirichlet, doubly_stochastic, unigram",
        ),
        (["run", "--prior", "interpolated", "--k", "2"], "needs p in"),
        (["run", "--prior", "interpolated"], "defined for k = 2"),
        (["run", "--prior", "unigram", "--order", "2"], "defined for order 1"),
        (["run", "--p", "0.3"], "prior dirichlet has no p, got 0.3"),
        (["run", "--loss", "hinge"], "error: --loss must be one of cross_entropy, margin, squared"),
        (["run", "--loss", "squared", "--delta", "1"], "loss squared has no delta"),
        (["run", "--model", "lstm"], "error: --model must be one of minimal"),
        (
            ["run", "--learning-rate", "1", "2", "3"],
            "error: --learning-rate must be one number or a pair for v and W",
        ),
        (["run", "--init-v", "nan"], "error: --init-v must be finite"),
        (["run", "--init-W", "inf"], "error: --init-W must be finite"),
        (["run", "--seed", "-1"], "error: --seed must be a nonnegative integer seed, got -1"),
        (["run", "--batch-size", "0"], "error: --batch-size must be an integer >= 1, got 0"),
        (["run", "--held-out", "0"], "error: --held-out must be an integer >= 1, got 0"),
        (["run", "--record-every", "0"], "error: --record-every must be an integer >= 1, got 0"),
        (["run", "--weight-decay", "-1"], "error: --weight-decay must be a finite number >= 0"),
        (["run", "--learning-rate", "0"], "error: --learning-rate must be positive for at least"),
        (["run", "--order", "60"], "a chain with k = 3 states of order 60 (k**60 histories) would"),
        (["run", "--batch-size", str(10**12)], "1000000000000 chains with 3 histories would need"),
        (["run", "--length", str(10**12)], "64 sequences of length 1000000000001 would need"),
        (["show", "/nonexistent/run"], "no trajectory at /nonexistent/run"),
        (["plot", "/nonexistent/run"], "no trajectory at"),
        (["plot", "a", "b"], "no trajectory at"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(arguments, words, tmp_path, capsys):
    if arguments[0] == "run":
        arguments = [*arguments, "--quiet", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert not (tmp_path / "out").exists()


def test_a_folder_keeps_its_name_in_a_refusal(tmp_path, capsys):
    (tmp_path / "batch_size").touch()
    assert main(["run", *SMALL, "--out", str(tmp_path / "batch_size" / "held_out.d")]) == 2
    captured = capsys.readouterr().err
    assert str(tmp_path / "batch_size") in captured
    assert "--batch-size" not in captured


def test_the_command_is_kept_as_it_was_typed(tmp_path):
    out = tmp_path / "a run"
    typed = ["run", *SMALL, "--out", str(out)]
    subprocess.run([sys.executable, "-m", "sim", *typed], check=True, capture_output=True)
    command = Trajectory.load(out).provenance["command"]
    assert command == shlex.join(["python", "-m", "sim", *typed])


def test_unknown_venue_is_refused(tmp_path, capsys):
    main(["run", *SMALL, "--out", str(tmp_path)])
    capsys.readouterr()
    assert main(["plot", str(tmp_path), "--venue", "nature"]) == 2
    assert "--venue must be one of neurips, iclr, icml, icml2" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--k", "two"], ["show"]])
def test_a_malformed_command_is_one_line_too(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    captured = capsys.readouterr().err
    assert captured.startswith("error: ")
    assert captured.count("\n") == 1


def test_help_names_every_command():
    for arguments in (["--help"], ["run", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "sim", *arguments], capture_output=True, text=True, check=True
        )
        assert "usage: python -m sim" in done.stdout
    assert "--learning-rate" in done.stdout


def test_warmup_says_how_long_it_took(capsys):
    assert main(["warmup"]) == 0
    assert re.fullmatch(r"kernels ready after \d+\.\d s\n", capsys.readouterr().out)
    with pytest.raises(SystemExit) as refusal:
        main(["warmup", "--dtype", "float16"])
    assert refusal.value.code == 2


def test_a_run_tells_the_drift_of_its_invariant(capsys):
    assert main(["run", "--k", "2", "--length", "8", "--steps", "5", "--quiet"]) == 0
    found = re.search(
        r"drifted by (\S+); the steps should have added (\S+) =", capsys.readouterr().out
    )
    assert float(found[1]) == pytest.approx(float(found[2]), rel=1e-3)
