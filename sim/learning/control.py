"""What a run is told beside its settings, and the ways in which it can end early."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sim import checks
from sim.files import refuse_unwritable, sweep_up
from sim.learning.rates import Rates
from sim.models.model import Model
from sim.runs.storage import CHECKPOINT
from sim.runs.trajectory import Trajectory


class Diverged(RuntimeError):
    """The loss or a parameter is no longer finite.

    Attributes
    ----------
    step : int
        The update that failed.
    trajectory : Trajectory
        Everything recorded before it.
    """

    def __init__(self, step: int, value: float, rate: Rates, trajectory: Trajectory) -> None:
        super().__init__(
            f"training diverged at step {step} (loss {value:g}): use a learning_rate below about "
            f"{_shown(rate)}; "
            f"{len(trajectory)} records up to step {trajectory.step[-1]} are kept"
        )
        self.step = step
        self.trajectory = trajectory


def _shown(rate: Rates) -> str:
    each = rate if isinstance(rate, tuple) else (rate,)
    text = ", ".join(f"{one:.2g}" for one in each)
    return f"({text})" if isinstance(rate, tuple) else text


class Interrupted(KeyboardInterrupt):
    """Training was interrupted.

    Attributes
    ----------
    step : int
        Updates made and kept.
    trajectory : Trajectory
        Everything recorded; `train` can go on from it.
    """

    def __init__(self, step: int, trajectory: Callable[[], Trajectory]) -> None:
        super().__init__(f"training was interrupted after {step} steps")
        self.step, self._make = step, trajectory

    @cached_property
    def trajectory(self) -> Trajectory:
        """Everything recorded, measured when it is first asked for."""
        return self._make()

    def __reduce__(self) -> Any:
        # from a worker process nothing but the fact is sent: the rest is in its checkpoint
        return KeyboardInterrupt, self.args


class Record(NamedTuple):
    """What `on_record` is told.

    Attributes
    ----------
    step, examples : int
    time, loss : float
        As in a `Trajectory`.
    model : Model
        With its present parameters.
    """

    step: int
    time: float
    examples: int
    loss: float
    model: Model


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a run begins, is watched and ends; nothing in it changes its numbers. See `train`."""

    progress: bool = False
    resume: Trajectory | None = None
    on_record: Callable[[Record], Any] | None = None
    checkpoint: str | os.PathLike[str] | None = None
    checkpoint_every: float = 60.0
    max_seconds: float | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.real("checkpoint_every", self.checkpoint_every, strict=False)
        if self.max_seconds is not None:
            checks.real("max_seconds", self.max_seconds, strict=False)
        if self.resume is not None:
            checks.instance("resume", self.resume, Trajectory, "a Trajectory")
        if self.on_record is not None and not callable(self.on_record):
            raise TypeError(f"on_record must be a function of a record, got {self.on_record!r}")
        if self.checkpoint is not None:
            refuse_unwritable(self.checkpoint)

    def beginning(self) -> Trajectory | None:
        """What there is to go on from: a checkpoint that was left, or what was given."""
        if self.checkpoint is None:
            return self.resume
        path = Path(self.checkpoint) / CHECKPOINT
        if path.parent.is_dir():
            sweep_up(path.parent)
        try:
            return Trajectory.load(path)
        except FileNotFoundError:
            pass
        except (ValueError, OSError) as error:
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            print(f"warning: {error}; set aside as {aside}", file=sys.stderr)
        return self.resume
