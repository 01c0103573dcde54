r"""KL from the truth to the strategies and to exact Bayes at finite context, for two states.

Sequences that start in state 0 with the same number n of switches and the same number N_0 of
zeros have the same transition counts, hence the same probability and the same predictions; there
are binom(N_0 - 1, r_0 - 1) binom(N_1 - 1, r_1 - 1) of them, r_i the number of runs of state i
(Whittle's formula for two states). The average over the prior is a quadrature over chains that is
exact for polynomials of the likelihood's degree. Sequences that start in state 1 mirror these.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from theory import checks
from theory.chains.constants import exact_constants
from theory.chains.nodes import quadrature
from theory.chains.stationary import stationary_distribution

Array = NDArray[np.float64]

LONGEST = 200  # the work grows as T^4, to about ten seconds
_BLOCK = 1 << 20  # numbers held at once


class Counts(NamedTuple):
    """Classes of sequences of T tokens that start in state 0, one row each.

    Attributes
    ----------
    log_size : array (n,)
        Logarithm of the number of sequences.
    transitions : array (n, 2, 2)
        How often state i was followed by j.
    visits : array (n, 2)
        How often each state was visited.
    last : array (n,)
        The last token.
    """

    log_size: Array
    transitions: NDArray[np.int64]
    visits: NDArray[np.int64]
    last: NDArray[np.int64]


def count_classes(T: int) -> Counts:
    """Every class of sequences of T tokens starting in state 0.

    Raises
    ------
    TypeError, ValueError
        If `T` is not an integer >= 1.
    """
    T = checks.integer("T", T, 1)
    rows = []
    for switches in range(T):
        first, second = switches // 2 + 1, (switches + 1) // 2
        zeros = np.arange(first, T - second + 1) if second else np.array([T])
        rows.append(np.stack([np.full_like(zeros, switches), zeros], axis=1))
    switches, zeros = np.concatenate(rows).T
    runs = np.stack([switches // 2 + 1, (switches + 1) // 2], axis=1)
    visits = np.stack([zeros, T - zeros], axis=1)
    size = _log_binomial(visits - 1, runs - 1).sum(axis=1)
    stays = visits - runs
    transitions = np.stack(
        [stays[:, 0], (switches + 1) // 2, switches // 2, stays[:, 1]], axis=1
    ).reshape(-1, 2, 2)
    return Counts(size, transitions, visits, switches % 2)


def _log_binomial(n: NDArray[np.int64], r: NDArray[np.int64]) -> Array:
    """log binom(n, r), with binom(-1, -1) = 1: no visits in no runs."""
    empty = r < 0
    n, r = np.where(empty, 0, n), np.where(empty, 0, r)
    return gammaln(n + 1.0) - gammaln(r + 1.0) - gammaln(n - r + 1.0)


def context_length(T: int) -> int:
    """`T` if sums over counts can be done for it, else TypeError or ValueError."""
    if checks.integer("T", T, 1) > LONGEST:
        raise ValueError(f"T must be at most {LONGEST} for exact sums over counts, got {T}")
    return T


def strategy_losses(T: int, prior: str = "flat") -> dict[str, float]:
    """KL from the truth to each strategy's prediction of token T + 1, two states, nats.

    Parameters
    ----------
    T : int
        Context length, 1 to 200.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    dict of str to float
        "uniform", "unigram" and "bigram" (one added to every count), and "bayes": the posterior
        mean with x_1 from the stationary distribution. Accurate to about 1e-12.
    """
    T = context_length(T)
    known, found = exact_constants(prior), count_classes(T)
    joint = _joint(found, T, prior)
    last = np.arange(len(found.last)), found.last
    row, visits = found.transitions[last], found.visits
    guesses = {
        "uniform": np.full(joint.shape, 0.5),
        "unigram": (visits + 1) / (T + 2),
        "bigram": (row + 1) / (row.sum(axis=1, keepdims=True) + 2),
        "bayes": joint / joint.sum(axis=1, keepdims=True),
    }
    rate = float(known["entropy_rate"])
    return {name: float(-np.sum(joint * np.log(q))) - rate for name, q in guesses.items()}


def _joint(found: Counts, T: int, prior: str) -> Array:
    """Probability (n, 2) of a class, either start, together with the token that comes next.

    The token is relabelled along with the start.
    """
    order = T // 2 + 32
    weights, P = quadrature((order, T // 2 + 4) if prior == "flat" else order, prior)
    logs = np.log(P).reshape(-1, 4).T
    base = weights * 2 * stationary_distribution(P)[:, 0]
    counts = found.transitions.reshape(-1, 4).astype(np.float64)
    out = np.empty((len(counts), 2))
    block = max(1, _BLOCK // len(weights))
    for low in range(0, len(counts), block):
        part = slice(low, low + block)
        chance = counts[part] @ logs
        chance += found.log_size[part, None]
        # denormal numbers would be slow, and 1e-300 is as good as 0
        np.exp(np.maximum(chance, -690.0, out=chance), out=chance)
        for state in (0, 1):
            mine = found.last[part] == state
            out[part][mine] = chance[mine] @ (base[:, None] * P[:, state])
    return out
