"""Record a model during training, and choose the steps at which to do so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.messages import shown
from sim.models.contracts import Parameters, unstack
from sim.models.model import Model
from sim.runs.measures import HeldOut
from sim.runs.trajectory import COUNTS, ROWS, Trajectory

Array = NDArray[np.float64]

MOST_STEPS = 2**53  # the largest number of steps that flow time, a float, can count


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

    def __len__(self) -> int:
        """How many records are whole."""
        parts: list[dict[str, Any]] = [self._parameters, self._rows, self._measures]
        return min(len(column) for part in parts for column in part.values())

    def restore(self, trajectory: Trajectory, measures: Iterable[str]) -> None:
        """Take over the records of a trajectory, with those of its measures that came with them."""
        for name, stacked in trajectory.parameters.items():
            self._parameters[name] = list(stacked)
        self._rows = {name: getattr(trajectory, name).tolist() for name in ROWS}
        self._measures = {name: trajectory.measures[name].tolist() for name in measures}

    def trajectory(
        self,
        provenance: dict[str, Any] | None = None,
        *,
        records: int | None = None,
        measured: bool = True,
    ) -> Trajectory:
        """Everything recorded so far, or the first so many records.

        What takes time to measure, on the held-out sequences and inside the model, can be left out.
        """
        count = len(self) if records is None else records
        parameters = {
            name: np.array(self._parameters[name][:count], dtype=array.dtype).reshape(
                count, *array.shape
            )
            for name, array in self._model.parameters.items()
        }
        measures: dict[str, Array] = {}
        if measured and count:
            if self._test_set is not None:
                measures |= self._test_set.evaluate_all(self._model, parameters)
            measures |= self._inside(parameters)
        measures |= {name: np.asarray(values[:count]) for name, values in self._measures.items()}
        rows: dict[str, Any] = {
            name: np.asarray(self._rows[name][:count], np.int64 if name in COUNTS else np.float64)
            for name in ROWS
        }
        return Trajectory(
            **rows,
            parameters=parameters,
            measures=measures,
            baselines=self._test_set.baselines if self._test_set is not None else {},
            provenance={} if provenance is None else provenance,
            architecture=self._model,
        )

    def _inside(self, parameters: Parameters) -> dict[str, Array]:
        """What the model measures of itself, at every record."""
        context = None if self._test_set is None else self._test_set.context
        found = [model.measures(context) for model in unstack(self._model, parameters)]
        return {name: np.array([row[name] for row in found], dtype=float) for name in found[0]}


def _dense(stop: int) -> NDArray[np.int64]:
    """Steps from 1 on, each an eighth beyond the one before, below `stop`."""
    step, found = 1, []
    while step < stop:
        found.append(step)
        step = max(step + 1, step * 9 // 8)
    return np.array(found, dtype=np.int64)


def record_steps(
    steps: int, record_every: int | None = None, record_at: Any = None
) -> NDArray[np.int64]:
    """The steps to record: 0, every `record_every`-th, those of `record_at`, and the last.

    With neither given, about 200 evenly spaced ones, and between the first two of them every step
    that is at least an eighth beyond the one before.
    """
    if steps >= MOST_STEPS:
        raise ValueError(f"steps must be below 2**53, got {shown(steps)}")
    chosen = [np.array([0, steps])]
    if record_every is None and record_at is None:
        record_every = max(1, steps // 200)
        chosen.append(_dense(record_every))
    if record_every is not None:
        every = checks.integer("record_every", record_every, 1)
        checks.memory(f"records at every {every} of {steps} steps", steps // every + 1)
        chosen.append(np.arange(0, steps + 1, every))
    if record_at is not None:
        extra = checks.real_array("record_at", record_at)
        if extra.dtype.kind not in "iu" or (extra < 0).any() or (extra > steps).any():
            raise ValueError(f"record_at must hold integers in 0..{steps}, got {shown(record_at)}")
        chosen.append(extra.ravel())
    return np.unique(np.concatenate(chosen)).astype(np.int64)
