"""One-hot convolution of sequences with the lag weights, and the correlation that is its adjoint.

Lanes are eight consecutive positions; arrays are (8 sequences, k, time). A state's row is the sum
of u shifted to each place where the state stands, so the cost is T^2 / 2 additions a sequence
whatever k is, and the most frequent state is free: the rows of all states sum to cumsum(u).
Eight-by-eight transposes lead to the layout of the recurrences, (time, k, 8), and back.
"""

import numpy as np

from sim.kernels._jit import part
from sim.kernels._scratch import zeros
from sim.kernels._vector import LANES, load, splat, store, transpose

TILE = 2 * LANES  # positions or lags whose sums stay in registers during a pass over the sources


@part
def round_up(size, step):
    return (size + step - 1) // step * step


@part
def row_stride(T):
    """Row length of the (8, k, time) arrays: T and a tile of zeros that passes may run into."""
    return round_up(T, TILE) + TILE + LANES


@part
def lag_tables(lag_weight):
    """What the convolution reads: u behind a tile of zeros, and cumsum(u); both padded by zeros."""
    T = len(lag_weight)
    lags, cumulative = zeros(TILE + row_stride(T)), zeros(row_stride(T))
    total = 0.0
    for t in range(T):
        total += lag_weight[t]
        cumulative[t] = total
        lags[TILE + t] = lag_weight[t]
    return lags, cumulative


@part
def list_sources(lane_rows, T, k, source, write, reached, frequent):
    """Where the states stand in a group of sequences.

    lane_rows (8, T + 1): 8 sequences as rows ``q k + x`` of the (8 k, time) arrays.
    source (8 k stride,): row by row, for each place s of the row's state, where in the padded u
    it finds the lag of position 0; write (8 k,): end of each row's list;
    reached (tiles, 8 k): the same, counting only places before the end of a tile.
    frequent (8,): the row of each sequence's most frequent state.
    """
    stride = row_stride(T)
    for row in range(LANES * k):
        write[row] = row * stride
    for s in range(T):
        for q in range(LANES):  # eight counters at a time: one alone waits for its own last store
            row = lane_rows[q, s]
            source[write[row]] = TILE - s
            write[row] += np.uint32(1)
        if (s + 1) % TILE == 0 or s + 1 == T:
            for row in range(LANES * k):
                reached[s // TILE, row] = write[row]
    for q in range(LANES):
        most = -1
        for row in range(q * k, q * k + k):
            if write[row] - row * stride > most:
                most = write[row] - row * stride
                frequent[q] = row


@part
def convolve(lags, source, reached, frequent, cumulative, rows, T, k):
    """h of a group into rows (8 k, stride).

    The row of the most frequent state is what cumsum(u) leaves; with ``frequent = -1`` it is
    summed like the others.
    """
    stride = row_stride(T)
    for q in range(LANES):
        common = frequent[q]
        for tile in range((T + TILE - 1) // TILE):
            t = tile * TILE
            rest0, rest1 = load(cumulative, t), load(cumulative, t + LANES)
            for row in range(q * k, q * k + k):
                if row == common:
                    continue
                first, last = row * stride, reached[tile, row]
                a0, a1 = splat(0.0), splat(0.0)
                b0, b1 = splat(0.0), splat(0.0)
                for c in range(first, last - 1, 2):  # two sums, so that none waits for the other
                    place = t + source[c]
                    a0 += load(lags, place)
                    a1 += load(lags, place + LANES)
                    place = t + source[c + 1]
                    b0 += load(lags, place)
                    b1 += load(lags, place + LANES)
                if (last - first) % 2:
                    place = t + source[last - 1]
                    a0 += load(lags, place)
                    a1 += load(lags, place + LANES)
                a0 += b0
                a1 += b1
                store(rows, first + t, a0)
                store(rows, first + t + LANES, a1)
                rest0 -= a0
                rest1 -= a1
            if common >= 0:
                store(rows, common * stride + t, rest0)
                store(rows, common * stride + t + LANES, rest1)


@part
def list_gradients(lane_rows, frequent, T, k, source, reached):
    """Places in rows (8 k, stride) the sources of each sequence add from, early ones first.

    source (8 T + 1,): row of the source's state, column s; the most frequent state is left out.
    reached (8, T): end of the list of the sources at 0..s; a sequence's list begins at q T.
    """
    stride = row_stride(T)
    for q in range(LANES):
        n = q * T
        for s in range(T):
            row = lane_rows[q, s]
            source[n] = row * stride + s  # stays only if n moves on
            n += row != frequent[q]
            reached[q, s] = n


@part
def correlate(rows, source, reached, T, d_lag):
    """d_lag[d] += sum of G(t, x_{t-d}) over a group: for each source, its row from there on."""
    for q in range(LANES):
        first = q * T
        for d in range(0, T, TILE):
            last = reached[q, T - 1 - d]
            a0, a1 = load(d_lag, d), load(d_lag, d + LANES)
            b0, b1 = splat(0.0), splat(0.0)
            for c in range(first, last - 1, 2):
                place = d + source[c]
                a0 += load(rows, place)
                a1 += load(rows, place + LANES)
                place = d + source[c + 1]
                b0 += load(rows, place)
                b1 += load(rows, place + LANES)
            if (last - first) % 2:
                place = d + source[last - 1]
                a0 += load(rows, place)
                a1 += load(rows, place + LANES)
            store(d_lag, d, a0 + b0)
            store(d_lag, d + LANES, a1 + b1)


@part
def rows_to_lanes(rows, lanes, T, k):
    """(8, k, stride) to (time, k, 8); positions up to the next multiple of eight come along."""
    stride = row_stride(T)
    for t in range(0, T, LANES):
        for l in range(k):
            transpose(rows, l * stride + t, k * stride, lanes, (t * k + l) * LANES, k * LANES)


@part
def lanes_to_rows(lanes, rows, T, k):
    """(time, k, 8) to (8, k, stride), zero from T on."""
    stride = row_stride(T)
    zero = splat(0.0)
    for t in range(T, round_up(T, LANES)):
        for l in range(k):
            store(lanes, (t * k + l) * LANES, zero)
    for t in range(0, T, LANES):
        for l in range(k):
            transpose(lanes, (t * k + l) * LANES, k * LANES, rows, l * stride + t, k * stride)
    for row in range(LANES * k):
        for t in range(round_up(T, LANES), stride, LANES):
            store(rows, row * stride + t, zero)
