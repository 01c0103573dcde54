"""In-context strategies: next-token probabilities at every position, strictly causal (Sec. 2.2).

Every function maps tokens ``(n, T)`` to probabilities ``(n, T, k)``; entry ``[:, p]`` predicts
the token after position p from tokens 0..p only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import counts
from sim.messages import shown
from sim.task.priors import Prior
from sim.task.priors.prior import check_prior
from sim.task.priors.quadrature import prior_quadrature
from sim.task.priors.rules import Quadrature
from sim.task.sequences import initial_distribution

Array = NDArray[np.float64]


def uniform(tokens: ArrayLike, k: int) -> Array:
    """Predict 1/k for every state, whatever the context."""
    k = checks.integer("k", k, 2)
    given = checks.tokens(tokens, k)
    checks.memory("the predictions", *given.shape, k)
    return np.full((*given.shape, k), 1.0 / k)


def unigram(tokens: ArrayLike, k: int, alpha: float = 1.0) -> Array:
    """Frequencies of the states so far, with `alpha` added to every count."""
    return ngram(tokens, k, 0, alpha)


def bigram(tokens: ArrayLike, k: int, alpha: float = 1.0) -> Array:
    """Frequencies of what followed the current state, eq. (3) of arXiv:2402.11004v1.

    With flat Dirichlet rows, ``alpha = 1`` and x_1 independent of the chain this is Bayes optimal.

    Parameters
    ----------
    tokens : array_like of int, shape (n, T)
    k : int
        Number of states, at least 2.
    alpha : float
        Additive smoothing, positive.

    Returns
    -------
    ndarray, shape (n, T, k)

    Examples
    --------
    Both times 0 was followed by 1; one is added to each count:

    >>> import sim
    >>> sim.strategies.bigram([[0, 1, 0, 1, 0]], k=2)[0, -1]
    array([0.25, 0.75])
    """
    return ngram(tokens, k, 1, alpha)


def ngram(
    tokens: ArrayLike, k: int, order: int, alpha: float = 1.0, *, last: bool = False
) -> Array:
    """Frequencies of what followed the last `order` tokens, with `alpha` added to every count.

    Parameters
    ----------
    tokens : array_like of int, shape (n, T)
    k : int
        Number of states, at least 2.
    order : int
        Length of the history: 0 is the unigram, 1 the bigram, n - 1 the n-gram strategy. Before
        `order` tokens have been seen the prediction is uniform.
    alpha : float
        Additive smoothing, positive.
    last : bool
        Predict after the last token only: many times faster.

    Returns
    -------
    ndarray, shape (n, T, k), or (n, 1, k) with `last`
    """
    k = checks.integer("k", k, 2)
    order = checks.integer("order", order, 0)
    alpha = checks.real("alpha", alpha)
    given = checks.tokens(tokens, k)
    n, T = given.shape
    checks.histories(k, order)
    checks.memory("the predictions", n, 1 if last else T, k)
    if last:
        final = np.empty((n, 1, k))
        counts.last_ngram(given, k, order, alpha, final[:, 0])
        return final
    out = np.empty((n, T, k))
    counts.ngram(given, k, order, alpha, out)
    return out


def bayes(
    tokens: ArrayLike,
    prior: Prior,
    *,
    start: str | ArrayLike = "stationary",
    nodes: int | None = None,
) -> Array:
    """Exact Bayes prediction, with the first token's law depending on the chain (Remark 2.1).

    The posterior over chains is integrated by a quadrature rule of the prior. The likelihood is
    a polynomial whose degree grows with T, so the number of nodes has to as well.

    Parameters
    ----------
    tokens : array_like of int, shape (n, T)
    prior : Prior
        Of order 1, with an exact rule in `prior_quadrature`: any prior with k = 2, or a FiniteSet.
    start : {"stationary", "uniform"} or array_like of shape (k,)
        Law of the first token.
    nodes : int, optional
        Gauss nodes per dimension; T / 2 + 32 if not given.

    Raises
    ------
    ValueError
        For a sequence that is impossible under the prior.
    """
    check_prior(prior)
    if prior.order != 1:
        raise ValueError(f"prior must have order 1, got {prior.order}")
    if not prior.has_exact_quadrature:
        raise ValueError(
            f"prior must have k = 2 or be a FiniteSet for the posterior to be exact, got "
            f"{shown(prior)}"
        )
    given = checks.tokens(tokens, prior.k)
    rule = prior_quadrature(prior, given.shape[1] // 2 + 32 if nodes is None else nodes)
    out = np.empty((*given.shape, prior.k))
    initial = initial_distribution(start, rule.transition)
    with np.errstate(invalid="ignore", divide="ignore"):
        counts.bayes(given, rule.weights, initial, rule.transition, out)
    for q in np.flatnonzero(~np.isfinite(out).all(axis=(1, 2))):
        out[q] = _bayes_in_logarithms(given[q], rule, initial, f"sequence {q}")
    return out


def _bayes_in_logarithms(
    tokens: NDArray[np.int32], rule: Quadrature, initial: Array, name: str
) -> Array:
    """The prediction for one sequence (T,) of which all chains left were thought impossible.

    Raises
    ------
    ValueError
        If it is impossible under the prior: nothing can be said of what follows.
    """
    out = np.empty((len(tokens), initial.shape[1]))
    with np.errstate(divide="ignore"):
        chance, moves = np.log(rule.weights), np.log(rule.transition)
        chance = chance + np.log(initial[:, tokens[0]])
    for p, token in enumerate(tokens):
        if p:
            chance = chance + moves[:, tokens[p - 1], token]
        if chance.max() == -np.inf:
            raise ValueError(
                f"tokens must be possible under the prior, got {name}, which is impossible from "
                f"position {p} on"
            )
        chance -= chance.max()
        posterior = np.exp(chance)
        out[p] = posterior @ rule.transition[:, token] / posterior.sum()
    return out
