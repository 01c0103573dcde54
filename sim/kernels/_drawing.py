"""Draw a group of sequences by inverse CDF from counter-based uniform numbers.

The same counters give the same sequence in either way of drawing: vectors for chains of order one
with few states, one sequence after the other for all others.
"""

import numpy as np

from sim.kernels._jit import inner_jit
from sim.kernels._philox import uniforms
from sim.kernels._scratch import empty
from sim.kernels._vector import BYTES, lanes, load, select, splat, store


@inner_jit
def drawing_scratch(length, states, like):
    """For `draw_group`: uniform numbers, cumulative probabilities, members, counters."""
    k, L = len(states), BYTES // like.itemsize
    members, counters = np.empty(L, np.int64), np.empty(4 * L, np.uint64)
    return empty(length * L, like), empty((k + 1) * (k - 1) * L, like), members, counters


@inner_jit
def draw_group(states, batches, step, first, stop, symbols, scratch):
    """Sequences first.. of the batch of a step, 0 for the first, into symbols (length, lanes).

    Lanes from `stop` on repeat sequence `first`.
    """
    draws, cumulative, members, counters = scratch
    transition, initial, order = batches.transition[step], batches.initial[step], batches.order
    for q in range(len(members)):
        members[q] = first + q if first + q < stop else first
    uniforms(batches.key, batches.first_step + step, members, counters, draws)
    if isinstance(states, tuple) and order == 1:
        _draw_vectors(states, transition, initial, members, draws, cumulative, symbols)
    else:
        for q in range(len(members)):
            member = members[q]
            draw_sequence(
                order, transition[member], initial[member], draws, q, len(members), symbols
            )


@inner_jit
def _draw_vectors(states, transition, initial, members, draws, cumulative, symbols):
    k, L = len(states), lanes(symbols)
    for q in range(L):
        below = 0.0
        for i in range(k - 1):
            below += initial[members[q], i]
            cumulative[i * L + q] = below
        for m in range(k):
            below = 0.0
            for i in range(k - 1):
                below += transition[members[q], m, i]
                cumulative[((m + 1) * (k - 1) + i) * L + q] = below
    zero, one = splat(0.0, symbols), splat(1.0, symbols)
    x = zero
    for p in range(len(symbols) // L):
        u = load(draws, p * L)
        following = zero
        for i in range(k - 1):
            bound = load(cumulative, ((k - 1) * (p > 0) + i) * L)
            if p > 0:
                for m in range(1, k):
                    row = load(cumulative, ((m + 1) * (k - 1) + i) * L)
                    bound = select(x == float(m), row, bound)
            following += select(u >= bound, one, zero)
        x = following
        store(symbols, p * L, x)


@inner_jit
def draw_sequence(order, transition, initial, draws, column, width, symbols):
    """One sequence, column of symbols (length, width), from the same column of draws."""
    S, k = transition.shape
    length = len(symbols) // width
    history, below = 0, 0.0
    for s in range(S - 1):
        below += initial[s]
        history += draws[column] >= draws.dtype.type(below)
    digit = S // k
    for p in range(min(order, length)):
        symbols[p * width + column] = (history // digit) % k
        digit //= k
    for p in range(order, length):
        u = draws[(p - order + 1) * width + column]
        token, below = 0, 0.0
        for i in range(k - 1):
            below += transition[history, i]
            token += u >= draws.dtype.type(below)
        symbols[p * width + column] = token
        history = token if order == 1 else (history * k + token) % S
