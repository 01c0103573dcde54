"""Records: the numbers of every run of an experiment, as committed beside the code.

A claim is judged by them in milliseconds. The digest in a record is that of the code that made it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofs_check.experiments.experiment import JUDGED
from sim.files import output_folder, write_atomic

FOLDER = Path(__file__).with_name("records")
DIGITS = 5  # significant ones: runs on other processors agree to fewer
Row = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """What an experiment found.

    Attributes
    ----------
    name : str
    digest : str
        Of the code that made it.
    rows : tuple of dict
        Of each run its labels, its seed and its numbers.
    labels : tuple of str
        Which entries of a row are labels.
    """

    name: str
    digest: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def judged(self) -> Record:
        """The runs on which statements are judged."""
        return self._where(lambda row: row["seed"] >= JUDGED)

    @property
    def read(self) -> Record:
        """The runs from which stated numbers were read."""
        return self._where(lambda row: row["seed"] < JUDGED)

    def select(self, **labels: Any) -> Record:
        """The runs with these labels.

        Raises
        ------
        ValueError
            If there are none: a claim judged on no run would be judged on nothing.
        """
        wanted = rounded(labels).items()
        found = self._where(lambda row: all(row[name] == value for name, value in wanted))
        if not found.rows:
            raise ValueError(f"record {self.name} has no run with {labels}")
        return found

    def among(self, **labels: Any) -> Record:
        """The runs whose labels are among these."""
        return self._where(lambda row: all(row[name] in labels[name] for name in labels))

    def values(self, name: str, **labels: Any) -> NDArray[np.float64]:
        """A number of the runs with these labels, in the order of their seeds."""
        return np.array([row[name] for row in self.select(**labels)], dtype=float)

    def _where(self, wanted: Any) -> Record:
        return Record(self.name, self.digest, tuple(filter(wanted, self.rows)), self.labels)


def made_of(name: str, digest: str, rows: Iterable[Row], labels: Iterable[str]) -> Record:
    """A record of new rows, their numbers rounded as in a file."""
    return Record(name, digest, tuple(map(rounded, rows)), tuple(labels))


# records made anew in this process, which stand for the committed ones
_ANEW: dict[str, Record] = {}


def load(name: str) -> Record:
    """The record of an experiment: one made anew in this process, or the committed one.

    Raises
    ------
    ValueError
        If there is none.
    """
    return _ANEW.get(name) or committed(name)


def use(record: Record) -> None:
    """Let claims of this process be judged by a record made anew."""
    _ANEW[record.name] = record


def forget() -> None:
    """Let claims be judged by the committed records again."""
    _ANEW.clear()


def names() -> list[str]:
    """Experiments with a committed record."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def missing(experiments: Iterable[str]) -> list[str]:
    """Those of the experiments that have no record."""
    return [name for name in experiments if name not in names()]


@cache
def committed(name: str) -> Record:
    """The record that came with the package."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise ValueError(f"experiment {name} has no record; `check record {name}` makes it")
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for group in content["groups"]:
        columns = {column: entries for column, entries in group.items() if column != "of"}
        rows += [
            group["of"] | {c: _number(e[place]) for c, e in columns.items()}
            for place in range(len(group["seed"]))
        ]
    return Record(name, content["digest"], tuple(rows), tuple(content["labels"]))


def save(record: Record, folder: Path = FOLDER) -> Path:
    """Write a record, its runs grouped by their labels and a line for each number."""
    groups: dict[str, list[Row]] = {}
    for row in record.rows:
        groups.setdefault(json.dumps([row[name] for name in record.labels]), []).append(row)
    head = {"experiment": record.name, "digest": record.digest, "labels": record.labels}
    lines = [f' "{name}": {json.dumps(value)},' for name, value in head.items()]
    shown = ",\n".join(_group(rows, record.labels) for rows in groups.values())
    text = "\n".join(["{", *lines, ' "groups": [', shown, " ]", "}", ""])
    path = output_folder(folder) / f"{record.name}.json"
    write_atomic(path, lambda file: file.write(text.encode()))
    return path


def _group(rows: list[Row], labels: tuple[str, ...]) -> str:
    of = json.dumps({name: rows[0][name] for name in labels})
    columns = [name for name in rows[0] if name not in labels]
    parts = [f'   "of": {of}']
    parts += [f'   "{name}": {json.dumps([_plain(row[name]) for row in rows])}' for name in columns]
    return "  {\n" + ",\n".join(parts) + "\n  }"


def rounded(row: Row) -> Row:
    """Labels and numbers as they stand in a record."""
    return {
        name: float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
        for name, value in row.items()
    }


def _plain(value: Any) -> Any:
    """A value as strict JSON can hold it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf", "nan") else value
