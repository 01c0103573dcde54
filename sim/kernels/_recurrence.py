"""Recurrences over positions for the minimal model, forward and backward; lanes are sequences.

D[m, i] = sum_t r_t 1{x_t = i} sum_l W[m, l] h_t(l) is the running sum, and f_p(i) = s_p D[x_p, i].
Of h, as of everything the convolution touches, only the channels l = 1..k-1 are stored: the states'
marks sum to one, so h_t(0) = cumsum(u)_t - sum of the others. `states` has length k: a tuple lets
the compiler unroll every loop over states, an array does not.
"""

from sim.kernels._direct import FRONT, rows
from sim.kernels._jit import inner_jit
from sim.kernels._scratch import clear
from sim.kernels._vector import fma, lanes, load, select, splat, store


@inner_jit
def forward(
    states, symbols, h, cumulative, row_scale, position_scale, position_weight, W, tilt, D, f
):
    """f (T, k, lanes) from h; tilt is W[m, l] - W[m, 0], D (k, k, lanes) scratch.

    Positions of weight zero are skipped, whatever their f would be.
    """
    k, L, T = len(states), lanes(h), len(row_scale)
    zero = splat(0.0, h)
    clear(D)
    for p in range(T):
        x = load(symbols, p * L)
        for m in range(k):
            a = splat(W[m, 0] * cumulative[p], h)
            for l in range(1, k):
                a = fma(tilt[m, l], load(h, ((l - 1) * rows(T) + FRONT + p) * L), a)
            a *= row_scale[p]
            # Add zero in the other lanes: a select of old and new turns into a masked store, which
            # some processors carry out ten times slower than a plain one.
            for i in range(k):
                place = (m * k + i) * L
                store(D, place, load(D, place) + select(x == float(i), a, zero))
        if position_weight[p] != 0.0:
            for i in range(k):
                value = load(D, i * L)
                for m in range(1, k):
                    value = select(x == float(m), load(D, (m * k + i) * L), value)
                store(f, (p * k + i) * L, value * position_scale[p])


@inner_jit
def backward(
    states, symbols, h, g, cumulative, row_scale, position_weight, W, tilt, B, dW, d_common, d_row
):
    """Gradients from g (T, k, lanes), the gradient in the logits over s_p.

    h becomes G_t(l) - G_t(0), with G the gradient in h; G_t(0), which is the gradient in
    cumsum(u)_t, is added to d_common (T, lanes). dW (k, k, lanes) gets sum_t r_t b_m cumsum(u)_t in
    column 0 and sum_t r_t b_m h_t(l) in column l. Added to d_row, unless it is empty: the gradient
    in r. B (k, k, lanes) is scratch.
    """
    k, L, T = len(states), lanes(h), len(row_scale)
    zero = splat(0.0, h)
    clear(B)
    for p in range(T - 1, -1, -1):
        x = load(symbols, p * L)
        here = p * k * L
        if position_weight[p] != 0.0:
            for m in range(k):
                for i in range(k):
                    place = (m * k + i) * L
                    slope = select(x == float(m), load(g, here + i * L), zero)
                    store(B, place, load(B, place) + slope)
        common = zero
        for m in range(k):  # column x of B, times r, in the place of g
            b = load(B, m * k * L)
            for i in range(1, k):
                b = select(x == float(i), load(B, (m * k + i) * L), b)
            if len(d_row) > 0:
                value = splat(W[m, 0] * cumulative[p], h)
                for l in range(1, k):
                    value = fma(tilt[m, l], load(h, ((l - 1) * rows(T) + FRONT + p) * L), value)
                store(d_row, p * L, fma(b, value, load(d_row, p * L)))
            b *= row_scale[p]
            store(g, here + m * L, b)
            common = fma(W[m, 0], b, common)
            store(dW, m * k * L, fma(cumulative[p], b, load(dW, m * k * L)))
        store(d_common, p * L, load(d_common, p * L) + common)
        for l in range(1, k):
            there = ((l - 1) * rows(T) + FRONT + p) * L
            value = load(h, there)
            G = zero
            for m in range(k):
                b = load(g, here + m * L)
                G = fma(tilt[m, l], b, G)
                place = (m * k + l) * L
                store(dW, place, fma(value, b, load(dW, place)))
            store(h, there, G)
