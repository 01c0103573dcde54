"""Sec. 3.1, 3.3 and App. B: what the paper's transformers learn, over seeds.

Routes look at what trained models did (simulation), what they do with a changed context
(intervention), and what their heads attend to (attention). They judge the recorded numbers of runs,
see `proofs_check.experiments.transformers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from proofs_check import ledger
from proofs_check.experiments import records
from proofs_check.experiments.records import Record, Row
from proofs_check.experiments.transformers import HEADS
from sim.runs.statistics import median_interval

Stated = dict[str, Any]
Runs = Callable[[Stated], Record]

# a model is at a strategy's level when off by less than this part of the way to the next level
NEAR = 0.25
# a head has formed when it attends to what it is for by more than this part of what chance left
FORMED = 0.25
# a prediction uses the order of the context when it owes to it more than this part of the way
# from unigrams to the best strategy
USED = 0.25
COUNTING = ("uniform", "unigram")  # strategies that do not use it


def runs_of(experiment: str, *variants: str) -> Runs:
    """The runs of an experiment on which claims are judged, of all variants or of those named."""

    def runs(_: Stated) -> Record:
        found = records.load(experiment).judged
        return found.among(variant=variants) if variants else found

    return runs


def counted(good: Iterable[bool], stated: Stated, detail: str = "") -> ledger.Finding:
    """How many runs are not good; the statement allows some misses."""
    judged = list(good)
    text = f"{sum(judged)} of {len(judged)} runs{detail and '; '}{detail}"
    return ledger.Finding(
        float(len(judged) - sum(judged)),
        float(stated["misses"]),
        text,
        because="runs that the statement allows to miss",
    )


def _at_level(run: Row, name: str) -> bool:
    """Whether the final test loss is near that of a strategy."""
    levels = {key.removeprefix("level_"): run[key] for key in run if key.startswith("level_")}
    others = [abs(value - levels[name]) for other, value in levels.items() if other != name]
    return bool(abs(run["end"] - levels[name]) <= NEAR * min(others))


def _in_stages(run: Row, names: tuple[str, ...], value: str) -> list[float]:
    """A value in the middle of each stage, in the last at the end; NaN where there is none."""
    return [run[f"{value}_{name}"] for name in (*names[:-1], "end")]


def _only_in_ngram_stages(values: np.ndarray, names: tuple[str, ...], level: float) -> list[bool]:
    """Whether values, (runs, stages), are above a level in the stages of n-grams and not before.

    A stage that is missing has no value, and no comparison.
    """
    ngrams = np.array([name not in COUNTING for name in names])
    return [bool(np.where(ngrams, row > level, row <= level).all()) for row in values]


@ledger.simulation("nearest strategy and final loss on held-out sequences")
def stages(stated: Stated, runs: Runs) -> ledger.Finding:
    """Runs that are in turn nearest to the stated strategies, and end at the last one's level."""
    names, found = tuple(stated["stages"]), runs(stated)
    good = (run["stages"] == " ".join(names) and _at_level(run, names[-1]) for run in found)
    return counted(good, stated, _times(found, names))


@ledger.intervention("predictions after shuffling the context but its end")
def order(stated: Stated, runs: Runs) -> ledger.Finding:
    """Runs whose models use the order of the context in the stages of n-grams and not before."""
    names = tuple(stated["stages"])
    used = np.array([_in_stages(run, names, "use_of_order") for run in runs(stated)])
    medians = zip(names, np.median(used, axis=0), strict=True)
    shown = ", ".join(f"{name} {value:.2f}" for name, value in medians)
    good = _only_in_ngram_stages(used, names, USED)
    return counted(good, stated, f"median use of order: {shown}")


@ledger.intervention("predictions after shuffling the context, and after changing x_(T-1)")
def order_and_history(stated: Stated, runs: Runs) -> ledger.Finding:
    """The same, where the final model moreover uses as much of the history as is stated.

    Shuffling does not tell bigrams from trigrams; the token before the last does.
    """
    names, found = tuple(stated["stages"]), runs(stated)
    used = np.array([_in_stages(run, names, "use_of_order") for run in found])
    before = [run["use_of_history"] for run in found]
    longer = [(value > USED) == (stated["history"] == 2) for value in before]
    pairs = zip(_only_in_ngram_stages(used, names, USED), longer, strict=True)
    shown = f"{min(before):.2f} to {max(before):.2f}"
    detail = f"effect of x_(T-1) over the trigram strategy's: {shown}"
    return counted(map(all, pairs), stated, detail)


@ledger.attention("attention to the token before, and to what followed this token")
def heads(stated: Stated, runs: Runs) -> ledger.Finding:
    """Runs with a previous-token head and an induction head in the stages of n-grams, not before.

    A score is counted from the untrained model's, which is what even attention gives, to 1.
    """
    names, found = tuple(stated["stages"]), runs(stated)
    rows = {
        head: np.array([_in_stages(run, names, f"{head}_rise") for run in found]) for head in HEADS
    }
    good = [_only_in_ngram_stages(row, names, FORMED) for row in rows.values()]
    shown = "; ".join(f"{head} {_ranges(names, row)}" for head, row in rows.items())
    return counted(map(all, zip(*good, strict=True)), stated, f"risen: {shown}")


@ledger.simulation("final loss on held-out sequences")
def not_beyond(stated: Stated, runs: Runs) -> ledger.Finding:
    """Runs that end no better than a strategy, up to a part of its distance to the next."""
    name = stated["best"]
    ends = [run["late"] / run[f"level_{name}"] for run in runs(stated)]
    detail = f"final KL over that of {name}s: {min(ends):.3f} to {max(ends):.3f}"
    return counted((value >= 1 - NEAR for value in ends), stated, detail)


@ledger.intervention("predictions after changing the token before the last")
def history(stated: Stated, runs: Runs) -> ledger.Finding:
    """Runs whose predictions do not depend on the token before the last as trigrams' do."""
    used = [run["use_of_history"] for run in runs(stated)]
    detail = f"effect over the trigram strategy's: {min(used):.2f} to {max(used):.2f}"
    return counted(((value > USED) == (stated["history"] == 2) for value in used), stated, detail)


def _times(runs: Record, names: tuple[str, ...]) -> str:
    """When strategies take over and how far all runs get: medians with their intervals.

    Every run has held-out sequences of its own, so its loss is compared with its own levels.
    """
    parts = [
        f"{name} from {_spread([run[f'{name}_from'] for run in runs], ',.0f')} examples"
        for name in names[1:]
    ]
    ratios = [run["end"] / run[f"level_{names[-1]}"] for run in runs]
    parts.append(f"final KL over that of {names[-1]}s {_spread(ratios, '.3f')}")
    coverage = median_interval(ratios).coverage
    return f"all runs, medians and {coverage:.0%} intervals: {'; '.join(parts)}"


def _spread(values: list[float], digits: str) -> str:
    found = median_interval(values)
    return f"{found.median:{digits}} ({found.low:{digits}} to {found.high:{digits}})"


def _ranges(names: tuple[str, ...], values: np.ndarray) -> str:
    rows = zip(names, values.min(axis=0), values.max(axis=0), strict=True)
    return ", ".join(f"{name} {low:.2f} to {high:.2f}" for name, low, high in rows)


def _passing(runs: Runs) -> tuple[ledger.Route, ledger.Route]:
    return stages.given(runs=runs), order.given(runs=runs)


def _at_rate(stated: Stated) -> Record:
    return records.load("fig-8" if stated["rate"] == 1e-3 else "slow-rate").judged


THREE = ("uniform", "unigram", "bigram")
TWO = THREE[:2]
SETTING = "AdamW, learning rate 1e-3 (claim text-B-learning-rate), batches of 64, minGPT's start"
SMALL = "width 16, one head, relative positions"
RUNS_8, RUNS_9, RUNS_13 = runs_of("fig-8"), runs_of("fig-9"), runs_of("fig-13")
ONE_HEAD, THREE_HEADS = (runs_of("fig-5", title) for title in ("one head", "three heads"))
TRIGRAMS = {"stages": (*THREE, "trigram"), "history": 2, "misses": 0}
BIGRAMS = {"best": "bigram", "history": 1, "misses": 0}

CLAIMS = (
    ledger.measured("fig-8", "Fig. 3 (top), Fig. 8, Sec. 3.1",
        "two-layer transformers are uniform, unigram, bigram predictors in turn",
        r"k=3,\ T=100,\ 128{,}000\text{ examples: uniform}\to\text{unigram}"
        r"\to\text{bigram, and near the bigram loss at the end, for at least 5 of 6 seeds}",
        {"stages": THREE, "misses": 1}, *_passing(RUNS_8), heads.given(runs=RUNS_8),
        wrong=({"stages": TWO, "misses": 1},), assume=(SETTING, SMALL), records="fig-8",
        note="a seed may settle between unigram and bigram loss: near means within a quarter of "
        "the way from one to the other"),
    ledger.measured("fig-9", "Fig. 9",
        "the same three stages with eight states and contexts of 200",
        r"k=8,\ T=200:\ \text{uniform}\to\text{unigram}\to\text{bigram}",
        {"stages": THREE, "misses": 0}, *_passing(RUNS_9), heads.given(runs=RUNS_9),
        wrong=({"stages": TWO, "misses": 0},), assume=(SETTING, SMALL), records="fig-9"),
    ledger.measured("fig-5", "Fig. 5, Sec. 3.3", "three heads learn trigrams in four stages",
        r"T=200,"
        r"\ \text{order }2:\ \text{uniform}\to\text{unigram}\to\text{bigram}\to\text{trigram}",
        TRIGRAMS, stages.given(runs=THREE_HEADS), order_and_history.given(runs=THREE_HEADS),
        wrong=(TRIGRAMS | {"stages": THREE, "history": 1}, TRIGRAMS | {"stages": TWO}),
        records="fig-5",
        assume=(SETTING, "k = 2, two layers of three heads, width 48"),
        note="the width of App. B, 16, is not divisible by three"),
    ledger.measured("text-3.3-single-head", "Sec. 3.3",
        "single-headed models do no better on trigrams than bigrams",
        r"\text{one head "
        r"a layer: test loss at least that of bigrams, no use of the second token of the history}",
        BIGRAMS, not_beyond.given(runs=ONE_HEAD), history.given(runs=ONE_HEAD),
        wrong=(BIGRAMS | {"best": "unigram", "history": 2},), records="fig-5",
        assume=(SETTING, "k = 2, T = 200, two layers, width 48, 128,000 examples")),
    ledger.measured("fig-13", "Fig. 13, Sec. 3.1",
        "one layer does not get beyond unigrams, trained four times longer",
        r"\text{one layer, 512{,}000 "
        r"examples, with or without MLP, relative or absolute positions: uniform}\to\text{unigram}",
        {"stages": TWO, "misses": 0}, *_passing(RUNS_13), wrong=({"stages": THREE, "misses": 0},),
        assume=(SETTING, "k = 3 and 2, T = 100, width 16, one head, MLP of 64 units"),
        records="fig-13",
        note="not beyond: within a quarter of the way to the bigrams' or the uniform level. All "
        "models end somewhat below the unigrams' own loss"),
    ledger.corrected("text-B-learning-rate", "App. B", "the learning rate of the transformers",
        (r"\text{AdamW with learning rate }3"
         r"\cdot10^{-5}\text{: the stages of Fig. 3 within }128{,}000\text{ examples}",
         {"rate": 3e-5, "stages": THREE, "misses": 1}),
        (r"\text{AdamW with learning rate }10^{-3}"
         r"\text{: the stages of Fig. 3 within }128{,}000\text{ examples}",
         {"rate": 1e-3, "stages": THREE, "misses": 1}),
        *_passing(_at_rate),
        wrong=({"rate": 1e-3, "stages": TWO, "misses": 1},), records=("fig-8", "slow-rate"),
        assume=("batches of 64, width 16, the start of minGPT, of which App. B does not speak",
                "at least 5 of 6 seeds")),
)  # fmt: skip
