"""Make the runs of an experiment anew, and say which recorded numbers have moved."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from proofs_check.experiments import records
from proofs_check.experiments.experiment import JUDGED, Experiment
from proofs_check.experiments.records import Record, Row

# relative: the last digit of a record. Larger differences come from the code, or from a processor
# that rounds otherwise
SAME = 10.0 ** (1 - records.DIGITS)


def make(
    experiment: Experiment,
    seeds: int | None = None,
    *,
    progress: bool = False,
    use_cache: bool = True,
) -> Record:
    """The record of an experiment, from runs that are kept or made now.

    Parameters
    ----------
    experiment : Experiment
    seeds : int, optional
        How many of the seeds that are judged on; without it all seeds.
    progress, use_cache : bool
    """
    chosen = experiment.seeds
    if seeds is not None:
        chosen = [seed for seed in chosen if seed >= JUDGED][:seeds]
    rows = experiment.rows(chosen, progress=progress, use_cache=use_cache)
    labels = experiment.cells[0].labels
    return records.made_of(experiment.name, experiment.digest, rows, labels)


def merged(old: Record, new: Record) -> Record:
    """The old record with those of its runs replaced that have been made anew."""
    made = {_key(row, new): row for row in new}
    rows = [made.pop(_key(row, old), row) for row in old]
    return Record(new.name, new.digest, (*rows, *made.values()), new.labels)


def moved(old: Record, new: Record) -> list[str]:
    """A line for each number of the runs made anew that is not the recorded one."""
    before = {_key(row, old): row for row in old}
    return [line for row in new for line in _changes(before.get(_key(row, new)), row, new)]


def _changes(old: Row | None, new: Row, record: Record) -> Iterator[str]:
    where = ", ".join(f"{name} {new[name]}" for name in (*record.labels, "seed"))
    if old is None:
        yield f"{where}: not recorded"
        return
    for name in dict.fromkeys((*old, *new)):
        if not _same(old.get(name), new.get(name)):
            yield f"{where}: {name} was {old.get(name)}, is {new.get(name)}"


def _same(old: Any, new: Any) -> bool:
    if not isinstance(old, float) or not isinstance(new, float):
        return bool(old == new)
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    return math.isclose(old, new, rel_tol=SAME)


def _key(row: Row, record: Record) -> tuple[Any, ...]:
    return tuple(row[name] for name in (*record.labels, "seed"))
