"""Kernels of the minimal model with several heads: logits, loss and gradient.

With positions p = 1..T of one sequence x, heads n = 1..H and the target y_p = x_{p+1},

    h^n_t(l)   = sum_j v^n_j 1{x_{t-j+1} = l}
    a^n_t(m)   = sum_l W^n[m, l] h^n_t(l)
    f_p(i)     = s_p sum_{t<=p} 1{x_t = i} prod_n a^n_t(x_{p-n+1})       0 where p < H

so that f_p is looked up, by the last H tokens, in running sums D[history, i] over t. There is one
SIMD lane per sequence; of h only the states l = 1..k-1 are stored, see `_recurrence`.

Arguments are trusted: C-contiguous float64 (tokens int32, in 0..k-1).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels import _direct
from sim.kernels._direct import BACK, FRONT, TILE, rows
from sim.kernels._jit import inner_jit, jit
from sim.kernels._losses import apply_loss
from sim.kernels._scratch import clear, empty, zeros
from sim.kernels._vector import fma, hsum, lanes, load, select, splat, store
from sim.kernels.minimal import find_members, gather_group, mark


class Setting(NamedTuple):
    """What the gradient is told of an architecture and a loss.

    Attributes
    ----------
    position_scale, position_weight : ndarray, shape (T,)
        Factor s on the logits, and weight in the loss, of each position.
    loss_code : int
        0 cross-entropy, 1 margin, 2 squared.
    margin : float
        Margin of the margin loss; the others ignore it.
    """

    position_scale: NDArray[np.float64]
    position_weight: NDArray[np.float64]
    loss_code: int
    margin: float


@inner_jit
def prepare(v, W):
    """Of each head: v between zeros (H, TILE + T + TILE), cumsum(v) (H, T), W[m, l] - W[m, 0]."""
    H, T = v.shape
    lags, cumulative, tilt = np.zeros((H, TILE + T + TILE)), np.empty((H, T)), np.empty_like(W)
    for n in range(H):
        total = 0.0
        for t in range(T):
            total += v[n, t]
            cumulative[n, t] = total
            lags[n, TILE + t] = v[n, t]
        for m in range(len(W[n])):
            for l in range(len(W[n])):
                tilt[n, m, l] = W[n, m, l] - W[n, m, 0]
    return lags, cumulative, tilt


@inner_jit
def group_scratch(H, T, k, W):
    """Arrays a group works in: marks, h, a, f, codes of histories, running sums and slopes of a."""
    L = lanes(W)
    size = (k - 1) * rows(T) * L
    marks, h = zeros(size, W), zeros(H * size, W)
    a, f, codes = empty(H * T * k * L, W), empty(T * k * L, W), empty(T * L, W)
    return marks, h, a, f, codes, empty(k**H * k * L, W), empty(H * k * L, W)


@inner_jit
def encode(symbols, k, H, T, codes):
    """codes (T, lanes): sum_n k**(n-1) x_{p-n+1}, the number of the last H tokens."""
    L = lanes(symbols)
    for p in range(H - 1, T):
        code = load(symbols, (p - H + 1) * L)
        for n in range(H - 2, -1, -1):
            code = fma(float(k), code, load(symbols, (p - n) * L))
        store(codes, p * L, code)


@inner_jit
def score(h, cumulative, W, tilt, a):
    """a (T, k, lanes) of one head from its h."""
    k, T, L = len(W), len(cumulative), lanes(h)
    for t in range(T):
        for m in range(k):
            value = splat(W[m, 0] * cumulative[t], h)
            for l in range(1, k):
                value = fma(tilt[m, l], load(h, ((l - 1) * rows(T) + FRONT + t) * L), value)
            store(a, (t * k + m) * L, value)


@inner_jit
def product(a, H, T, k, t, history, without):
    """prod_n a^n_t(history's n-th token), the head `without` left out (-1: none)."""
    L = lanes(a)
    value = splat(1.0, a)
    for n in range(H):
        if n != without:
            value *= load(a, ((n * T + t) * k + history % k) * L)
        history //= k
    return value


@inner_jit
def forward(symbols, codes, a, H, k, position_scale, position_weight, D, f):
    """f (T, k, lanes) from the scores a (H, T, k, lanes); D (k**H, k, lanes) is scratch."""
    L, T = lanes(a), len(position_scale)
    zero = splat(0.0, a)
    clear(D)
    clear(f)
    for p in range(T):
        x = load(symbols, p * L)
        for history in range(k**H):
            value = product(a, H, T, k, p, history, -1)
            for i in range(k):
                place = (history * k + i) * L
                store(D, place, load(D, place) + select(x == float(i), value, zero))
        if position_weight[p] != 0.0 and p >= H - 1:
            code = load(codes, p * L)
            for i in range(k):
                value = load(D, i * L)
                for history in range(1, k**H):
                    here = load(D, (history * k + i) * L)
                    value = select(code == float(history), here, value)
                store(f, (p * k + i) * L, value * position_scale[p])


@inner_jit
def backward(symbols, codes, h, a, g, cumulative, W, tilt, position_weight, B, slope, d_common, dW):
    """Gradients from g (T, k, lanes), the gradient in the logits over s_p.

    As in `_recurrence.backward`, head by head: h becomes G_t(l) - G_t(0), G_t(0) is added to
    d_common (H, T, lanes), and dW (H, k, k, lanes) gets its cumsum(v)_t part in column 0. B is
    scratch like D of `forward`, slope (H, k, lanes) the gradient in a_t.
    """
    (H, T), k, L = cumulative.shape, W.shape[1], lanes(a)
    zero = splat(0.0, a)
    clear(B)
    for p in range(T - 1, -1, -1):
        if position_weight[p] != 0.0 and p >= H - 1:
            code = load(codes, p * L)
            for history in range(k**H):
                here = code == float(history)
                for i in range(k):
                    place = (history * k + i) * L
                    value = select(here, load(g, (p * k + i) * L), zero)
                    store(B, place, load(B, place) + value)
        x = load(symbols, p * L)
        clear(slope)
        for history in range(k**H):
            b = load(B, history * k * L)  # column x of B
            for i in range(1, k):
                b = select(x == float(i), load(B, (history * k + i) * L), b)
            rest = history
            for n in range(H):
                place = (n * k + rest % k) * L
                others = product(a, H, T, k, p, history, n)
                store(slope, place, fma(b, others, load(slope, place)))
                rest //= k
        for n in range(H):
            common = zero
            for m in range(k):
                d = load(slope, (n * k + m) * L)
                common = fma(W[n, m, 0], d, common)
                place = (n * k + m) * k * L
                store(dW, place, fma(cumulative[n, p], d, load(dW, place)))
            place = (n * T + p) * L
            store(d_common, place, load(d_common, place) + common)
            for l in range(1, k):
                there = ((n * (k - 1) + l - 1) * rows(T) + FRONT + p) * L
                value, G = load(h, there), zero
                for m in range(k):
                    d = load(slope, (n * k + m) * L)
                    G = fma(tilt[n, m, l], d, G)
                    place = ((n * k + m) * k + l) * L
                    store(dW, place, fma(value, d, load(dW, place)))
                store(h, there, G)


@inner_jit
def finish(d_lag, d_common, dW, gradient_v, gradient_W):
    """Add up the lanes of what `backward` and the correlations left."""
    (H, T), k, L = gradient_v.shape, gradient_W.shape[1], lanes(dW)
    for n in range(H):
        since = splat(0.0, dW)  # the gradient in cumsum(v)_t belongs to every lag up to t
        for t in range(T - 1, -1, -1):
            since += load(d_common, (n * T + t) * L)
            gradient_v[n, t] = hsum(load(d_lag, (n * (T + BACK) + t) * L) + since)
        for m in range(k):
            others = 0.0
            for l in range(1, k):
                gradient_W[n, m, l] = hsum(load(dW, ((n * k + m) * k + l) * L))
                others += gradient_W[n, m, l]
            gradient_W[n, m, 0] = hsum(load(dW, (n * k + m) * k * L)) - others


@inner_jit
def scores_of_group(symbols, lags, cumulative, tilt, W, T, marks, h, a):
    """marks, and h and a of every head."""
    states, H, k, L = np.zeros(W.shape[1]), W.shape[0], W.shape[1], lanes(W)
    size = (k - 1) * rows(T) * L
    mark(states, symbols, T, marks)
    for n in range(H):
        own = h[n * size : (n + 1) * size]
        _direct.convolve(lags[n], marks, own, T, k - 1)
        score(own, cumulative[n], W[n], tilt[n], a[n * T * k * L : (n + 1) * T * k * L])


@jit
def loss_and_gradient(setting, tokens, sequence_weight, v, W, gradient_v, gradient_W):
    """Weighted loss of a batch, and its gradient.

    Reference: `sim.models.multihead.reference.loss_and_gradient`.

    Parameters
    ----------
    setting : Setting
    tokens : (n, T + 1) int32
        The last column is only a target.
    sequence_weight : (n,)
        Sequences of weight zero are not looked at.
    v : (H, T)
    W : (H, k, k)
    gradient_v, gradient_W : (H, T) and (H, k, k), out

    Returns
    -------
    float
    """
    (H, T), k, L = v.shape, W.shape[1], lanes(W)
    position_scale, position_weight = setting.position_scale, setting.position_weight
    states = np.zeros(k)
    lags, cumulative, tilt = prepare(v, W)
    marks, h, a, f, codes, D, slope = group_scratch(H, T, k, W)
    size, width = (k - 1) * rows(T) * L, (T + BACK) * L
    d_lag, d_common, dW = zeros(H * width, W), zeros(H * T * L, W), zeros(H * k * k * L, W)
    symbols, lane_weight = empty((T + 1) * L, W), zeros(L, W)
    members = find_members(sequence_weight)
    loss = 0.0
    for first in range(0, len(members), L):
        gather_group(tokens, members, first, symbols)
        for q in range(L):
            inside = first + q < len(members)
            lane_weight[q] = sequence_weight[members[first + q]] if inside else 0.0
        encode(symbols, k, H, T, codes)
        scores_of_group(symbols, lags, cumulative, tilt, W, T, marks, h, a)
        forward(symbols, codes, a, H, k, position_scale, position_weight, D, f)
        loss += apply_loss(setting.loss_code, setting.margin, states, symbols, f, position_weight,
                           position_scale, load(lane_weight, 0))  # fmt: skip
        backward(symbols, codes, h, a, f, cumulative, W, tilt, position_weight, D, slope,
                 d_common, dW)  # fmt: skip
        for n in range(H):
            own = h[n * size : (n + 1) * size]
            for c in range(k - 1):  # the convolution's tiles have run over the end
                store(own, (c * rows(T) + FRONT + T) * L, splat(0.0, own))
            _direct.correlate(own, marks, T, k - 1, d_lag[n * width : (n + 1) * width])
    finish(d_lag, d_common, dW, gradient_v, gradient_W)
    return loss


@jit
def logits(tokens, v, position_scale, W, out):
    """Logits at every position, (n, T, k), from tokens (n, T).

    Reference: `sim.models.multihead.reference.logits`.
    """
    (H, T), k, L = v.shape, W.shape[1], lanes(W)
    lags, cumulative, tilt = prepare(v, W)
    marks, h, a, f, codes, D, _ = group_scratch(H, T, k, W)
    symbols, weight, members = empty(T * L, W), np.ones(T), np.arange(len(tokens))
    for first in range(0, len(tokens), L):
        gather_group(tokens, members, first, symbols)
        encode(symbols, k, H, T, codes)
        scores_of_group(symbols, lags, cumulative, tilt, W, T, marks, h, a)
        forward(symbols, codes, a, H, k, position_scale, weight, D, f)
        for q in range(min(L, len(tokens) - first)):
            for p in range(T):
                for i in range(k):
                    out[first + q, p, i] = f[(p * k + i) * L + q]
