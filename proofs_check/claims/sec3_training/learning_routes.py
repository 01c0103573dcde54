"""What trained transformers did (simulation), what they do with a changed context (intervention),
and what their heads attend to (attention)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from proofs_check.experiments.transformers import middles, stage_names, use_of_history, use_of_order
from proofs_check.figures.figure import FigureSpec
from proofs_check.figures.transformer.runs import trained
from proofs_check.ledger import Finding
from sim.runs.statistics import median_interval
from sim.runs.trajectory import Trajectory
from sim.sweeps.executors import summary

Runs = Callable[[Any], list[Trajectory]]

# a model is at a strategy's level when off by less than this part of the way to the next level
NEAR = 0.25
# a head has formed when it attends to what it is for by more than this part of what chance left
FORMED = 0.25
HEADS = ("previous_token", "induction")
# a prediction uses the order of the context when it owes to it more than this part of the way
# from unigrams to the best strategy
USED = 0.25


def runs_of(spec: FigureSpec, *titles: str) -> Runs:
    """The runs of a figure, of all its variants or of those named."""

    def runs(_: Any) -> list[Trajectory]:
        rows = zip(spec.parameters["variants"], trained(spec.parameters), strict=True)
        return [run for title, row in rows if not titles or title in titles for run in row]

    return runs


def at_level(run: Trajectory, name: str) -> bool:
    """Whether the final test loss is near that of a strategy."""
    level = run.baselines[name]
    others = [abs(value - level) for other, value in run.baselines.items() if other != name]
    return bool(abs(run.measures["kl_truth"][-1] - level) <= NEAR * min(others))


def stages(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs that are in turn nearest to the stated strategies, and end at the last one's level."""

    def find(stated: dict[str, Any]) -> Finding:
        names, found = tuple(stated["stages"]), runs(stated)
        good = [run for run in found if stage_names(run) == names and at_level(run, names[-1])]
        return _count(len(good), len(found), stated, _times(found, names))

    return find


def order(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs whose models use the order of the context in the stages of n-grams and not before."""

    def find(stated: dict[str, Any]) -> Finding:
        found = runs(stated)
        used = [_used(run, tuple(stated["stages"])) for run in found]
        good = [
            all(
                # a stage that is missing has no value, and no comparison
                value > USED if name not in ("uniform", "unigram") else value <= USED
                for name, value in row
            )
            for row in used
        ]
        shown = {
            name: np.median([value for row in used for other, value in row if other == name])
            for name in stated["stages"]
        }
        detail = ", ".join(f"{name} {value:.2f}" for name, value in shown.items())
        return _count(sum(good), len(found), stated, f"median use of order: {detail}")

    return find


def _used(run: Trajectory, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """Use of order in the middle of each stage, in the last at the end; NaN where there is none."""
    places = middles(run) | {names[-1]: len(run) - 1}
    return [(n, use_of_order(run, places[n]) if n in places else np.nan) for n in names]


def heads(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs with a previous-token head and an induction head in the stages of n-grams, not before.

    A score is counted from the untrained model's, which is what even attention gives, to 1.
    """

    def find(stated: dict[str, Any]) -> Finding:
        found, names = runs(stated), tuple(stated["stages"])
        good, shown = 0, []
        for run in found:
            places = middles(run) | {names[-1]: len(run) - 1}
            rows = [_formed(run, places[n]) if n in places else [np.nan] * 2 for n in names]
            good += all(
                min(row) > FORMED if name not in ("uniform", "unigram") else max(row) <= FORMED
                for name, row in zip(names, rows, strict=True)
            )
            shown.append(rows)
        low, high = np.min(shown, axis=0), np.max(shown, axis=0)
        detail = "; ".join(
            f"{name} " + " and ".join(f"{low[i, h]:.2f} to {high[i, h]:.2f}" for h in range(2))
            for i, name in enumerate(names)
        )
        return _count(good, len(found), stated, f"risen of {' and '.join(HEADS)}: {detail}")

    return find


def _formed(run: Trajectory, index: int) -> list[float]:
    scores = (run.measures[name] for name in HEADS)
    return [float((score[index] - score[0]) / (1 - score[0])) for score in scores]


def not_beyond(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs that end no better than a strategy, up to a part of its distance to the next."""

    def find(stated: dict[str, Any]) -> Finding:
        found, name = runs(stated), stated["best"]
        lowest = [run.measures["kl_truth"][-10:].mean() / run.baselines[name] for run in found]
        good = [value >= 1 - NEAR for value in lowest]
        spread = f"{min(lowest):.3f} to {max(lowest):.3f}"
        return _count(sum(good), len(found), stated, f"final KL over that of {name}s: {spread}")

    return find


def history(runs: Runs) -> Callable[[dict[str, Any]], Finding]:
    """Runs whose predictions do not depend on the token before the last as trigrams' do."""

    def find(stated: dict[str, Any]) -> Finding:
        found = runs(stated)
        used = [use_of_history(run) for run in found]
        longer = stated["best"] == "trigram"
        good = [(value > USED) == longer for value in used]
        spread = f"{min(used):.2f} to {max(used):.2f}"
        return _count(
            sum(good), len(found), stated, f"effect over the trigram strategy's: {spread}"
        )

    return find


def _count(good: int, total: int, stated: dict[str, Any], detail: str) -> Finding:
    text = f"{good} of {total} runs; {detail}"
    return Finding(float(total - good), float(stated["misses"]), text)


def _times(runs: list[Trajectory], names: tuple[str, ...]) -> str:
    """When strategies take over and how far all runs get: medians with their intervals.

    Every run has held-out sequences of its own, so its loss is compared with its own levels.
    """
    results = [summary(run) for run in runs]
    parts = []
    for name in names[1:]:
        found = median_interval([result.get(f"{name}_from", np.inf) for result in results])
        parts.append(
            f"{name} from {found.median:,.0f} examples ({found.low:,.0f} to {found.high:,.0f})"
        )
    ratios = [run.measures["kl_truth"][-1] / run.baselines[names[-1]] for run in runs]
    found = median_interval(ratios)
    shown = f"{found.median:.3f} ({found.low:.3f} to {found.high:.3f})"
    parts.append(f"final KL over that of {names[-1]}s {shown}")
    return f"all runs, medians and {found.coverage:.0%} intervals: {'; '.join(parts)}"
