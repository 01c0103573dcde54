"""The command line: output, exit status, and one-line refusals."""

import json
import subprocess
import sys

import pytest
from sympy import sympify

import theory
from theory.commands.main import main
from theory.derivations import registry as derivations


def test_list_names_every_derivation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(derivations.ids())


def test_show_one_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "A.37"]) == 0
    out = capsys.readouterr().out
    assert "D = 3/2 - 2*log(2)  ~ 0.11370563888" in out
    assert "A.32" not in out


@pytest.mark.parametrize("length", [2, 6, 9])
def test_the_symmetric_chain_is_shown_at_its_length(
    length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "a-equals-b", "--length", str(length), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)[0]["steps"]
    gW, gv = theory.first_step(length, prior="doubly_stochastic")
    assert all(f"At T = {length}" in step["sentence"] for step in shown if step["name"])
    found = {step["name"]: sympify(step["expression"]) for step in shown if step["name"]}
    assert [float(x) for x in found["gW"]] == pytest.approx(gW.ravel().tolist(), abs=1e-11)
    assert [float(x) for x in found["gv"]] == pytest.approx(gv[: len(found["gv"])].tolist())


def test_show_all_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--json", "--length", "2"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [d["id"] for d in shown] == list(derivations.ids())
    step = next(s for d in shown if d["id"] == "lemma-3.1" for s in d["steps"] if s["name"] == "B")
    assert step["value"] == pytest.approx(float(theory.leading_constants().B))
    assert set(step) == {"sentence", "name", "expression", "latex", "value"}


def test_show_latex_is_display_equations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "A.32", "--latex"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("%", r"\[")) for line in lines)


def test_modes_prints_both_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["modes", "--length", "100"]) == 0
    out = capsys.readouterr().out
    for value in theory.modes(100).singular_values:
        assert f"singular value {value:.10g}" in out


def test_threshold_is_none_below_ten(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["threshold", "--length", "9", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    nine, hundred = (next(x for x in lines if x.split()[0] == T) for T in ("9", "100"))
    assert nine.split() == ["9", "none"]
    rate = theory.critical_learning_rate(100)
    assert rate is not None
    assert float(hundred.split()[1]) == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["show", "nope"], ["nope", *derivations.ids()]),
        (["show", "chain", "--length", "0"], ["--length", ">= 1", "0"]),
        (["modes", "--length", "-3"], ["--length", "-3"]),
        (["modes", "--length", "3", "--k", "1"], ["--k must be", "1"]),
        (["modes", "--length", "3", "--prior", "x"], ["--prior", "flat, doubly_stochastic", "'x'"]),
        (["modes", "--length", "many"], ["--length", "many"]),
        (["modes"], ["--length"]),
        (["modes", "--length", "3", "--k", "200"], ["k must be small enough", "200"]),
        (["threshold", "--length", "0"], ["--length", ">= 1", "0"]),
        (["constants", "--k", "1"], ["k must be", "1"]),
        (["constants", "--k", "3", "--length", "9"], ["k must be 2", "3"]),
        (["constants", "--length", "201"], ["T must be at most 200", "201"]),
        (["constants", "--prior", "x"], ["prior", "'x'"]),
        (["show", "--latex", "--json"], ["--json", "--latex"]),
        ([], ["list | show | modes | constants | threshold | stages"]),
    ],
)
def test_bad_input_is_one_line_on_stderr(
    argv: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(argv)
    except SystemExit as stop:
        status = int(stop.code or 0)
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert all(word in captured.err for word in words)


@pytest.mark.parametrize("argv", [[], ["show"], ["modes"], ["list"], ["constants"], ["threshold"]])
def test_help_at_each_level(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*argv, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out) > 100


def test_runs_as_a_module_into_a_closed_pipe() -> None:
    command = f"{sys.executable} -m theory show kernel --length 6 | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("kernel:")
    assert done.stderr == ""


def test_import_loads_neither_a_compiler_nor_a_plotter_nor_a_simulator() -> None:
    code = (
        "import sys, theory, theory.commands.main; "
        "print({'numba', 'matplotlib', 'sim', 'proofs_check', 'scipy.stats'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_public_names_exist() -> None:
    assert sorted(theory.__all__) == sorted(set(theory.__all__))
    for name in theory.__all__:
        assert getattr(theory, name) is not None


def test_ngrams_prints_the_ray_and_the_wait(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ngrams", "--heads", "2", "--length", "4", "--init", "0.1"]) == 0
    first = capsys.readouterr().out
    assert "2 heads, T = 4, k = 2, chains of order 2" in first
    assert main(["ngrams", "--heads", "2", "--length", "4", "--init", "0.05"]) == 0
    second = capsys.readouterr().out

    def wait(text: str) -> float:
        return float(text.split("from v = W = ")[1].split()[1].split("(")[0])

    assert wait(second) / wait(first) == pytest.approx(4.0, rel=1e-2)
    assert main(["ngrams", "--heads", "1", "--length", "8"]) == 0
    one = capsys.readouterr().out
    # the singular value of the exact kernel, within five standard errors
    rate, error = one.split("dr/dt = ")[1].split(")")[0].split("(")
    exact = theory.modes(8).singular_values[0]
    places = len(rate.split(".")[1])
    assert abs(float(rate) - exact) < 5 * float(error) * 10.0**-places
    assert main(["ngrams", "--length", "40"]) == 2
    assert "T must be small enough" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["modes", "constants", "stages"])
def test_dirichlet_is_flat_for_every_command_that_takes_a_prior(command: str, capsys) -> None:
    told = []
    for prior in ("flat", "dirichlet"):
        length = [] if command == "constants" else ["--length", "5"]
        assert main([command, *length, "--prior", prior]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
