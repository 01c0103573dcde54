"""Do chains that unigrams solve delay the bigram solution? Training with and without them.

Doubly stochastic chains give unigrams no signal. In the arm `alone` a model is trained on them, 48
in a batch; in `added` each batch has 16 chains with equal rows besides, on average, and the step is
scaled so that a doubly stochastic sequence moves the weights as far as before. In `full` a batch is
64 doubly stochastic chains, and in `replaced` a quarter of them gives way to chains of equal rows.
Every arm is tested on doubly stochastic chains.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import sim
from proofs_check.experiments import Experiment

K, LENGTH = 4, 100
SHARE = 0.75  # of doubly stochastic chains
BATCH = 64
ARMS = ("alone", "added", "full", "replaced")
# when the test loss has gone half the way from the uniform strategy's level to the bigram's
LEVEL = 0.5
STEPS = {"minimal": 4000, "transformer": 2000}
SEEDS = {"minimal": 10, "transformer": 6}
RECORDS = 200


def train_arm(configuration: dict[str, Any]) -> dict[str, float]:
    """Updates until the test loss on doubly stochastic chains is half way down; infinity if never.

    The configuration has `model`, `arm` and `seed`.
    """
    name, arm, seed = (configuration[key] for key in ("model", "arm", "seed"))
    steps = configuration.get("steps", STEPS[name])
    doubly_stochastic = sim.DoublyStochastic(K)
    mixed = sim.Mixture([doubly_stochastic, sim.Unigram(K)], [SHARE, 1 - SHARE])
    model: sim.MinimalModel | sim.Transformer = sim.MinimalModel.constant(LENGTH, K)
    # plain SGD divides by the sequences of a batch, so that more of them make each count less;
    # AdamW takes steps of one length, whatever the gradient
    rate = 2e-3 / SHARE if arm == "added" else 2e-3
    if name == "transformer":
        model, rate = sim.Transformer.initial(K, LENGTH, rng=seed, dtype=np.float32), 1e-3
    run = sim.train(
        model,
        mixed if arm in ("added", "replaced") else doubly_stochastic,
        steps=steps,
        batch_size=round(SHARE * BATCH) if arm == "alone" else BATCH,
        learning_rate=rate,
        dtype="float32" if name == "transformer" else "float64",
        rng=seed,
        record_every=max(1, steps // RECORDS),
        held_out=1,
    )
    # other sequences than those of training, the same ones in every arm
    test_rng = np.random.SeedSequence([seed, 1])
    test_set = sim.HeldOut.draw(doubly_stochastic, 1024, LENGTH, test_rng)
    loss = test_set.evaluate_all(run.model(-1), run.weights)["kl_truth"]
    levels = test_set.baselines
    target = LEVEL * levels["uniform"] + (1 - LEVEL) * levels["bigram"]
    below = np.flatnonzero(loss < target)
    return {"steps_to_level": float(run.step[below[0]]) if len(below) else np.inf}


def experiment(name: str) -> Experiment:
    """All arms of a model, from several seeds."""
    return Experiment(train_arm, {"model": [name], "arm": ARMS, "seed": list(range(SEEDS[name]))})


def delays(name: str, slower: str, faster: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Ratios of the times of two arms, seed by seed: above 1, the first one is later."""
    times: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for run in experiment(name).runs().runs:
        times[run.configuration["arm"]].append(run.result["steps_to_level"])
    return np.array(times[slower]) / np.array(times[faster])
