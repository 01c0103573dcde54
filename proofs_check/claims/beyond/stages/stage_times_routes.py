"""Routes for predicted against measured stage times: flow on large samples, and SGD."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

import theory
from proofs_check.experiments import stage_runs
from proofs_check.experiments.stage_runs import Cell
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from sim.runs.statistics import median_interval

Array = NDArray[np.float64]
Key = tuple[int, int]  # (T, k)
Ratios = dict[Key, tuple[float, float, float]]
# (unigram, bigram) at either threshold above 0
Thresholds = dict[Key, tuple[tuple[float, float], tuple[float, float]]]

# of a run: stage, and which strategies it is judged by
_TIMES = (("unigram", "limit"), ("bigram", "limit"), ("bigram", "counted"))


def bias_flow(stated: Ratios) -> Finding:
    """Medians of the flow over samples, with their intervals."""
    return _bias(stated, _flow_ratios(), f"{stage_runs.SAMPLES} samples of 10,000 sequences")


def bias_sgd(stated: Ratios) -> Finding:
    """Medians of SGD, with their intervals."""
    return _bias(stated, _sgd_ratios(stated), f"{stage_runs.SEEDS} seeds, batches of 64")


def _flow_ratios(threshold: int = 0) -> dict[Key, Array]:
    """Measured over predicted times (samples, 3) of the flow on samples."""
    found = {}
    for (T, k), times in stage_runs.flows().items():
        wanted = stage_runs.predicted(T, k, 0.02, threshold)
        found[T, k] = np.stack([times[f"{stage}_{kind}_{threshold}"] / wanted[stage]
                                for stage, kind in _TIMES], axis=1)  # fmt: skip
    return found


def _sgd_ratios(keys: Collection[Key], threshold: int = 0) -> dict[Key, Array]:
    """Measured over predicted times (seeds, 3) of SGD."""
    runs, found = _runs(keys), {}
    for T, k in keys:
        wanted = stage_runs.predicted(T, k, 0.02, threshold)
        found[T, k] = np.stack([runs[_cell(stage, T, k)][f"{kind}_{threshold}"] / wanted[stage]
                                for stage, kind in _TIMES], axis=1)  # fmt: skip
    return found


def _runs(keys: Collection[Key]) -> dict[Cell, dict[str, Array]]:
    """Runs of SGD with base settings, both stages."""
    return stage_runs.measured(
        tuple(_cell(stage, T, k) for T, k in keys for stage in stage_runs.STAGES)
    )


def _bias(stated: Ratios, found: dict[Key, Array], how: str) -> Finding:
    """Distance of the stated ratios from the intervals of the medians over samples or seeds."""
    outside, shown = [], []
    for key, ratios in stated.items():
        each = [median_interval(column) for column in found[key].T]
        outside += [max(low - ratio, ratio - high, 0.0)
                    for (_, low, high, _), ratio in zip(each, ratios, strict=True)]  # fmt: skip
        listed = (f"{m:.3f} [{low:.3f}, {high:.3f}]" for m, low, high, _ in each)
        shown.append("T={}, k={}: ".format(*key) + " ".join(listed))
    return Finding(worst(outside), 0.03,
                   f"{how}; distance from the 95% intervals of the medians, 0.03 allowed; "
                   + ", ".join(shown))  # fmt: skip


def range_sgd(bounds: dict[str, tuple[float, float]]) -> Finding:
    """Bounds on the ratios, by SGD over lengths, numbers of states and init scales."""
    design = stage_runs.design()
    cells = tuple(dict.fromkeys((*design["length"], *design["init"])))
    runs = stage_runs.measured(cells)
    found: dict[str, dict[str, float]] = {stage: {} for stage in stage_runs.STAGES}
    for cell in cells:
        wanted = stage_runs.predicted(cell.length, cell.k, cell.init)[cell.stage]
        label = f"{cell.length},{cell.k}" + (f",{cell.init:g}" if cell.init != 0.02 else "")
        found[cell.stage][label] = float(np.median(runs[cell]["limit_0"])) / wanted
    return _within(bounds, found, f"{stage_runs.SEEDS} seeds; T,k (and c if not 0.02)")


def range_flow(bounds: dict[str, tuple[float, float]]) -> Finding:
    """The same, by the flow on samples, up to T = 100 and from v = 0.02."""
    medians = {f"{T},{k}": np.median(ratios, axis=0) for (T, k), ratios in _flow_ratios().items()}
    found = {stage: {label: float(ratios[column]) for label, ratios in medians.items()}
             for column, (stage, _) in enumerate(_TIMES[:2])}  # fmt: skip
    return _within(bounds, found, f"{stage_runs.SAMPLES} samples; T,k")


def _within(
    bounds: dict[str, tuple[float, float]], found: dict[str, dict[str, float]], how: str
) -> Finding:
    """How far median ratios lie outside their bounds, and how far they are from filling them.

    Bounds much wider than what is found would be no statement.
    """
    outside, shown = [], []
    for stage, medians in found.items():
        (low, high), values = bounds[stage], medians.values()
        outside += [low - min(values), max(values) - high]
        outside += [high - max(values) - 0.1, min(values) - low - 0.1]
        shown.append(f"{stage} " + ", ".join(f"{at}: {x:.3f}" for at, x in medians.items()))
    return Finding(max(*outside, 0.0), 0.02,
                   f"medians of {how}; 0.02 allowed; " + "; ".join(shown))  # fmt: skip


def thresholds_sgd(stated: Thresholds) -> Finding:
    """Times with a threshold over those without, seed by seed."""
    runs = _runs(stated)
    return _thresholds(stated, {
        (T, k): np.stack([[runs[_cell(stage, T, k)][f"limit_{index}"] for index in range(3)]
                          for stage in stage_runs.STAGES])
        for T, k in stated
    }, "SGD")  # fmt: skip


def thresholds_flow(stated: Thresholds) -> Finding:
    """The same of the flow, sample by sample."""
    runs = stage_runs.flows()
    return _thresholds(stated, {
        key: np.stack([[runs[key][f"{stage}_limit_{index}"] for index in range(3)]
                       for stage in stage_runs.STAGES])
        for key in stated
    }, "flow on samples")  # fmt: skip


def thresholds_predicted(stated: Thresholds) -> Finding:
    """The same as the prediction has it."""
    return _thresholds(stated, {
        (T, k): np.array([[[stage_runs.predicted(T, k, 0.02, index)[stage]] for index in range(3)]
                          for stage in stage_runs.STAGES])
        for T, k in stated
    }, "predicted")  # fmt: skip


def _thresholds(stated: Thresholds, times: dict[Key, Array], how: str) -> Finding:
    """Medians of times (stage, threshold, run) over those without one, against what is stated."""
    off, shown = [], []
    for key, values in stated.items():
        found = np.median(times[key][:, 1:] / times[key][:, :1], axis=2).T
        off.append(np.abs(found - np.array(values)).max())
        shown.append("T={}, k={}: ".format(*key)
                     + "; ".join(f"{x:.4f}, {y:.4f}" for x, y in found))  # fmt: skip
    return Finding(worst(off), 0.006,
                   f"{how}: unigram, bigram at 0.003; at 0.01: " + " | ".join(shown))  # fmt: skip


def _cell(stage: str, T: int = 100, k: int = 2, *, init: float | None = None) -> Cell:
    """The cell of the design with these settings (or this init) and the base ones otherwise."""
    group = stage_runs.design()["length" if init is None else "init"]
    return next(c for c in group if (c.stage, c.length, c.k) == (stage, T, k)
                and c.init == (0.02 if init is None else init))  # fmt: skip


def slopes_sgd(stated: dict[str, float]) -> Finding:
    """Exponents of the measured onset; errors from the intervals of the medians."""
    groups: dict[str, list[tuple[float, Cell]]] = {
        "length": [(T, _cell("unigram", T)) for T in (100, 200, 400)],
        "init": [(c, _cell("unigram", init=c)) for c in (0.02, 0.2)],
        "small_init": [(c, _cell("unigram", init=c)) for c in (2e-4, 2e-3)],
    }
    for name in ("learning_rate", "batch_size"):
        cells = [c for c in stage_runs.design()[name] if c.stage == "bigram"]
        groups[name] = [(getattr(c, name), c) for c in cells]
    runs = stage_runs.measured(tuple(cell for group in groups.values() for _, cell in group))
    medians = {name: [(x, *_median(runs[cell])) for x, cell in group]
               for name, group in groups.items()}  # fmt: skip
    (_, late, late_error), (_, early, early_error) = medians.pop("small_init")
    found = {name: _exponent(group) for name, group in medians.items()}
    unit = np.log(10) / theory.modes(100).singular_values[0]
    found["small_init"] = ((late - early) / unit, np.hypot(late_error, early_error) / unit)
    residuals = [abs(found[name][0] - stated[name]) - 2 * found[name][1] for name in stated]
    listed = ", ".join(f"{name} {x:.3f} +- {e:.3f}" for name, (x, e) in found.items())
    return Finding(
        max(residuals), 0.1, f"{listed}; 2 errors and 0.1 for finite T and large steps allowed"
    )


def _median(times: dict[str, Array]) -> tuple[float, float]:
    """Median and about one standard error of it."""
    found = median_interval(times["limit_0"])
    return found.median, (found.high - found.low) / 4


def _exponent(points: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Least squares in logarithms of (x, median, error), with the error of the exponent."""
    x, medians, errors = np.array(points).T
    away = np.log(x) - np.log(x).mean()
    weight = away / (away**2).sum()
    return float(weight @ np.log(medians)), float(np.linalg.norm(weight * errors / medians))


def slopes_reduced(stated: dict[str, float]) -> Finding:
    """The same exponents of the reduced flow; rates and batches do not enter it."""
    settings = ((100, 0.02), (200, 0.02), (100, 0.2), (100, 2e-3), (100, 2e-4))
    onset = {(T, c): stage_runs.predicted(T, 2, c)["unigram"] for T, c in settings}
    unit = np.log(10) / theory.modes(100).singular_values[0]
    found = {
        "length": np.log2(onset[200, 0.02] / onset[100, 0.02]),
        "init": np.log10(onset[100, 0.2] / onset[100, 0.02]),
        "small_init": (onset[100, 2e-4] - onset[100, 2e-3]) / unit,
        "learning_rate": 0.0,
        "batch_size": 0.0,
    }
    listed = ", ".join(f"{name} {x:.3f}" for name, x in found.items())
    return Finding(worst(abs(found[name] - stated[name]) for name in stated), 0.1,
                   f"{listed}; 0.1 allowed for finite T")  # fmt: skip
