"""Sequences from random Markov chains: the data of the in-context task (Sec. 2.1)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import chains
from sim.randomness import Seed, generator
from sim.task.priors import Prior
from sim.task.priors.prior import check_prior, sampled_chains
from sim.task.stationary import stationary

# of the elimination that finds stationary distributions: about half a day
MOST_OPERATIONS = 10**14


class SequenceBatch(NamedTuple):
    """Sequences and the chains they came from.

    Attributes
    ----------
    tokens : ndarray of int32, shape (n, length)
    transition : ndarray, shape (n, k**order, k)
    """

    tokens: NDArray[np.int32]
    transition: NDArray[np.float64]


def checked_batch(batch: Any) -> SequenceBatch:
    """Sequences and chains of a batch as arrays, refused if they do not belong together.

    Raises
    ------
    TypeError
        If it is no SequenceBatch, or does not hold integers and real numbers.
    ValueError
        If rows are not distributions, tokens are not those of as many chains with as many states,
        or there is none after the first history.
    """
    checks.instance("batch", batch, SequenceBatch, "a SequenceBatch (of sample_sequences)")
    transition = checks.transition("batch.transition", batch.transition)
    histories, k = transition.shape[1:]
    order = checks.chain_order(histories, k)
    tokens = checks.tokens(batch.tokens, k, minimum_length=order + 1)
    if len(tokens) != len(transition):
        raise ValueError(
            f"batch must have as many chains as sequences, got {len(transition)} and {len(tokens)}"
        )
    return SequenceBatch(tokens, transition)


def sample_sequences(
    prior: Prior,
    n: int,
    length: int,
    rng: Seed = None,
    start: str | ArrayLike = "stationary",
) -> SequenceBatch:
    """Draw `n` chains from the prior and one sequence from each.

    Parameters
    ----------
    prior : Prior
    n, length : int
        Number of sequences and tokens in each, at least 1. A training example for context
        length T has ``length = T + 1``: the last token is only ever a target.
    rng : None, int, SeedSequence or Generator
    start : {"stationary", "uniform"} or array_like of shape (k**order,)
        Law of the first `order` tokens; an array is a distribution over histories (for order 1,
        over the first token).

    Returns
    -------
    SequenceBatch
        The same seed gives bitwise identical sequences for any number of threads.

    Raises
    ------
    ValueError
        For n or length below 1, an unknown start, or one that is not a distribution.

    Examples
    --------
    >>> import sim
    >>> batch = sim.sample_sequences(sim.Dirichlet(3), n=2, length=8, rng=0)
    >>> batch.tokens.shape, batch.transition.shape
    ((2, 8), (2, 3, 3))
    """
    n, length = refuse_oversized(prior, n, length, start)
    rng = generator(rng)
    transition = sampled_chains(prior, n, rng)
    initial = initial_distribution(start, transition)
    uniforms = rng.random((n, max(1, length - prior.order + 1)))
    tokens = np.empty((n, length), dtype=np.int32)
    chains.sample(transition, initial, uniforms, prior.order, tokens)
    return SequenceBatch(tokens, transition)


def refuse_oversized(
    prior: Prior, n: int, length: int, start: str | ArrayLike = "stationary"
) -> tuple[int, int]:
    """Refuse sequences that this machine could not hold, or whose starts take a day to find.

    Returns `n` and `length` as plain integers.
    """
    check_prior(prior)
    n, length = checks.integer("n", n, 1), checks.integer("length", length, 1)
    histories = checks.histories(prior.k, prior.order)
    checks.memory(f"{n} chains with {histories} histories", n, histories, prior.k)
    checks.memory(f"{n} sequences of length {length}", n, length)
    if isinstance(start, str) and start == "stationary":
        checks.memory(f"the stationary start over {histories} histories", histories, histories)
        if n * histories**3 > MOST_OPERATIONS:
            raise ValueError(
                f"start 'stationary' would take some {n * histories**3:.0e} operations for {n} "
                f"chains with {histories} histories: use start 'uniform'"
            )
    return n, length


def initial_distribution(
    start: str | ArrayLike, transition: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Law of the initial history for each chain, shape ``(n, k**order)``."""
    n, histories, _ = transition.shape
    if isinstance(start, str):
        checks.one_of("start", start, ("stationary", "uniform"))
        if start == "uniform":
            return np.full((n, histories), 1.0 / histories)
        return stationary(np.ascontiguousarray(transition))
    given = checks.distribution("start", start, histories)
    return np.ascontiguousarray(np.broadcast_to(given, (n, histories)))
