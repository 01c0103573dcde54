"""Kernels for predictions at the last token, of many models on the same sequences at once.

With a linear first layer the logits at the last token are linear in v,

    f(i) = s sum_l W[x_T, l] sum_j v_j N_j(l, i),

where N_j(l, i) counts how often state l stood j - 1 tokens before state i. Sequences are counted
once; lanes are models, so that each further model costs a few multiplications.
"""

from sim.kernels._elementary import vexp, vlog
from sim.kernels._jit import jit
from sim.kernels._scratch import empty
from sim.kernels._vector import fma, lanes, load, splat, spread, store, vmax

TILE = 4  # pairs of states taken at a time


@jit
def pair_counts(tokens, marks, out):
    """How often state l stood j tokens before state i, for every lag j.

    tokens (n, T) int32; marks (k, T) is scratch; out (n, c, T) float64, indexed
    ``[sequence, l k + i, j]``, c >= k k and a multiple of `TILE`.
    Reference: `sim.task.reference.pair_counts`.
    """
    n, T = tokens.shape
    k = len(marks)
    out[:] = 0.0
    for q in range(n):
        for l in range(k):
            for p in range(T):  # backwards in time, so that lags run forwards
                marks[l, T - 1 - p] = tokens[q, p] == l
        for p in range(T):
            for l in range(k):
                row, before = out[q, l * k + tokens[q, p]], marks[l, T - 1 - p :]
                for j in range(len(before)):
                    row[j] += before[j]


@jit
def logits(tokens, pairs, scale, v, W, out):
    """Logits at the last token.

    tokens (n, T) int32; pairs (n, c, T) from `pair_counts`; scale float, on the logits;
    v (r / lanes, T, lanes) and W (k, k, r), r models; out (n, k, r).
    Reference: `sim.models.minimal.reference.logits` at the last position, model by model.
    """
    n, c, T = pairs.shape
    k, r, L = len(W), W.shape[2], lanes(v)
    sums = empty(c * L, v)
    for q in range(n):
        m = tokens[q, T - 1]
        for block in range(r // L):
            for pair in range(0, c, TILE):  # counts of four pairs meet the same weights
                a0, a1, a2, a3 = splat(0.0, v), splat(0.0, v), splat(0.0, v), splat(0.0, v)
                first = (q * c + pair) * T
                for j in range(T):
                    weight = load(v, (block * T + j) * L)
                    a0 = fma(spread(pairs, first + j), weight, a0)
                    a1 = fma(spread(pairs, first + T + j), weight, a1)
                    a2 = fma(spread(pairs, first + 2 * T + j), weight, a2)
                    a3 = fma(spread(pairs, first + 3 * T + j), weight, a3)
                store(sums, pair * L, a0)
                store(sums, (pair + 1) * L, a1)
                store(sums, (pair + 2) * L, a2)
                store(sums, (pair + 3) * L, a3)
            for i in range(k):
                f = splat(0.0, v)
                for l in range(k):
                    f = fma(load(W, (m * k + l) * r + block * L), load(sums, (l * k + i) * L), f)
                store(out, (q * k + i) * r + block * L, f * scale)


@jit
def log_likelihoods(scores, laws, out):
    """Mean over sequences of sum_i law(i) log softmax(scores)(i).

    scores (n, k, r), r a multiple of the lanes; laws (s, n, k); out (s, r).
    Reference: the formula above, which the tests write out in NumPy.
    """
    n, k, r = scores.shape
    L = lanes(scores)
    out[:] = 0.0
    for q in range(n):
        for first in range(0, r, L):
            here = q * k * r + first
            top = load(scores, here)
            for i in range(1, k):
                top = vmax(load(scores, here + i * r), top)
            z = splat(0.0, scores)
            for i in range(k):
                z += vexp(load(scores, here + i * r) - top)
            level = top + vlog(z)
            for s in range(len(laws)):
                total = load(out, s * r + first)
                for i in range(k):
                    log_model = load(scores, here + i * r) - level
                    total = fma(spread(laws, (s * n + q) * k + i), log_model, total)
                store(out, s * r + first, total)
    out /= n
