"""Recurrences over positions, forward and backward. Lanes are eight sequences.

Arrays are (time, k, 8). D[m, i] = sum_t r_t 1{x_t = i} sum_l W[m, l] h_t(l) is the running sum,
and f_p(i) = s_p D[x_p, i]. `states` has length k: a tuple lets the compiler unroll every loop
over states, an array does not.
"""

from sim.kernels._jit import part
from sim.kernels._scratch import clear
from sim.kernels._vector import LANES, fma, load, select, splat, store


@part
def forward(states, symbols, h, row_scale, position_scale, position_weight, W, D, f):
    """f (time, k, 8) from h (time, k, 8); D (k, k, 8) is scratch.

    Positions of weight zero are skipped, whatever their f would be.
    """
    k = len(states)
    zero = splat(0.0)
    clear(D)
    for p in range(len(row_scale)):
        x = load(symbols, p * LANES)
        here = p * k * LANES
        for m in range(k):
            a = W[m, 0] * load(h, here)
            for l in range(1, k):
                a = fma(splat(W[m, l]), load(h, here + l * LANES), a)
            a *= row_scale[p]
            # Add zero in the other lanes: a select of old and new turns into a masked store, which
            # some processors carry out ten times slower than a plain one.
            for i in range(k):
                place = (m * k + i) * LANES
                store(D, place, load(D, place) + select(x == float(i), a, zero))
        if position_weight[p] != 0.0:
            for i in range(k):
                value = load(D, i * LANES)
                for m in range(1, k):
                    value = select(x == float(m), load(D, (m * k + i) * LANES), value)
                store(f, here + i * LANES, value * position_scale[p])


@part
def backward(states, symbols, h, g, common, row_scale, position_weight, W, B, dW, d_row, d_lag):
    """Gradients from g (time, k, 8), the gradient in the logits over s_p.

    h (time, k, 8) becomes G_t(l) - G_t(frequent state); G_t(frequent state) is added to
    d_lag (T, 8).  dW (k, k, 8) and d_row (T, 8) are added to; B (k, k, 8) is scratch.
    """
    k = len(states)
    zero = splat(0.0)
    clear(B)
    frequent = load(common, 0)
    for p in range(len(row_scale) - 1, -1, -1):
        x = load(symbols, p * LANES)
        here = p * k * LANES
        if position_weight[p] != 0.0:
            for m in range(k):
                for i in range(k):
                    place = (m * k + i) * LANES
                    slope = select(x == float(m), load(g, here + i * LANES), zero)
                    store(B, place, load(B, place) + slope)
        for m in range(k):  # column x of B, in the place of g
            b = load(B, m * k * LANES)
            for i in range(1, k):
                b = select(x == float(i), load(B, (m * k + i) * LANES), b)
            store(g, here + m * LANES, b)
        row = splat(0.0)
        free = splat(0.0)
        for l in range(k):
            value = load(h, here + l * LANES)
            scaled = value * row_scale[p]
            Q = splat(0.0)
            for m in range(k):
                b = load(g, here + m * LANES)
                Q = fma(splat(W[m, l]), b, Q)
                place = (m * k + l) * LANES
                store(dW, place, fma(scaled, b, load(dW, place)))
            row = fma(Q, value, row)
            Q *= row_scale[p]
            free = select(frequent == float(l), Q, free)
            store(h, here + l * LANES, Q)
        for l in range(k):
            place = here + l * LANES
            store(h, place, load(h, place) - free)
        store(d_row, p * LANES, load(d_row, p * LANES) + row)
        store(d_lag, p * LANES, load(d_lag, p * LANES) + free)
