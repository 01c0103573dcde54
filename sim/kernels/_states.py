"""Attention of the first layer when its input is the token alone, without positions.

Queries, keys and values are then those of the k states, and with a_ms = q_m . k_s and
b_s(lag) = v_lag . k_s the softmax of eq. (5) factors,

    exp(score_ij) = exp(a_{x_i, x_j}) exp(b_{x_j}(i - j)) = A[x_i, x_j] E[x_j, i - j],

so that what position i reads is a convolution for each state, as in the minimal model, instead of
T**2 scalar products:

    w_i(s) = sum_j E[s, i - j] 1{x_j = s}      share_i(s) ~ A[x_i, s] w_i(s)
    o_i    = sum_s share_i(s) value_s

The factors are divided by their largest; where they spread too far the rows of a softmax could
vanish, and the caller takes the general way: see LIMIT.

Flat arrays: q, k, value of the states (k, size, lanes), the same in every lane; onehot, w and share
(k, rows, lanes).  A (k, k) and E (k, rows + 2) are scalars; E has lag at lag + 1 and zeros around.
"""

import math

from sim.kernels._jit import inner_jit
from sim.kernels._vector import fma, lanes, load, select, splat, spread, store

LIMIT = 60.0  # of the scores' range: exp(-60) squared is a normal number in float32


@inner_jit
def tabulate(q, k, v, states, T, rows, size, A, E):
    """Fill A and E of one head; returns the range of the scores, as an upper bound."""
    L = lanes(q)
    widest, low, high = 0.0, math.inf, -math.inf
    for m in range(states):
        least, most = math.inf, -math.inf
        for s in range(states):
            a = 0.0
            for c in range(size):
                a += q[(m * size + c) * L] * k[(s * size + c) * L]
            A[m * states + s] = a
            least, most = min(a, least), max(a, most)
        for s in range(states):
            A[m * states + s] = math.exp(A[m * states + s] - most)
        widest = max(most - least, widest)
    for s in range(states):
        for lag in range(T):
            b = 0.0
            for c in range(size):
                b += v[(lag + 1) * size + c] * k[(s * size + c) * L]
            E[s * (rows + 2) + lag + 1] = b
            low, high = min(b, low), max(b, high)
    for s in range(states):
        for lag in range(T):
            here = s * (rows + 2) + lag + 1
            E[here] = math.exp(E[here] - high)
    return widest + high - low


@inner_jit
def mark_states(symbols, states, T, rows, onehot):
    """onehot[s, t] = 1{x_t = s}."""
    L = lanes(onehot)
    one, zero = splat(1.0, onehot), splat(0.0, onehot)
    for t in range(T):
        x = load(symbols, t * L)
        for s in range(states):
            store(onehot, (s * rows + t) * L, select(x == float(s), one, zero))


@inner_jit(forceinline=True)
def _of_query(A, x, s, states):
    """A[x, s] in every lane."""
    a = spread(A, s)
    for m in range(1, states):
        a = select(x == float(m), spread(A, m * states + s), a)
    return a


@inner_jit
def attend_states(symbols, onehot, A, E, value, states, T, rows, size, w, share, inverse, o):
    """Fill w, share, inverse (rows, lanes) and o (rows, size, lanes)."""
    L = lanes(onehot)
    one, zero = splat(1.0, onehot), splat(0.0, onehot)
    for s in range(states):
        for i in range(0, rows, 2):
            y0, y1 = zero, zero
            lag = s * (rows + 2) + i + 1
            for j in range(i + 2):  # lag -1 is in the table
                x = load(onehot, (s * rows + j) * L)
                y0, y1 = fma(spread(E, lag - j), x, y0), fma(spread(E, lag - j + 1), x, y1)
            store(w, (s * rows + i) * L, y0)
            store(w, (s * rows + i + 1) * L, y1)
    for t in range(T):
        x, total = load(symbols, t * L), zero
        for s in range(states):
            weight = _of_query(A, x, s, states) * load(w, (s * rows + t) * L)
            total += weight
            store(share, (s * rows + t) * L, weight)
        factor = one / total
        store(inverse, t * L, factor)
        for s in range(states):
            store(share, (s * rows + t) * L, load(share, (s * rows + t) * L) * factor)
        for c in range(size):
            y = zero
            for s in range(states):
                here = (s * rows + t) * L
                y = fma(load(share, here), load(value, (s * size + c) * L), y)
            store(o, (t * size + c) * L, y)


@inner_jit
def attend_states_backward(
    symbols, onehot, A, value, d_o, share, inverse, w, states, T, rows, size, d_w,
    d_value, d_A, d_E,
):  # fmt: skip
    """Add to d_value, d_A (k, k, lanes) and d_E (k, rows, lanes) what comes from d_o.

    ``d_w`` (k, rows + 2, lanes), zero beyond T, is work space.
    """
    L, stride = lanes(onehot), rows + 2
    zero = splat(0.0, onehot)
    for t in range(T):
        x, mean = load(symbols, t * L), zero
        for s in range(states):
            slope, weight = zero, load(share, (s * rows + t) * L)
            for c in range(size):
                here, g = (s * size + c) * L, load(d_o, (t * size + c) * L)
                slope = fma(g, load(value, here), slope)
                store(d_value, here, fma(weight, g, load(d_value, here)))
            mean = fma(weight, slope, mean)
            store(d_w, (s * stride + t) * L, slope)
        for s in range(states):
            slope = (load(d_w, (s * stride + t) * L) - mean) * load(inverse, t * L)
            store(d_w, (s * stride + t) * L, _of_query(A, x, s, states) * slope)
            along = slope * load(w, (s * rows + t) * L)
            for m in range(states):
                here = (m * states + s) * L
                store(d_A, here, load(d_A, here) + select(x == float(m), along, zero))
    for s in range(states):
        for lag in range(0, rows, 2):
            here = (s * rows + lag) * L
            y0, y1 = load(d_E, here), load(d_E, here + L)
            for j in range(rows - lag):
                x, place = load(onehot, (s * rows + j) * L), (s * stride + j + lag) * L
                y0, y1 = fma(load(d_w, place), x, y0), fma(load(d_w, place + L), x, y1)
            store(d_E, here, y0)
            store(d_E, here + L, y1)


@inner_jit
def states_backward(q, k, v, A, E, d_A, d_E, states, T, rows, size, d_q, d_k, d_v):
    """Gradients d_q, d_k (k, size, lanes) and d_v (T, size, lanes), zero before, from those of
    the factors.
    """
    L = lanes(q)
    for m in range(states):
        for s in range(states):
            slope = load(d_A, (m * states + s) * L) * spread(A, m * states + s)
            for c in range(size):
                from_m, from_s = (m * size + c) * L, (s * size + c) * L
                store(d_q, from_m, fma(slope, load(k, from_s), load(d_q, from_m)))
                store(d_k, from_s, fma(slope, load(q, from_m), load(d_k, from_s)))
    for s in range(states):
        for lag in range(T):
            slope = load(d_E, (s * rows + lag) * L) * spread(E, s * (rows + 2) + lag + 1)
            for c in range(size):
                here, there = (s * size + c) * L, (lag * size + c) * L
                by_lag = spread(v, (lag + 1) * size + c)
                store(d_k, here, fma(slope, by_lag, load(d_k, here)))
                store(d_v, there, fma(slope, load(k, here), load(d_v, there)))
