"""Beyond the paper: how stage times depend on length, init, learning rate and batch size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proofs_check import ledger
from proofs_check.experiments import judging, stage_runs
from proofs_check.experiments.judging import Interval
from proofs_check.experiments.stage_runs import Cell
from proofs_check.experiments.stage_task import SEQUENCES
from proofs_check.ledger.compare import worst

Slopes = dict[str, Interval]


def _exponents(x: Sequence[float], times: np.ndarray) -> np.ndarray:
    """Least squares in logarithms along the first axis of times, (settings, runs), run by run."""
    away = np.log(x) - np.log(x).mean()
    return np.asarray(away @ np.log(times) / (away**2).sum())


def _apart(stated: Slopes, found: Slopes, allowed: float, because: str) -> ledger.Finding:
    gap = worst(judging.gap(stated[name], found[name]) for name in stated)
    shown = ", ".join(f"{name} {low:.4f} to {high:.4f}" for name, (low, high) in found.items())
    return ledger.Finding(gap, allowed, shown, because=because)


def _cells(name: str) -> list[Cell]:
    """The settings along which a slope is taken."""
    design = stage_runs.design()
    unigram = [cell for cell in design["length"] if cell.stage == "unigram" and cell.k == 2]
    inits = {cell.init: cell for cell in design["init"] if cell.stage == "unigram"}
    return {
        "length": [cell for cell in unigram if cell.length >= 100],
        "init": [inits[0.02], inits[0.2]],
        "small_init": [inits[2e-4], inits[2e-3]],
        "learning_rate": [c for c in design["learning_rate"] if c.stage == "bigram"],
        "batch_size": [c for c in design["batch_size"] if c.stage == "bigram"],
    }[name]


def _times(name: str) -> np.ndarray:
    return np.array([stage_runs.measured(cell) for cell in _cells(name)])


@ledger.simulation("SGD, 8 seeds, T = 100, 200, 400")
def slopes_sgd(stated: Slopes) -> ledger.Finding:
    """Exponents seed by seed, with the intervals of their means."""
    found = {}
    for name in stated:
        times = _times(name)
        if name == "small_init":
            each = times[0] - times[1]
        else:
            each = _exponents([getattr(cell, name) for cell in _cells(name)], times)
        found[name] = judging.mean(each)
    return _apart(stated, found, 0.0, "")


@ledger.quadrature("reduced flow, and descent in it with steps of four lengths")
def slopes_reduced(stated: Slopes) -> ledger.Finding:
    found = {}
    for name in stated:
        cells = _cells(name)
        if name == "learning_rate":
            times = [stage_runs.descended(cell.length, cell.learning_rate) for cell in cells]
        else:
            times = [stage_runs.predicted(c.length, c.k, c.init, "expected")[c.stage]
                     for c in cells]  # fmt: skip
        if name == "small_init":
            slope = times[0] - times[1]
        else:
            values = [getattr(cell, name) for cell in cells]
            slope = float(_exponents(values, np.array(times)[:, None])[0])
        found[name] = slope, slope
    return _apart(stated, found, 0.003, "counts have their expected values")


@ledger.simulation("SGD with batches of 16, 64 and 256, 8 seeds")
def batches_sgd(stated: Interval) -> ledger.Finding:
    found = judging.mean(_exponents([c.batch_size for c in _cells("batch_size")],
                                    _times("batch_size")))  # fmt: skip
    return _apart({"batch_size": stated}, {"batch_size": found}, 0.0, "")


@ledger.quadrature("gradient flow on samples of 10,000 against SGD with batches of 16")
def batches_flow(stated: Interval) -> ledger.Finding:
    """The exponent between a batch of 16 and one of all sequences of a sample."""
    small = next(cell for cell in _cells("batch_size") if cell.batch_size == 16)
    low, high = judging.mean(np.log(stage_runs.measured(small)))
    flow_low, flow_high = judging.mean(np.log(stage_runs.flow(100, 2, "bigram_limit_0")))
    octaves = np.log(SEQUENCES / small.batch_size)
    found = {"batch_size": ((flow_low - high) / octaves, (flow_high - low) / octaves)}
    return _apart({"batch_size": stated}, found, 0.0, "")


# 99% intervals of seeds 0 to 4
_SLOPES: Slopes = {
    "length": (-4.001, -3.918), "init": (-1.9960, -1.9953), "small_init": (0.151, 0.173),
    "learning_rate": (-0.022, 0.015),
}  # fmt: skip
_BATCHES: Interval = (-0.018, 0.015)
_SETTING = "cross-entropy, v = c 1, W = 0, k = 2, flat prior"

CLAIMS = (
    ledger.measured("x-stage-slopes", "beyond the paper", "exponents of the stage times",
        r"t_1\propto T^{a},\ a\in[-4.001,-3.918]\ (100\le T\le400),\quad "
        r"t_1\propto c^{b},\ b\in[-1.9960,-1.9953]\ (0.02\le c\le0.2),\quad "
        r"t_1(2\cdot10^{-4})-t_1(2\cdot10^{-3})\in[0.151,0.173],\quad "
        r"t_2\propto\eta^{e},\ e\in[-0.022,0.015]",
        _SLOPES, slopes_reduced, slopes_sgd,
        wrong=[_SLOPES | {name: (low + 0.1, high + 0.1)} for name, (low, high) in _SLOPES.items()],
        assume=_SETTING, needs=("x-unigram-onset", "x-escape-time"),
        records=("stage-times", "stage-predicted", "stage-descent")),
    ledger.measured("x-stage-batch-size", "beyond the paper",
        "the time of the bigram stage does not depend on the batch size",
        r"t_2\propto B^{e},\ e\in[-0.018,0.015],\quad B=16,\,64,\,256",
        _BATCHES, batches_sgd, batches_flow,
        wrong=[(0.06, 0.08), (-0.08, -0.06)],
        assume=(_SETTING, "T = 100, c = 0.02"), needs="x-stage-slopes",
        records=("stage-times", "stage-flows")),
)  # fmt: skip
