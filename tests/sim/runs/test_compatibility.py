"""Trajectories and sweeps written before the settings of a run were a class of their own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.commands.main import main
from sim.learning.settings import held_out_sequences

WRITTEN = Path(__file__).parents[2] / "data" / "before_settings"
KINDS = {
    "minimal": sim.MinimalModel,
    "multihead": sim.MultiHeadModel,
    "transformer": sim.Transformer,
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_trajectory_loads_with_its_model_and_its_held_out_sequences(name, kind):
    run = sim.Trajectory.load(WRITTEN / name)
    model = run.model(-1)
    assert isinstance(model, kind)
    assert run.step.tolist() == [0, 2, 4, 6]
    # what was measured then is measured again on the sequences drawn again
    again = sim.HeldOut(held_out_sequences(run)).evaluate(model)
    for measure, value in again.items():
        assert value == pytest.approx(run.measures[measure][-1], rel=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_the_same_options_are_the_same_run_with_the_same_bytes(name, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(WRITTEN / name, folder)
    before = (folder / "trajectory.npz").read_bytes()
    options = json.loads((folder / "trajectory.json").read_text())["provenance"]["configuration"]
    settings = sim.RunSettings.from_description(options)
    assert settings.describe() == options
    # a run that is not the one in the folder is refused; this one is
    command = ["run", "--quiet", "--out", str(folder), "--seed", "3", "--steps", "6",
               "--held-out", "8", "--record-every", "2"]  # fmt: skip
    assert main([*command, "--length", "4"]) == 2
    again = settings.train()
    np.testing.assert_allclose(
        again.loss, sim.Trajectory.load(folder).loss, rtol=1e-5 if name == "transformer" else 1e-12
    )
    assert (folder / "trajectory.npz").read_bytes() == before
    assert "already holds a different run" in capsys.readouterr().err


def test_a_sweep_goes_on_where_it_was(tmp_path, capsys):
    folder = tmp_path / "sweep"
    shutil.copytree(WRITTEN / "sweep", folder)
    files = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*.*")}
    assert len(files) == 12
    command = ["sweep", "--grid", "k=2,3", "--grid", "learning-rate=1e-3,2e-3 4e-3", "--length",
               "5", "--steps", "4", "--held-out", "6", "--quiet", "--out", str(folder)]  # fmt: skip
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*.*")} == files
    assert len((folder / "sweep.csv").read_text().splitlines()) == 5
