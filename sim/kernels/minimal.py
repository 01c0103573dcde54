"""Kernels of the minimal two-layer model: logits, loss and gradient.

With positions p = 1..T of one sequence x, states 0..k-1 and the target y_p = x_{p+1},

    h_t(l) = sum_j u_j 1{x_{t-j+1} = l}                   u: lag_weight
    f_p(i) = s_p sum_l W[x_p, l] sum_{t<=p} r_t 1{x_t = i} h_t(l)     r, s: row_, position_scale
    L      = sum_q a_q sum_p w_p loss(f_p, y_p)           a, w: sequence_, position_weight

Each sequence has one SIMD lane from beginning to end. Sequences go through in groups, as many
as a vector has lanes, and groups in chunks of `CHUNK` sequences. A chunk has sums of its own and
the chunks' sums are added in order: the bits do not depend on who computes which chunk.

Sequences of weight zero are left out. Free lanes of the last group repeat its first sequence with
weight zero.

What does not change while a model is trained comes as one `Setting`. Arguments are trusted:
C-contiguous, all floats of the dtype of W (tokens int32, in 0..k-1).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels import _direct, fourier
from sim.kernels._direct import BACK, FRONT, TILE, rows
from sim.kernels._jit import inner_jit, jit
from sim.kernels._losses import apply_loss
from sim.kernels._recurrence import backward, forward
from sim.kernels._scratch import clear, empty, zeros
from sim.kernels._vector import BYTES, hsum, lanes, load, select, splat, store

CHUNK = 32  # sequences
SOFTMAX_RANGE = 700.0  # of v: beyond, exp(v - max v) underflows and early rows vanish


class Setting(NamedTuple):
    """An architecture, a loss and a way of convolution, as the kernels take them.

    Attributes
    ----------
    states : tuple or ndarray of k
        ``(0,) * k``, for which the compiler unrolls the loops over states, or an array (k,).
    softmax : bool
        Whether the first layer is the softmax of v: only then is the gradient in its row scales
        found.
    position_scale, position_weight : ndarray, shape (T,)
        Factor s on the logits, and weight w in the loss, of each position. Positions of weight
        zero contribute nothing, whatever their logits.
    loss_code : int
        0 cross-entropy, 1 margin, 2 squared.
    margin : float
        Margin of the margin loss; the others ignore it.
    twist, roots : ndarray, shapes (N, 2) and (M, 6)
        `sim.kernels.fourier.tables`, or empty for the direct convolution.
    """

    states: Any
    softmax: bool
    position_scale: NDArray[Any]
    position_weight: NDArray[Any]
    loss_code: int
    margin: float
    twist: NDArray[Any]
    roots: NDArray[Any]


def partial_size(T, k):
    """Length of a chunk's sums: d_lag (T), d_row (T), d_W (k k), loss."""
    return 2 * T + k * k + 1


@jit
def first_layer(v, softmax, lag_weight, row_scale):
    """Lag weights u and row scales r (T,), out, with M[t', s] = r_t' u_{t'-s+1}.

    False, and nothing usable, if the spread of v is too large for a softmax.
    Reference: `sim.models.minimal.readable.first_layer`.
    """
    top, bottom = v[0], v[0]
    for t in range(len(v)):
        top, bottom = max(top, v[t]), min(bottom, v[t])
        lag_weight[t] = v[t]
        row_scale[t] = 1.0
    if softmax:
        if not top - bottom <= SOFTMAX_RANGE:
            return False
        total = 0.0
        for t in range(len(v)):
            lag_weight[t] = math.exp(v[t] - top)
            total += lag_weight[t]
            row_scale[t] = 1.0 / total
    return True


@inner_jit
def through_first_layer(softmax, lag_weight, row_scale, d_lag, d_row):
    """Turn d_lag (T,), in place, into the gradient in v.

    For the softmax u = exp(v - max v), and row t' is scaled by r = 1 / sum_{j<=t'} u_j.
    """
    if softmax:
        later = 0.0
        for t in range(len(d_lag) - 1, -1, -1):
            later += d_row[t] * row_scale[t] * row_scale[t]
            d_lag[t] = lag_weight[t] * (d_lag[t] - later)


@inner_jit
def find_members(sequence_weight):
    """Indices (active,) of the sequences whose weight is not zero."""
    members = np.empty(len(sequence_weight), np.int64)
    n = 0
    for q in range(len(sequence_weight)):
        members[n] = q
        n += sequence_weight[q] != 0.0
    return members[:n]


@inner_jit
def gather_group(tokens, members, first, symbols):
    """Copy a vector of sequences into symbols (length, lanes), as floats."""
    L = BYTES // symbols.itemsize
    for q in range(L):
        member = members[first + q] if first + q < len(members) else members[first]
        for p in range(tokens.shape[1]):
            symbols[p * L + q] = tokens[member, p]


@inner_jit
def mark(states, symbols, T, marks):
    """marks (k - 1, rows, lanes): 1 where the state of the channel stands, else 0."""
    k, L = len(states), lanes(marks)
    one, zero = splat(1.0, marks), splat(0.0, marks)
    for p in range(T):
        x = load(symbols, p * L)
        for l in range(1, k):
            place = ((l - 1) * rows(T) + FRONT + p) * L
            store(marks, place, select(x == float(l), one, zero))


@inner_jit
def shared_scratch(T, k, N, W):
    """What all sequences share: u between zeros, cumsum(u), W[m, l] - W[m, 0], spectrum of u."""
    tilt, spectrum = np.empty((k, k), W.dtype), np.empty((N, 2), W.dtype)
    return zeros(TILE + T + TILE, W), empty(T, W), tilt, spectrum


@inner_jit
def prepare(lag_weight, W, twist, roots, shared, scratch):
    """Fill what all sequences share."""
    lags, cumulative, tilt, spectrum = shared
    total = 0.0
    for t in range(len(lag_weight)):
        total += lag_weight[t]
        cumulative[t] = total
        lags[TILE + t] = lag_weight[t]
    for m in range(len(W)):
        for l in range(len(W)):
            tilt[m, l] = W[m, l] - W[m, 0]
    if len(twist) > 0:
        fourier.lag_spectrum(lag_weight, twist, roots, scratch[4], spectrum)


@inner_jit
def group_scratch(T, k, N, W):
    """Arrays a group works in: marks, h, f, running sums, FFT buffer and spectra of the marks."""
    L = lanes(W)
    size = (k - 1) * rows(T) * L
    f, sums = empty(T * k * L, W), empty(k * k * L, W)
    z, marks_spectrum = empty(2 * N * L, W), empty((k - 1) * 2 * N * L, W)
    return zeros(size, W), zeros(size, W), f, sums, z, marks_spectrum


@inner_jit
def chunk_scratch(T, k, N, use_rows, W):
    """Sums of a chunk, still in lanes: d_lag, its spectrum, d_common, d_row, dW."""
    L = lanes(W)
    d_row = empty(T * L if use_rows else 0, W)
    d_lag, total = empty((T + BACK) * L, W), empty(2 * N * L, W)
    return d_lag, total, empty(T * L, W), d_row, empty(k * k * L, W)


@inner_jit
def clear_chunk(sums):
    d_lag, total, d_common, d_row, dW = sums
    clear(d_lag)
    clear(total)
    clear(d_common)
    clear(d_row)
    clear(dW)


@inner_jit
def add_group(setting, symbols, lane_weight, row_scale, W, shared, scratch, sums):
    """Loss of a group; its gradient is added to the sums of the chunk."""
    states, twist, roots = setting.states, setting.twist, setting.roots
    position_scale, position_weight = setting.position_scale, setting.position_weight
    k, T, L = len(states), len(row_scale), lanes(W)
    lags, cumulative, tilt, spectrum = shared
    marks, h, f, running, z, marks_spectrum = scratch
    d_lag, total, d_common, d_row, dW = sums
    mark(states, symbols, T, marks)
    if len(twist) > 0:
        fourier.convolve(spectrum, marks, h, T, k - 1, twist, roots, z, marks_spectrum)
    else:
        _direct.convolve(lags, marks, h, T, k - 1)
    forward(states, symbols, h, cumulative, row_scale, position_scale, position_weight, W, tilt,
            running, f)  # fmt: skip
    loss = apply_loss(setting.loss_code, setting.margin, states, symbols, f, position_weight,
                      position_scale, lane_weight)  # fmt: skip
    backward(states, symbols, h, f, cumulative, row_scale, position_weight, W, tilt, running, dW,
             d_common, d_row)  # fmt: skip
    if len(twist) > 0:
        fourier.correlate(h, marks_spectrum, T, k - 1, twist, roots, z, total)
    else:
        for c in range(k - 1):  # the convolution's tiles have run over the end
            store(h, (c * rows(T) + FRONT + T) * L, splat(0.0, h))
        _direct.correlate(h, marks, T, k - 1, d_lag)
    return loss


@inner_jit
def finish_chunk(setting, T, sums, loss, partial):
    """Add up the lanes: partial becomes d_lag, d_row, d_W and the loss of a chunk."""
    d_lag, total, d_common, d_row, dW = sums
    k, L = len(setting.states), lanes(d_lag)
    if len(setting.twist) > 0:
        fourier.read_correlation(total, setting.twist, setting.roots, T, d_lag)
    since = splat(0.0, d_lag)  # the gradient in cumsum(u)_t belongs to every lag up to t
    for t in range(T - 1, -1, -1):
        since += load(d_common, t * L)
        partial[t] = hsum(load(d_lag, t * L) + since)
        partial[T + t] = hsum(load(d_row, t * L)) if len(d_row) > 0 else 0.0
    for m in range(k):
        others = 0.0
        for l in range(1, k):
            value = hsum(load(dW, (m * k + l) * L))
            partial[2 * T + m * k + l] = value
            others += value
        partial[2 * T + m * k] = hsum(load(dW, m * k * L)) - others
    partial[2 * T + k * k] = loss


@jit
def chunk_gradients(
    setting, tokens, sequence_weight, lag_weight, row_scale, W, chunk_size, first_chunk,
    stop_chunk, partial, gradient,
):  # fmt: skip
    """Weighted loss of a batch, and its gradient in lag_weight, row_scale and W, chunk by chunk.

    Reference: `sim.models.minimal.reference.loss_and_gradient`.

    Parameters
    ----------
    setting : Setting
    tokens : (n, T + 1) int32
        States 0..k-1; the last column is only a target.
    sequence_weight : (n,)
        Sequences of weight zero are not looked at.
    lag_weight, row_scale : (T,)
        u and r; ``lag_weight[0]`` belongs to the current token.
    W : (k, k)
    chunk_size : int
        Sequences in a chunk, a multiple of the lanes.
    first_chunk, stop_chunk : int
        Rows of `partial` to fill.
    partial : (chunks, `partial_size`), out
        A row is d_lag, d_row, d_W and loss of its chunk.
    gradient : (`partial_size`,) float64, out
        What `add_chunks` makes of all rows. Empty to leave that for later.
    """
    T, k, L, N = len(lag_weight), len(setting.states), lanes(W), len(setting.twist)
    shared, scratch = shared_scratch(T, k, N, W), group_scratch(T, k, N, W)
    prepare(lag_weight, W, setting.twist, setting.roots, shared, scratch)
    sums = chunk_scratch(T, k, N, setting.softmax, W)
    symbols, lane_weight = empty((T + 1) * L, W), zeros(L, W)
    members = find_members(sequence_weight)
    for chunk in range(first_chunk, stop_chunk):
        clear_chunk(sums)
        loss = 0.0
        stop = min((chunk + 1) * chunk_size, len(members))
        for first in range(chunk * chunk_size, stop, L):
            gather_group(tokens, members[:stop], first, symbols)
            for q in range(L):
                lane_weight[q] = sequence_weight[members[first + q]] if first + q < stop else 0.0
            loss += add_group(
                setting, symbols, load(lane_weight, 0), row_scale, W, shared, scratch, sums
            )
        finish_chunk(setting, T, sums, loss, partial[chunk])
    if len(gradient) > 0:
        add_chunks(setting.softmax, lag_weight, row_scale, partial, gradient)


@jit
def add_chunks(softmax, lag_weight, row_scale, partial, gradient):
    """Add up the rows of partial, one after the other: d_v (T), d_row (T), d_W (k k), loss.

    Reference: a sum, and `sim.models.minimal.readable.first_layer_backward`.
    """
    T = len(lag_weight)
    gradient[:] = 0.0
    for chunk in range(len(partial)):
        for i in range(len(gradient)):
            gradient[i] += partial[chunk, i]
    through_first_layer(softmax, lag_weight, row_scale, gradient[:T], gradient[T : 2 * T])


@jit
def logits(states, tokens, lag_weight, row_scale, position_scale, W, out):
    """Logits at every position; an earlier one has the same bits whatever comes later.

    Reference: `sim.models.minimal.reference.logits`.

    Parameters
    ----------
    states : tuple or array of k
        As in a `Setting`.
    tokens : (n, T) int32
        States 0..k-1.
    lag_weight, row_scale, position_scale : (T,)
        u, r and s.
    W : (k, k)
    out : (n, T, k), out
    """
    T, k, L = len(lag_weight), len(states), lanes(W)
    no_table = np.empty((0, 2), W.dtype)
    shared, scratch = shared_scratch(T, k, 0, W), group_scratch(T, k, 0, W)
    prepare(lag_weight, W, no_table, no_table, shared, scratch)
    (lags, cumulative, tilt, _), (marks, h, f, running, _, _) = shared, scratch
    symbols, weight = empty(T * L, W), np.ones(T, W.dtype)
    members = np.arange(len(tokens))
    for first in range(0, len(tokens), L):
        gather_group(tokens, members, first, symbols)
        mark(states, symbols, T, marks)
        _direct.convolve(lags, marks, h, T, k - 1)
        forward(states, symbols, h, cumulative, row_scale, position_scale, weight, W, tilt,
                running, f)  # fmt: skip
        for q in range(min(L, len(tokens) - first)):
            for p in range(T):
                for i in range(k):
                    out[first + q, p, i] = f[(p * k + i) * L + q]
