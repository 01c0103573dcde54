"""KL divergences at every position of the context, not only at its last token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.models.calls import logits
from sim.models.model import Model, check_model
from sim.runs.measures import gram_name, kl, log_softmax
from sim.task import strategies
from sim.task.sequences import SequenceBatch, checked_batch

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PositionDistances:
    """Mean KL divergences in nats after each token of a context of length T.

    Attributes
    ----------
    kl_truth : ndarray, shape (T,)
        From the true next-token distribution to the model. NaN before the chain's whole history
        has been seen.
    kl : dict of str to ndarray, shape (T,)
        From each strategy to the model.
    baselines : dict of str to ndarray, shape (T,)
        From the truth to each strategy.
    """

    kl_truth: Array
    kl: dict[str, Array]
    baselines: dict[str, Array]


def distances_by_position(model: Model, batch: SequenceBatch) -> PositionDistances:
    """KL from the truth and from each strategy to the model after 1, 2, ..., T tokens.

    Parameters
    ----------
    model : Model
    batch : SequenceBatch
        Tokens ``(n, T + 1)``, of which the last is not shown to the model, and their chains.

    Returns
    -------
    PositionDistances
        Its last entries are what `HeldOut.evaluate` returns for the same batch.
    """
    check_model(model)
    tokens, transition = checked_batch(batch)
    histories, k = transition.shape[1:]
    order, context = checks.chain_order(histories, k), tokens[:, :-1]
    if model.k != k or context.shape[1] > model.T:
        raise ValueError(
            f"model must have k = {k} and T >= {context.shape[1]} to fit the sequences, got "
            f"k = {model.k} and T = {model.T}"
        )
    checks.memory("the predictions", *context.shape, k)
    log_model = log_softmax(logits(model, context).astype(np.float64))
    truth = _truth(context, transition, order)
    guesses = {"uniform": strategies.uniform(context, k)}
    for n in range(order + 1):
        guesses[gram_name(n)] = strategies.ngram(context, k, n)
    return PositionDistances(
        kl_truth=kl(truth, log_model).mean(axis=0),
        kl={name: kl(guess, log_model).mean(axis=0) for name, guess in guesses.items()},
        baselines={name: kl(truth, np.log(guess)).mean(axis=0) for name, guess in guesses.items()},
    )


def _truth(context: NDArray[np.int32], transition: Array, order: int) -> Array:
    """Next-token distribution of each sequence's chain after each token, (n, T, k)."""
    n, T = context.shape
    k = transition.shape[2]
    out = np.full((n, T, k), np.nan)
    row = np.zeros((n, T - order + 1), dtype=np.int64)
    for place in range(order):
        row = row * k + context[:, place : T - order + 1 + place]
    out[:, order - 1 :] = transition[np.arange(n)[:, None], row]
    return out
