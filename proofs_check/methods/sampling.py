"""Sampled sequences: gradients on batches, what strategies leave, means with standard errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

import sim
from sim.models.model import Gradient
from sim.runs.measures import kl
from sim.task.losses import Loss

Array = NDArray[np.float64]


def mean_and_error(rows: Sequence[ArrayLike] | Array) -> tuple[Array, Array]:
    """Mean of independent rows and its standard error, entry by entry."""
    found = np.asarray(rows, dtype=float)
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))


def strategy_gaps(prior: sim.Prior, k: int, T: int, n: int, seed: int) -> dict[str, Array]:
    """KL(truth || strategy) at the last token of each of n sampled sequences."""
    tokens, transition = sim.sample_sequences(prior, n, T, seed)
    truth = transition[np.arange(n), tokens[:, -1]]
    names = ("uniform", "unigram", "bigram")
    guesses = {name: getattr(sim.strategies, name)(tokens, k)[:, -1] for name in names}
    return {name: kl(truth, np.log(guess)) for name, guess in guesses.items()}


def batch_gradients(
    model: sim.MinimalModel, loss: Loss, sequences: int, batches: int
) -> list[Gradient]:
    """The gradient on each of several batches of sequences under the flat prior; seeds 0, 1, ..."""
    found = []
    for seed in range(batches):
        tokens = sim.sample_sequences(sim.Dirichlet(model.k), sequences, model.T + 1, seed).tokens
        found.append(sim.loss_and_gradient(model, tokens, loss)[1])
    return found
