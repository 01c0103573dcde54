"""Kernels for in-context counting: n-gram strategies and the two-state Bayes posterior."""

from __future__ import annotations

import numpy as np

from sim.kernels._jit import jit


@jit
def ngram(tokens, k, order, alpha, out):
    """Additively smoothed n-gram predictions in one incremental pass.

    tokens (n, T) int32; order is the history length (0 unigram, 1 bigram); out (n, T, k).
    Reference: `sim.task.reference.ngram`.
    """
    n, T = tokens.shape
    S = k**order
    count = np.empty((S, k))
    visits = np.empty(S)
    for q in range(n):
        count[:] = 0.0
        visits[:] = 0.0
        history = 0
        for p in range(T):
            token = tokens[q, p]
            if p >= order:
                count[history, token] += 1.0
                visits[history] += 1.0
            history = token if order == 1 else (history * k + token) % S
            # before a whole history has been seen nothing has been counted for it
            seen = visits[history] if p + 1 >= order else 0.0
            scale = 1.0 / (seen + k * alpha)
            for i in range(k):
                hits = count[history, i] if p + 1 >= order else 0.0
                out[q, p, i] = (hits + alpha) * scale


@jit
def last_ngram(tokens, k, order, alpha, out):
    """The last of those predictions alone, out (n, k): no other history has to be counted.

    Reference: `sim.task.reference.ngram`.
    """
    n, T = tokens.shape
    follows = np.empty(T, np.int32)
    for q in range(n):
        x = tokens[q]
        follows[:] = 1 if order < T else 0
        follows[: min(order, T)] = 0
        for j in range(1, min(order, T - 1) + 1):
            for p in range(j, T):
                follows[p] &= x[p - j] == x[T - j]
        seen = 0
        for p in range(T):
            seen += follows[p]
        scale = 1.0 / (seen + k * alpha)
        for i in range(k):
            hits = 0
            for p in range(T):  # sums of integers over p: the compiler takes eight at a time
                hits += follows[p] & (x[p] == i)
            out[q, i] = (hits + alpha) * scale


@jit
def bayes(tokens, weights, initial, transition, out):
    """Posterior predictive under a discrete prior over chains, renormalised at each position.

    tokens (n, T) int32; weights (m,); initial (m, k); transition (m, k, k); out (n, T, k).
    Reference: `sim.task.reference.bayes`.
    """
    n, T = tokens.shape
    m, k = initial.shape
    posterior = np.empty(m)
    for q in range(n):
        token = tokens[q, 0]
        total = 0.0
        for c in range(m):
            posterior[c] = weights[c] * initial[c, token]
            total += posterior[c]
        for p in range(T):
            for i in range(k):
                out[q, p, i] = 0.0
            for c in range(m):
                posterior[c] /= total
                for i in range(k):
                    out[q, p, i] += posterior[c] * transition[c, token, i]
            if p + 1 < T:
                following = tokens[q, p + 1]
                total = 0.0
                for c in range(m):
                    posterior[c] *= transition[c, token, following]
                    total += posterior[c]
                token = following
