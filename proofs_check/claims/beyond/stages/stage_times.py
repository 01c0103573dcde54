"""Beyond the paper: stage times predicted by the theory and measured, in SGD and in flow."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import theory
from proofs_check import ledger
from proofs_check.claims.beyond.stages import onset
from proofs_check.experiments import stage_runs
from proofs_check.experiments.stage_runs import STAGES, Cell
from proofs_check.ledger.compare import worst
from sim.runs.statistics import median_interval

Key = tuple[int, int]  # (T, k)
Times = dict[Key, dict[str, np.ndarray]]  # by name, stage_kind_threshold, (runs,)
Table = dict[Any, Any]

# of a run: stage, and which strategies it is judged by
_MEASURED = (("unigram", "limit"), ("bigram", "limit"), ("bigram", "counted"))


def _cell(stage: str, T: int = 100, k: int = 2, init: float = 0.02) -> Cell:
    """The cell of the design with these settings."""
    group = stage_runs.design()["length" if init == 0.02 else "init"]
    return next(c for c in group if (c.stage, c.length, c.k, c.init) == (stage, T, k, init))


def _sgd(keys: Collection[Key]) -> Times:
    """Times of SGD with base settings, named as those of the flow are."""
    cells = {(T, k): [_cell(stage, T, k) for stage in STAGES] for T, k in keys}
    runs = stage_runs.measured(tuple(cell for pair in cells.values() for cell in pair))
    return {
        key: {f"{c.stage}_{name}": times for c in pair for name, times in runs[c].items()}
        for key, pair in cells.items()
    }


def _ratios(times: Times) -> dict[Key, np.ndarray]:
    """Measured over predicted times, (3, runs)."""
    found = {}
    for (T, k), named in times.items():
        wanted = stage_runs.predicted(T, k, 0.02)
        found[T, k] = np.array([named[f"{s}_{kind}_0"] / wanted[s] for s, kind in _MEASURED])
    return found


def _listed(found: Table) -> str:
    return "; ".join(f"{key}: {np.round(entries, 4).tolist()}" for key, entries in found.items())


def _bias(stated: Table, found: dict[Key, np.ndarray]) -> ledger.Finding:
    """Distance of the stated ratios from the intervals of the medians over samples or seeds."""
    intervals = {key: [median_interval(runs) for runs in found[key]] for key in stated}
    outside = [
        max(median.low - ratio, ratio - median.high, 0.0)
        for key, ratios in stated.items()
        for median, ratio in zip(intervals[key], ratios, strict=True)
    ]
    shown = {key: [median[:3] for median in each] for key, each in intervals.items()}
    detail = f"medians and 95% intervals by (T, k): {_listed(shown)}"
    return ledger.Finding(worst(outside), 0.03, detail)


@ledger.quadrature("gradient flow on 10 samples of sequences")
def bias_flow(stated: Table) -> ledger.Finding:
    return _bias(stated, _ratios(stage_runs.flows()))


@ledger.simulation("SGD, 10 seeds, medians and intervals")
def bias_sgd(stated: Table) -> ledger.Finding:
    return _bias(stated, _ratios(_sgd(stated)))


def _within(bounds: dict[str, tuple[float, float]], found: Table) -> ledger.Finding:
    """How far median ratios, by stage and setting, are outside their bounds or from filling them.

    Bounds much wider than what is found would be no statement.
    """
    outside = [0.0]
    for stage, (low, high) in bounds.items():
        ratios = [ratio for key, ratio in found.items() if key[0] == stage]
        least, most = min(ratios), max(ratios)
        outside += [low - least, most - high, high - most - 0.1, least - low - 0.1]
    return ledger.Finding(worst(outside), 0.02, f"medians by stage, T, k, c: {_listed(found)}")


@ledger.quadrature("gradient flow on samples, up to T = 100")
def range_flow(bounds: dict[str, tuple[float, float]]) -> ledger.Finding:
    found = {
        (stage, T, k, 0.02): np.median(runs)
        for (T, k), ratios in _ratios(stage_runs.flows()).items()
        for (stage, kind), runs in zip(_MEASURED, ratios, strict=True)
        if kind == "limit"
    }
    return _within(bounds, found)


@ledger.simulation("SGD, 10 seeds, every cell")
def range_sgd(bounds: dict[str, tuple[float, float]]) -> ledger.Finding:
    design, found = stage_runs.design(), {}
    cells = tuple(dict.fromkeys((*design["length"], *design["init"])))
    for cell, times in stage_runs.measured(cells).items():
        wanted = stage_runs.predicted(cell.length, cell.k, cell.init)[cell.stage]
        found[cell[:4]] = np.median(times["limit_0"]) / wanted
    return _within(bounds, found)


def _thresholds(stated: Table, times: Times) -> ledger.Finding:
    """Medians of times over those without a threshold, run by run, against what is stated."""
    found = {}
    for key in stated:
        first = [times[key][f"{stage}_limit_0"] for stage in STAGES]
        later = [[times[key][f"{stage}_limit_{index}"] for stage in STAGES] for index in (1, 2)]
        found[key] = np.median(np.array(later) / first, axis=-1)
    off = worst(np.abs(found[key] - np.array(stated[key])).max() for key in stated)
    detail = f"unigram, bigram at 0.003, 0.01, by (T, k): {_listed(found)}"
    return ledger.Finding(off, 0.006, detail)


@ledger.quadrature("reduced flow")
def thresholds_predicted(stated: Table) -> ledger.Finding:
    times: Times = {key: {} for key in stated}
    for (T, k), index in product(stated, range(3)):
        for stage, time in stage_runs.predicted(T, k, 0.02, index).items():
            times[T, k][f"{stage}_limit_{index}"] = np.array([time])
    return _thresholds(stated, times)


@ledger.quadrature("gradient flow on samples")
def thresholds_flow(stated: Table) -> ledger.Finding:
    return _thresholds(stated, stage_runs.flows())


@ledger.simulation("SGD, 10 seeds")
def thresholds_sgd(stated: Table) -> ledger.Finding:
    return _thresholds(stated, _sgd(stated))


@ledger.quadrature("reduced flow with expected counts", 0.1, "0.1 for finite T; rates do not enter")
def slopes_reduced(stated: dict[str, float]) -> list[float]:
    settings = ((100, 0.02), (200, 0.02), (100, 0.2), (100, 2e-3), (100, 2e-4))
    begins = {(T, c): stage_runs.predicted(T, 2, c)["unigram"] for T, c in settings}
    # rates and batch sizes do not enter
    found = dict.fromkeys(stated, 0.0) | {
        "length": np.log2(begins[200, 0.02] / begins[100, 0.02]),
        "init": np.log10(begins[100, 0.2] / begins[100, 0.02]),
        "small_init": (begins[100, 2e-4] - begins[100, 2e-3]) / _decade(),
    }
    return [found[name] - stated[name] for name in stated]


@ledger.simulation("SGD, 10 seeds, T = 100, 200, 400")
def slopes_sgd(stated: dict[str, float]) -> ledger.Finding:
    """Exponents of the measured times; errors from the intervals of the medians."""
    design = stage_runs.design()
    groups = {
        "length": [_cell("unigram", T) for T in (100, 200, 400)],
        "init": [_cell("unigram", init=c) for c in (0.02, 0.2)],
        "small_init": [_cell("unigram", init=c) for c in (2e-4, 2e-3)],
        "learning_rate": [c for c in design["learning_rate"] if c.stage == "bigram"],
        "batch_size": [c for c in design["batch_size"] if c.stage == "bigram"],
    }
    runs = stage_runs.measured(tuple(cell for cells in groups.values() for cell in cells))
    found = {}
    for name, cells in groups.items():
        each = [median_interval(runs[cell]["limit_0"]) for cell in cells]
        medians = np.array([m.median for m in each])
        errors = np.array([m.high - m.low for m in each]) / 4  # about standard errors
        if name == "small_init":
            (late, early), error = medians / _decade(), np.linalg.norm(errors) / _decade()
            found[name] = float(late - early), float(error)
        else:
            found[name] = _exponent([getattr(cell, name) for cell in cells], medians, errors)
    residuals = [abs(found[name][0] - stated[name]) - 2 * found[name][1] for name in stated]
    detail = f"less 2 errors; 0.1 for finite T and large steps; {_listed(found)}"
    return ledger.Finding(max(residuals), 0.1, detail)


def _decade() -> float:
    """How much longer the linear flow takes from a start ten times smaller."""
    return float(np.log(10) / theory.modes(100).singular_values[0])


def _exponent(x: ArrayLike, medians: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Least squares in logarithms, with the error of the exponent."""
    away = np.log(x) - np.log(x).mean()
    weight = away / (away**2).sum()
    return float(weight @ np.log(medians)), float(np.linalg.norm(weight * errors / medians))


# by (T, k): unigram; bigram, nearest to P; bigram, nearest to add-one counts
_RATIOS = {
    (50, 2): (0.98, 1.085, 1.17), (100, 2): (0.985, 1.11, 1.185),
    (25, 3): (0.97, 1.205, 1.03), (50, 3): (0.99, 1.15, 1.085), (100, 3): (1.0, 1.15, 1.125),
    (25, 4): (0.98, 1.335, 0.93), (50, 4): (0.99, 1.185, 1.02), (100, 4): (0.99, 1.14, 1.065),
}  # fmt: skip
# unigram and bigram, at 0.003 and at 0.01 nats
_THRESHOLDS = {
    (50, 2): ((1.021, 1.028), (1.071, 1.09)), (100, 2): ((1.028, 1.029), (1.095, 1.095)),
    (50, 3): ((1.017, 1.012), (1.057, 1.04)),
}  # fmt: skip
_RANGE = {"unigram": (0.95, 1.05), "bigram": (1.0, 1.35)}
_SLOPES = {"length": -4.0, "init": -2.0, "small_init": 1.0, "learning_rate": 0.0, "batch_size": 0.0}


def _scaled(table: Table, factors: np.ndarray) -> Table:
    return {key: np.array(entries) * factors for key, entries in table.items()}


CLAIMS = (
    *onset.CLAIMS,
    ledger.supported("x-stage-times", "beyond the paper",
        "measured over predicted stage times, and where the difference comes from",
        r"t_{1},\ t_{2}\ \text{to}\ (\pi,P),\ t_2\ \text{to counts, over predicted}: "
        + r",\ ".join(rf"({x},{y},{z})_{{{T},{k}}}" for (T, k), (x, y, z) in _RATIOS.items()),
        _RATIOS, bias_flow, bias_sgd, minutes=14.0,
        wrong=[_scaled(_RATIOS, 1 + 0.1 * one) for one in np.eye(3)],
        assume="cross-entropy, v = 0.02, W = 0, flat prior", needs="x-context-limit-logits",
        note="the ratios are rounded between the two routes, which agree to 3%. The second time is "
        "predicted early because counts fluctuate, and by another 8% for k = 2 because the paper's "
        "bigram strategy is an add-one count and not P; at T = 25 and 50 with more states that "
        "count is itself near to unigram, and reached sooner. The flow shows both; what steps and "
        "gradient noise add is too small to be told"),
    ledger.supported("x-stage-times-range", "beyond the paper",
        "from T = 25 to 400, k = 2 to 4, over three decades of init: the first time is predicted "
        "to 5%, the second is up to 35% late",
        r"0.95\le t_1/t_1^{\rm pred}\le1.05,\quad1\le t_2/t_2^{\rm pred}"
        r"\le1.35,\quad T\in\{25,50,100,200,400\},\ k\in\{2,3,4\},\ c\in[2\cdot10^{-4},0.2]",
        _RANGE, range_flow, range_sgd, minutes=30.0,
        wrong=[_RANGE | {"unigram": (0.95, 0.96)}, _RANGE | {"unigram": (0.8, 1.05)},
               *(_RANGE | {"bigram": pair} for pair in ((1.0, 1.15), (1.15, 1.35), (1.0, 1.6)))],
        assume=("cross-entropy, v = c 1, W = 0, flat prior", "stable learning rates",
                "c = 0.02 where T or k is varied, T = 100 and k = 2 where c is"),
        needs=("x-stage-times", "x-stage-stable-rate"),
        note="t_2 to pi and P, latest at T = 25, k = 4 and nearest at T = 400, k = 2 (1.03)"),
    ledger.supported("x-stage-thresholds", "beyond the paper",
        "thresholds of 0.003 and 0.01 nats move predicted and measured times alike",
        r"(t_1,t_2)(\theta)/(t_1,t_2)(0),\ \theta=0.003;\ 0.01,\ \text{by}\ (T,k): "
        + r",\ ".join(rf"({a},{b};\,{c},{d})_{{{T},{k}}}" for (T, k),
                      ((a, b), (c, d)) in _THRESHOLDS.items()),
        _THRESHOLDS, thresholds_predicted, thresholds_flow, thresholds_sgd, minutes=10.0,
        wrong=[_scaled(_THRESHOLDS, 1 - 0.01 * one) for one in np.eye(4).reshape(4, 2, 2)],
        assume=("cross-entropy, v = 0.02, W = 0, flat prior", "distances to pi and P"),
        needs="x-stage-times", note="a strategy takes over when it is nearer by the threshold"),
    ledger.supported("x-stage-slopes", "beyond the paper", "exponents of the stage times",
        r"t_1\propto T^{-4}c^{-2}\ (c^2T^{5/2}\gg1),\quad t_1(\epsilon/10)-t_1(\epsilon)"
        r"\to\frac{\log10}{\sigma_1}\ (c\to0),\quad t_2\propto\eta^0B^0",
        _SLOPES, slopes_reduced, slopes_sgd, minutes=2.0,
        wrong=[_SLOPES | {name: value + 0.3} for name, value in _SLOPES.items()],
        assume="cross-entropy, W = 0, k = 2, flat prior",
        needs=("x-unigram-onset", "x-escape-time")),
)  # fmt: skip
