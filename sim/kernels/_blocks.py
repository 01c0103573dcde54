"""Forward and backward passes of the transformer's embedding, attention, MLP and layer norms.

Weights are found in the flat parameters by their places; see `sim.kernels.transformer.Setting`.
"""

import math

from sim.kernels._attention import attend, attend_backward
from sim.kernels._dense import (
    add_bias,
    affine,
    bias_gradient,
    copy,
    gelu,
    gelu_backward,
    matmul,
    matmul_gradient,
    normalize,
    normalize_backward,
)
from sim.kernels._jit import inner_jit
from sim.kernels._scratch import clear
from sim.kernels._vector import hsum, lanes, load, select, splat, spread, store
from sim.kernels._workspace import (
    KEY,
    MLP_IN,
    MLP_IN_BIAS,
    MLP_NORM_BIAS,
    MLP_NORM_GAIN,
    MLP_OUT,
    MLP_OUT_BIAS,
    NORM_BIAS,
    NORM_GAIN,
    OUTPUT,
    POSITIONS,
    QUERY,
    VALUE,
)


@inner_jit
def scale_scores(parameters, places, sizes, scaled, tables):
    """Divide queries and relative positions by the root of a head's width, once for all.

    The queries' matrices in ``scaled``, a copy of the parameters; the positions as one table a
    head (rows + 2, columns), whose row lag + 1 belongs to the lag.
    """
    for i in range(len(parameters)):
        scaled[i] = parameters[i]
    factor = 1.0 / math.sqrt(sizes.size)
    for layer in range(sizes.layers):
        query, v = places[layer, QUERY], places[layer, POSITIONS]
        for i in range(query, query + sizes.width**2):
            scaled[i] = parameters[i] * factor
        if v >= 0:
            for head in range(sizes.heads):
                table = tables[layer * sizes.heads + head]
                for lag in range(sizes.T):
                    for c in range(sizes.size):
                        entry = v + lag * sizes.width + head * sizes.size + c
                        table[(lag + 1) * sizes.columns + c] = parameters[entry] * factor


@inner_jit
def embed(parameters, embedding, positions, sizes, symbols, stream):
    L = lanes(stream)
    for t in range(sizes.T):
        x = load(symbols, t * L)
        for c in range(sizes.width):
            value = spread(parameters, embedding + c)
            for s in range(1, sizes.k):
                other = spread(parameters, embedding + s * sizes.width + c)
                value = select(x == float(s), other, value)
            if positions >= 0:
                value += spread(parameters, positions + t * sizes.width + c)
            store(stream, (t * sizes.width + c) * L, value)


@inner_jit
def read_stream(parameters, gain, bias, sizes, stream, unit, scale, read):
    """What a block reads of the stream, through its layer norm if it has one."""
    if gain >= 0:
        normalize(stream, sizes.width, sizes.T, unit, scale)
        affine(unit, sizes.width, sizes.T, parameters, gain, bias, read)
    else:
        copy(stream, unit)
        copy(stream, read)


@inner_jit
def add_head(parameters, output, shift, o, sizes, stream):
    """Add a head's output to its columns of the stream, or all through the projection."""
    L, d, size, columns = lanes(stream), sizes.width, sizes.size, sizes.columns
    if output >= 0:
        matmul(o, columns, size, parameters, output + shift * d, d, 1, d, sizes.T, stream, d, 0)
    else:
        for t in range(sizes.T):
            for c in range(size):
                here = (t * d + shift + c) * L
                store(stream, here, load(stream, here) + load(o, (t * columns + c) * L))


@inner_jit(inline="always")
def attention(parameters, scaled, table, place, layer, sizes, kept, work):
    d, T, size, columns = sizes.width, sizes.T, sizes.size, sizes.columns
    for head in range(sizes.heads):
        n, shift = layer * sizes.heads + head, head * size
        q, k, value, o = kept.q[n], kept.k[n], kept.value[n], kept.o[n]
        for slot, out in ((QUERY, q), (KEY, k), (VALUE, value)):
            clear(out)
            matmul(work.read, d, d, scaled, place[slot] + shift, d, 1, size, T, out, columns, 0)
        attend(q, k, value, table[n], sizes.rows, columns, kept.exponent[n], kept.inverse[n], o)
        add_head(parameters, place[OUTPUT], shift, o, sizes, work.stream)


@inner_jit(inline="always")
def mlp_block(parameters, place, layer, sizes, kept, work):
    d, T, m = sizes.width, sizes.T, sizes.mlp
    hidden = kept.hidden[layer]
    add_bias(parameters, place[MLP_IN_BIAS], m, T, hidden, False)
    matmul(work.read, d, d, parameters, place[MLP_IN], m, 1, m, T, hidden, m, 0)
    gelu(hidden, T * m, work.active)
    add_bias(parameters, place[MLP_OUT_BIAS], d, T, work.stream, True)
    matmul(work.active, m, m, parameters, place[MLP_OUT], d, 1, d, T, work.stream, d, 0)


# --- backward ---------------------------------------------------------------------------------


@inner_jit
def read_backward(parameters, gain, bias, sizes, unit, scale, gradient, work):
    """Add what comes back through a block's layer norm, in ``work.read``, to d_stream."""
    if gain >= 0:
        normalize_backward(work.read, unit, scale, sizes.width, sizes.T, parameters, gain, bias,
                           gradient, work.d_stream)  # fmt: skip
    else:
        L = lanes(unit)
        for i in range(sizes.T * sizes.width):
            store(work.d_stream, i * L, load(work.d_stream, i * L) + load(work.read, i * L))


@inner_jit
def _read_again(parameters, gain, bias, sizes, unit, read):
    if gain >= 0:
        affine(unit, sizes.width, sizes.T, parameters, gain, bias, read)
    else:
        copy(unit, read)


@inner_jit
def head_backward(parameters, output, shift, o, sizes, work, gradient):
    """Gradient of a head's output o, in ``work.d_o``, and of its part of the projection."""
    L, d, T, size, columns = lanes(o), sizes.width, sizes.T, sizes.size, sizes.columns
    if output >= 0:
        start = output + shift * d
        matmul_gradient(o, columns, size, work.d_stream, d, 0, d, T, 1.0, work.products,
                        gradient, start, d)  # fmt: skip
        clear(work.d_o)
        matmul(work.d_stream, d, d, parameters, start, 1, d, size, T, work.d_o, columns, 0)
    else:
        for t in range(T):
            for c in range(size):
                slope = load(work.d_stream, (t * d + shift + c) * L)
                store(work.d_o, (t * columns + c) * L, slope)


@inner_jit
def positions_gradient(d_v, positions, shift, factor, sizes, gradient):
    L = lanes(d_v)
    if positions >= 0:
        for lag in range(sizes.T):
            for c in range(sizes.size):
                slope = hsum(load(d_v, (lag * sizes.columns + c) * L))
                gradient[positions + lag * sizes.width + shift + c] += slope * factor


@inner_jit(inline="always")
def attention_backward(parameters, scaled, table, place, layer, sizes, kept, work, gradient):
    d, T, size, columns = sizes.width, sizes.T, sizes.size, sizes.columns
    factor = 1.0 / math.sqrt(sizes.size)
    d_read = work.stream
    _read_again(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, kept.unit[layer], work.read)
    clear(d_read)
    for head in range(sizes.heads):
        n, shift = layer * sizes.heads + head, head * size
        head_backward(parameters, place[OUTPUT], shift, kept.o[n], sizes, work, gradient)
        attend_backward(
            kept.q[n], kept.k[n], kept.value[n], table[n], work.d_o, kept.o[n], sizes.rows,
            columns, kept.exponent[n], kept.inverse[n], work.weighted, work.dot,
            work.d_q, work.d_k, work.d_value, work.d_v,
        )  # fmt: skip
        for slot, slope, scale in (
            (QUERY, work.d_q, factor),
            (KEY, work.d_k, 1.0),
            (VALUE, work.d_value, 1.0),
        ):
            start = place[slot] + shift
            matmul_gradient(work.read, d, d, slope, columns, 0, size, T, scale, work.products,
                            gradient, start, d)  # fmt: skip
            matmul(slope, columns, size, scaled, start, 1, d, d, T, d_read, d, 0)
        positions_gradient(work.d_v, place[POSITIONS], shift, factor, sizes, gradient)
    copy(d_read, work.read)


@inner_jit(inline="always")
def mlp_backward(parameters, place, layer, sizes, kept, work, gradient):
    d, T, m = sizes.width, sizes.T, sizes.mlp
    hidden, active = kept.hidden[layer], work.active
    _read_again(parameters, place[MLP_NORM_GAIN], place[MLP_NORM_BIAS], sizes,
                kept.mlp_unit[layer], work.read)  # fmt: skip
    gelu(hidden, T * m, active)
    matmul_gradient(active, m, m, work.d_stream, d, 0, d, T, 1.0, work.products,
                    gradient, place[MLP_OUT], d)  # fmt: skip
    bias_gradient(work.d_stream, d, T, gradient, place[MLP_OUT_BIAS])
    clear(active)
    matmul(work.d_stream, d, d, parameters, place[MLP_OUT], 1, d, m, T, active, m, 0)
    gelu_backward(hidden, T * m, active)
    matmul_gradient(work.read, d, d, active, m, 0, m, T, 1.0, work.products,
                    gradient, place[MLP_IN], m)  # fmt: skip
    bias_gradient(active, m, T, gradient, place[MLP_IN_BIAS])
    clear(work.read)
    matmul(active, m, m, parameters, place[MLP_IN], 1, m, d, T, work.read, d, 0)


@inner_jit
def embed_backward(embedding, positions, sizes, symbols, d_stream, gradient):
    L, zero = lanes(d_stream), splat(0.0, d_stream)
    for c in range(sizes.width):
        for s in range(sizes.k):
            total = zero
            for t in range(sizes.T):
                slope = load(d_stream, (t * sizes.width + c) * L)
                total += select(load(symbols, t * L) == float(s), slope, zero)
            gradient[embedding + s * sizes.width + c] += hsum(total)
        if positions >= 0:
            for t in range(sizes.T):
                slope = load(d_stream, (t * sizes.width + c) * L)
                gradient[positions + t * sizes.width + c] += hsum(slope)
