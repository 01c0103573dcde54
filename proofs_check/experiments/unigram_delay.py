"""Do chains that unigrams solve delay the bigram solution? Training with and without them.

Doubly stochastic chains give unigrams no signal. In the arm `alone` a model is trained on them, 48
in a batch; in `added` each batch has 16 chains with equal rows besides, and the step is scaled so
that a doubly stochastic sequence moves the weights as far as before. In `full` a batch is 64 doubly
stochastic chains, and in `replaced` the last 16 of them give way to chains of equal rows. The first
48 sequences of a batch are the same in all arms. Every arm is tested on doubly stochastic chains.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
from proofs_check.experiments.experiment import Experiment
from sim.randomness import Seed

Array = NDArray[np.float64]

K, LENGTH = 4, 100
SHARE = 0.75  # of doubly stochastic chains
BATCH = 64
ARMS = ("alone", "added", "full", "replaced")
# when the test loss has gone half the way from the uniform strategy's level to the bigram's
LEVEL = 0.5
STEPS = {"minimal": 4000, "transformer": 2000}
SEEDS = 10
RECORDS = 200
CHUNK = 4096  # chains drawn at a time


class Chains:
    """Chains of a prior one after the other, whatever the numbers they are asked for in."""

    def __init__(self, prior: sim.Prior, seed: np.random.SeedSequence) -> None:
        self._prior, self._rng = prior, np.random.default_rng(seed)
        self._left = np.empty((0, prior.k, prior.k))

    def take(self, n: int) -> Array:
        while len(self._left) < n:
            more = self._prior.sample(CHUNK, self._rng)
            self._left = np.concatenate([self._left, more])
        taken, self._left = self._left[:n], self._left[n:]
        return taken


class Batches(sim.Prior):
    """Batches that begin with the same doubly stochastic chains and end with chains of their own.

    Parameters
    ----------
    seed : int
    others : Prior, optional
        Of the last 16 chains of a batch of 64; without it a batch has 48.
    """

    k, order = K, 1

    def __init__(self, seed: int, others: sim.Prior | None = None) -> None:
        first, last = np.random.SeedSequence([seed, 2]).spawn(2)
        self._parts = [(round(SHARE * BATCH), Chains(sim.DoublyStochastic(K), first))]
        if others is not None:
            self._parts.append((BATCH - self._parts[0][0], Chains(others, last)))
        self.size = sum(count for count, _ in self._parts)

    def sample(self, n: int, rng: Seed = None) -> Array:
        """Whole batches; in other numbers, for what is not learnt from, the first kind alone."""
        if n % self.size:
            return sim.DoublyStochastic(K).sample(n, rng)
        batches = n // self.size
        parts = [
            source.take(batches * count).reshape(batches, count, K, K)
            for count, source in self._parts
        ]
        return np.concatenate(parts, axis=1).reshape(n, K, K)

    def describe(self) -> dict[str, Any]:
        return {"prior": "batches", "chains": [count for count, _ in self._parts]}


def batches(arm: str, seed: int) -> Batches:
    """What an arm is trained on."""
    others = {"alone": None, "added": sim.Unigram(K), "full": sim.DoublyStochastic(K),
              "replaced": sim.Unigram(K)}  # fmt: skip
    return Batches(seed, others[arm])


def train_arm(configuration: dict[str, Any]) -> dict[str, float]:
    """Updates until the test loss on doubly stochastic chains is half way down; infinity if never.

    The configuration has `model`, `arm` and `seed`.
    """
    name, arm, seed = (configuration[key] for key in ("model", "arm", "seed"))
    steps = configuration.get("steps", STEPS[name])
    doubly_stochastic = sim.DoublyStochastic(K)
    prior = batches(arm, seed)
    model: sim.MinimalModel | sim.Transformer = sim.MinimalModel.constant(LENGTH, K)
    # plain SGD divides by the sequences of a batch, so that more of them make each count less;
    # AdamW takes steps of one length, whatever the gradient
    rate = 2e-3 / SHARE if arm == "added" else 2e-3
    if name == "transformer":
        model, rate = sim.Transformer.initial(K, LENGTH, rng=seed, dtype=np.float32), 1e-3
    run = sim.train(
        model,
        prior,
        steps=steps,
        batch_size=prior.size,
        learning_rate=rate,
        dtype="float32" if name == "transformer" else "float64",
        rng=seed,
        record_every=max(1, steps // RECORDS),
        held_out=1,
    )
    # other sequences than those of training, the same ones in every arm
    test_rng = np.random.SeedSequence([seed, 1])
    test_set = sim.HeldOut.draw(doubly_stochastic, 1024, LENGTH, test_rng)
    loss = test_set.evaluate_all(run.model(-1), run.parameters)["kl_truth"]
    levels = test_set.baselines
    target = LEVEL * levels["uniform"] + (1 - LEVEL) * levels["bigram"]
    below = np.flatnonzero(loss < target)
    return {"steps_to_level": float(run.step[below[0]]) if len(below) else np.inf}


def experiment(name: str) -> Experiment:
    """All arms of a model, from several seeds."""
    return Experiment(train_arm, {"model": [name], "arm": ARMS, "seed": list(range(SEEDS))})


def delays(name: str, slower: str, faster: str) -> Array:
    """Ratios of the times of two arms, seed by seed: above 1, the first one is later."""
    times: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for run in experiment(name).runs().runs:
        times[run.configuration["arm"]].append(run.result["steps_to_level"])
    return np.array(times[slower]) / np.array(times[faster])
