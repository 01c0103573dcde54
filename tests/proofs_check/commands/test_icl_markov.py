"""The one command in front of the three rooms, called as a function and as it is installed."""

import os
import shlex
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

from proofs_check.commands.icl_markov import ROOMS, main
from sim.runs.trajectory import Trajectory

SCRIPT = Path(sys.executable).with_name("icl-markov")
TINY = ["--k", "2", "--length", "6", "--batch-size", "4", "--steps", "4", "--held-out", "10",
        "--quiet"]  # fmt: skip

installed = pytest.mark.skipif(not SCRIPT.exists(), reason="icl-markov is not installed here")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_the_rooms(arguments, capsys):
    if arguments:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0
    else:
        assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: icl-markov {theory,sim,check}")
    for room, (_, what) in ROOMS.items():
        assert f"{what}\n" in out
        assert f"\n  icl-markov {room} " in out


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    try:
        version = metadata.version("icl-markov")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    assert capsys.readouterr().out == f"icl-markov {version}\n"


@pytest.mark.parametrize("word", ["fly", "proofs", "--fly"])
def test_an_unknown_word_is_refused_in_one_line(word, capsys):
    with pytest.raises(SystemExit) as stop:
        main([word, "run"])
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.startswith("error: ")
    assert word in captured.err
    assert captured.err.endswith("(see icl-markov --help)\n")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["theory", "list"], 0),
        (["theory", "modes", "--length", "0"], 2),
        (["sim", "show", "/nowhere"], 2),
        (["check", "verify", "--list"], 0),
        (["check", "verify", "A.99"], 2),
    ],
)
def test_the_exit_status_is_that_of_the_room(arguments, status, capsys):
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert bool(captured.err) == bool(status)


@pytest.mark.parametrize(
    ("room", "command"),
    [("theory", "modes"), ("sim", "run"), ("sim", "sweep"), ("check", "verify")],
)
def test_help_says_what_was_typed(room, command, capsys):
    module, _ = ROOMS[room]
    folder = module.partition(".")[0]
    for typed, call in (
        (f"icl-markov {room}", lambda words: main([room, *words])),
        (f"python -m {folder}", import_module(module).main),
    ):
        for words in (["--help"], [command, "--help"]):
            with pytest.raises(SystemExit):
                call(words)
            out = capsys.readouterr().out
            assert out.startswith(shlex.join(["usage:", *typed.split(), *words[:-1]]))
            assert ("icl-markov" in out) == typed.startswith("icl-markov")


def test_a_refused_value_of_a_grid_points_to_the_same_command(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["sim", "sweep", "--grid", "k=two", "--out", str(tmp_path)])
    assert "(see icl-markov sim sweep --help)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["theory", "show", "A.32"], ("numba", "matplotlib", "sim")),
        (["sim", "--help"], ("sympy", "matplotlib", "theory")),
        (["--help"], ("numba", "sympy", "matplotlib", "scipy", "sim", "theory")),
    ],
)
def test_a_room_loads_what_it_needs(arguments, absent):
    code = (
        "import sys; from proofs_check.commands.icl_markov import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"sys.exit(', '.join(name for name in {absent} if name in sys.modules) or None)"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "proofs_check", "verify", "A.32"],
        ["-c", "from proofs_check.commands.icl_markov import main\nexit(main(['sim']))"],
        ["-c", "import proofs_check\nproofs_check.CLAIMS"],
    ],
)
@pytest.mark.parametrize("hiding", ["sim.py", "theory/__init__.py"])
def test_a_file_that_hides_a_package_is_named(command, hiding, tmp_path):
    (tmp_path / hiding).parent.mkdir(exist_ok=True)
    (tmp_path / hiding).write_text("")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONSAFEPATH": ""}
    run = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert f"is hidden by {(tmp_path / hiding).resolve()}" in run.stderr.splitlines()[-1]


@installed
def test_it_works_beside_folders_of_the_same_names(tmp_path):
    for room in ("sim", "theory", "proofs_check"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("raise RuntimeError('the wrong folder')\n")

    def run(*words):
        return subprocess.run(
            [SCRIPT, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    typed = ["sim", "run", *TINY, "--out", "a run"]
    run(*typed)
    command = Trajectory.load(tmp_path / "a run").provenance["command"]
    assert command == shlex.join(["icl-markov", *typed])
    assert command in run("sim", "show", "a run")
    assert "lemma-3.1" in run("theory", "list")
    assert "A.32" in run("check", "verify", "--list")
    # its workers are new interpreters
    run("sim", "sweep", *TINY, "--seeds", "2", "--workers", "2", "--out", "sweep")
    assert (tmp_path / "sweep" / "sweep.csv").exists()
