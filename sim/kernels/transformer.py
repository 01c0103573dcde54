"""Kernels of the attention-only transformer, eqs. (4)-(5): logits, attention, loss and gradient.

As many sequences as a vector has lanes go through together, one SIMD lane per sequence: every
register holds one number of one position of 8 (float64) or 16 (float32) sequences, so that softmax
and layer norm run at the speed of matrix products.  `_dense` has what is done position by position,
`_attention` and `_states` attention, `_losses` the losses; `_blocks` and `_first_layer` make layers
of them, and here the layers are put in order.

Arguments are trusted: C-contiguous, parameters float64 or float32, tokens int32 in 0..k-1.
Reference: `sim.models.transformer.reference`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels._blocks import (
    attention,
    attention_backward,
    embed,
    embed_backward,
    mlp_backward,
    mlp_block,
    read_backward,
    read_stream,
    scale_scores,
)
from sim.kernels._dense import EPSILON, matmul, matmul_gradient
from sim.kernels._first_layer import (
    attention_of_states,
    attention_of_states_backward,
    finish_states,
    prepare_states,
)
from sim.kernels._jit import inner_jit, jit
from sim.kernels._losses import apply_loss
from sim.kernels._scratch import clear, zeros
from sim.kernels._vector import lanes, load, splat, store
from sim.kernels._workspace import (
    EMBEDDING,
    MLP_NORM_BIAS,
    MLP_NORM_GAIN,
    NORM_BIAS,
    NORM_GAIN,
    POSITIONS,
    READOUT,
    SLOTS,
    allocate,
    allocate_states,
    measure,
    zero_rows,
)

__all__ = ["EPSILON", "NO_LOSS", "SLOTS", "Setting", "run"]

NO_LOSS = -1  # as the code of a loss


class Setting(NamedTuple):
    """An architecture and a loss, as the kernel takes them.

    Attributes
    ----------
    k, width, heads, mlp : int
        States, features of the stream, heads of a layer, hidden units of its MLP (0: none).
    places : ndarray of int64, shape (layers + 1, len(SLOTS))
        Where the weights are in the flat parameters: row l has the offset of every weight of layer
        l, the last row those that belong to no layer; -1 for what the model does not have.
    loss_code : int
        0 cross-entropy, 1 margin, 2 squared; NO_LOSS for no loss and no gradient.
    margin : float
        Margin of the margin loss; the others ignore it.
    """

    k: int
    width: int
    heads: int
    mlp: int
    places: NDArray[np.int64]
    loss_code: int
    margin: float


@inner_jit
def _load_group(tokens, first, length, symbols):
    """Tokens of a vector of sequences as floats; free lanes repeat the first."""
    L = lanes(symbols)
    for q in range(L):
        member = first + q if first + q < len(tokens) else first
        for p in range(length):
            symbols[p * L + q] = tokens[member, p]


@inner_jit(inline="always")
def _forward(parameters, scaled, table, places, sizes, kept, work, by_state, first):
    """Logits of a group, in ``work.f``; ``work.read`` is left with what the read-out reads."""
    d, T, end = sizes.width, sizes.T, places[sizes.layers]
    embed(parameters, end[EMBEDDING], end[POSITIONS], sizes, work.symbols, work.stream)
    for layer in range(sizes.layers):
        place = places[layer]
        if layer == 0 and by_state:
            attention_of_states(parameters, place, sizes, kept, work, first)
        else:
            read_stream(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, work.stream,
                  kept.unit[layer], kept.scale[layer], work.read)  # fmt: skip
            attention(parameters, scaled, table, place, layer, sizes, kept, work)
        if sizes.mlp:
            read_stream(parameters, place[MLP_NORM_GAIN], place[MLP_NORM_BIAS], sizes, work.stream,
                  kept.mlp_unit[layer], kept.mlp_scale[layer], work.read)  # fmt: skip
            mlp_block(parameters, place, layer, sizes, kept, work)
    last = sizes.layers
    read_stream(parameters, end[NORM_GAIN], end[NORM_BIAS], sizes, work.stream,
          kept.unit[last], kept.scale[last], work.read)  # fmt: skip
    clear(work.f)
    matmul(work.read, d, d, parameters, end[READOUT], 1, d, sizes.k, T, work.f, sizes.k, 0)


@inner_jit(inline="always")
def _backward(parameters, scaled, table, places, sizes, kept, work, by_state, first, gradient):
    """Add a group's gradient to ``gradient``, from that of its logits in ``work.f``."""
    d, T, k, last = sizes.width, sizes.T, sizes.k, sizes.layers
    end = places[last]
    matmul_gradient(work.f, k, k, work.read, d, 0, d, T, 1.0, work.products,
                    gradient, end[READOUT], d)  # fmt: skip
    clear(work.read)
    matmul(work.f, k, k, parameters, end[READOUT], d, 1, d, T, work.read, d, 0)
    clear(work.d_stream)
    read_backward(parameters, end[NORM_GAIN], end[NORM_BIAS], sizes, kept.unit[last],
                   kept.scale[last], gradient, work)  # fmt: skip
    for layer in range(last - 1, -1, -1):
        place = places[layer]
        if sizes.mlp:
            mlp_backward(parameters, place, layer, sizes, kept, work, gradient)
            read_backward(parameters, place[MLP_NORM_GAIN], place[MLP_NORM_BIAS], sizes,
                           kept.mlp_unit[layer], kept.mlp_scale[layer], gradient, work)  # fmt: skip
        if layer == 0 and by_state:
            attention_of_states_backward(parameters, place, sizes, kept, work, first, gradient)
        else:
            attention_backward(parameters, scaled, table, place, layer, sizes, kept, work, gradient)
            read_backward(parameters, place[NORM_GAIN], place[NORM_BIAS], sizes, kept.unit[layer],
                           kept.scale[layer], gradient, work)  # fmt: skip
    embed_backward(end[EMBEDDING], end[POSITIONS], sizes, work.symbols, work.d_stream, gradient)


@inner_jit
def _write_logits(f, sizes, first, out):
    L = lanes(f)
    for q in range(min(L, len(out) - first)):
        for t in range(sizes.T):
            for i in range(sizes.k):
                out[first + q, t, i] = f[(t * sizes.k + i) * L + q]


@inner_jit
def _write_attention(exponent, inverse, sizes, first, out):
    """Attention of a head: out (n, T, T), of which the causal part is written."""
    L = lanes(exponent)
    for q in range(min(L, len(out) - first)):
        for i in range(sizes.T):
            for j in range(i + 1):
                here = (i * sizes.rows + j) * L + q
                out[first + q, i, j] = exponent[here] * inverse[i * L + q]


@inner_jit
def _loss(setting, sizes, position_weight, lane_weight, work):
    """Loss of a group; its logits become their gradient, zero at positions without weight."""
    L, zero = lanes(work.f), splat(0.0, work.f)
    states, ones = np.empty(sizes.k), np.ones(sizes.T)
    weight = load(lane_weight, 0)
    loss = apply_loss(setting.loss_code, setting.margin, states, work.symbols, work.f,
                      position_weight, ones, weight)  # fmt: skip
    for t in range(sizes.T):
        if position_weight[t] == 0.0:
            for i in range(sizes.k):
                store(work.f, (t * sizes.k + i) * L, zero)
    return loss


@jit
def run(setting, tokens, sequence_weight, position_weight, parameters, logits, attention, gradient):
    """Logits, attention, or loss and gradient of a batch: one kernel, for compiling takes longest.

    Reference: `forward` and `loss_and_gradient` of `sim.models.transformer.reference`.

    Parameters
    ----------
    setting : Setting
    tokens : (n, T) or (n, T + 1) int32
        States 0..k-1. For a loss one token more than positions, which is only a target.
    sequence_weight : (n,) float64
    position_weight : (T,) float64
        Positions of weight zero contribute nothing.
    parameters : (P,) float64 or float32
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
    sizes, places, with_loss = measure(T, setting), setting.places, setting.loss_code != NO_LOSS
    kept, work = allocate(sizes, parameters)
    scaled, lane_weight = zeros(len(parameters), parameters), zeros(L, parameters)
    table = zero_rows(sizes.layers * sizes.heads, (sizes.rows + 2) * sizes.columns, parameters)
    scale_scores(parameters, places, sizes, scaled, table)
    clear(gradient)
    # the first layer state by state, if it sees only the token and is not asked for its attention
    first_states = allocate_states(sizes, parameters)
    by_state = places[sizes.layers, POSITIONS] < 0 and sizes.k <= sizes.width
    by_state = by_state and len(attention) == 0
    if by_state:
        by_state = prepare_states(parameters, scaled, table, places, sizes, first_states)
    loss = 0.0
    for first in range(0, len(tokens), L):
        _load_group(tokens, first, tokens.shape[1], work.symbols)
        _forward(parameters, scaled, table, places, sizes, kept, work, by_state, first_states)
        if len(logits) > 0:
            _write_logits(work.f, sizes, first, logits)
        for layer in range(len(attention)):
            for head in range(sizes.heads):
                n = layer * sizes.heads + head
                _write_attention(kept.exponent[n], kept.inverse[n], sizes, first,
                                 attention[layer, head])  # fmt: skip
        if with_loss:
            for q in range(L):
                lane_weight[q] = sequence_weight[first + q] if first + q < len(tokens) else 0.0
            loss += _loss(setting, sizes, position_weight, lane_weight, work)
            _backward(parameters, scaled, table, places, sizes, kept, work, by_state,
                      first_states, gradient)  # fmt: skip
    if with_loss and by_state:
        finish_states(parameters, scaled, table, places, sizes, first_states, work, gradient)
    return loss
