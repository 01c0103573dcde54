"""Kernels of the minimal two-layer model: logits, loss and gradient.

With positions p = 1..T of one sequence x, states 0..k-1 and the target y_p = x_{p+1},

    h_t(l) = sum_j u_j 1{x_{t-j+1} = l}                   u: lag_weight
    f_p(i) = s_p sum_l W[x_p, l] sum_{t<=p} r_t 1{x_t = i} h_t(l)     r, s: row_, position_scale
    L      = sum_q a_q sum_p w_p loss(f_p, y_p)           a, w: sequence_, position_weight

Sequences go through in groups of eight, in two kinds of step with a layout each: convolution over
time (`_convolution`) and recurrences over positions (`_recurrence`, `_losses`).

Sequences of weight zero are left out. Free lanes of the last group repeat its first sequence and
have their gradient replaced by zero, not multiplied by it: no inf or NaN comes from them.

Arguments are trusted: C-contiguous float64 (tokens int32, in 0..k-1); nothing is checked here.
"""

import numpy as np

from sim.kernels._convolution import (
    TILE,
    convolve,
    correlate,
    lag_tables,
    lanes_to_rows,
    list_gradients,
    list_sources,
    row_stride,
    rows_to_lanes,
)
from sim.kernels._jit import jit, part
from sim.kernels._losses import apply_loss
from sim.kernels._recurrence import backward, forward
from sim.kernels._scratch import empty, zeros
from sim.kernels._vector import LANES, hsum, load


@part
def _gather_group(tokens, members, first, k, lane_rows, symbols):
    """Copy eight sequences: as rows ``q k + x`` (8, length), and as float64 symbols (length, 8)."""
    for q in range(LANES):
        member = members[first + q] if first + q < len(members) else members[first]
        for p in range(tokens.shape[1]):
            lane_rows[q, p] = q * k + tokens[member, p]
            symbols[p * LANES + q] = tokens[member, p]


@part
def _find_members(sequence_weight):
    """Indices (active,) of the sequences whose weight is not zero."""
    members = np.empty(len(sequence_weight), np.int64)
    n = 0
    for q in range(len(sequence_weight)):
        members[n] = q
        n += sequence_weight[q] != 0.0
    return members[:n]


@part
def _group_scratch(T, k):
    """Arrays a group of eight sequences works in, of which nothing is kept for the next group."""
    size = LANES * k * row_stride(T)
    lane_rows = np.empty((LANES, T + 1), np.uint32)
    symbols = empty(LANES * (T + 1))
    source, write = np.empty(size, np.int32), np.empty(LANES * k, np.uint32)
    reached = np.empty((T // TILE + 1, LANES * k), np.uint32)
    frequent = np.empty(LANES, np.int64)
    rows, h, f = empty(size), empty(size), empty(LANES * k * T)
    return lane_rows, symbols, source, write, reached, frequent, rows, h, f, empty(LANES * k * k)


@jit
def loss_and_gradient(
    tokens, sequence_weight, lag_weight, row_scale, position_scale, position_weight, W,
    loss_code, margin, d_lag, d_row, d_W,
):  # fmt: skip
    """Weighted loss of a batch, and its gradient in lag_weight, row_scale and W.

    Twin: `sim.twins.loss_and_gradient`.

    Parameters
    ----------
    tokens : (n, T + 1) int32
        States 0..k-1; the last column is only a target.
    sequence_weight : (n,) float64
        Sequences of weight zero are not looked at.
    lag_weight, row_scale, position_scale : (T,) float64
        u, r and s; ``lag_weight[0]`` belongs to the current token.
    position_weight : (T,) float64
        Positions of weight zero contribute nothing, whatever their logits.
    W : (k, k) float64
    loss_code : int
        0 cross-entropy, 1 margin, 2 squared.
    margin : float
        Margin of the margin loss; the others ignore it.
    d_lag, d_row : (T,) float64, out
    d_W : (k, k) float64, out

    Returns
    -------
    float
    """
    T, k = len(lag_weight), len(W)
    lags, cumulative = lag_tables(lag_weight)
    lane_rows, symbols, source, write, reached, frequent, rows, h, f, sums = _group_scratch(T, k)
    from_gradient = np.empty(LANES * T + 1, np.int32)
    gradient_reached = np.empty((LANES, T), np.int32)
    common, lane_weight = zeros(LANES), zeros(LANES)
    lane_d_lag, lane_d_row = zeros(LANES * T), zeros(LANES * T)
    lane_d_W, tiled_d_lag = zeros(LANES * k * k), zeros(row_stride(T))
    members = _find_members(sequence_weight)
    loss = 0.0
    for first in range(0, len(members), LANES):
        _gather_group(tokens, members, first, k, lane_rows, symbols)
        list_sources(lane_rows, T, k, source, write, reached, frequent)
        for q in range(LANES):
            common[q] = frequent[q] - q * k
            free = first + q >= len(members)
            lane_weight[q] = 0.0 if free else sequence_weight[members[first + q]]
        convolve(lags, source, reached, frequent, cumulative, rows, T, k)
        rows_to_lanes(rows, h, T, k)
        # A tuple's length is a constant to the compiler: these are three kernels each.
        if k == 2:
            forward((0,) * 2, symbols, h, row_scale, position_scale, position_weight, W, sums, f)
        elif k == 3:
            forward((0,) * 3, symbols, h, row_scale, position_scale, position_weight, W, sums, f)
        else:
            forward(W[0], symbols, h, row_scale, position_scale, position_weight, W, sums, f)
        weight = load(lane_weight, 0)
        loss += apply_loss(
            loss_code, margin, k, symbols, f, position_weight, position_scale, weight
        )
        if k == 2:
            backward((0,) * 2, symbols, h, f, common, row_scale, position_weight, W, sums,
                      lane_d_W, lane_d_row, lane_d_lag)  # fmt: skip
        elif k == 3:
            backward((0,) * 3, symbols, h, f, common, row_scale, position_weight, W, sums,
                      lane_d_W, lane_d_row, lane_d_lag)  # fmt: skip
        else:
            backward(W[0], symbols, h, f, common, row_scale, position_weight, W, sums,
                      lane_d_W, lane_d_row, lane_d_lag)  # fmt: skip
        lanes_to_rows(h, rows, T, k)
        list_gradients(lane_rows, frequent, T, k, from_gradient, gradient_reached)
        correlate(rows, from_gradient, gradient_reached, T, tiled_d_lag)
    since = 0.0  # what the most frequent states were left out of: each of them from t on
    for t in range(T - 1, -1, -1):
        since += hsum(load(lane_d_lag, t * LANES))
        d_lag[t] = tiled_d_lag[t] + since
        d_row[t] = hsum(load(lane_d_row, t * LANES))
    for m in range(k):
        for l in range(k):
            d_W[m, l] = hsum(load(lane_d_W, (m * k + l) * LANES))
    return loss


@jit
def logits(tokens, lag_weight, row_scale, position_scale, W, out):
    """Logits at every position.

    Twin: `sim.twins.logits`.

    Parameters
    ----------
    tokens : (n, T) int32
        States 0..k-1.
    lag_weight, row_scale, position_scale : (T,) float64
        u, r and s.
    W : (k, k) float64
    out : (n, T, k) float64, out
    """
    T, k = len(lag_weight), len(W)
    lags, cumulative = lag_tables(lag_weight)
    lane_rows, symbols, source, write, reached, frequent, rows, h, f, sums = _group_scratch(T, k)
    members = np.arange(len(tokens))
    weight = np.ones(T)
    for first in range(0, len(tokens), LANES):
        _gather_group(tokens, members, first, k, lane_rows, symbols)
        list_sources(lane_rows, T, k, source, write, reached, frequent)
        # Which state is most frequent depends on the whole sequence: leaving its row to a
        # difference would let a later token change the last bits of an earlier logit.
        frequent[:] = -1
        convolve(lags, source, reached, frequent, cumulative, rows, T, k)
        rows_to_lanes(rows, h, T, k)
        forward(W[0], symbols, h, row_scale, position_scale, weight, W, sums, f)
        for q in range(min(LANES, len(tokens) - first)):
            for p in range(T):
                for i in range(k):
                    out[first + q, p, i] = f[(p * k + i) * LANES + q]
