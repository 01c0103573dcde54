"""Forward and backward pass of one attention head, eq. (5), on a vector of sequences.

    score_ij = (q_i + v_{i-j}) . k_j    for j <= i, q and v already divided by the root of the width
    o_i      = sum_j softmax_j(score_i) value_j

The features of the head, ``size`` of them, are padded to an even number, the positions to an even
``rows``; what is padded is zero and stays zero.  So all loops go in steps of two and every inner
loop works on a tile of two by two vectors, which is what 16 registers hold.  Around the tiles
stand blocks of BLOCK positions, whose features stay in the first-level cache.

Flat arrays: q, k, value, o and their gradients (rows, size, lanes); ``exponent``, of which entry
(i, j) is exp(score_ij - max_i) and zero for j > i, (rows + 1, rows, lanes) with a last row of
zeros; inverse (rows, lanes), one over the sums of its rows.  ``v`` (rows + 2, size) is a table of
scalars whose row lag + 1 belongs to the lag: lag -1 appears in tiles on the diagonal.
"""

from sim.kernels._elementary import vexp
from sim.kernels._jit import inner_jit
from sim.kernels._vector import fma, lanes, load, splat, spread, store, vmax

BLOCK = 8


@inner_jit
def attend(q, k, value, v, rows, size, exponent, inverse, o):
    """Fill ``exponent``, ``inverse`` and ``o``."""
    for first in range(0, rows, BLOCK):
        last = min(first + BLOCK, rows)
        for key in range(0, last, BLOCK):
            _scores(q, k, v, first, last, key, min(key + BLOCK, last), rows, size, exponent)
        _exponentials(first, last, rows, exponent, inverse)
        _clear(o, first * size, last * size)
        for key in range(0, last, BLOCK):
            _mix(exponent, value, first, last, key, min(key + BLOCK, last), rows, size, o)
        _scale_rows(o, inverse, first, last, size)


@inner_jit
def attend_backward(
    q, k, value, v, d_o, o, rows, size, exponent, inverse, weighted, dot, d_q, d_k, d_value, d_v
):
    """Gradients d_q, d_k, d_value and d_v (rows + 1, size, lanes) from d_o, all overwritten.

    ``exponent`` becomes the gradient of the scores; ``weighted`` (rows, size, lanes) and ``dot``
    (rows, lanes) are work space, where d_o divided by the sums of rows and its product with o go.
    """
    L = lanes(q)
    _clear(d_v, 0, (rows + 1) * size)
    for out in (d_q, d_k, d_value):
        _clear(out, 0, rows * size)
    for i in range(rows):
        scale, total = load(inverse, i * L), splat(0.0, q)
        for c in range(size):
            here = (i * size + c) * L
            g = load(d_o, here) * scale
            total = fma(g, load(o, here), total)
            store(weighted, here, g)
        store(dot, i * L, total)
    for key in range(0, rows, BLOCK):
        end = min(key + BLOCK, rows)
        for first in range(key, rows, BLOCK):
            last = min(first + BLOCK, rows)
            _gather_values(exponent, weighted, first, last, key, end, rows, size, d_value)
            _d_scores(weighted, value, dot, first, last, key, end, rows, size, exponent)
            _mix(exponent, k, first, last, key, end, rows, size, d_q)
            _gather_keys(exponent, q, v, first, last, key, end, rows, size, d_k)
        _gather_lags(exponent, k, key, end, rows, size, d_v)


@inner_jit
def _clear(array, first, last):
    L = lanes(array)
    for i in range(first, last):
        store(array, i * L, splat(0.0, array))


@inner_jit
def _scale_rows(x, factor, first, last, size):
    L = lanes(x)
    for i in range(first, last):
        scale = load(factor, i * L)
        for c in range(size):
            store(x, (i * size + c) * L, load(x, (i * size + c) * L) * scale)


@inner_jit
def _scores(q, k, v, first, last, key, end, rows, size, out):
    """out[i, j] = (q_i + v_{i-j}) . k_j for the pairs j <= i of a block; j = i + 1 is nonsense."""
    L = lanes(q)
    for i in range(first, last, 2):
        for j in range(key, min(end, i + 2), 2):
            zero = splat(0.0, q)
            s00, s01, s10, s11 = zero, zero, zero, zero
            before, row0, row1 = (i - j) * size, i * size * L, (i + 1) * size * L
            column0, column1 = j * size * L, (j + 1) * size * L
            for c in range(size):
                q0, q1 = load(q, row0 + c * L), load(q, row1 + c * L)
                k0, k1 = load(k, column0 + c * L), load(k, column1 + c * L)
                same = spread(v, before + size + c)
                s00 = fma(q0 + same, k0, s00)
                s11 = fma(q1 + same, k1, s11)
                s01 = fma(q0 + spread(v, before + c), k1, s01)
                s10 = fma(q1 + spread(v, before + 2 * size + c), k0, s10)
            place = (i * rows + j) * L
            store(out, place, s00)
            store(out, place + L, s01)
            store(out, place + rows * L, s10)
            store(out, place + (rows + 1) * L, s11)


@inner_jit
def _exponentials(first, last, rows, exponent, inverse):
    """Scores become exp(score - max) along each row, zero where the causal mask hides them."""
    L = lanes(exponent)
    one, zero = splat(1.0, exponent), splat(0.0, exponent)
    for i in range(first, last):
        row = i * rows * L
        top = load(exponent, row)
        for j in range(1, i + 1):
            top = vmax(load(exponent, row + j * L), top)
        total = zero
        for j in range(i + 1):
            e = vexp(load(exponent, row + j * L) - top)
            total += e
            store(exponent, row + j * L, e)
        if i % 2 == 0:
            store(exponent, row + (i + 1) * L, zero)
        store(inverse, i * L, one / total)


@inner_jit
def _mix(weight, x, first, last, key, end, rows, size, out):
    """out_i += sum_j weight_ij x_j over a block, j <= i."""
    L = lanes(x)
    for i in range(first, last, 2):
        stop = min(end, i + 2)
        for c in range(0, size, 2):
            place0, place1 = (i * size + c) * L, ((i + 1) * size + c) * L
            y00, y01 = load(out, place0), load(out, place0 + L)
            y10, y11 = load(out, place1), load(out, place1 + L)
            for j in range(key, stop):
                w0, w1 = load(weight, (i * rows + j) * L), load(weight, ((i + 1) * rows + j) * L)
                x0, x1 = load(x, (j * size + c) * L), load(x, (j * size + c + 1) * L)
                y00, y01 = fma(w0, x0, y00), fma(w0, x1, y01)
                y10, y11 = fma(w1, x0, y10), fma(w1, x1, y11)
            store(out, place0, y00)
            store(out, place0 + L, y01)
            store(out, place1, y10)
            store(out, place1 + L, y11)


@inner_jit
def _gather_values(exponent, weighted, first, last, key, end, rows, size, d_value):
    """d_value_j += sum_i exponent_ij weighted_i over a block, i >= j."""
    L = lanes(weighted)
    for j in range(key, end, 2):
        for c in range(0, size, 2):
            place0, place1 = (j * size + c) * L, ((j + 1) * size + c) * L
            y00, y01 = load(d_value, place0), load(d_value, place0 + L)
            y10, y11 = load(d_value, place1), load(d_value, place1 + L)
            for i in range(max(first, j), last):
                w0, w1 = load(exponent, (i * rows + j) * L), load(exponent, (i * rows + j + 1) * L)
                g0, g1 = load(weighted, (i * size + c) * L), load(weighted, (i * size + c + 1) * L)
                y00, y01 = fma(w0, g0, y00), fma(w0, g1, y01)
                y10, y11 = fma(w1, g0, y10), fma(w1, g1, y11)
            store(d_value, place0, y00)
            store(d_value, place0 + L, y01)
            store(d_value, place1, y10)
            store(d_value, place1 + L, y11)


@inner_jit
def _d_scores(weighted, value, dot, first, last, key, end, rows, size, exponent):
    """exponent_ij becomes exponent_ij (weighted_i . value_j - dot_i), the scores' gradient."""
    L = lanes(value)
    for i in range(first, last, 2):
        d0, d1 = splat(0.0, value) - load(dot, i * L), splat(0.0, value) - load(dot, (i + 1) * L)
        for j in range(key, min(end, i + 2), 2):
            s00, s01, s10, s11 = d0, d0, d1, d1
            row0, row1 = i * size * L, (i + 1) * size * L
            column0, column1 = j * size * L, (j + 1) * size * L
            for c in range(size):
                g0, g1 = load(weighted, row0 + c * L), load(weighted, row1 + c * L)
                v0, v1 = load(value, column0 + c * L), load(value, column1 + c * L)
                s00, s01 = fma(g0, v0, s00), fma(g0, v1, s01)
                s10, s11 = fma(g1, v0, s10), fma(g1, v1, s11)
            place, below = (i * rows + j) * L, ((i + 1) * rows + j) * L
            store(exponent, place, s00 * load(exponent, place))
            store(exponent, place + L, s01 * load(exponent, place + L))
            store(exponent, below, s10 * load(exponent, below))
            store(exponent, below + L, s11 * load(exponent, below + L))


@inner_jit
def _gather_keys(d_score, q, v, first, last, key, end, rows, size, d_k):
    """d_k_j += sum_i d_score_ij (q_i + v_{i-j}) over a block, i >= j."""
    L = lanes(q)
    for j in range(key, end, 2):
        for c in range(0, size, 2):
            place0, place1 = (j * size + c) * L, ((j + 1) * size + c) * L
            y00, y01 = load(d_k, place0), load(d_k, place0 + L)
            y10, y11 = load(d_k, place1), load(d_k, place1 + L)
            for i in range(max(first, j), last):
                w0, w1 = load(d_score, (i * rows + j) * L), load(d_score, (i * rows + j + 1) * L)
                q0, q1 = load(q, (i * size + c) * L), load(q, (i * size + c + 1) * L)
                lag = (i - j) * size + c
                y00 = fma(w0, q0 + spread(v, lag + size), y00)
                y01 = fma(w0, q1 + spread(v, lag + size + 1), y01)
                y10 = fma(w1, q0 + spread(v, lag), y10)
                y11 = fma(w1, q1 + spread(v, lag + 1), y11)
            store(d_k, place0, y00)
            store(d_k, place0 + L, y01)
            store(d_k, place1, y10)
            store(d_k, place1 + L, y11)


@inner_jit
def _gather_lags(d_score, k, key, end, rows, size, d_v):
    """d_v_lag += sum_j d_score_{j+lag,j} k_j over the keys of a block."""
    L = lanes(k)
    for lag in range(0, rows - key, 2):
        stop = min(end, rows - lag)
        for c in range(0, size, 2):
            place0, place1 = (lag * size + c) * L, ((lag + 1) * size + c) * L
            y00, y01 = load(d_v, place0), load(d_v, place0 + L)
            y10, y11 = load(d_v, place1), load(d_v, place1 + L)
            for j in range(key, stop):
                here = ((j + lag) * rows + j) * L
                w0, w1 = load(d_score, here), load(d_score, here + rows * L)
                k0, k1 = load(k, (j * size + c) * L), load(k, (j * size + c + 1) * L)
                y00, y01 = fma(w0, k0, y00), fma(w0, k1, y01)
                y10, y11 = fma(w1, k0, y10), fma(w1, k1, y11)
            store(d_v, place0, y00)
            store(d_v, place0 + L, y01)
            store(d_v, place1, y10)
            store(d_v, place1 + L, y11)
