"""Stage times of SGD over length, states, init, learning rate and batch size, and of flow."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import theory
from proofs_check.experiments.experiment import Experiment
from proofs_check.experiments.stage_task import MARGINS, flow_run, stage_run

Array = NDArray[np.float64]

SEEDS = SAMPLES = 10
FLOWS = ((50, 2), (100, 2), (25, 3), (50, 3), (100, 3), (25, 4), (50, 4), (100, 4))  # (T, k)
STAGES = ("unigram", "bigram")


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
    (400, 2): (4.5e-5, 5.5), (25, 3): (2.1, 6.5), (50, 3): (0.45, 3.0), (100, 3): (0.05, 1.6),
    (200, 3): (3.3e-3, 1.6), (25, 4): (4.9, 12.0), (50, 4): (1.2, 5.5), (100, 4): (0.17, 2.8),
    (400, 3): (2e-4, 4.5), (200, 4): (0.012, 1.8), (400, 4): (8e-4, 3.4),
}  # fmt: skip
# init -> the same at T = 100, k = 2
_ROUGH_INIT = {2e-4: (0.4, 1.0), 2e-3: (0.18, 0.8), 6e-3: (0.06, 0.8), 0.2: (1e-4, 0.0)}
_EARLY_STEPS, _LATE_STEPS = 50, 1000
# at most half of what the flow allows, see x-stage-stable-rate
_STABLE_RATE = {(400, 2): 1e-4, (400, 3): 2.5e-4, (400, 4): 1e-3}


def design() -> dict[str, list[Cell]]:
    """Cells by what is varied in them; one at a time about T = 100, k = 2, v = 0.02."""
    lengths, scales = [], []
    for (T, k), (early, late) in _ROUGH.items():
        lengths.append(Cell("unigram", T, k, learning_rate=early / _EARLY_STEPS))
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
        # across the largest learning rate at which steps follow the flow
        "stability": [Cell("bigram", 400, learning_rate=rate) for rate in (2.5e-4, 1e-3)],
    }  # fmt: skip


def _late_rate(T: int, k: int, late: float) -> float:
    # coarse where the context is long: the flow to bigrams lasts there
    return _STABLE_RATE.get((T, k), 1e-3 if T >= 100 and k == 2 else late / _LATE_STEPS)


def configurations(cells: Iterable[Cell], seeds: int = SEEDS) -> list[dict[str, Any]]:
    """Runs of the cells, each setting once, long enough for the stage to be reached."""
    found = []
    for cell in dict.fromkeys(cells):
        early, late = _ROUGH_INIT.get(cell.init) or _ROUGH[cell.length, cell.k]
        reach = 3.0 * early if cell.stage == "unigram" else 1.7 * late + early
        steps = int(np.ceil(reach / cell.learning_rate))
        found += [cell._asdict() | {"steps": steps, "seed": seed} for seed in range(seeds)]
    return found


def all_cells() -> tuple[Cell, ...]:
    """Every cell of the design, once."""
    return tuple(dict.fromkeys(cell for group in design().values() for cell in group))


@cache
def measured(
    cells: tuple[Cell, ...] | None = None,
    seeds: int = SEEDS,
    *,
    progress: bool = False,
    use_cache: bool = True,
) -> dict[Cell, dict[str, Array]]:
    """By cell (all of the design if none are given), results by name, each ``(seeds,)``."""
    chosen = configurations(all_cells() if cells is None else cells, seeds)
    experiment = Experiment(stage_run, chosen)
    found: dict[Cell, dict[str, list[float]]] = {}
    for run in experiment.runs(progress=progress, use_cache=use_cache):
        cell = Cell(*(run.configuration[name] for name in Cell._fields))
        for name, value in run.result.items():
            found.setdefault(cell, {}).setdefault(name, []).append(value)
    return {
        cell: {name: np.array(values) for name, values in results.items()}
        for cell, results in found.items()
    }


def flow_configurations(samples: int = SAMPLES) -> list[dict[str, Any]]:
    """Flows on samples of sequences, long enough for the bigram stage to be reached."""
    found = []
    for T, k in FLOWS:
        early, late = _ROUGH[T, k]
        times = {"first": early / 5, "stop": 1.7 * late + early}
        found += [{"length": T, "k": k, **times, "sample": sample} for sample in range(samples)]
    return found


@cache
def flows(samples: int = SAMPLES) -> dict[tuple[int, int], dict[str, Array]]:
    """By (T, k), times by name, ``stage_kind_threshold``, each ``(samples,)``."""
    found: dict[tuple[int, int], dict[str, list[float]]] = {}
    for run in Experiment(flow_run, flow_configurations(samples)).runs():
        mine = found.setdefault((run.configuration["length"], run.configuration["k"]), {})
        for name, value in run.result.items():
            mine.setdefault(name, []).append(value)
    return {
        key: {name: np.array(values) for name, values in results.items()}
        for key, results in found.items()
    }


@cache
def predicted(
    T: int, k: int, init: float, threshold: int = 0, closure: str = "expected"
) -> dict[str, float]:
    """`theory.predict_stages` by stage; infinity for what is not reached."""
    found = theory.predict_stages(T, k=k, init=init, lead=MARGINS[threshold], closure=closure)
    times = {"unigram": found.unigram, "bigram": found.bigram}
    return {stage: np.inf if time is None else time for stage, time in times.items()}
