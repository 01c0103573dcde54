"""Record a model during training, and choose the steps at which to do so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.models.contracts import Parameters, unstack
from sim.models.model import Model
from sim.runs.measures import HeldOut
from sim.runs.trajectory import ROWS, Trajectory

Array = NDArray[np.float64]


class Recorder:
    """Collects records and turns them into a Trajectory, measures of all records taken at once.

    Parameters
    ----------
    model : Model
        Its architecture; the parameters come with each record.
    test_set : HeldOut, optional
        Where predictions are measured; without it only the parameters are.
    """

    def __init__(self, model: Model, test_set: HeldOut | None = None) -> None:
        if test_set is not None:
            # found out now rather than after the training
            test_set.refuse_misfit(model)
        self._model, self._test_set = model, test_set
        self._parameters: dict[str, list[NDArray[Any]]] = {name: [] for name in model.parameters}
        self._rows: dict[str, list[float]] = {name: [] for name in ROWS}
        self._measures: dict[str, list[float]] = {}

    def add(
        self,
        parameters: Parameters,
        value: float,
        *,
        step: int,
        time: float,
        examples: int,
        **measures: float,
    ) -> None:
        """Record the parameters, copied; `value` is the loss that belongs to them."""
        for name, array in parameters.items():
            self._parameters[name].append(array.copy())
        row = {"step": step, "time": time, "examples": examples, "loss": value}
        for name, entry in row.items():
            self._rows[name].append(entry)
        for name, entry in measures.items():
            self._measures.setdefault(name, []).append(entry)

    def trajectory(self, provenance: dict[str, Any] | None = None) -> Trajectory:
        """Everything recorded so far."""
        parameters = {
            name: np.array(self._parameters[name], dtype=array.dtype)
            for name, array in self._model.parameters.items()
        }
        measures: dict[str, Array] = {}
        if self._test_set is not None and self._rows["step"]:
            measures |= self._test_set.evaluate_all(self._model, parameters)
        measures |= self._inside(parameters)
        measures |= {name: np.asarray(values) for name, values in self._measures.items()}
        return Trajectory(
            **{name: np.asarray(values) for name, values in self._rows.items()},
            parameters=parameters,
            measures=measures,
            baselines=self._test_set.baselines if self._test_set is not None else {},
            provenance={} if provenance is None else provenance,
            architecture=self._model,
        )

    def _inside(self, parameters: Parameters) -> dict[str, Array]:
        """What the model measures of itself, at every record."""
        if not self._rows["step"]:
            return {}
        context = None if self._test_set is None else self._test_set.context
        found = [model.measures(context) for model in unstack(self._model, parameters)]
        return {name: np.array([row[name] for row in found], dtype=float) for name in found[0]}


def record_steps(
    steps: int, record_every: int | None = None, record_at: Any = None
) -> NDArray[np.int64]:
    """The steps to record: 0, every `record_every`-th, those of `record_at`, and the last.

    With neither given, about 200 evenly spaced ones.
    """
    if record_every is None and record_at is None:
        record_every = max(1, steps // 200)
    chosen = [np.array([0, steps])]
    if record_every is not None:
        chosen.append(np.arange(0, steps + 1, checks.integer("record_every", record_every, 1)))
    if record_at is not None:
        extra = np.asarray(record_at)
        if extra.dtype.kind not in "iu" or (extra < 0).any() or (extra > steps).any():
            raise ValueError(f"record_at must hold integers in 0..{steps}, got {record_at!r}")
        chosen.append(extra.ravel())
    return np.unique(np.concatenate(chosen)).astype(np.int64)
