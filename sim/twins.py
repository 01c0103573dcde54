"""Slow, obvious NumPy twins of the kernels, written from the definitions.

Nothing is shared with the kernels and nothing is clever. The tests hold the two together; when
they part, the twin is the one to read.
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


def _one_sequence(
    x: Tokens, k: int, lag_weight: Array, row_scale: Array
) -> tuple[Array, Array, Array]:
    """One-hots X (T, k), h (T, k) and C (T, k, k), C[p, l, i] = sum_{t<=p} r_t 1{x_t=i} h_t(l)."""
    T = len(lag_weight)
    X = np.eye(k)[x]
    h = np.zeros((T, k))
    for t in range(T):
        for j in range(t + 1):
            h[t] += lag_weight[j] * X[t - j]
    C = np.cumsum(row_scale[:, None, None] * h[:, :, None] * X[:, None, :], axis=0)
    return X, h, C


def logits(
    tokens: Tokens, lag_weight: Array, row_scale: Array, position_scale: Array, W: Array
) -> Array:
    """f_p(i) = s_p sum_l W[x_p, l] C_p(l, i), of shape (n, T, k)."""
    k = len(W)
    result = []
    for x in tokens:
        C = _one_sequence(x, k, lag_weight, row_scale)[2]
        result.append([s * (W[m] @ C_p) for s, m, C_p in zip(position_scale, x, C, strict=True)])
    return np.array(result)


def loss_at(f: Array, y: int, loss_code: int, margin: float) -> tuple[float, Array]:
    """Loss of the logits f (k,) for the target y, and its gradient (k,)."""
    k = len(f)
    target = np.eye(k)[y]
    if loss_code == 0:
        top = f.max()
        exponentials = np.exp(f - top)
        Z = exponentials.sum()
        return np.log(Z) + top - f[y], exponentials / Z - target
    if loss_code == 1:
        hinge = margin + f - f[y]
        active = ((hinge >= 0) & (target == 0)).astype(float)
        return (active @ np.maximum(hinge, 0)) / k, (active - active.sum() * target) / k
    return ((f - target) ** 2).sum(), 2 * (f - target)


def loss_and_gradient(
    tokens: Tokens,
    sequence_weight: Array,
    lag_weight: Array,
    row_scale: Array,
    position_scale: Array,
    position_weight: Array,
    W: Array,
    loss_code: int,
    margin: float,
) -> tuple[float, Array, Array, Array]:
    """Value, d_lag (T,), d_row (T,) and d_W (k, k)."""
    T, k = len(lag_weight), len(W)
    value, d_lag, d_row, d_W = 0.0, np.zeros(T), np.zeros(T), np.zeros((k, k))
    for x, a in zip(tokens, sequence_weight, strict=True):
        X, h, C = _one_sequence(x[:T], k, lag_weight, row_scale)
        d_C = np.zeros((T, k, k))  # of each position's own C_p
        for p in range(T):
            weight = a * position_weight[p]
            m, s = x[p], position_scale[p]
            loss, slope = loss_at(s * (W[m] @ C[p]), x[p + 1], loss_code, margin)
            value += weight * loss
            g = weight * s * slope
            d_W[m] += C[p] @ g
            d_C[p] = np.outer(W[m], g)
        for t in range(T):
            d_h = d_C[t:].sum(axis=0) @ X[t]  # the column of x_t, in every later C
            d_row[t] += d_h @ h[t]
            for j in range(t + 1):
                d_lag[j] += row_scale[t] * d_h[x[t - j]]
    return value, d_lag, d_row, d_W
