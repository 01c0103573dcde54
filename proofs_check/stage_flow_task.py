"""Gradient flow on one large sample of sequences, and when its stages begin.

No steps and hardly any noise: what is left beside `theory.predict_stages` is what the prediction
leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
from proofs_check.stage_task import KINDS, MARGINS, first_times, limit_strategies, with_measures
from sim.measures import HeldOut

Array = NDArray[np.float64]

SEQUENCES, TESTS = 10_000, 4


def flow_run(configuration: dict[str, Any]) -> dict[str, float]:
    """When each stage of a flow begins, by threshold and kind of strategies.

    Looked at from `first` to `stop`. Samples differ by several per cent, as trained on and as
    tested on: one of them decides nothing.
    """
    T, k, sample, stop = (configuration[name] for name in ("length", "k", "sample", "stop"))
    prior = sim.Dirichlet(k)
    train = sim.sample_sequences(prior, SEQUENCES, T + 1, 200 + 10 * sample)
    run = sim.gradient_flow(
        sim.MinimalModel.constant(T, k, v=0.02),
        sim.Sample(train.tokens, k, sim.CrossEntropy()),
        t_span=(0.0, stop), method="RK45", rtol=1e-5, atol=1e-8,
        t_eval=np.concatenate([[0.0], np.geomspace(configuration["first"], stop, 149)]),
    )  # fmt: skip
    # the crossing moves by 6 % from one test set of 1000 to the next: many of them, averaged
    seeds = range(201 + 10 * sample, 201 + TESTS + 10 * sample)
    tests = [sim.sample_sequences(prior, SEQUENCES, T + 1, seed) for seed in seeds]
    result = {}
    for kind, held_outs in zip(
        KINDS, (map(HeldOut, tests), map(limit_strategies, tests)), strict=True
    ):
        seen = with_measures(run, _mean_measures(run, held_outs))
        for index, margin in enumerate(MARGINS):
            begins = first_times(seen, margin)
            for stage in ("unigram", "bigram"):
                result[f"{stage}_{kind}_{index}"] = begins.get(stage, np.inf)
    return result


def _mean_measures(run: sim.Trajectory, held_outs: Iterable[HeldOut]) -> dict[str, Array]:
    each = [held_out.evaluate_all(run.model(), run.weights) for held_out in held_outs]
    return {name: np.mean([measures[name] for measures in each], axis=0) for name in each[0]}
