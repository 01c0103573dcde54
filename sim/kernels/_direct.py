"""Direct convolution of one-hot tokens with the lag weights, and its adjoint.

Lanes are sequences. A row of an array (channels, rows, lanes) is one position; `FRONT` rows of
zeros stand before position 0 and at least `BACK` behind the last, so that the register tiles may
run over the ends. T^2 / 2 multiplications a channel each way; `fourier` is the other way.
"""

from sim.kernels._jit import inner_jit
from sim.kernels._vector import fma, lanes, load, splat, spread, store

FRONT, BACK = 8, 8
TILE = 4  # positions whose sums stay in registers, and sources taken at a time
LAG_TILE = 5  # likewise lags, two positions at a time; both fill the 16 registers of AVX2


@inner_jit
def rows(T):
    """Rows of a channel: zeros, T positions, zeros."""
    return FRONT + T + BACK


@inner_jit
def convolve(lags, marks, h, T, channels):
    """h_t = sum_s u_{t-s} marks_s; lags (TILE + T + TILE,) is u between zeros."""
    L = lanes(marks)
    for c in range(channels):
        first = (c * rows(T) + FRONT) * L
        for t in range(0, T, TILE):
            a0, a1, a2, a3 = splat(0.0, h), splat(0.0, h), splat(0.0, h), splat(0.0, h)
            for s in range(0, t + TILE, TILE):
                place = first + s * L
                x0, x1 = load(marks, place), load(marks, place + L)
                x2, x3 = load(marks, place + 2 * L), load(marks, place + 3 * L)
                lag = TILE + t - s
                # in the order of the lags, each of which is spread over a register once
                a3 = fma(spread(lags, lag + 3), x0, a3)
                u = spread(lags, lag + 2)
                a2, a3 = fma(u, x0, a2), fma(u, x1, a3)
                u = spread(lags, lag + 1)
                a1, a2, a3 = fma(u, x0, a1), fma(u, x1, a2), fma(u, x2, a3)
                u = spread(lags, lag)
                a0, a1 = fma(u, x0, a0), fma(u, x1, a1)
                a2, a3 = fma(u, x2, a2), fma(u, x3, a3)
                u = spread(lags, lag - 1)
                a0, a1, a2 = fma(u, x1, a0), fma(u, x2, a1), fma(u, x3, a2)
                u = spread(lags, lag - 2)
                a0, a1 = fma(u, x2, a0), fma(u, x3, a1)
                a0 = fma(spread(lags, lag - 3), x3, a0)
            place = first + t * L
            store(h, place, a0)
            store(h, place + L, a1)
            store(h, place + 2 * L, a2)
            store(h, place + 3 * L, a3)


@inner_jit
def correlate(G, marks, T, channels, d_lag):
    """d_lag[j] += sum_t G_t marks_{t-j}; d_lag (T + BACK, lanes). Behind T, G holds zeros."""
    L = lanes(marks)
    for c in range(channels):
        first = (c * rows(T) + FRONT) * L
        for j in range(0, T, LAG_TILE):
            a0, a1, a2 = splat(0.0, G), splat(0.0, G), splat(0.0, G)
            a3, a4 = splat(0.0, G), splat(0.0, G)
            for t in range(j, T, 2):
                g, later = load(G, first + t * L), load(G, first + (t + 1) * L)
                place = first + (t - j) * L
                a0 = fma(later, load(marks, place + L), a0)
                x = load(marks, place)
                a0, a1 = fma(g, x, a0), fma(later, x, a1)
                x = load(marks, place - L)
                a1, a2 = fma(g, x, a1), fma(later, x, a2)
                x = load(marks, place - 2 * L)
                a2, a3 = fma(g, x, a2), fma(later, x, a3)
                x = load(marks, place - 3 * L)
                a3, a4 = fma(g, x, a3), fma(later, x, a4)
                a4 = fma(g, load(marks, place - 4 * L), a4)
            place = j * L
            store(d_lag, place, load(d_lag, place) + a0)
            store(d_lag, place + L, load(d_lag, place + L) + a1)
            store(d_lag, place + 2 * L, load(d_lag, place + 2 * L) + a2)
            store(d_lag, place + 3 * L, load(d_lag, place + 3 * L) + a3)
            store(d_lag, place + 4 * L, load(d_lag, place + 4 * L) + a4)
