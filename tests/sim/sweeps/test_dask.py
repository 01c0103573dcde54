"""A Dask cluster of processes gives the bytes of a sweep in this process."""

import pytest

from sim.commands.main import main

pytest.importorskip("distributed")

SWEEP = ["sweep", "--grid", "k=2,3", "--seeds", "2", "--length", "5", "--batch-size", "4",
         "--held-out", "10", "--steps", "8", "--quiet"]  # fmt: skip


# what Dask leaves open is closed with its processes
@pytest.mark.filterwarnings("ignore")
def test_a_local_cluster_gives_the_bytes_of_the_serial_sweep(tmp_path):
    serial, dask = tmp_path / "serial", tmp_path / "dask"
    assert main([*SWEEP, "--out", str(serial)]) == 0
    assert main([*SWEEP, "--out", str(dask), "--scheduler", "local", "--workers", "2"]) == 0
    arrays = sorted(path.relative_to(serial) for path in serial.rglob("*.npz"))
    assert len(arrays) == 4
    assert sorted(path.relative_to(dask) for path in dask.rglob("*.npz")) == arrays
    for path in arrays:
        assert (dask / path).read_bytes() == (serial / path).read_bytes()
    assert (dask / "sweep.csv").read_bytes() == (serial / "sweep.csv").read_bytes()


def test_a_scheduler_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert main([*SWEEP, "--out", str(tmp_path), "--scheduler", "nowhere:x"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --scheduler 'nowhere:x' cannot be reached")
    assert said.count("\n") == 1
