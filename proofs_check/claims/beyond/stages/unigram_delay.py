"""Beyond the paper: whether unigrams delay the bigram solution (Sec. 3.1), and what decides it."""

from __future__ import annotations

import numpy as np

from proofs_check import ledger
from proofs_check.experiments import records
from proofs_check.experiments.judging import Interval
from proofs_check.experiments.unigram_delay import OTHER
from proofs_check.ledger.compare import worst

Bounds = dict[str, dict[str, Interval]]  # by optimizer and arm


def _ratios(model: str, optimizer: str, arm: str) -> list[float]:
    """Of each setting the time of an arm over that without it: geometric mean of ratios by seed."""
    record, found = records.load("unigram-delay").judged, []
    for other in OTHER:
        times, alone = (
            record.values("updates_to_level", model=model, optimizer=optimizer, other=other, arm=a)
            for a in (arm, "alone")
        )
        found.append(float(np.exp(np.mean(np.log(times / alone)))))
    return found


def _bounded(stated: Bounds, model: str, allowed: float) -> ledger.Finding:
    """How far outside the stated bounds a setting is."""
    outside, shown = [0.0], []
    for optimizer, arms in stated.items():
        for arm, (low, high) in arms.items():
            ratios = _ratios(model, optimizer, arm)
            outside += [low - min(ratios), max(ratios) - high]
            shown.append(f"{optimizer}, {arm}: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
    detail = f"means of {', '.join(OTHER)} settings over that alone; {'; '.join(shown)}"
    return ledger.Finding(worst(outside), allowed, detail, because="four seeds")


_MINIMAL = ledger.simulation("minimal model")(_bounded).given(model="minimal", allowed=0.02)
_TRANSFORMER = ledger.replication("transformer")(_bounded).given(model="transformer", allowed=0.05)

_BOUNDS: Bounds = {
    "sgd": {"signal": (0.6, 0.9), "control": (0.95, 1.05)},
    "adamw": {"signal": (1.3, 2.2), "control": (0.95, 1.05)},
}


def _wrong(optimizer: str, arm: str, bounds: Interval) -> Bounds:
    return _BOUNDS | {optimizer: _BOUNDS[optimizer] | {arm: bounds}}


CLAIMS = (
    ledger.measured("x-unigram-delay",
        "beyond the paper; Sec. 3.1, `Unigrams slow down learning'",
        "chains that unigrams solve delay bigrams under AdamW, and bring them sooner under SGD",
        r"\frac{t(48+16\text{ chains of equal rows})}{t(48)}\in[0.6,0.9]\text{ (SGD)},"
        r"\ [1.3,2.2]\text{ (AdamW)};\quad\frac{t(48+16\text{ without signal})}{t(48)}"
        r"\in[0.95,1.05]",
        _BOUNDS, _MINIMAL, _TRANSFORMER,
        wrong=[_wrong("sgd", "signal", (1.1, 1.7)), _wrong("adamw", "signal", (0.5, 0.75)),
               _wrong("sgd", "control", (1.1, 1.7)), _wrong("adamw", "control", (1.1, 1.7))],
        assume=("T = 64; tested on doubly stochastic chains, at half the way from the uniform "
                "strategy's loss to the bigram's",
                "k = 4, k = 3, and k = 4 with a higher learning rate",
                "the same 48 doubly stochastic sequences a batch in all arms; SGD's rate such that "
                "each sequence counts the same"),
        records="unigram-delay",
        note="So it is the optimizer that decides whether unigrams are in the way, and what is "
        "added is so by its signal, since sequences of independent tokens change nothing."),
)  # fmt: skip
