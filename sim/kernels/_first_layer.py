"""The first layer computed by state when its input is the token alone; see `_states`."""

import math

from sim.kernels._blocks import add_head, head_backward, positions_gradient
from sim.kernels._dense import affine, copy, matmul, matmul_gradient, normalize, normalize_backward
from sim.kernels._jit import inner_jit
from sim.kernels._scratch import clear
from sim.kernels._states import (
    LIMIT,
    attend_states,
    attend_states_backward,
    mark_states,
    states_backward,
    tabulate,
)
from sim.kernels._vector import hsum, lanes, load, spread, store
from sim.kernels._workspace import (
    EMBEDDING,
    KEY,
    NORM_BIAS,
    NORM_GAIN,
    OUTPUT,
    POSITIONS,
    QUERY,
    VALUE,
)


@inner_jit
def prepare_states(parameters, scaled, table, places, sizes, first):
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
    within = True
    for head in range(sizes.heads):
        shift, q, key = head * size, first.q[head], first.k[head]
        for slot, out in ((QUERY, q), (KEY, key), (VALUE, first.value[head])):
            matmul(first.read, d, d, scaled, place[slot] + shift, d, 1, size, k, out, columns, 0)
        reach = tabulate(q, key, table[head], k, sizes.T, sizes.rows, columns,
                         first.A[head], first.E[head])  # fmt: skip
        if not reach <= LIMIT:  # nor with a NaN
            within = False
    return within


@inner_jit(inline="always")
def attention_of_states(parameters, place, sizes, kept, work, first):
    mark_states(work.symbols, sizes.k, sizes.T, sizes.rows, first.onehot)
    for head in range(sizes.heads):
        attend_states(
            work.symbols, first.onehot, first.A[head], first.E[head], first.value[head],
            sizes.k, sizes.T, sizes.rows, sizes.columns,
            first.w[head], first.share[head], first.inverse[head], kept.o[head],
        )  # fmt: skip
        add_head(parameters, place[OUTPUT], head * sizes.size, kept.o[head], sizes, work.stream)


@inner_jit(inline="always")
def attention_of_states_backward(parameters, place, sizes, kept, work, first, gradient):
    """Add a group's share to the gradients of the states' values and factors."""
    for head in range(sizes.heads):
        shift = head * sizes.size
        head_backward(parameters, place[OUTPUT], shift, kept.o[head], sizes, work, gradient)
        attend_states_backward(
            work.symbols, first.onehot, first.A[head], first.value[head], work.d_o,
            first.share[head], first.inverse[head], first.w[head],
            sizes.k, sizes.T, sizes.rows, sizes.columns, first.d_w,
            first.d_value[head], first.d_A[head], first.d_E[head],
        )  # fmt: skip


@inner_jit
def finish_states(parameters, scaled, table, places, sizes, first, work, gradient):
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
        positions_gradient(work.d_v, place[POSITIONS], shift, factor, sizes, gradient)
    d_stream = first.read
    if place[NORM_GAIN] >= 0:
        clear(d_stream)
        normalize_backward(d_read, first.unit, first.scale, d, k, parameters, place[NORM_GAIN],
                           place[NORM_BIAS], gradient, d_stream)  # fmt: skip
    else:
        copy(d_read, d_stream)
    for i in range(k * d):
        gradient[embedding + i] += hsum(load(d_stream, i * L))
