"""Convolution with the lag weights, and its adjoint, by fast Fourier transform across the lanes.

Lanes are sequences, so a transform is butterflies of whole vectors and nothing is shuffled. The
causal part of a convolution of length T needs a transform of length N >= T only: with the twist
z_n = x_n exp(i pi n / 2N) products of spectra are products modulo z^N = i, in which what wraps
around comes out imaginary. The transform leaves its result in scrambled order and the inverse
takes it from there, since products do not care.

Buffers are (N, 2, lanes): real and imaginary parts. N is a power of two; the numbers of a
transform (`tables`) are made once for each N, in float64, and cast.
"""

import numpy as np

from sim.kernels._direct import FRONT, rows
from sim.kernels._jit import inner_jit
from sim.kernels._vector import fma, lanes, load, splat, spread, store

BLOCK = 256  # a transform of this length fits the first-level cache


def transform_length(T):
    """Smallest usable N."""
    return max(4, 1 << (T - 1).bit_length())


def tables(N, dtype):
    """Twist (N, 2): cos and sin of pi n / 2N; roots (M, 6): w^j, w^2j, w^3j of each pass."""
    angle = np.pi * np.arange(N) / (2 * N)
    twist = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    passes = []
    size = N
    while size >= 4:
        turns = np.exp(-2j * np.pi * np.arange(size // 4)[:, None] * np.arange(1, 4) / size)
        passes.append(np.stack([turns.real, turns.imag], axis=2).reshape(-1, 6))
        size //= 4
    return twist.astype(dtype), np.concatenate(passes).astype(dtype)


@inner_jit
def _forward_pass(z, roots, row, start, stop, size):
    """Decimation in frequency by four; `row` is where the roots of this pass begin."""
    L = lanes(z)
    step = size // 4 * 2 * L
    for block in range(start, stop, size):
        for j in range(size // 4):
            p0 = (block + j) * 2 * L
            p1, p2, p3 = p0 + step, p0 + 2 * step, p0 + 3 * step
            a0, a1, a2, a3 = load(z, p0), load(z, p1), load(z, p2), load(z, p3)
            b0, b1 = load(z, p0 + L), load(z, p1 + L)
            b2, b3 = load(z, p2 + L), load(z, p3 + L)
            s0, d0, s1, d1 = a0 + a2, a0 - a2, a1 + a3, a1 - a3
            t0, e0, t1, e1 = b0 + b2, b0 - b2, b1 + b3, b1 - b3
            store(z, p0, s0 + s1)
            store(z, p0 + L, t0 + t1)
            _store_turned(z, p1, d0 + e1, e0 - d1, roots, row + j, 0)
            _store_turned(z, p2, s0 - s1, t0 - t1, roots, row + j, 2)
            _store_turned(z, p3, d0 - e1, e0 + d1, roots, row + j, 4)


@inner_jit
def _inverse_pass(z, roots, row, start, stop, size):
    """Undo `_forward_pass`, up to a factor of four."""
    L = lanes(z)
    step = size // 4 * 2 * L
    for block in range(start, stop, size):
        for j in range(size // 4):
            p0 = (block + j) * 2 * L
            p1, p2, p3 = p0 + step, p0 + 2 * step, p0 + 3 * step
            a0, b0 = load(z, p0), load(z, p0 + L)
            a1, b1 = _load_turned_back(z, p1, roots, row + j, 0)
            a2, b2 = _load_turned_back(z, p2, roots, row + j, 2)
            a3, b3 = _load_turned_back(z, p3, roots, row + j, 4)
            s0, d0, s1, d1 = a0 + a2, a0 - a2, a1 + a3, a1 - a3
            t0, e0, t1, e1 = b0 + b2, b0 - b2, b1 + b3, b1 - b3
            store(z, p0, s0 + s1)
            store(z, p0 + L, t0 + t1)
            store(z, p1, d0 - e1)
            store(z, p1 + L, e0 + d1)
            store(z, p2, s0 - s1)
            store(z, p2 + L, t0 - t1)
            store(z, p3, d0 + e1)
            store(z, p3 + L, e0 - d1)


@inner_jit(forceinline=True)
def _store_turned(z, place, a, b, roots, row, column):
    cos, sin = spread(roots, 6 * row + column), spread(roots, 6 * row + column + 1)
    store(z, place, cos * a - sin * b)
    store(z, place + lanes(z), fma(cos, b, sin * a))


@inner_jit(forceinline=True)
def _load_turned_back(z, place, roots, row, column):
    a, b = load(z, place), load(z, place + lanes(z))
    cos, sin = spread(roots, 6 * row + column), spread(roots, 6 * row + column + 1)
    return fma(cos, a, sin * b), cos * b - sin * a


@inner_jit
def _pairs(z, start, stop):
    """The pass by two that is left when N is no power of four; its own inverse up to two."""
    L = lanes(z)
    for n in range(start, stop, 2):
        place = n * 2 * L
        for offset in (place, place + L):
            a, b = load(z, offset), load(z, offset + 2 * L)
            store(z, offset, a + b)
            store(z, offset + 2 * L, a - b)


@inner_jit
def transform(z, roots, N):
    """Spectrum of z in place, in scrambled order."""
    size, row = N, 0
    while size > BLOCK:
        _forward_pass(z, roots, row, 0, N, size)
        row += size // 4
        size //= 4
    block = size
    for start in range(0, N, block):
        size, within = block, row
        while size >= 4:
            _forward_pass(z, roots, within, start, start + block, size)
            within += size // 4
            size //= 4
        if size == 2:
            _pairs(z, start, start + block)


@inner_jit
def inverse(z, roots, N):
    """N times what `transform` made z from."""
    block, end = N, 0
    while block > BLOCK:
        end += block // 4
        block //= 4
    last = block
    while last >= 4:
        last //= 4
    for start in range(0, N, block):
        if last == 2:
            _pairs(z, start, start + block)
        size, row = 4 * last, len(roots)
        while size <= block:
            row -= size // 4
            _inverse_pass(z, roots, row, start, start + block, size)
            size *= 4
    size, row = 4 * block, end
    while size <= N:
        row -= size // 4
        _inverse_pass(z, roots, row, 0, N, size)
        size *= 4


@inner_jit
def _twist(values, first, T, twist, z):
    """z_n = exp(i pi n / 2N) times row n of values, zeros behind T."""
    L = lanes(z)
    zero = splat(0.0, z)
    for n in range(len(twist)):
        a = load(values, first + n * L) if n < T else zero
        store(z, 2 * n * L, spread(twist, 2 * n) * a)
        store(z, (2 * n + 1) * L, spread(twist, 2 * n + 1) * a)


@inner_jit
def lag_spectrum(lag_weight, twist, roots, z, spectrum):
    """Spectrum (N, 2) of u, divided by N; z is scratch."""
    N, L = len(twist), lanes(z)
    for n in range(N):
        u = lag_weight[n] / N if n < len(lag_weight) else 0.0
        store(z, 2 * n * L, spread(twist, 2 * n) * u)
        store(z, (2 * n + 1) * L, spread(twist, 2 * n + 1) * u)
    transform(z, roots, N)
    for n in range(N):
        spectrum[n, 0], spectrum[n, 1] = z[2 * n * L], z[(2 * n + 1) * L]


@inner_jit
def convolve(spectrum, marks, h, T, channels, twist, roots, z, marks_spectrum):
    """h_t = sum_s u_{t-s} marks_s; the marks' spectra (channels, N, 2, lanes) are kept."""
    N, L = len(twist), lanes(z)
    for c in range(channels):
        first = (c * rows(T) + FRONT) * L
        _twist(marks, first, T, twist, z)
        transform(z, roots, N)
        for n in range(N):
            place = 2 * n * L
            a, b = load(z, place), load(z, place + L)
            store(marks_spectrum, c * 2 * N * L + place, a)
            store(marks_spectrum, c * 2 * N * L + place + L, b)
            re, im = spread(spectrum, 2 * n), spread(spectrum, 2 * n + 1)
            store(z, place, re * a - im * b)
            store(z, place + L, fma(re, b, im * a))
        inverse(z, roots, N)
        for n in range(T):
            a, b = load(z, 2 * n * L), load(z, (2 * n + 1) * L)
            store(h, first + n * L, fma(spread(twist, 2 * n), a, spread(twist, 2 * n + 1) * b))


@inner_jit
def correlate(G, marks_spectrum, T, channels, twist, roots, z, total):
    """Add to `total` (N, 2, lanes) the spectrum of sum_t G_t marks_{t-j}."""
    N, L = len(twist), lanes(z)
    for c in range(channels):
        _twist(G, (c * rows(T) + FRONT) * L, T, twist, z)
        transform(z, roots, N)
        for n in range(N):
            place = 2 * n * L
            a, b = load(z, place), load(z, place + L)
            re = load(marks_spectrum, c * 2 * N * L + place)
            im = load(marks_spectrum, c * 2 * N * L + place + L)
            store(total, place, fma(re, a, fma(im, b, load(total, place))))
            store(total, place + L, fma(re, b, load(total, place + L) - im * a))


@inner_jit
def read_correlation(total, twist, roots, T, d_lag):
    """d_lag (T, lanes) from the spectrum `total`, which is overwritten."""
    N, L = len(twist), lanes(total)
    inverse(total, roots, N)
    for n in range(T):
        a, b = load(total, 2 * n * L), load(total, (2 * n + 1) * L)
        store(d_lag, n * L, fma(spread(twist, 2 * n), a, spread(twist, 2 * n + 1) * b) * (1.0 / N))
