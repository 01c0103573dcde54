"""One run of SGD, or flow on one sample of sequences, and when its stages begin.

Two distances are taken of every run: to the strategies as counted on the context (add-one, as in
the paper's figures) and to their infinite-context limits pi and P, which is what the prediction of
`theory.predict_stages` knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
from sim.runs.measures import HeldOut
from sim.task.sequences import SequenceBatch

Array = NDArray[np.float64]

MARGINS = (0.0, 0.003, 0.01)  # nats
KINDS = ("counted", "limit")
TEST_SEQUENCES = 4096  # of a run of SGD: 1000 of them move its times by 6 %
SEQUENCES, TESTS = 10_000, 4  # of a flow


def stage_run(configuration: dict[str, Any]) -> dict[str, float]:
    """Train, and find when the stage begins by each threshold and either kind of strategies.

    With the entry ``all`` off only without a threshold and by the strategies of infinite context.
    """
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
    batch = sim.sample_sequences(sim.Dirichlet(k), TEST_SEQUENCES, T + 1, test_seed)
    tests = {"limit": limit_strategies(batch)}
    leads = MARGINS[:1]
    if configuration["all"]:
        tests, leads = tests | {"counted": HeldOut(batch)}, MARGINS  # type: ignore[assignment]
    result = {}
    for kind, held_out in tests.items():
        seen = with_measures(run, held_out.evaluate_all(run.model(), run.parameters))
        for index, lead in enumerate(leads):
            begins = first_times(seen, lead)
            result[f"{kind}_{index}"] = begins.get(configuration["stage"], np.inf)
    return result


def flow_run(configuration: dict[str, Any]) -> dict[str, float]:
    """Follow the flow, and find when each stage begins by each threshold and kind of strategies.

    No steps and hardly any noise: what is left beside `theory.predict_stages` is what the
    prediction leaves out. Looked at from `first` to `stop`. Samples differ by several per cent, as
    trained on and as tested on: one of them decides nothing.
    """
    T, k, sample, stop = (configuration[name] for name in ("length", "k", "seed", "stop"))
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
    each = [held_out.evaluate_all(run.model(), run.parameters) for held_out in held_outs]
    return {name: np.mean([measures[name] for measures in each], axis=0) for name in each[0]}


def limit_strategies(batch: SequenceBatch) -> HeldOut:
    """Held-out sequences whose strategies are those of infinite context: pi and the true row."""
    held_out = HeldOut(batch)
    held_out.predictions = {
        "uniform": held_out.predictions["uniform"],
        "unigram": sim.stationary_distribution(batch.transition),
        "bigram": held_out.truth,
    }
    return held_out


def with_measures(run: sim.Trajectory, measures: dict[str, Array]) -> sim.Trajectory:
    """The run with other measures of its predictions."""
    return replace(run, measures=measures)


def first_times(run: sim.Trajectory, margin: float = 0.0) -> dict[str, float]:
    """Flow time at which each strategy first takes over."""
    stages = list(sim.stage_times(run, lead=margin))
    return {stage.strategy: stage.start_time for stage in reversed(stages)}
