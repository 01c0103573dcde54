"""Stage times of SGD over length, states, init, learning rate and batch size, and of flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofs_check.experiments import experiment, records
from proofs_check.experiments.experiment import Experiment
from proofs_check.experiments.stage_prediction import descend, predict
from proofs_check.experiments.stage_task import MARGINS, flow_run, stage_run

Array = NDArray[np.float64]

FLOWS = ((50, 2), (100, 2))  # (T, k)
STAGES = ("unigram", "bigram")
# settings in which the times by each threshold are compared
THRESHOLDS = ((50, 2), (100, 2))


class Cell(NamedTuple):
    """One setting of the design; times in flow time (learning rate times step)."""

    stage: str
    length: int = 100
    k: int = 2
    init: float = 0.02
    learning_rate: float = 1e-3
    batch_size: int = 64


# orders of magnitude by which rates and lengths of the runs are chosen: (T, k) -> unigram, bigram
_ROUGH = {
    (25, 2): (0.8, 3.1), (50, 2): (0.13, 1.5), (100, 2): (0.010, 1.0), (200, 2): (7e-4, 1.8),
    (400, 2): (4.5e-5, 5.5), (25, 3): (2.1, 6.5), (50, 3): (0.45, 3.0),
}  # fmt: skip
# init -> the same at T = 100, k = 2
_ROUGH_INIT = {2e-4: (0.4, 1.0), 2e-3: (0.18, 0.8), 6e-3: (0.06, 0.8), 0.2: (1e-4, 0.0)}
_EARLY_STEPS, _LATE_STEPS = 50, 1000
# where the bigram stage lasts so long, in stable steps, that runs of it take minutes
_LONG = 400
# the length at which steps longer than stable ones are tried, and such steps
UNSTABLE_LENGTH, UNSTABLE = 200, 6e-3


def design() -> dict[str, list[Cell]]:
    """Cells by what is varied in them; one at a time about T = 100, k = 2, v = 0.02."""
    lengths, scales = [], []
    for (T, k), (early, late) in _ROUGH.items():
        lengths.append(Cell("unigram", T, k, learning_rate=early / _EARLY_STEPS))
        if T < _LONG:
            lengths.append(Cell("bigram", T, k, learning_rate=_late_rate(T, k, late)))
    for init, (early, late) in _ROUGH_INIT.items():
        scales.append(Cell("unigram", init=init, learning_rate=early / _EARLY_STEPS))
        if late:
            scales.append(Cell("bigram", init=init, learning_rate=1e-3))
    base = [cell for cell in lengths if (cell.length, cell.k) == (100, 2)]
    return {
        "length": lengths,
        "init": [*base, *scales],
        "learning_rate": [cell._replace(learning_rate=cell.learning_rate * factor)
                          for cell in base for factor in (0.5, 1.0, 2.0, 4.0)],
        "batch_size": [cell._replace(batch_size=size)
                       for cell in base for size in (16, 64, 256)],
        # above the largest learning rate at which steps follow the flow
        "stability": [Cell("bigram", UNSTABLE_LENGTH, learning_rate=UNSTABLE)],
    }  # fmt: skip


def _late_rate(T: int, k: int, late: float) -> float:
    # coarse where the context is long: the flow to bigrams lasts there
    return 1e-3 if T >= 100 and k == 2 else late / _LATE_STEPS


def all_cells() -> tuple[Cell, ...]:
    """Every cell of the design, once."""
    return tuple(dict.fromkeys(cell for group in design().values() for cell in group))


def _cells(cells: Iterable[Cell]) -> list[experiment.Cell]:
    """Settings of `stage_run`, long enough for the stage to be reached."""
    fully = set(design()["length"])
    found = []
    for cell in cells:
        early, late = _ROUGH_INIT.get(cell.init) or _ROUGH[cell.length, cell.k]
        reach = 3.0 * early if cell.stage == "unigram" else 1.5 * late + early
        steps = int(np.ceil(reach / cell.learning_rate))
        labels = cell._asdict()
        found.append(experiment.Cell(labels, labels | {"steps": steps, "all": cell in fully}))
    return found


def _flow_cells() -> list[experiment.Cell]:
    """Flows, long enough for the bigram stage to be reached."""
    found = []
    for T, k in FLOWS:
        early, late = _ROUGH[T, k]
        labels = {"length": T, "k": k}
        found.append(
            experiment.Cell(labels, labels | {"first": early / 5, "stop": 1.7 * late + early})
        )
    return found


def _predicted_cells() -> list[experiment.Cell]:
    """Every setting."""
    found = []
    for T, k, init in dict.fromkeys((c.length, c.k, c.init) for c in all_cells()):
        labels = {"length": T, "k": k, "init": init}
        leads = len(MARGINS) if (T, k) in THRESHOLDS and init == Cell("").init else 1
        found.append(experiment.Cell(labels, labels | {"leads": leads}))
    return found


def _descent_cells() -> list[experiment.Cell]:
    """Descent with the steps that SGD is run with, at T = 100 and where they are too long."""
    groups, found = design(), []
    for cell in (*groups["learning_rate"], *groups["length"], *groups["stability"]):
        if cell.stage == "bigram" and cell.k == 2 and cell.length in (100, UNSTABLE_LENGTH):
            early, late = _ROUGH[cell.length, cell.k]
            labels = {"length": cell.length, "learning_rate": cell.learning_rate}
            options = {"init": cell.init, "stop": 1.2 * late + early}
            found.append(experiment.Cell(labels, labels | options))
    return list({str(cell.labels): cell for cell in found}.values())


EXPERIMENTS = (
    Experiment(
        "stage-times", "stage times of SGD on the minimal model", stage_run,
        _cells(all_cells()), (*range(5), *range(100, 108)), minutes=2,
    ),
    Experiment(
        "stage-flows", "stage times of flow on samples of sequences", flow_run,
        _flow_cells(), range(100, 104), minutes=2,
    ),
    Experiment(
        "stage-predicted", "stage times as `theory.predict_stages` has them", predict,
        _predicted_cells(), (100,), minutes=4,
    ),
    Experiment(
        "stage-descent", "descent in the reduced model of the theory", descend,
        _descent_cells(), (100,), minutes=1,
    ),
)  # fmt: skip


def measured(cell: Cell, name: str = "limit_0", *, judged: bool = True) -> Array:
    """Times of SGD by seed, of the seeds that are judged on or of those that are read from."""
    record = records.load("stage-times")
    return (record.judged if judged else record.read).values(name, **cell._asdict())


def flow(T: int, k: int, name: str) -> Array:
    """Times of flow by sample; the name is ``stage_kind_threshold``."""
    return records.load("stage-flows").judged.values(name, length=T, k=k)


def predicted(T: int, k: int, init: float, kind: str = "0") -> dict[str, float]:
    """`theory.predict_stages` by stage; infinity for what is not reached.

    The kind is the number of a threshold, or "counted", "expected", "error" or "counted_error".
    """
    record = records.load("stage-predicted").select(length=T, k=k, init=init)
    return {stage: float(record.values(f"{stage}_{kind}")[0]) for stage in STAGES}


def descended(T: int, learning_rate: float) -> float:
    """When descent in the reduced model has come to bigrams."""
    record = records.load("stage-descent")
    return float(record.values("bigram", length=T, learning_rate=learning_rate)[0])


def stable_rate(T: int) -> float:
    """The largest stable learning rate along the predicted flow, k = 2, v = 0.02."""
    return float(records.load("stage-predicted").values("stable_rate", length=T, k=2, init=0.02)[0])
