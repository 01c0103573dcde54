"""The loop shared by all ways of learning: advance, record, keep what there is, stop, go on."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from sim.files import canonical, strict
from sim.learning.clock import flow_time
from sim.learning.control import Control, Diverged, Interrupted, Record
from sim.learning.learners import Learner
from sim.learning.rates import Rates
from sim.learning.stability import stable_rate
from sim.provenance import provenance
from sim.runs.measures import HeldOut
from sim.runs.recorder import Recorder
from sim.runs.trajectory import Trajectory

# seconds that a block of steps should take: between two looks at the clock, and at the signals
BLOCK_SECONDS = 0.1
MOST_STEPS = 4096
# a checkpoint that takes long to write is written less often: at most this part of the time
CHECKPOINT_SHARE = 0.02


class Loop:
    """One run, from its beginning or from where it was left, to its end or as far as it gets."""

    def __init__(
        self,
        learner: Learner,
        control: Control,
        *,
        records: NDArray[np.int64],
        batch_size: int,
        test_set: HeldOut | None,
        parameters: dict[str, Any],
    ) -> None:
        self._began = self._kept_at = time.perf_counter()
        self._learner, self._control, self._batch_size = learner, control, batch_size
        self._rates, self._steps = learner.learning_rate, int(records[-1])
        self._parameters = parameters | {
            "model": learner.model.describe(),
            "steps": self._steps,
            "batch_size": batch_size,
            "learning_rate": list(self._rates),
            "weight_decay": list(learner.weight_decay),
        }
        strict(self._parameters)  # what cannot be saved is found out before the training
        self._start = {name: array.copy() for name, array in learner.model.parameters.items()}
        self._recorder = Recorder(learner.model, test_set)
        self._step, self._block, self._seconds_before = 0, 1, 0.0
        self._records = records
        self._pause = control.checkpoint_every
        before = control.beginning()
        if before is not None and len(before):  # one that had not begun is begun
            self._resume(before)
        self._first = self._step
        self._snapshot()

    def run(self) -> Trajectory:
        """Train to the last record, or until the time is over or `on_record` says so."""
        control, why = self._control, None
        bar = tqdm(total=self._steps, initial=self._step, unit="step",
                   disable=not control.progress, leave=False, mininterval=0.2)  # fmt: skip
        try:
            # a run on its way to divergence overflows; that is noticed and reported
            with bar, np.errstate(over="ignore", invalid="ignore", under="ignore"):
                for due in self._records.tolist():
                    why = self._advance_to(due, bar) or self._record(due)
                    if why:
                        break
            if why is not None and control.checkpoint is not None:
                self._keep(why)
            return self._trajectory(why)
        except Diverged:
            raise
        except BaseException as error:
            if control.checkpoint is not None:
                self._keep("interrupted")
            if isinstance(error, KeyboardInterrupt):
                step = int(self._whole[0].get("step", 0))
                raise Interrupted(step, lambda: self._trajectory("interrupted")) from None
            raise

    def _advance_to(self, due: int, bar: Any) -> str | None:
        """Make the steps up to a record; says why if it ends before."""
        limit = self._control.max_seconds
        while self._step < due:
            began = time.perf_counter()
            # not before the first steps: a run that is called again and again has to get on
            if limit is not None and began - self._began > limit and self._step > self._first:
                return f"max_seconds = {limit:g}"
            wanted = min(due - self._step, self._block)
            done = self._learner.advance(wanted)
            self._step += done
            bar.update(done)
            if done < wanted:
                self._diverged()
            took = time.perf_counter() - began
            if took > BLOCK_SECONDS:
                self._block = max(1, self._block // 2)
            elif took < BLOCK_SECONDS / 2:
                self._block = min(2 * self._block, MOST_STEPS)
            self._look_after()
        return None

    def _record(self, due: int) -> str | None:
        """Add a record; says why if the run is to end with it."""
        learner, value = self._learner, self._learner.recorded_loss()
        row = {
            "step": due,
            "time": float(flow_time([due], self._rates)[0]),
            "examples": due * self._batch_size,
        }
        self._recorder.add(learner.parameters, value, **row, **learner.measures())  # type: ignore[arg-type]
        if self._control.on_record is None:
            return None
        self._snapshot()
        record = Record(loss=value, model=learner.model, **row)  # type: ignore[arg-type]
        return "on_record" if self._control.on_record(record) else None

    def _look_after(self) -> None:
        """Remember where the run is, now and then, and write it down, more rarely."""
        now = time.perf_counter()
        if now - self._taken_at > BLOCK_SECONDS:
            self._snapshot()
        if self._control.checkpoint is not None and now - self._kept_at > self._pause:
            self._keep("checkpoint")
            self._kept_at = time.perf_counter()
            took = self._kept_at - now
            self._pause = max(self._control.checkpoint_every, took / CHECKPOINT_SHARE)

    def _snapshot(self) -> None:
        """A state and the records that belong to it: an interrupt may come at any time."""
        self._taken_at = time.perf_counter()
        take = getattr(self._learner, "state", None)
        state = {} if take is None else take() | {"step": np.array(self._step)}
        self._whole = (state, len(self._recorder))

    def _keep(self, why: str) -> None:
        if why != "interrupted":
            self._snapshot()
        if not self._whole[1]:
            return  # nothing yet
        try:
            self._trajectory(why, measured=False).save_checkpoint(self._control.checkpoint)  # type: ignore[arg-type]
        except OSError as error:
            print(f"warning: no checkpoint could be written: {error}", file=sys.stderr)

    def _trajectory(self, why: str | None, *, measured: bool = True) -> Trajectory:
        if why != "interrupted":
            self._snapshot()
        state, records = self._whole
        trajectory = self._recorder.trajectory(records=records, measured=measured)
        seconds = self._seconds_before + time.perf_counter() - self._began
        origin = provenance(**self._parameters) | {"seconds": seconds}
        trajectory.provenance = origin | dict(self._control.about)
        if why is not None:
            trajectory.provenance["stopped"] = why
        trajectory.state = {} if why == "diverged" else state
        return trajectory

    def _diverged(self) -> None:
        rates = self._rates
        rate = rates[0] if len(set(rates)) == 1 else rates
        trajectory = self._trajectory("diverged")
        raise Diverged(self._step + 1, self._learner.last_loss, self._recommended(rate), trajectory)

    def _recommended(self, given: Rates) -> Rates:
        """A stable rate where one can be estimated, in any case a smaller one than was given."""
        take = getattr(self._learner, "sample_gradient", None)
        gradient = None if take is None else take()
        if gradient is not None:
            found = stable_rate(gradient, self._start, self._rates)
            if found is not None and np.max(found) < np.max(given):
                return found
        return tuple(rate / 10 for rate in given) if isinstance(given, tuple) else given / 10

    def _resume(self, before: Trajectory) -> None:
        """Go to where an earlier run was left, if it is the beginning of this one."""
        refuse_other_run(before, self._parameters, self._learner)
        self._learner.restore(before.state)
        self._step = int(before.state["step"])
        self._recorder.restore(before, self._learner.measures())
        self._seconds_before = before.provenance["seconds"]
        left = (self._records >= self._step) & ~np.isin(self._records, before.step)
        self._records = self._records[left]


def refuse_other_run(before: Trajectory, parameters: dict[str, Any], learner: Learner) -> None:
    """Refuse to go on from a run with other settings than this one's, its length aside."""
    if not before.state or getattr(learner, "restore", None) is None:
        raise ValueError(f"resume must be a run that can go on, got one without a state: {before}")
    given = before.provenance.get("parameters", {})
    for name, value in strict(parameters).items():
        found = strict(given.get(name))
        if name != "steps" and canonical(found) != canonical(value):
            raise ValueError(
                f"resume must be a run with the same settings, got {name} = {found} instead of "
                f"{value}"
            )
    if int(before.state["step"]) > parameters["steps"]:
        raise ValueError(
            f"steps must be at least those already made, {int(before.state['step'])}, got "
            f"{parameters['steps']}"
        )
    for name, array in learner.parameters.items():
        if not np.array_equal(before.parameters[name][0], array):
            raise ValueError(
                f"model must be the one that the run began with, got another {name}: the state "
                "it is in now comes from the trajectory"
            )
