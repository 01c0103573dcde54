"""One run of SGD, and when its stages begin.

Two distances are taken of every run: to the strategies as counted on the context (add-one, as in
the paper's figures) and to their infinite-context limits pi and P, which is what the prediction of
`theory.predict_stages` knows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
import theory
from sim.measures import HeldOut
from sim.sequences import SequenceBatch

Array = NDArray[np.float64]

MARGINS = (0.0, 0.003, 0.01)  # nats
KINDS = ("counted", "limit")


def stage_run(configuration: dict[str, Any]) -> dict[str, float]:
    """Train, and find when the stage begins by each threshold and either kind of strategies."""
    T, k, steps = (configuration[name] for name in ("length", "k", "steps"))
    train_seed, test_seed = np.random.SeedSequence([configuration["seed"], 77]).spawn(2)
    run = sim.train(
        sim.MinimalModel.constant(T, k, v=configuration["init"]),
        sim.Dirichlet(k),
        steps=steps,
        batch_size=configuration["batch_size"],
        learning_rate=configuration["learning_rate"],
        rng=train_seed,
        record_every=max(1, steps // 150),
        held_out=1,
    )
    batch = sim.sample_sequences(sim.Dirichlet(k), 1024, T + 1, test_seed)
    result = {}
    for kind, held_out in zip(KINDS, (HeldOut(batch), limit_strategies(batch)), strict=True):
        seen = with_measures(run, held_out.evaluate_all(run.model(), run.weights))
        for index, margin in enumerate(MARGINS):
            begins = first_times(seen, margin)
            result[f"{kind}_{index}"] = begins.get(configuration["stage"], np.inf)
    return result


def limit_strategies(batch: SequenceBatch) -> HeldOut:
    """Held-out sequences whose strategies are those of infinite context: pi and the true row."""
    held_out = HeldOut(batch)
    held_out.predictions = {
        "uniform": held_out.predictions["uniform"],
        "unigram": theory.stationary_distribution(batch.transition),
        "bigram": held_out.truth,
    }
    return held_out


def with_measures(run: sim.Trajectory, measures: dict[str, Array]) -> sim.Trajectory:
    """The run with other measures of its predictions."""
    return replace(run, measures=measures)


def first_times(run: sim.Trajectory, margin: float = 0.0) -> dict[str, float]:
    """Flow time at which each strategy first takes over."""
    stages = list(sim.stage_times(run, margin=margin))
    return {stage.strategy: stage.start_time for stage in reversed(stages)}
