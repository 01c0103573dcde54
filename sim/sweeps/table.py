"""The `Sweep` class: results of a sweep as records, columns, arrays and files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.files import output_folder, write_atomic
from sim.runs.export import label, write_netcdf
from sim.sweeps.contents import read_store
from sim.sweeps.grid import RESERVED
from sim.sweeps.store import Run

if TYPE_CHECKING:
    import pandas
    import xarray


class Sweep:
    """Runs in the order of their grid.

    Parameters
    ----------
    runs : sequence of Run
    grid : dict of str to list, optional
        The values whose Cartesian product was swept, if it was one.

    Attributes
    ----------
    runs, finished, failed : list of Run
        All of them; those with a result; those with an `error`.
    """

    def __init__(self, runs: Sequence[Run], grid: dict[str, list[Any]] | None = None) -> None:
        self.runs, self.grid = list(runs), grid
        self.finished = [run for run in self.runs if run.error is None]
        self.failed = [run for run in self.runs if run.error is not None]

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Sweep:
        """All runs in a store, in the order of the latest grid.

        `folder` is the store itself or that of ``sim sweep``. Runs that are not done, or whose
        file is damaged, are there with an `error`. Runs of earlier grids come last.

        Raises
        ------
        FileNotFoundError
            If there is no sweep.
        """
        found = read_store(folder)
        whole = found.axes if len(found.runs) == found.planned else None
        return cls(found.runs, whole)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __str__(self) -> str:
        lines = [f"Sweep: {len(self.finished)} runs finished, {len(self.failed)} failed"]
        lines += [f"  {run.configuration}: {run.error}" for run in self.failed]
        return "\n".join(lines)

    def records(self) -> list[dict[str, Any]]:
        """One flat dict for each finished run: its configuration and its result."""
        return [run.configuration | run.result for run in self.finished]

    def table(self) -> dict[str, NDArray[Any]]:
        """Columns over the finished runs, each ``(n,)``; None where a run has no such entry.

        Columns of numbers are arrays of numbers, others (strings, lists, None) of objects.
        """
        records = self.records()
        names = dict.fromkeys(name for record in records for name in record)
        return {name: _column([record.get(name) for record in records]) for name in names}

    def array(self, name: str) -> NDArray[np.float64]:
        """A result with one axis for each name of the grid; NaN where a run failed.

        Raises
        ------
        ValueError
            If the grid was not a mapping, or no run has such a result.
        """
        if self.grid is None:
            raise ValueError("array needs a grid given as a mapping, got a list of configurations")
        checks.one_of("name", name, self._results())
        values = [run.result.get(name, np.nan) for run in self.runs]
        shape = [len(axis) for axis in self.grid.values()]
        return np.array(values, dtype=np.float64).reshape(shape)

    def to_xarray(self) -> xarray.Dataset:
        """Every result as a labelled array over the grid (needs the extra ``sweep``).

        A sweep of listed configurations has one axis ``run``, with the entries that vary as its
        coordinates. Results have long names and units. Values that are neither numbers nor strings
        are labelled by their text, which lets the whole be written as netCDF.
        """
        import xarray

        names = self._results()
        if self.grid is None:
            axes = ["run"]
            arrays = {
                name: np.array([run.result.get(name, np.nan) for run in self.runs], dtype=float)
                for name in names
            }
            columns = self._varied()
            coordinates = {name: ("run", _labels(values)) for name, values in columns.items()}
        else:
            axes = list(self.grid)
            arrays = {name: self.array(name) for name in names}
            coordinates = {name: (name, _labels(values)) for name, values in self.grid.items()}
        return xarray.Dataset(
            {name: (axes, values, label(name)) for name, values in arrays.items()},
            coords=coordinates,
        )

    def to_pandas(self) -> pandas.DataFrame:
        """Every run as a row: configuration, result and ``error`` (needs the extra ``sweep``)."""
        import pandas

        rows = [run.configuration | run.result | {"error": run.error} for run in self.runs]
        return pandas.DataFrame(rows)

    def to_netcdf(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_xarray` as a netCDF file, which Julia, R and MATLAB read too."""
        return write_netcdf(self.to_xarray(), path)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write every run as a row: configuration, result, ``error`` if it failed, and ``kept``.

        ``kept`` is the path of its trajectory relative to the file, if it is in a store. Numbers
        are written exactly.
        """
        target = Path(path)
        rows = [
            run.configuration
            | run.result
            | {"error": run.error, "kept": _place(run, target.parent)}
            for run in self.runs
        ]
        names = dict.fromkeys(name for row in rows for name in row if name not in RESERVED)
        text = io.StringIO()
        writer = csv.DictWriter(text, [*names, *RESERVED], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        content = text.getvalue().encode()
        output_folder(target.parent)
        write_atomic(target, lambda file: file.write(content))
        return target

    def _varied(self) -> dict[str, list[Any]]:
        names = dict.fromkeys(name for run in self.runs for name in run.configuration)
        columns = {name: [run.configuration.get(name) for run in self.runs] for name in names}
        return {
            name: values for name, values in columns.items()
            if any(value != values[0] for value in values)
        }  # fmt: skip

    def _results(self) -> list[str]:
        return list(dict.fromkeys(name for run in self.finished for name in run.result))


def _column(values: list[Any]) -> NDArray[Any]:
    if all(isinstance(value, bool | int | float) for value in values):
        return np.array(values)
    column = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):  # a list assigned as a whole would be spread out
        column[index] = value
    return column


def _labels(values: list[Any]) -> NDArray[Any]:
    column = _column(values)
    return column if column.dtype != object else np.array([str(_cell(value)) for value in values])


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(str(_cell(entry)) for entry in value)
    return value


def _place(run: Run, folder: Path) -> str | None:
    return os.path.relpath(run.kept, folder) if isinstance(run.kept, Path) else None
