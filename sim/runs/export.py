"""Trajectories as labelled arrays, tables and netCDF, with units and long names."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.files import output_folder, strict, write_atomic

if TYPE_CHECKING:
    import pandas
    import xarray

    from sim.runs.trajectory import Trajectory

NAT, ONE = "nat", "1"
# by name: what it is, and its unit
LABELS = {
    "step": ("updates made", ONE),
    "time": ("flow time: learning rate times step", ONE),
    "examples": ("training sequences seen", ONE),
    "loss": ("mean training loss since the record before", NAT),
    "W_diagonal": ("mean of the diagonal of W", ONE),
    "W_off_diagonal": ("mean of W off the diagonal", ONE),
    "balance": ("|W|^2 - |v|^2", ONE),
    "balance_drift": ("what the steps should have added to |W|^2 - |v|^2", ONE),
    "previous_token": ("attention of the first layer to the token before", ONE),
    "induction": ("attention of the second layer by induction", ONE),
    "kl_truth": ("KL divergence from the truth to the model at the last token", NAT),
}
# names of the axes of parameters, the last ones first in need
AXES = {"v": ("head", "lag"), "W": ("head", "state", "next_state")}


def label(name: str) -> dict[str, str]:
    """Attributes ``long_name`` and ``units`` of a column."""
    if name.startswith("final_"):
        found = label(name.removeprefix("final_"))
        return found | {"long_name": f"{found['long_name']}, at the end"}
    if name.endswith("_from"):
        strategy = name.removesuffix("_from")
        return {"long_name": f"examples until the {strategy} strategy is nearest", "units": ONE}
    if name.startswith("kl_") and name not in LABELS:
        strategy = name.removeprefix("kl_")
        text = f"KL divergence from the {strategy} strategy to the model at the last token"
        return {"long_name": text, "units": NAT}
    text, unit = LABELS.get(name, (name.replace("_", " "), ONE))
    return {"long_name": text, "units": unit}


def trajectory_dataset(trajectory: Trajectory) -> xarray.Dataset:
    """See `Trajectory.to_xarray`."""
    import xarray

    columns: dict[str, Any] = {"loss": trajectory.loss} | trajectory.measures
    variables = {name: ("record", values, label(name)) for name, values in columns.items()}
    about = trajectory.provenance.get("parameters", {})
    if about.get("loss", {}).get("loss", "cross_entropy") != "cross_entropy":
        variables["loss"][2]["units"] = ONE
    for name, values in trajectory.parameters.items():
        axes = _axes(name, values.ndim - 1)
        attributes = {"long_name": f"parameters {name}", "units": ONE}
        variables[name] = (("record", *axes), values, attributes)  # type: ignore[assignment]
    coordinates = {
        name: ("record", getattr(trajectory, name), label(name))
        for name in ("step", "time", "examples")
    }
    about_all: dict[str, Any] = {
        f"kl_of_{name}": level for name, level in trajectory.baselines.items()
    }
    about_all["provenance"] = json.dumps(strict(trajectory.provenance), sort_keys=True)
    return xarray.Dataset(variables, coords=coordinates, attrs=about_all)


def trajectory_frame(trajectory: Trajectory) -> pandas.DataFrame:
    """See `Trajectory.to_pandas`."""
    import pandas

    rows = {name: getattr(trajectory, name) for name in ("step", "time", "examples", "loss")}
    return pandas.DataFrame(rows | trajectory.measures)


def write_netcdf(dataset: xarray.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a dataset as netCDF, whole or not at all."""
    target = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "data.nc"
        dataset.to_netcdf(draft, engine="h5netcdf")
        content = draft.read_bytes()
    output_folder(target.parent)
    write_atomic(target, lambda file: file.write(content))
    return target


def _axes(name: str, count: int) -> tuple[str, ...]:
    known = AXES.get(name, ())
    if 0 < count <= len(known):
        return known[-count:]
    return tuple(f"{name}_{axis}" for axis in range(count))
