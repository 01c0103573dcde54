"""Do chains that unigrams solve delay the bigram solution? Training with and without them.

Doubly stochastic chains give unigrams no signal. In the arm `alone` a model is trained on them, 48
in a batch. In `signal` each batch has 16 chains with equal rows besides, and in `control` 16
sequences of independent uniform tokens, from which nothing can be learnt. The first 48 sequences of
a batch are the same in all arms, and every arm is tested on doubly stochastic chains.

SGD, AdamW and gradient flow train the minimal model, AdamW also the transformer; each at a base
setting (four states, one learning rate), with another number of states, and the minimal model with
another learning rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import sim
from proofs_check.experiments.experiment import Cell, Experiment
from sim.randomness import Seed

Array = NDArray[np.float64]

LENGTH = 64
ALONE, ADDED = 48, 16  # sequences of a batch
ARMS = ("alone", "signal", "control")
# when the test loss has gone half the way from the uniform strategy's level to the bigram's
LEVEL = 0.5
TEST = 2048
RECORDS = 200
CHUNK = 4096  # chains drawn at a time

# (model, optimizer) -> by what differs from the base setting: k, learning rate, updates; of flow
# updates of rate 1e-3
SETTINGS: dict[tuple[str, str], dict[str, tuple[int, float, int]]] = {
    ("minimal", "sgd"): {
        "base": (4, 2.7e-3, 3000), "rate": (4, 5.4e-3, 1500), "k": (3, 2.7e-3, 1500)
    },
    ("minimal", "flow"): {"base": (4, 1e-3, 8000), "k": (3, 1e-3, 4000)},
    ("minimal", "adamw"): {
        "base": (4, 1e-3, 400), "rate": (4, 3e-3, 200), "k": (3, 1e-3, 300)
    },
    ("transformer", "adamw"): {"base": (4, 1e-3, 2000), "k": (3, 1e-3, 1500)},
}  # fmt: skip
FLOW_BATCHES = 40  # of whose sequences the flow is that of the loss


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


class IndependentTokens(sim.Prior):
    """Every token is each state with probability 1/k, whatever came before."""

    order = 1

    def __init__(self, k: int) -> None:
        self.k = k

    def sample(self, n: int, rng: Seed = None) -> Array:
        return np.full((n, self.k, self.k), 1.0 / self.k)

    def describe(self) -> dict[str, Any]:
        return {"prior": "independent", "k": self.k}


class Batches(sim.Prior):
    """Batches that begin with the same doubly stochastic chains and end with chains of their own.

    Parameters
    ----------
    k, seed : int
    others : Prior, optional
        Of the last 16 chains of a batch of 64; without it a batch has 48.
    """

    order = 1

    def __init__(self, k: int, seed: int, others: sim.Prior | None = None) -> None:
        self.k = k
        first, last = np.random.SeedSequence([seed, 2]).spawn(2)
        self._parts = [(ALONE, Chains(sim.DoublyStochastic(k), first))]
        if others is not None:
            self._parts.append((ADDED, Chains(others, last)))
        self.size = sum(count for count, _ in self._parts)

    def sample(self, n: int, rng: Seed = None) -> Array:
        """Whole batches; in other numbers, for what is not learnt from, the first kind alone."""
        if n % self.size:
            return sim.DoublyStochastic(self.k).sample(n, rng)
        batches, k = n // self.size, self.k
        parts = [
            source.take(batches * count).reshape(batches, count, k, k)
            for count, source in self._parts
        ]
        return np.concatenate(parts, axis=1).reshape(n, k, k)

    def describe(self) -> dict[str, Any]:
        return {"prior": "batches", "chains": [count for count, _ in self._parts]}


def batches(arm: str, k: int, seed: int) -> Batches:
    """What an arm is trained on."""
    others = {"alone": None, "signal": sim.Unigram(k), "control": IndependentTokens(k)}
    return Batches(k, seed, others[arm])


def train_arm(configuration: dict[str, Any]) -> dict[str, float]:
    """Updates until the test loss on doubly stochastic chains is half way down; infinity if never.

    The configuration has ``model``, ``optimizer``, ``arm``, ``k``, ``rate``, ``updates``, ``seed``.
    """
    if configuration["optimizer"] == "flow":
        return _flow_arm(configuration)
    k, seed, steps = (configuration[name] for name in ("k", "seed", "updates"))
    prior, rate = batches(configuration["arm"], k, seed), configuration["rate"]
    # SGD divides by the sequences of a batch, so that more of them make each count less; AdamW
    # takes steps of one length, whatever the size of the gradient
    if configuration["optimizer"] == "sgd":
        rate *= prior.size / ALONE
    transformer = configuration["model"] == "transformer"
    run = sim.train(
        sim.Transformer.initial(k, LENGTH, rng=seed, dtype=np.float32)
        if transformer
        else sim.MinimalModel.constant(LENGTH, k),
        prior,
        steps=steps,
        batch_size=prior.size,
        learning_rate=rate,
        optimizer=configuration["optimizer"],
        dtype="float32" if transformer else "float64",
        rng=seed,
        record_every=max(1, steps // RECORDS),
        held_out=1,
    )
    return {"updates_to_level": _reaches(run, run.step.astype(float), k, seed)}


def _flow_arm(configuration: dict[str, Any]) -> dict[str, float]:
    """The same for the flow of the loss of some batches, its time in updates of the rate."""
    k, seed, rate = (configuration[name] for name in ("k", "seed", "rate"))
    prior = batches(configuration["arm"], k, seed)
    tokens = sim.sample_sequences(prior, FLOW_BATCHES * prior.size, LENGTH + 1, seed).tokens
    # the mean over a batch makes each sequence count less
    unit = rate * prior.size / ALONE
    run = sim.gradient_flow(
        sim.MinimalModel.constant(LENGTH, k),
        sim.Sample(tokens, k, sim.CrossEntropy()),
        t_span=(0.0, configuration["updates"] * unit),
        method="RK45",
        rtol=1e-4,
        atol=1e-7,
        t_eval=np.linspace(0.0, configuration["updates"] * unit, RECORDS),
    )
    return {"updates_to_level": _reaches(run, run.time / unit, k, seed)}


def _reaches(run: sim.Trajectory, clock: Array, k: int, seed: int) -> float:
    """When the test loss is half way down."""
    # other sequences than those of training, the same ones in every arm
    test_rng = np.random.SeedSequence([seed, 1])
    test_set = sim.HeldOut.draw(sim.DoublyStochastic(k), TEST, LENGTH, test_rng)
    loss = test_set.evaluate_all(run.model(-1), run.parameters)["kl_truth"]
    levels = test_set.baselines
    target = LEVEL * levels["uniform"] + (1 - LEVEL) * levels["bigram"]
    return _falls_below(clock, loss, target)


def _falls_below(step: Array, loss: Array, target: float) -> float:
    """Where the loss first falls below the target, between records; infinity if it does not."""
    after = int(np.argmax(loss < target))
    if after == 0:
        return np.inf
    before, there = loss[after - 1 : after + 1]
    share = (before - target) / (before - there)
    return float(step[after - 1] + share * (step[after] - step[after - 1]))


def _cells(wanted: str) -> list[Cell]:
    found = []
    for model, optimizer in SETTINGS:
        if model != wanted:
            continue
        settings = SETTINGS[model, optimizer]
        for other, (k, rate, updates) in settings.items():
            for arm in ARMS:
                labels = {"model": model, "optimizer": optimizer, "other": other, "arm": arm}
                found.append(Cell(labels, labels | {"k": k, "rate": rate, "updates": updates}))
    return found


EXPERIMENTS = tuple(
    Experiment(
        name, f"{model} with and without chains that unigrams solve", train_arm, _cells(model),
        range(100, 103), minutes=minutes,
    )
    for name, model, minutes in (
        ("unigram-delay", "minimal", 1), ("unigram-delay-transformer", "transformer", 2.5)
    )
)  # fmt: skip
