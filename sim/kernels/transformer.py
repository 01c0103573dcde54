"""Kernels of the attention-only transformer, eqs. (4)-(5): logits, attention, loss and gradient.

As many sequences as a vector has lanes go through together, one lane each: every register holds
one number of one position of 8 (float64) or 16 (float32) sequences, so that softmax and layer norm
are as good as matrix products.  Position by position work is in `_dense`, attention in
`_attention`, the losses in `_losses`; here they are put in order.

Weights are found in the flat parameters by ``places (layers + 1, len(SLOTS))``: row l has the
offset of every weight of layer l, the last row those that belong to no layer; -1 for what the
model does not have.

Arguments are trusted: C-contiguous, parameters float64 or float32, tokens int32 in 0..k-1.
Twin: `sim.twins_transformer`.
"""

import math
from collections import namedtuple

import numpy as np

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
from sim.kernels._jit import jit, part
from sim.kernels._losses import apply_loss
from sim.kernels._scratch import clear, zeros
from sim.kernels._states import (
    LIMIT,
    attend_states,
    attend_states_backward,
    mark_states,
    states_backward,
    tabulate,
)
from sim.kernels._vector import hsum, lanes, load, select, splat, spread, store

# fmt: off
SLOTS = (
    "embedding", "positions", "norm_gain", "norm_bias", "query", "key", "value", "output",
    "mlp_norm_gain", "mlp_norm_bias", "mlp_in", "mlp_in_bias", "mlp_out", "mlp_out_bias", "readout",
)
(
    EMBEDDING, POSITIONS, NORM_GAIN, NORM_BIAS, QUERY, KEY, VALUE, OUTPUT,
    MLP_NORM_GAIN, MLP_NORM_BIAS, MLP_IN, MLP_IN_BIAS, MLP_OUT, MLP_OUT_BIAS, READOUT,
) = range(len(SLOTS))

# T positions are padded to an even number of rows, the features of a head to columns
Sizes = namedtuple("Sizes", "k T rows width heads size columns mlp layers")
# what the way back needs of the way there, one row a layer (and one for the end) or a head
Kept = namedtuple("Kept", "unit scale q k value o exponent inverse mlp_unit mlp_scale hidden")
Work = namedtuple(
    "Work",
    "symbols f stream read d_stream active d_o d_q d_k d_value weighted dot d_v products",
)
# fmt: on


# of the states, where the first layer sees nothing else
States = namedtuple(
    "States",
    "stream unit scale read q k value A E onehot w share inverse d_w d_q d_k d_value d_A d_E",
)


@part(inline="always")
def _measure(T, places, k, width, heads, mlp):
    size = width // heads
    return Sizes(k, T, T + T % 2, width, heads, size, size + size % 2, mlp, len(places) - 1)


@part
def _rows(number, size, like):
    return zeros(number * size, like).reshape((number, size))


@part
def _allocate(sizes, like):
    L = lanes(like)
    layers, heads = sizes.layers, sizes.layers * sizes.heads
    stream, head = sizes.T * sizes.width * L, sizes.rows * sizes.columns * L
    kept = Kept(
        _rows(layers + 1, stream, like),
        _rows(layers + 1, sizes.T * L, like),
        _rows(heads, head, like),
        _rows(heads, head, like),
        _rows(heads, head, like),
        _rows(heads, head, like),
        _rows(heads, (sizes.rows + 1) * sizes.rows * L, like),
        _rows(heads, sizes.rows * L, like),
        _rows(layers, stream, like),
        _rows(layers, sizes.T * L, like),
        _rows(layers, sizes.T * sizes.mlp * L, like),
    )
    work = Work(
        zeros((sizes.T + 1) * L, like),
        zeros(sizes.T * sizes.k * L, like),
        zeros(stream, like),
        zeros(stream, like),
        zeros(stream, like),
        zeros(sizes.T * sizes.mlp * L, like),
        zeros(head, like),
        zeros(head, like),
        zeros(head, like),
        zeros(head, like),
        zeros(head, like),
        zeros(sizes.rows * L, like),
        zeros((sizes.rows + 1) * sizes.columns * L, like),
        zeros(sizes.width * max(sizes.width, sizes.mlp, sizes.k) * L, like),
    )
    return kept, work


@part
def _allocate_states(sizes, like):
    L, states, heads, rows = lanes(like), sizes.k, sizes.heads, sizes.rows
    stream, head = states * sizes.width * L, states * sizes.columns * L
    return States(
        zeros(stream, like),
        zeros(stream, like),
        zeros(states * L, like),
        zeros(stream, like),
        _rows(heads, head, like),
        _rows(heads, head, like),
        _rows(heads, head, like),
        _rows(heads, states * states, like),
        _rows(heads, states * (rows + 2), like),
        zeros(states * rows * L, like),
        _rows(heads, states * rows * L, like),
        _rows(heads, states * rows * L, like),
        _rows(heads, rows * L, like),
        zeros(states * (rows + 2) * L, like),
        zeros(head, like),
        zeros(head, like),
        _rows(heads, head, like),
        _rows(heads, states * states * L, like),
        _rows(heads, states * rows * L, like),
    )


@part
def _scale_scores(parameters, places, sizes, scaled, tables):
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


# --- forward ----------------------------------------------------------------------------------


@part
def _load_group(tokens, first, length, symbols):
    """Tokens of a vector of sequences as floats; free lanes repeat the first."""
    L = lanes(symbols)
    for q in range(L):
        member = first + q if first + q < len(tokens) else first
        for p in range(length):
            symbols[p * L + q] = tokens[member, p]


@part
def _embed(parameters, embedding, positions, sizes, symbols, stream):
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


@part
def _read(parameters, gain, bias, sizes, stream, unit, scale, read):
    """What a block reads of the stream, through its layer norm if it has one."""
    if gain >= 0:
        normalize(stream, sizes.width, sizes.T, unit, scale)
        affine(unit, sizes.width, sizes.T, parameters, gain, bias, read)
    else:
        copy(stream, unit)
        copy(stream, read)


@part
def _add_head(parameters, output, shift, o, sizes, stream):
    """Add a head's output to its columns of the stream, or all through the projection."""
    L, d, size, columns = lanes(stream), sizes.width, sizes.size, sizes.columns
    if output >= 0:
        matmul(o, columns, size, parameters, output + shift * d, d, 1, d, sizes.T, stream, d, 0)
    else:
        for t in range(sizes.T):
            for c in range(size):
                here = (t * d + shift + c) * L
                store(stream, here, load(stream, here) + load(o, (t * columns + c) * L))


@part(inline="always")
def _attention(parameters, scaled, table, place, layer, sizes, kept, work):
    d, T, size, columns = sizes.width, sizes.T, sizes.size, sizes.columns
    for head in range(sizes.heads):
        n, shift = layer * sizes.heads + head, head * size
        q, k, value, o = kept.q[n], kept.k[n], kept.value[n], kept.o[n]
        for slot, out in ((QUERY, q), (KEY, k), (VALUE, value)):
            clear(out)
            matmul(work.read, d, d, scaled, place[slot] + shift, d, 1, size, T, out, columns, 0)
        attend(q, k, value, table[n], sizes.rows, columns, kept.exponent[n], kept.inverse[n], o)
        _add_head(parameters, place[OUTPUT], shift, o, sizes, work.stream)


@part
def _prepare_states(parameters, scaled, table, places, sizes, first):
    """Queries, keys, values and tables of the states; whether their scores are in range."""
    d, k, L, size, columns = sizes.width, sizes.k, lanes(parameters), sizes.size, sizes.columns
    place, embedding = places[0], places[sizes.layers, EMBEDDING]
    for i in range(k * d):
        store(first.stream, i * L, spread(parameters, embedding + i))
    if place[NORM_GAIN] >= 0:
        normalize(first.stream, d, k, first.unit, first.scale)
        affine(first.unit, d, k, parameters, place[NORM_GAIN], place[NORM_BIAS], first.read)
    else:
        copy(first.stream, first.read)
    widest = 0.0
    for head in range(sizes.heads):
        shift, q, key = head * size, first.q[head], first.k[head]
        for slot, out in ((QUERY, q), (KEY, key), (VALUE, first.value[head])):
            matmul(first.read, d, d, scaled, place[slot] + shift, d, 1, size, k, out, columns, 0)
        reach = tabulate(q, key, table[head], k, sizes.T, sizes.rows, columns,
                         first.A[head], first.E[head])  # fmt: skip
        if not reach <= widest:  # a NaN counts
            widest = reach
    return widest <= LIMIT


@part(inline="always")
def _attention_of_states(parameters, place, sizes, kept, work, first):
    mark_states(work.symbols, sizes.k, sizes.T, sizes.rows, first.onehot)
    for head in range(sizes.heads):
        attend_states(
            work.symbols, first.onehot, first.A[head], first.E[head], first.value[head],
            sizes.k, sizes.T, sizes.rows, sizes.columns,
            first.w[head], first.share[head], first.inverse[head], kept.o[head],
        )  # fmt: skip
        _add_head(parameters, place[OUTPUT], head * sizes.size, kept.o[head], sizes, work.stream)


@part(inline="always")
def _mlp(parameters, place, layer, sizes, kept, work):
    d, T, m = sizes.width, sizes.T, sizes.mlp
    hidden = kept.hidden[layer]
    add_bias(parameters, place[MLP_IN_BIAS], m, T, hidden, False)
    matmul(work.read, d, d, parameters, place[MLP_IN], m, 1, m, T, hidden, m, 0)
    gelu(hidden, T * m, work.active)
    add_bias(parameters, place[MLP_OUT_BIAS], d, T, work.stream, True)
    matmul(work.active, m, m, parameters, place[MLP_OUT], d, 1, d, T, work.stream, d, 0)


@part(inline="always")
def _forward(parameters, scaled, table, places, sizes, kept, work, by_state, first):
    """Logits of a group, in ``work.f``; ``work.read`` is left with what the read-out reads."""
    d, T, end = sizes.width, sizes.T, places[sizes.layers]
    _embed(parameters, end[EMBEDDING], end[POSITIONS], sizes, work.symbols, work.stream)
    for layer in range(sizes.layers):
        place = places[layer]
        if layer == 0 and by_state:
            _attention_of_states(parameters, place, sizes, kept, work, first)
        else:
            _read(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, work.stream,
                  kept.unit[layer], kept.scale[layer], work.read)  # fmt: skip
            _attention(parameters, scaled, table, place, layer, sizes, kept, work)
        if sizes.mlp:
            _read(parameters, place[MLP_NORM_GAIN], place[MLP_NORM_BIAS], sizes, work.stream,
                  kept.mlp_unit[layer], kept.mlp_scale[layer], work.read)  # fmt: skip
            _mlp(parameters, place, layer, sizes, kept, work)
    last = sizes.layers
    _read(parameters, end[NORM_GAIN], end[NORM_BIAS], sizes, work.stream,
          kept.unit[last], kept.scale[last], work.read)  # fmt: skip
    clear(work.f)
    matmul(work.read, d, d, parameters, end[READOUT], 1, d, sizes.k, T, work.f, sizes.k, 0)


# --- backward ---------------------------------------------------------------------------------


@part
def _read_backward(parameters, gain, bias, sizes, unit, scale, gradient, work):
    """Add what comes back through a block's layer norm, in ``work.read``, to d_stream."""
    if gain >= 0:
        normalize_backward(work.read, unit, scale, sizes.width, sizes.T, parameters, gain, bias,
                           gradient, work.d_stream)  # fmt: skip
    else:
        L = lanes(unit)
        for i in range(sizes.T * sizes.width):
            store(work.d_stream, i * L, load(work.d_stream, i * L) + load(work.read, i * L))


@part
def _read_again(parameters, gain, bias, sizes, unit, read):
    if gain >= 0:
        affine(unit, sizes.width, sizes.T, parameters, gain, bias, read)
    else:
        copy(unit, read)


@part
def _head_backward(parameters, output, shift, o, sizes, work, gradient):
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


@part
def _positions_gradient(d_v, positions, shift, factor, sizes, gradient):
    L = lanes(d_v)
    if positions >= 0:
        for lag in range(sizes.T):
            for c in range(sizes.size):
                slope = hsum(load(d_v, (lag * sizes.columns + c) * L))
                gradient[positions + lag * sizes.width + shift + c] += slope * factor


@part(inline="always")
def _attention_backward(parameters, scaled, table, place, layer, sizes, kept, work, gradient):
    d, T, size, columns = sizes.width, sizes.T, sizes.size, sizes.columns
    factor = 1.0 / math.sqrt(sizes.size)
    d_read = work.stream
    _read_again(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, kept.unit[layer], work.read)
    clear(d_read)
    for head in range(sizes.heads):
        n, shift = layer * sizes.heads + head, head * size
        _head_backward(parameters, place[OUTPUT], shift, kept.o[n], sizes, work, gradient)
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
        _positions_gradient(work.d_v, place[POSITIONS], shift, factor, sizes, gradient)
    copy(d_read, work.read)


@part(inline="always")
def _attention_of_states_backward(parameters, place, sizes, kept, work, first, gradient):
    """Add a group's share to the gradients of the states' values and factors."""
    for head in range(sizes.heads):
        shift = head * sizes.size
        _head_backward(parameters, place[OUTPUT], shift, kept.o[head], sizes, work, gradient)
        attend_states_backward(
            work.symbols, first.onehot, first.A[head], first.value[head], work.d_o,
            first.share[head], first.inverse[head], first.w[head],
            sizes.k, sizes.T, sizes.rows, sizes.columns, first.d_w,
            first.d_value[head], first.d_A[head], first.d_E[head],
        )  # fmt: skip


@part
def _states_backward(parameters, scaled, table, places, sizes, first, work, gradient):
    """Once a batch: from the states' values and factors to the parameters."""
    d, k, T, size, columns = sizes.width, sizes.k, sizes.T, sizes.size, sizes.columns
    L, factor = lanes(parameters), 1.0 / math.sqrt(sizes.size)
    place, embedding, d_read = places[0], places[sizes.layers, EMBEDDING], first.stream
    clear(d_read)
    for head in range(sizes.heads):
        shift, q, key = head * size, first.q[head], first.k[head]
        for out in (first.d_q, first.d_k, work.d_v):
            clear(out)
        states_backward(q, key, table[head], first.A[head], first.E[head], first.d_A[head],
                        first.d_E[head], k, T, sizes.rows, columns,
                        first.d_q, first.d_k, work.d_v)  # fmt: skip
        for slot, slope, scale in (
            (QUERY, first.d_q, factor),
            (KEY, first.d_k, 1.0),
            (VALUE, first.d_value[head], 1.0),
        ):
            start = place[slot] + shift
            matmul_gradient(first.read, d, d, slope, columns, 0, size, k, scale, work.products,
                            gradient, start, d)  # fmt: skip
            matmul(slope, columns, size, scaled, start, 1, d, d, k, d_read, d, 0)
        _positions_gradient(work.d_v, place[POSITIONS], shift, factor, sizes, gradient)
    d_stream = first.read
    if place[NORM_GAIN] >= 0:
        clear(d_stream)
        normalize_backward(d_read, first.unit, first.scale, d, k, parameters, place[NORM_GAIN],
                           place[NORM_BIAS], gradient, d_stream)  # fmt: skip
    else:
        copy(d_read, d_stream)
    for i in range(k * d):
        gradient[embedding + i] += hsum(load(d_stream, i * L))


@part(inline="always")
def _mlp_backward(parameters, place, layer, sizes, kept, work, gradient):
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


@part
def _embed_backward(embedding, positions, sizes, symbols, d_stream, gradient):
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


@part(inline="always")
def _backward(parameters, scaled, table, places, sizes, kept, work, by_state, first, gradient):
    """Add a group's gradient to ``gradient``, from that of its logits in ``work.f``."""
    d, T, k, last = sizes.width, sizes.T, sizes.k, sizes.layers
    end = places[last]
    matmul_gradient(work.f, k, k, work.read, d, 0, d, T, 1.0, work.products,
                    gradient, end[READOUT], d)  # fmt: skip
    clear(work.read)
    matmul(work.f, k, k, parameters, end[READOUT], d, 1, d, T, work.read, d, 0)
    clear(work.d_stream)
    _read_backward(parameters, end[NORM_GAIN], end[NORM_BIAS], sizes, kept.unit[last],
                   kept.scale[last], gradient, work)  # fmt: skip
    for layer in range(last - 1, -1, -1):
        place = places[layer]
        if sizes.mlp:
            _mlp_backward(parameters, place, layer, sizes, kept, work, gradient)
            _read_backward(parameters, place[MLP_NORM_GAIN], place[MLP_NORM_BIAS], sizes,
                           kept.mlp_unit[layer], kept.mlp_scale[layer], gradient, work)  # fmt: skip
        if layer == 0 and by_state:
            _attention_of_states_backward(parameters, place, sizes, kept, work, first, gradient)
        else:
            _attention_backward(
                parameters, scaled, table, place, layer, sizes, kept, work, gradient
            )
            _read_backward(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, kept.unit[layer],
                           kept.scale[layer], gradient, work)  # fmt: skip
    _embed_backward(end[EMBEDDING], end[POSITIONS], sizes, work.symbols, work.d_stream, gradient)


# --- the kernel -------------------------------------------------------------------------------


@part
def _write_logits(f, sizes, first, out):
    L = lanes(f)
    for q in range(min(L, len(out) - first)):
        for t in range(sizes.T):
            for i in range(sizes.k):
                out[first + q, t, i] = f[(t * sizes.k + i) * L + q]


@part
def _write_attention(exponent, inverse, sizes, first, out):
    """Attention of a head: out (n, T, T), of which the causal part is written."""
    L = lanes(exponent)
    for q in range(min(L, len(out) - first)):
        for i in range(sizes.T):
            for j in range(i + 1):
                here = (i * sizes.rows + j) * L + q
                out[first + q, i, j] = exponent[here] * inverse[i * L + q]


@part
def _loss(code, margin, sizes, position_weight, lane_weight, work):
    """Loss of a group; its logits become their gradient, zero at positions without weight."""
    L, zero = lanes(work.f), splat(0.0, work.f)
    states, ones = np.empty(sizes.k), np.ones(sizes.T)
    weight = load(lane_weight, 0)
    loss = apply_loss(code, margin, states, work.symbols, work.f, position_weight, ones, weight)
    for t in range(sizes.T):
        if position_weight[t] == 0.0:
            for i in range(sizes.k):
                store(work.f, (t * sizes.k + i) * L, zero)
    return loss


@jit
def run(
    tokens, sequence_weight, position_weight, parameters, places, k, width, heads, mlp,
    loss_code, margin, logits, attention, gradient,
):  # fmt: skip
    """Logits, attention, or loss and gradient of a batch: one kernel, for compiling takes longest.

    Parameters
    ----------
    tokens : (n, T) or (n, T + 1) int32
        States 0..k-1. For a loss one token more than positions, which is only a target.
    sequence_weight : (n,) float64
    position_weight : (T,) float64
        Positions of weight zero contribute nothing.
    parameters : (P,) float64 or float32
    places : (layers + 1, len(SLOTS)) int64
    k, width, heads, mlp : int
    loss_code : int
        0 cross-entropy, 1 margin, 2 squared; -1 for no loss and no gradient.
    margin : float
        Margin of the margin loss; the others ignore it.
    logits : (n, T, k) like parameters, out
        Not wanted with n = 0 here.
    attention : (layers, heads, n, T, T) like parameters, out
        Zeros, of which the causal part is filled; not wanted with layers = 0 here.
    gradient : (P,) like parameters, out

    Returns
    -------
    float
        The weighted loss; 0 if there is none.
    """
    T, L = len(position_weight), lanes(parameters)
    sizes = _measure(T, places, k, width, heads, mlp)
    kept, work = _allocate(sizes, parameters)
    scaled, lane_weight = zeros(len(parameters), parameters), zeros(L, parameters)
    table = _rows(sizes.layers * heads, (sizes.rows + 2) * sizes.columns, parameters)
    _scale_scores(parameters, places, sizes, scaled, table)
    clear(gradient)
    # the first layer state by state, if it sees only the token and is not asked for its attention
    first_states = _allocate_states(sizes, parameters)
    by_state = places[sizes.layers, POSITIONS] < 0 and k <= width and len(attention) == 0
    if by_state:
        by_state = _prepare_states(parameters, scaled, table, places, sizes, first_states)
    loss = 0.0
    for first in range(0, len(tokens), L):
        _load_group(tokens, first, tokens.shape[1], work.symbols)
        _forward(parameters, scaled, table, places, sizes, kept, work, by_state, first_states)
        if len(logits) > 0:
            _write_logits(work.f, sizes, first, logits)
        for layer in range(len(attention)):
            for head in range(heads):
                n = layer * heads + head
                _write_attention(kept.exponent[n], kept.inverse[n], sizes, first,
                                 attention[layer, head])  # fmt: skip
        if loss_code >= 0:
            for q in range(L):
                lane_weight[q] = sequence_weight[first + q] if first + q < len(tokens) else 0.0
            loss += _loss(loss_code, margin, sizes, position_weight, lane_weight, work)
            _backward(parameters, scaled, table, places, sizes, kept, work, by_state,
                      first_states, gradient)  # fmt: skip
    if loss_code >= 0 and by_state:
        _states_backward(parameters, scaled, table, places, sizes, first_states, work, gradient)
    return loss
