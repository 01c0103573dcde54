"""Beyond the paper: stage times predicted by the theory and measured, in SGD and in flow."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np

from proofs_check import ledger
from proofs_check.claims.beyond.stages import onset
from proofs_check.experiments import judging, stage_runs
from proofs_check.experiments.judging import Interval
from proofs_check.experiments.stage_runs import STAGES, THRESHOLDS, Cell
from proofs_check.ledger.compare import worst

Key = tuple[int, int]  # (T, k)
Table = dict[Any, tuple[Interval, ...]]
Found = dict[Any, list[Interval]]

# of a run: stage, and which strategies it is judged by
_MEASURED = (("unigram", "limit"), ("bigram", "limit"), ("bigram", "counted"))


def _cell(stage: str, T: int = 100, k: int = 2, init: float = 0.02) -> Cell:
    """The cell of the design with these settings."""
    group = stage_runs.design()["length" if init == 0.02 else "init"]
    return next(c for c in group if (c.stage, c.length, c.k, c.init) == (stage, T, k, init))


def _sgd(key: Key, stage: str, name: str) -> np.ndarray:
    return stage_runs.measured(_cell(stage, *key), name)


def _flow(key: Key, stage: str, name: str) -> np.ndarray:
    return stage_runs.flow(*key, f"{stage}_{name}")


def _shown(found: Found) -> str:
    return "; ".join(
        f"{key}: {', '.join(f'{low:.4f} to {high:.4f}' for low, high in each)}"
        for key, each in found.items()
    )


def _apart(stated: Table, found: Found, allowed: float, because: str) -> ledger.Finding:
    """The largest distance of a stated interval from the one found."""
    gaps = [
        judging.gap(one, other)
        for key, each in found.items()
        for one, other in zip(stated[key], each, strict=True)
    ]
    detail = f"99% intervals of the mean: {_shown(found)}"
    return ledger.Finding(worst(gaps), allowed, detail, because=because)


def _ratios(times: Any, keys: Iterable[Key]) -> Found:
    """Measured over times predicted from expected counts, an interval for each of `_MEASURED`."""
    return {
        key: [
            judging.mean(times(key, stage, f"{kind}_0") / wanted[stage])
            for wanted in (stage_runs.predicted(*key, 0.02, "expected"),)
            for stage, kind in _MEASURED
        ]
        for key in keys
    }


@ledger.simulation("SGD, 8 seeds")
def expected_sgd(stated: Table) -> ledger.Finding:
    return _apart(stated, _ratios(_sgd, stated), 0.0, "")


@ledger.quadrature("gradient flow on 4 samples of sequences")
def expected_flow(stated: Table) -> ledger.Finding:
    keys = [key for key in stated if key in stage_runs.FLOWS]
    return _apart(stated, _ratios(_flow, keys), 0.0, "")


def _within(bounds: dict[str, Interval], found: dict[Any, Interval]) -> ledger.Finding:
    """How far intervals of ratios, by stage and setting, are outside their bounds."""
    outside = [judging.gap(bounds[key[0]], ratio) for key, ratio in found.items()]
    shown = _shown({key: [ratio] for key, ratio in found.items()})
    detail = f"99% intervals of the mean by stage, T, c: {shown}"
    return ledger.Finding(worst(outside), 0.0, detail)


def _by_kind(times: Any, keys: Iterable[Key]) -> dict[Any, Interval]:
    """Measured over predicted times, by what is measured, T and k."""
    return {
        (f"{stage} {kind}", T, k): judging.mean(times((T, k), stage, f"{kind}_0") / wanted[stage])
        for T, k in keys
        for stage, kind in _MEASURED
        for wanted in (stage_runs.predicted(T, k, 0.02, "0" if kind == "limit" else "counted"),)
    }


@ledger.simulation("SGD, 8 seeds, T = 25 to 200, k = 2 and 3")
def times_sgd(bounds: dict[str, Interval]) -> ledger.Finding:
    return _within(bounds, _by_kind(_sgd, _KEYS))


@ledger.quadrature("gradient flow on 4 samples of sequences")
def times_flow(bounds: dict[str, Interval]) -> ledger.Finding:
    return _within(bounds, _by_kind(_flow, stage_runs.FLOWS))


def _covered(factor: float, measured: dict[Any, Interval]) -> ledger.Finding:
    """The share of cells in which the predicted interval and the measured one are apart."""
    apart = []
    for (stage, kind, T, k), interval in measured.items():
        counted = kind == "counted"
        time = factor * stage_runs.predicted(T, k, 0.02, "counted" if counted else "0")[stage]
        error = stage_runs.predicted(T, k, 0.02, "counted_error" if counted else "error")[stage]
        if judging.gap((time - error, time + error), interval) > 0:
            apart.append(f"{stage} ({kind}) at T = {T}, k = {k}")
    detail = f"{len(measured)} cells, outside: {', '.join(apart) or 'none'}"
    return ledger.Finding(len(apart) / len(measured), 0.05, detail,
                          because="one cell in twenty may be missed by chance")  # fmt: skip


@ledger.simulation("SGD, 8 seeds, 99% intervals of the mean, a step wider")
def error_sgd(factor: float) -> ledger.Finding:
    """The time of a stage is known to a step, which is 2% of the first time."""
    found = {}
    for (T, k), (stage, kind) in product(_KEYS, _MEASURED):
        cell = _cell(stage, T, k)
        low, high = judging.mean(stage_runs.measured(cell, f"{kind}_0"))
        found[stage, kind, T, k] = low - cell.learning_rate, high + cell.learning_rate
    return _covered(factor, found)


@ledger.quadrature("gradient flow on 4 samples of sequences, 99% intervals of the mean")
def error_flow(factor: float) -> ledger.Finding:
    return _covered(factor, {
        (stage, kind, T, k): judging.mean(_flow((T, k), stage, f"{kind}_0"))
        for (T, k), (stage, kind) in product(stage_runs.FLOWS, _MEASURED)
    })  # fmt: skip


@ledger.quadrature("gradient flow on samples, T = 50 and 100")
def range_flow(bounds: dict[str, Interval]) -> ledger.Finding:
    found = {
        (stage, T, 0.02): judging.mean(
            _flow((T, k), stage, "limit_0") / stage_runs.predicted(T, k, 0.02)[stage]
        )
        for T, k in stage_runs.FLOWS
        for stage in STAGES
        if k == 2
    }
    return _within(bounds, found)


@ledger.simulation("SGD, every setting")
def range_sgd(bounds: dict[str, Interval]) -> ledger.Finding:
    design = stage_runs.design()
    found = {
        (cell.stage, cell.length, cell.init): judging.mean(
            stage_runs.measured(cell)
            / stage_runs.predicted(cell.length, cell.k, cell.init)[cell.stage]
        )
        for cell in dict.fromkeys((*design["length"], *design["init"]))
        if cell.k == 2
    }
    return _within(bounds, found)


def _shifts(times: Any) -> Found:
    """Times by each threshold over those without one, run by run: both stages at 0.003, at 0.01."""
    return {
        key: [
            judging.mean(times(key, stage, f"limit_{index}") / times(key, stage, "limit_0"))
            for index in (1, 2)
            for stage in STAGES
        ]
        for key in THRESHOLDS
    }


@ledger.quadrature("reduced flow")
def thresholds_predicted(stated: Table) -> ledger.Finding:
    found: Found = {}
    for T, k in stated:
        first, *later = (stage_runs.predicted(T, k, 0.02, str(index)) for index in range(3))
        ratios = [times[stage] / first[stage] for times in later for stage in STAGES]
        found[T, k] = [(ratio, ratio) for ratio in ratios]
    return _apart(stated, found, 0.0, "")


@ledger.quadrature("gradient flow on samples")
def thresholds_flow(stated: Table) -> ledger.Finding:
    found = {key: each for key, each in _shifts(_flow).items() if key in stated}
    return _apart(stated, found, 0.0, "")


@ledger.simulation("SGD, 8 seeds")
def thresholds_sgd(stated: Table) -> ledger.Finding:
    return _apart(stated, _shifts(_sgd), 0.0, "")


# settings of two and of three states
_KEYS: tuple[Key, ...] = ((25, 2), (50, 2), (100, 2), (200, 2), (25, 3), (50, 3))
# means of seeds 0 to 4, with errors of 0.01, are 1.007 to 1.034, 0.994 to 1.012, 0.998 to 1.018
_TIMES = {
    "unigram limit": (0.98, 1.04),
    "bigram limit": (0.97, 1.03),
    "bigram counted": (0.97, 1.03),
}

# 99% intervals from seeds 0 to 4, by (T, k): of the unigram stage, of the bigram stage by the
# distance to P, and of the same by that to add-one counts
_RATIOS: Table = {
    (25, 2): ((0.967, 1.036), (1.032, 1.121), (1.123, 1.154)),
    (50, 2): ((0.983, 1.004), (1.038, 1.156), (1.148, 1.188)),
    (100, 2): ((0.966, 1.052), (1.078, 1.199), (1.172, 1.251)),
    (200, 2): ((0.962, 1.057), (1.054, 1.145), (1.106, 1.164)),
}
# likewise, of the unigram and bigram stage at 0.003 and at 0.01 nats
_SHIFTS: Table = {
    (50, 2): ((1.015, 1.030), (1.022, 1.034), (1.052, 1.091), (1.085, 1.103)),
    (100, 2): ((1.023, 1.031), (1.018, 1.037), (1.083, 1.102), (1.077, 1.105)),
}
# means of seeds 0 to 4 are 1.015 to 1.074, and 0.994 to 1.012
_RANGE = {"unigram": (0.99, 1.08), "bigram": (0.97, 1.03)}
_SETTING = "cross-entropy, v = 0.02, W = 0, k = 2, flat prior"


def _scaled(table: Table, column: int, factor: float) -> Table:
    """The table with the intervals of a column scaled."""
    return {
        key: tuple(
            (low * factor, high * factor) if place == column else (low, high)
            for place, (low, high) in enumerate(each)
        )
        for key, each in table.items()
    }


def _listed(table: Table) -> str:
    return r";\ ".join(
        rf"T={T}:\," + r",\,".join(f"[{low},{high}]" for low, high in each)
        for (T, _), each in table.items()
    )


CLAIMS = (
    *onset.CLAIMS,
    ledger.measured("x-stage-times", "beyond the paper",
        "stage times are predicted to 4% (unigram) and 3% (bigram, nearest to P or to counts)",
        r"0.98\le t_1/t_1^{\rm pred}\le1.04,\quad0.97\le t_2/t_2^{\rm pred}\le1.03,\quad"
        r"T\in\{25,50,100,200\}\ (k=2),\ \{25,50\}\ (k=3)",
        _TIMES, times_flow, times_sgd,
        wrong=[_TIMES | {"unigram limit": (1.06, 1.12)}, _TIMES | {"unigram limit": (0.85, 0.93)},
               *(_TIMES | {name: bounds} for name in ("bigram limit", "bigram counted")
                 for bounds in ((0.82, 0.92), (1.08, 1.18)))],
        assume="cross-entropy, v = 0.02, W = 0, flat prior", needs="x-context-limit-logits",
        records=("stage-times", "stage-flows", "stage-predicted"),
        note="by `theory.predict_stages` with the loss to second order in the fluctuations of the "
        "counts; the unigram stage of SGD begins up to 2% late, which is one of its steps"),
    ledger.measured("x-stage-times-error", "beyond the paper",
        "the error that comes with a prediction covers the measured time in 95% of the cells",
        r"|t-t^{\rm pred}|\le\delta t^{\rm pred},\quad"
        r"\frac{\delta t}{t}=x\,(x+T^{-1/2}),\ x=|t/t_{\rm expected\ counts}-1|",
        1.0, error_flow, error_sgd, wrong=[0.85, 1.15],
        assume="cross-entropy, v = 0.02, W = 0, flat prior", needs="x-stage-times",
        records=("stage-times", "stage-flows", "stage-predicted"),
        note="the value is a factor on the predicted times; x (x + T^(-1/2)) is the size expected "
        "of the next order; for three states and more a standard error over nets is added"),
    ledger.measured("x-stage-times-expected", "beyond the paper",
        "measured over stage times that are predicted from expected counts",
        r"t_{1},\ t_{2}\ \text{to}\ (\pi,P),\ t_2\ \text{to counts, over predicted: }"
        + _listed(_RATIOS),
        _RATIOS, expected_flow, expected_sgd,
        wrong=[_scaled(_RATIOS, column, 1.15) for column in range(3)],
        assume=_SETTING, needs="x-context-limit-logits",
        records=("stage-times", "stage-flows", "stage-predicted"),
        note="Expected counts put the second time early because counts fluctuate, and by another "
        "8% because the paper's bigram strategy is an add-one count and not P. The flow shows "
        "both; what steps and gradient noise add is too small to be told."),
    ledger.measured("x-stage-times-range", "beyond the paper",
        "from T = 25 to 400, over three decades of init: the first time is predicted to 8%, the "
        "second to 3%",
        r"0.99\le t_1/t_1^{\rm pred}\le1.08\ (25\le T\le400),\quad0.97\le t_2/t_2^{\rm pred}"
        r"\le1.03\ (25\le T\le200),\quad c\in[2\cdot10^{-4},0.2]",
        _RANGE, range_flow, range_sgd,
        wrong=[_RANGE | {"unigram": (0.80, 0.90)}, _RANGE | {"unigram": (1.1, 1.2)},
               _RANGE | {"bigram": (0.8, 0.9)}, _RANGE | {"bigram": (1.08, 1.2)}],
        assume=("cross-entropy, v = c 1, W = 0, k = 2, flat prior", "stable learning rates",
                "c = 0.02 where T is varied, T = 100 where c is"),
        needs=("x-stage-times", "x-stage-stable-rate"),
        records=("stage-times", "stage-flows", "stage-predicted"),
        note="By distances to pi and P. The first time of SGD is up to 7% late at c = 2e-4, "
        "because a step of eta = 0.008 multiplies the first mode by 1 + eta sigma_1: the logarithm "
        "of that is 0.94 eta sigma_1."),
    ledger.measured("x-stage-thresholds", "beyond the paper",
        "thresholds of 0.003 and 0.01 nats move predicted and measured times alike",
        r"(t_1,t_2)(\theta)/(t_1,t_2)(0),\ \theta=0.003;\ 0.01\text{: }" + _listed(_SHIFTS),
        _SHIFTS, thresholds_predicted, thresholds_flow, thresholds_sgd,
        wrong=[_scaled(_SHIFTS, column, 0.96) for column in range(4)],
        assume=(_SETTING, "distances to pi and P"),
        records=("stage-times", "stage-flows", "stage-predicted"),
        needs="x-stage-times", note="a strategy takes over when it is nearer by the threshold"),
)  # fmt: skip
