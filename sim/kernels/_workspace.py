"""Sizes, weight offsets and work arrays of the transformer kernels."""

from collections import namedtuple

from sim.kernels._jit import inner_jit
from sim.kernels._scratch import clear, empty, zeros
from sim.kernels._vector import lanes

# fmt: off
SLOTS = (
    "embedding", "positions", "norm_gain", "norm_bias", "query", "key", "value", "output",
    "mlp_norm_gain", "mlp_norm_bias", "mlp_in", "mlp_in_bias", "mlp_out", "mlp_out_bias", "readout",
)
(
    EMBEDDING, POSITIONS, NORM_GAIN, NORM_BIAS, QUERY, KEY, VALUE, OUTPUT,
    MLP_NORM_GAIN, MLP_NORM_BIAS, MLP_IN, MLP_IN_BIAS, MLP_OUT, MLP_OUT_BIAS, READOUT,
) = range(len(SLOTS))
# fmt: on

# T positions are padded to an even number of rows, the features of a head to columns
Sizes = namedtuple("Sizes", "k T rows width heads size columns mlp layers")
# what the way back needs of the way there, one row a layer (and one for the end) or a head
Kept = namedtuple("Kept", "unit scale q k value o exponent inverse mlp_unit mlp_scale hidden")
Work = namedtuple(
    "Work",
    "symbols f stream read d_stream active d_o d_q d_k d_value weighted dot d_v products",
)
# of the states, where the first layer sees nothing else
States = namedtuple(
    "States",
    "stream unit scale read q k value A E onehot w share inverse d_w d_q d_k d_value d_A d_E",
)


@inner_jit(inline="always")
def measure(T, setting):
    k, width, heads, mlp = setting.k, setting.width, setting.heads, setting.mlp
    size, layers = width // heads, len(setting.places) - 1
    return Sizes(k, T, T + T % 2, width, heads, size, size + size % 2, mlp, layers)


@inner_jit
def empty_rows(number, size, like):
    return empty(number * size, like).reshape((number, size))


@inner_jit
def zero_rows(number, size, like):
    return zeros(number * size, like).reshape((number, size))


@inner_jit
def allocate(sizes, like):
    """Arrays for a group of sequences; zero where padding is read and never written."""
    L, T = lanes(like), sizes.T
    layers, heads = sizes.layers, sizes.layers * sizes.heads
    stream, head = T * sizes.width * L, sizes.rows * sizes.columns * L
    square = sizes.rows * sizes.rows * L
    exponent = empty_rows(heads, square + sizes.rows * L, like)
    for n in range(heads):
        clear(exponent[n, square:])
    kept = Kept(
        unit=empty_rows(layers + 1, stream, like),
        scale=empty_rows(layers + 1, T * L, like),
        q=zero_rows(heads, head, like),
        k=zero_rows(heads, head, like),
        value=zero_rows(heads, head, like),
        o=zero_rows(heads, head, like),
        exponent=exponent,
        inverse=zero_rows(heads, sizes.rows * L, like),
        mlp_unit=empty_rows(layers, stream, like),
        mlp_scale=empty_rows(layers, T * L, like),
        hidden=empty_rows(layers, T * sizes.mlp * L, like),
    )
    work = Work(
        symbols=empty((T + 1) * L, like),
        f=empty(T * sizes.k * L, like),
        stream=empty(stream, like),
        read=empty(stream, like),
        d_stream=empty(stream, like),
        active=empty(T * sizes.mlp * L, like),
        d_o=zeros(head, like),
        d_q=empty(head, like),
        d_k=empty(head, like),
        d_value=empty(head, like),
        weighted=empty(head, like),
        dot=empty(sizes.rows * L, like),
        d_v=empty((sizes.rows + 1) * sizes.columns * L, like),
        products=empty(sizes.width * max(sizes.width, sizes.mlp, sizes.k) * L, like),
    )
    return kept, work


@inner_jit
def allocate_states(sizes, like):
    """Arrays for the states: tables to be filled, gradients to be summed over the batch."""
    L, states, heads, rows = lanes(like), sizes.k, sizes.heads, sizes.rows
    stream, head = states * sizes.width * L, states * sizes.columns * L
    return States(
        stream=empty(stream, like),
        unit=empty(stream, like),
        scale=empty(states * L, like),
        read=empty(stream, like),
        q=zero_rows(heads, head, like),
        k=zero_rows(heads, head, like),
        value=zero_rows(heads, head, like),
        A=empty_rows(heads, states * states, like),
        E=zero_rows(heads, states * (rows + 2), like),
        onehot=zeros(states * rows * L, like),
        w=empty_rows(heads, states * rows * L, like),
        share=empty_rows(heads, states * rows * L, like),
        inverse=empty_rows(heads, rows * L, like),
        d_w=zeros(states * (rows + 2) * L, like),
        d_q=empty(head, like),
        d_k=empty(head, like),
        d_value=zero_rows(heads, head, like),
        d_A=zero_rows(heads, states * states * L, like),
        d_E=zero_rows(heads, states * rows * L, like),
    )
