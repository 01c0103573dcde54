"""Trajectories and sweeps as xarray, pandas and netCDF: the same numbers, labelled."""

import json

import numpy as np
import pytest

import sim
from sim.sweeps.table import Sweep

xarray = pytest.importorskip("xarray")
pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def run():
    return sim.train(sim.MinimalModel.constant(6, 3), sim.Dirichlet(3), steps=4, batch_size=4,
                     held_out=8, rng=0)  # fmt: skip


def test_a_trajectory_survives_netcdf(run, tmp_path):
    path = run.to_netcdf(tmp_path / "new" / "run.nc")
    with xarray.open_dataset(path, engine="h5netcdf") as found:
        np.testing.assert_array_equal(found["v"], run.v)
        np.testing.assert_array_equal(found["kl_unigram"], run.measures["kl_unigram"])
        np.testing.assert_array_equal(found["examples"], run.examples)
        assert found["W"].dims == ("record", "state", "next_state")
        for column in found.variables.values():
            assert column.attrs["long_name"]
            assert column.attrs["units"] in ("nat", "1")
        assert found["kl_truth"].attrs["units"] == "nat"
        assert found.attrs["kl_of_bigram"] == run.baselines["bigram"]
        assert json.loads(found.attrs["provenance"])["parameters"]["seed"] == 0


def test_other_models_and_losses_have_labels_too():
    several = sim.train(sim.MultiHeadModel.constant(5, 2, 2), sim.Dirichlet(2), steps=1,
                        batch_size=2, held_out=4, loss=sim.Squared(), rng=0)  # fmt: skip
    found = several.to_xarray()
    assert found["v"].dims == ("record", "head", "lag")
    assert found["loss"].attrs["units"] == "1"


def test_a_table_has_a_row_for_each_record(run):
    table = run.to_pandas()
    assert list(table.columns[:4]) == ["step", "time", "examples", "loss"]
    np.testing.assert_array_equal(table["kl_truth"], run.measures["kl_truth"])


def double(configuration):
    if configuration["length"] == 8:
        raise RuntimeError("no luck")
    return {"final_kl_truth": 2.0 * configuration["length"], "unigram_from": np.inf}


@pytest.mark.parametrize("listed", [False, True])
def test_a_sweep_survives_netcdf(listed, tmp_path):
    grid = {"length": [5, 8], "name": ["a", "b"], "rate": [[1.0, 2.0]]}
    if listed:
        grid = [{"length": length, "name": name} for length in (5, 8) for name in "ab"]
    found = sim.sweep(grid, double, store=tmp_path / "store")
    path = Sweep.load(tmp_path / "store").to_netcdf(tmp_path / "sweep.nc")
    with xarray.open_dataset(path, engine="h5netcdf") as again:
        column = again["final_kl_truth"]
        assert column.dims == (("run",) if listed else ("length", "name", "rate"))
        np.testing.assert_array_equal(column.values.ravel(), [10, 10, np.nan, np.nan])
        assert column.attrs["units"] == "nat"
        assert "at the end" in column.attrs["long_name"]
        assert np.unique(again["length"]).tolist() == [5, 8]
    table = found.to_pandas()
    assert table["error"].isna().tolist() == [True, True, False, False]
