"""The `Trajectory` class: what was recorded during training, and saving and loading it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.files import json_bytes, output_folder, write_atomic
from sim.models.contracts import Parameters
from sim.models.model import Model
from sim.models.registry import MODELS, restore

Array = NDArray[np.float64]

FORMAT = "icl-markov trajectory 1"
ROWS = ("step", "time", "examples", "loss")
COUNTS = ("step", "examples")
MEASURE = "measure_"


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
        if "kl_truth" in self.measures and len(self):
            kl = self.measures["kl_truth"]
            lines.append(
                f"KL to the truth {_nats(kl[0])} -> {_nats(kl[-1])} nats (lowest {_nats(kl.min())})"
            )
        for name, value in self.baselines.items():
            lines.append(f"  {name} strategy {value:.4f}")
        return "\n".join(lines)

    def model(self, index: int = -1) -> Model:
        """The model at a record.

        Raises
        ------
        ValueError
            If the trajectory was loaded and its model is not registered here.
        """
        parameters = {name: values[index] for name, values in self.parameters.items()}
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
        taken = [name for name in self.parameters if name in ROWS or name.startswith(MEASURE)]
        if taken:
            raise ValueError(f"parameters must not be named {', '.join(taken)}: that is a record's")
        folder = output_folder(path)
        arrays = {name: getattr(self, name) for name in ROWS} | self.parameters
        arrays |= {f"{MEASURE}{name}": values for name, values in self.measures.items()}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        content = buffer.getvalue()
        # made before anything is written: an earlier run in the folder is not lost to a bad entry
        header = json_bytes(
            {
                "format": FORMAT,
                "sha256": hashlib.sha256(content).hexdigest(),
                "baselines": self.baselines,
                "provenance": self.provenance,
            }
        )
        write_atomic(folder / "trajectory.npz", lambda file: file.write(content))
        write_atomic(folder / "trajectory.json", lambda file: file.write(header))
        return folder

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
        given = Path(path)
        folder = given if given.is_dir() else given.parent
        header = _read_header(folder, given)
        content = _read_bytes(folder / "trajectory.npz", given)
        if hashlib.sha256(content).hexdigest() != header["sha256"]:
            raise ValueError(
                f"{folder / 'trajectory.npz'} is truncated or not the one its JSON describes"
            )
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            rows = {name: arrays.pop(name) for name in ROWS}
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{folder / 'trajectory.npz'} is not a trajectory: {error}") from None
        about = header["provenance"].get("parameters", {})
        wrong = _inconsistency(rows | arrays, about.get("model"))
        if wrong:
            raise ValueError(f"{folder / 'trajectory.npz'} is not a trajectory: {wrong}")
        measures = {
            name.removeprefix(MEASURE): arrays.pop(name)
            for name in list(arrays)
            if name.startswith(MEASURE)
        }
        return cls(
            **rows,
            parameters=arrays,
            measures=measures,
            baselines=header["baselines"],
            provenance=header["provenance"],
        )


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


def _read_bytes(path: Path, given: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"no trajectory at {given}: {path} does not exist") from None


def _read_header(folder: Path, given: Path) -> dict[str, Any]:
    path = folder / "trajectory.json"
    if given.is_file() and given.name not in ("trajectory.npz", "trajectory.json"):
        raise ValueError(f"{given} is not a trajectory: expected trajectory.npz or trajectory.json")
    try:
        header = json.loads(_read_bytes(path, given))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path} is truncated or not JSON") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{path} is not a trajectory: its format is not {FORMAT!r}")
    missing = {"sha256", "baselines", "provenance"} - header.keys()
    if missing:
        raise ValueError(f"{path} is not a trajectory: it lacks {', '.join(sorted(missing))}")
    baselines = header["baselines"]
    if not isinstance(baselines, dict) or not all(
        isinstance(level, int | float) for level in baselines.values()
    ):
        raise ValueError(f"{path} is not a trajectory: its baselines are not numbers by name")
    if not isinstance(header["provenance"], dict):
        raise ValueError(f"{path} is not a trajectory: its provenance is not a mapping")
    return header
