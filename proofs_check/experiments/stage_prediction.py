"""Stage times by theory: of the reduced flow, and of descent in it with steps of a given size."""

from __future__ import annotations

from typing import Any

import numpy as np

import theory
from proofs_check.experiments.stage_task import MARGINS

RECORDS = 1000  # looked at in a descent


def predict(configuration: dict[str, Any]) -> dict[str, float]:
    """Predicted times of both stages by each threshold, infinity for what is not reached.

    Returns
    -------
    dict of str to float
        ``unigram_0``, ``bigram_0`` without a threshold, ``..._1`` and ``..._2`` with those of
        `MARGINS` if so many ``leads`` are wanted; without a threshold also ``unigram_error``,
        ``bigram_error``, the same of ``unigram_counted`` and ``bigram_counted``, and of expected
        counts, ``unigram_expected`` and ``bigram_expected``; ``stable_rate``, the largest learning
        rate at which steps follow the flow.
    """
    T, k, init = (configuration[name] for name in ("length", "k", "init"))
    result = {}
    for index, lead in enumerate(MARGINS[: configuration["leads"]]):
        found = theory.predict_stages(T, k=k, init=init, lead=lead)
        for stage in ("unigram", "bigram"):
            result[f"{stage}_{index}"] = _time(getattr(found, stage))
            if not index:
                result[f"{stage}_counted"] = _time(getattr(found, f"{stage}_counted"))
                result[f"{stage}_error"] = getattr(found, f"{stage}_error")
                result[f"{stage}_counted_error"] = getattr(found, f"{stage}_counted_error")
        result["stable_rate"] = np.nan if found.stable_rate is None else float(found.stable_rate)
    plain = theory.predict_stages(T, k=k, init=init, closure="expected")
    return result | {
        "unigram_expected": _time(plain.unigram), "bigram_expected": _time(plain.bigram)
    }  # fmt: skip


def _time(found: float | None) -> float:
    return np.inf if found is None else float(found)


def descend(configuration: dict[str, Any]) -> dict[str, float]:
    """When descent with expected counts has come nearer to bigrams for good, k = 2.

    Returns
    -------
    dict of str to float
        ``bigram``, in flow time; infinity if it has not at the end.
    """
    T, rate, stop = (configuration[name] for name in ("length", "learning_rate", "stop"))
    model = theory.ExpectedCounts(T, T=T, nodes=10)
    off = diagonal = 0.0
    v = np.full(T, configuration["init"])
    steps = int(stop / rate)
    every = max(1, steps // RECORDS)
    begin, leads = np.inf, False
    for step in range(steps):
        if step % every == 0:
            distance = model.distances(off, diagonal - off, v)
            led, leads = leads, distance["bigram"] < min(distance["uniform"], distance["unigram"])
            if leads and not led:
                begin = step * rate
        slope = model.loss_and_gradient(off, diagonal - off, v)[1]
        off -= rate * (slope.alpha - slope.beta) / 2
        diagonal -= rate * slope.beta / 2
        v = v - rate * slope.v
    return {"bigram": begin if leads else np.inf}
