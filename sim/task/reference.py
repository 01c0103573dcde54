"""Slow NumPy references of the task's kernels, written from the definitions.

Nothing is shared with the kernels and nothing is clever. The tests hold the two together; when
they part, the reference is the one to read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tokens = NDArray[np.int32]


def stationary(transition: Array) -> Array:
    """Stationary distribution over histories, as the null vector of I - Q^T, ``(n, S)``."""
    n, S, k = transition.shape
    out = np.empty((n, S))
    for q in range(n):
        Q = np.zeros((S, S))
        for s in range(S):
            for i in range(k):
                Q[s, (s * k + i) % S] += transition[q, s, i]
        system = np.vstack([np.eye(S) - Q.T, np.ones(S)])
        out[q] = np.linalg.lstsq(system, np.eye(S + 1)[-1], rcond=None)[0]
    return out


def sample(
    transition: Array, initial: Array, uniforms: Array, order: int, length: int
) -> NDArray[np.int64]:
    """Sequences by inverse CDF, one uniform a draw, ``(n, length)``."""
    n, S, k = transition.shape
    out = np.zeros((n, length), dtype=np.int64)
    for q in range(n):
        history = min(int((uniforms[q, 0] >= np.cumsum(initial[q])).sum()), S - 1)
        sequence = [(history // k**digit) % k for digit in range(order - 1, -1, -1)]
        for u in uniforms[q, 1:]:
            row = 0
            for token in sequence[-order:]:
                row = row * k + token
            token = min(int((u >= np.cumsum(transition[q, row])).sum()), k - 1)
            sequence.append(token)
        out[q] = sequence[:length]
    return out


def ngram(tokens: Tokens, k: int, order: int, alpha: float) -> Array:
    """Smoothed n-gram predictions by recounting the whole prefix at every position, (n, T, k)."""
    n, T = tokens.shape
    out = np.empty((n, T, k))
    for q in range(n):
        for p in range(T):
            count = np.zeros(k)
            history = tokens[q, p - order + 1 : p + 1]
            for t in range(order, p + 1):
                if p + 1 >= order and (tokens[q, t - order : t] == history).all():
                    count[tokens[q, t]] += 1
            out[q, p] = (count + alpha) / (count.sum() + k * alpha)
    return out


def pair_counts(tokens: Tokens, k: int) -> NDArray[np.int64]:
    """Count of pairs x_{t-j} = l, x_t = i, indexed [sequence, l, i, j]."""
    n, T = tokens.shape
    out = np.zeros((n, k, k, T), dtype=np.int64)
    for q in range(n):
        for t in range(T):
            for j in range(t + 1):
                out[q, tokens[q, t - j], tokens[q, t], j] += 1
    return out


def bayes(tokens: Tokens, chains: Array) -> Array:
    """Posterior predictive under a uniform prior on a few chains, by whole likelihoods."""
    n, T = tokens.shape
    pi = stationary(chains)
    out = np.zeros((n, T, chains.shape[2]))
    for q in range(n):
        for p in range(T):
            x = tokens[q, : p + 1]
            likelihood = pi[:, x[0]] * np.prod(chains[:, x[:-1], x[1:]], axis=1)
            posterior = likelihood / likelihood.sum()
            out[q, p] = posterior @ chains[:, x[-1]]
    return out
