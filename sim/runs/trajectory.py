"""The `Trajectory` class: what was recorded during training, and saving and loading it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.models.contracts import Parameters
from sim.models.model import Model
from sim.models.registry import MODELS, restore
from sim.runs.export import trajectory_dataset, trajectory_frame, write_netcdf
from sim.runs.storage import read_trajectory, write_checkpoint, write_trajectory

if TYPE_CHECKING:
    import pandas
    import xarray

Array = NDArray[np.float64]

ROWS = ("step", "time", "examples", "loss")
COUNTS = ("step", "examples")
MEASURE, STATE = "measure_", "state_"


@dataclass(eq=False)
class Trajectory:
    """A training run, recorded at r moments.

    Attributes
    ----------
    step : ndarray of int, shape (r,)
        Updates made; for gradient flow the index of the record.
    time : ndarray, shape (r,)
        Flow time: learning rate times step (see `sim.learning.clock.flow_time`).
    examples : ndarray of int, shape (r,)
        Training sequences seen; 0 for full-batch descent and flow.
    loss : ndarray, shape (r,)
        Mean loss of the fresh batches since the record before (of the first batch for the first
        record); for full-batch descent and flow the objective's value.
    parameters : dict of str to ndarray, shape (r, ...)
        The model's parameters by name: ``v (r, T)`` and ``W (r, k, k)`` of a minimal model, also
        available as attributes; one flat array ``parameters (r, P)`` of a transformer.
    measures : dict of str to ndarray, shape (r,)
        ``kl_truth``, ``kl_uniform``, ``kl_unigram``, ``kl_bigram`` (last token, nats, held-out
        sequences), ``W_diagonal``, ``W_off_diagonal``, ``balance`` (``|W|_F^2 - |v|^2``), and after
        SGD with one rate and no decay ``balance_drift``, what the steps should have added to it.
        For a transformer ``previous_token`` and ``induction``, see `sim.attention`.
    baselines : dict of str to float
        KL from the truth to each strategy on the same held-out sequences.
    provenance : dict
        Versions, parameters, command and time; JSON-ready.
    architecture : Model, optional
        A model of the run; if not given, `model` uses the registry.
    state : dict of str to ndarray
        What it takes to go on (see `train`, ``resume``): the step, parameters, the optimizer's
        memory and the position of the random numbers. Empty for gradient flow.
    """

    step: NDArray[np.int64]
    time: Array
    examples: NDArray[np.int64]
    loss: Array
    parameters: Parameters
    measures: dict[str, Array]
    baselines: dict[str, float] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    architecture: Model | None = field(default=None, repr=False)
    state: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.step)

    @property
    def v(self) -> Array:
        """Positional weights of a minimal model, ``(r, T)``; with several heads ``(r, H, T)``."""
        return self._parameter("v")

    @property
    def W(self) -> Array:
        """Second-layer weights of a minimal model, ``(r, k, k)``, or ``(r, H, k, k)``."""
        return self._parameter("W")

    def _parameter(self, name: str) -> Array:
        if name not in self.parameters:
            known = ", ".join(self.parameters)
            raise AttributeError(f"this trajectory has no {name}, only {known}")
        return self.parameters[name]

    def __str__(self) -> str:
        last = f"step {self.step[-1]}" if len(self) else "nothing recorded"
        shapes = ", ".join(
            f"{name} {values.shape[1:]}".replace(",)", ")")
            for name, values in self.parameters.items()
        )
        lines = [f"Trajectory of {shapes}: {len(self)} records to {last}"]
        if self.stopped:
            lines.append(f"not finished ({self.stopped}): {self._progress()}")
        if "kl_truth" in self.measures and len(self):
            kl = self.measures["kl_truth"]
            lines.append(
                f"KL to the truth {_nats(kl[0])} -> {_nats(kl[-1])} nats (lowest {_nats(kl.min())})"
            )
        for name, value in self.baselines.items():
            lines.append(f"  {name} strategy {value:.4f}")
        return "\n".join(lines)

    @property
    def stopped(self) -> str | None:
        """Why the run ended before its last step; None if it did not."""
        return self.provenance.get("stopped")

    def _progress(self) -> str:
        step = self.state.get("step", self.step[-1] if len(self) else 0)
        return f"{int(step):,} of {self.provenance['parameters']['steps']:,} steps made"

    def model(self, index: int = -1) -> Model:
        """The model at a record.

        Raises
        ------
        ValueError
            If there is no such record, or the trajectory was loaded and its model is not registered
            here.
        """
        count, place = len(self), checks.whole("index", index)
        if not -count <= place < count:
            held = f"in {-count}..{count - 1}" if count else "of a record, and there is none"
            raise ValueError(f"index must be {held}, got {place}")
        parameters = {name: values[place] for name, values in self.parameters.items()}
        if self.architecture is not None:
            return self.architecture.with_parameters(**parameters)
        return restore(self.provenance.get("parameters", {}).get("model", {}), parameters)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write ``trajectory.npz`` and ``trajectory.json`` into the folder `path`.

        The arrays are written first, then the JSON, which holds their checksum; each file is
        written under a temporary name and renamed. An earlier trajectory in the folder is replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OSError
            If the folder cannot be written.

        Examples
        --------
        >>> import sim, tempfile
        >>> model = sim.MinimalModel.constant(T=6, k=2)
        >>> run = sim.train(model, sim.Dirichlet(2), steps=4, rng=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = sim.Trajectory.load(run.save(folder))
        >>> bool((again.v == run.v).all())
        True
        """
        return write_trajectory(path, self._arrays(), self._about())

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write an unfinished run into the folder `path`, as one file that replaces the last."""
        write_checkpoint(path, self._arrays(), self._about())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        for name in self.parameters:
            if name in ROWS or name.startswith((MEASURE, STATE)):
                raise ValueError(f"parameters must not be named {name}: that is a record's")
        arrays = {name: getattr(self, name) for name in ROWS} | self.parameters
        arrays |= {f"{MEASURE}{name}": values for name, values in self.measures.items()}
        return arrays | {f"{STATE}{name}": values for name, values in self.state.items()}

    def _about(self) -> dict[str, Any]:
        return {"baselines": self.baselines, "provenance": self.provenance}

    def to_xarray(self) -> xarray.Dataset:
        """Everything as labelled arrays over the records (needs the extra ``sweep``).

        Each has a long name and a unit; the strategies' levels and the provenance are attributes.
        """
        return trajectory_dataset(self)

    def to_pandas(self) -> pandas.DataFrame:
        """Step, time, examples, loss and measures as a table, one row a record."""
        return trajectory_frame(self)

    def to_netcdf(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_xarray` as a netCDF file, which Julia, R and MATLAB read too."""
        return write_netcdf(self.to_xarray(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Trajectory:
        """Read a trajectory from its folder, or from either of its two files.

        Raises
        ------
        FileNotFoundError
            If there is no trajectory at `path`.
        ValueError
            If the files are truncated, do not belong together or are something else.

        Examples
        --------
        See `save`. The settings of the run are in the provenance of the loaded trajectory.

        >>> import sim, tempfile
        >>> model = sim.MinimalModel.constant(T=6, k=2)
        >>> run = sim.train(model, sim.Dirichlet(2), steps=4, rng=7)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = sim.Trajectory.load(run.save(folder))
        >>> again.provenance["parameters"]["seed"], again.model().T
        (7, 6)
        """
        arrays, header, file = read_trajectory(path)
        missing = [name for name in ROWS if name not in arrays]
        if missing:
            raise ValueError(f"{file} is not a trajectory: it has no {', '.join(missing)}")
        state = _taken_out(arrays, STATE)
        about = header["provenance"].get("parameters", {})
        wrong = _inconsistency(arrays, about.get("model"))
        if wrong:
            raise ValueError(f"{file} is not a trajectory: {wrong}")
        measures = _taken_out(arrays, MEASURE)
        rows: dict[str, Any] = {name: arrays.pop(name) for name in ROWS}
        return cls(
            **rows,
            parameters=arrays,
            measures=measures,
            baselines=header["baselines"],
            provenance=header["provenance"],
            state=state,
        )


def _taken_out(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Those of the arrays whose names begin so, by the rest of their names."""
    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name) for name in names}


def _nats(value: float) -> str:
    # a run on its way to divergence may be hundreds of digits away
    return f"{value:.4f}" if abs(value) < 1e4 else f"{value:.3g}"


def _inconsistency(arrays: dict[str, NDArray[Any]], description: Any) -> str | None:
    """What makes arrays unfit for a trajectory of the model so described, if anything does."""
    records = arrays["step"].shape[:1]
    for name, array in arrays.items():
        if array.dtype.kind not in ("iu" if name in COUNTS else "f"):
            return f"{name} holds {array.dtype} instead of {'int' if name in COUNTS else 'float'}"
        if array.shape[:1] != records:
            return f"{name} has {(*array.shape, 0)[0]} for records, other arrays {records[0]}"
        if array.ndim != 1 and (name in ROWS or name.startswith(MEASURE)):
            return f"{name} has shape {array.shape} instead of (records,)"
    parameters = {
        name: array[0] if records[0] else array
        for name, array in arrays.items()
        if name not in ROWS and not name.startswith(MEASURE)
    }
    if records[0] and isinstance(description, dict) and description.get("model") in MODELS:
        try:
            restore(description, parameters)
        except ValueError as error:
            return str(error)
    return None
