"""Stages of learning: the intervals in which each strategy is closest to the model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.runs.measures import strategy_names
from sim.runs.trajectory import Trajectory

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """An interval in which one strategy is closest; crossings between records are interpolated.

    Attributes
    ----------
    strategy : str
    start_step, stop_step : float
        Updates (for gradient flow: records).
    start_time, stop_time : float
        Flow time.
    start_examples, stop_examples : float
        Training sequences seen.
    resolved : bool
        Whether the stage begins with the run, or at its first record after the start or later. If
        not, all that is known of its beginning is that it lies before that record.
    """

    strategy: str
    start_step: float
    stop_step: float
    start_time: float
    stop_time: float
    start_examples: float
    stop_examples: float
    resolved: bool = True


@dataclass(frozen=True)
class StageTimes:
    """Stages in order, with the thresholds they were found with.

    Attributes
    ----------
    stages : tuple of Stage
    lead : float
        A stage begins when the KL of its strategy is below that of the present one by more than
        this (nats)
    hold : int
        and stays so for this many records.
    first : dict of str to float
        Step, time and examples of the first record after the start.
    """

    stages: tuple[Stage, ...]
    lead: float
    hold: int
    first: dict[str, float] = field(default_factory=dict)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __getitem__(self, key: int | str) -> Stage:
        """A stage by its place, or the first one of a strategy by its name.

        Raises
        ------
        LookupError
            If the run has no such stage.
        """
        named = dict(zip(reversed(self._names()), reversed(self.stages), strict=True))
        if isinstance(key, str) and key not in named:
            raise LookupError(f"the run has no stage {key!r}; it has {', '.join(self._names())}")
        return named[key] if isinstance(key, str) else self.stages[key]

    def _names(self) -> list[str]:
        return [stage.strategy for stage in self.stages]

    def __str__(self) -> str:
        unit = "examples" if self.stages[-1].stop_examples > 0 else "time"
        lines = [f"nearest strategy  from {unit:<10} to"]
        early = self.first.get(unit, 0.0)
        for stage in self.stages:
            start, stop = (getattr(stage, f"{end}_{unit}") for end in ("start", "stop"))
            shown = [
                f"< {early:,.6g}" if 0.0 < edge < early else f"{edge:,.6g}"
                for edge in (start, stop)
            ]
            lines.append(f"  {stage.strategy:<14}  {shown[0]:>14}  {shown[1]:>12}")
        lead = f" by more than {self.lead:g} nats" if self.lead else ""
        records = f"{self.hold} record{'s' if self.hold > 1 else ''}"
        lines.append(f"(a stage begins when its strategy is nearer{lead} for {records})")
        return "\n".join(lines)


def stage_times(trajectory: Trajectory, *, lead: float = 0.0, hold: int = 2) -> StageTimes:
    """The stages of a run: when each strategy is closest to the model in KL(strategy || model).

    Parameters
    ----------
    trajectory : Trajectory
        With measures ``kl_<strategy>``.
    lead : float
        Nats by which a strategy has to be closer before its stage begins, >= 0.
    hold : int
        Consecutive records for which it has to stay closer, >= 1 (fewer at the end of the run).

    Returns
    -------
    StageTimes

    Examples
    --------
    >>> import sim
    >>> model = sim.MinimalModel.constant(T=50, k=2)
    >>> run = sim.train(model, sim.Dirichlet(2), steps=1500, learning_rate=0.02, rng=0)
    >>> [stage.strategy for stage in sim.stage_times(run)]
    ['uniform', 'unigram', 'bigram']
    >>> sim.stage_times(run)["unigram"].start_time < 1
    True
    """
    checks.instance("trajectory", trajectory, Trajectory, "a Trajectory")
    required = checks.real("lead", lead, strict=False)
    hold = checks.integer("hold", hold, 1)
    names = strategy_names(trajectory.measures)
    if not names:
        raise ValueError("trajectory must have measures kl_<strategy>, got none")
    _refuse_empty(trajectory)
    distance = np.stack([trajectory.measures[f"kl_{name}"] for name in names])
    current = int(distance[:, 0].argmin())
    switches: list[tuple[float, int]] = [(0.0, current)]
    for record in range(1, distance.shape[1]):
        candidate = int(distance[:, record].argmin())
        # the last records of a run that diverged may be infinite: no lead of one over another
        with np.errstate(invalid="ignore"):
            ahead = distance[current] - distance[candidate] - required
        if candidate != current and (ahead[record : record + hold] > 0).all():
            before, after = ahead[record - 1], ahead[record]
            # where the lead crosses zero between two records; it may have done so earlier when a
            # third strategy lay between
            share = 1.0 if before > 0 else after / (after - before)
            switches.append((record - share, candidate))
            current = candidate
    stages = tuple(_stages(trajectory, names, switches))
    return StageTimes(stages, required, hold, _first(trajectory))


def half_rise_examples(trajectory: Trajectory, measure: str) -> float:
    """Examples after which a measure has risen halfway from its initial value to its maximum.

    For ``previous_token`` and ``induction`` this is when the heads of a transformer have formed.

    Parameters
    ----------
    trajectory : Trajectory
    measure : str
        A name in its measures.

    Returns
    -------
    float
        Interpolated between records; NaN if the measure never rises above its start.
    """
    checks.instance("trajectory", trajectory, Trajectory, "a Trajectory")
    checks.one_of("measure", measure, trajectory.measures)
    _refuse_empty(trajectory)
    values = trajectory.measures[measure]
    # the last records of a run that diverged may be infinite
    with np.errstate(invalid="ignore"):
        level = (values[0] + np.max(values)) / 2
        if not values[0] < level < np.inf:
            return float("nan")
        after = int((values >= level).argmax())
        share = (level - values[after - 1]) / (values[after] - values[after - 1])
    seen = trajectory.examples[after - 1 : after + 1]
    return float(seen[0] + share * (seen[1] - seen[0]))


def _refuse_empty(trajectory: Trajectory) -> None:
    if not len(trajectory):
        raise ValueError("trajectory must hold at least one record, got none")


def _stages(
    trajectory: Trajectory, names: list[str], switches: list[tuple[float, int]]
) -> list[Stage]:
    last = float(len(trajectory) - 1)
    ends = [position for position, _ in switches[1:]] + [last]
    index = np.arange(len(trajectory))
    stages = []
    for (start, strategy), stop in zip(switches, ends, strict=True):
        edges = {}
        for axis in ("step", "time", "examples"):
            values = getattr(trajectory, axis)
            edges[f"start_{axis}"], edges[f"stop_{axis}"] = (
                float(np.interp(position, index, values)) for position in (start, stop)
            )
        stages.append(Stage(names[strategy], **edges, resolved=start == 0.0 or start >= 1.0))
    return stages


def _first(trajectory: Trajectory) -> dict[str, float]:
    """Step, time and examples of the first record after the start; nothing if there is none."""
    if len(trajectory) < 2:
        return {}
    return {axis: float(getattr(trajectory, axis)[1]) for axis in ("step", "time", "examples")}
