"""Position-wise operations on a vector of sequences: matrix products, layer norm and GELU.

An array of shape (T, n, lanes) holds n features at T positions; it is passed flat.
"""

from llvmlite import ir
from numba.extending import intrinsic

from sim.kernels._elementary import vexp
from sim.kernels._jit import inner_jit
from sim.kernels._vector import elementwise, fma, hsum, lanes, load, splat, spread, store

EPSILON = 1e-5  # added to the variance in a layer norm
GELU_SCALE, GELU_CUBIC = 0.7978845608028654, 0.044715  # sqrt(2 / pi)
BLOCK = 8  # positions whose features stay in the first-level cache


@intrinsic
def root(typingctx, a):
    """Square root."""

    def emit(builder, value):
        name, kind = (
            f"llvm.sqrt.v{a.lanes}f{a.dtype.bitwidth}",
            ir.FunctionType(a.floats, [a.floats]),
        )
        return builder.call(builder.module.declare_intrinsic(name, (), kind), [value])

    return elementwise(a, (a,), emit)


@inner_jit
def matmul(x, x_stride, inner, W, start, inner_step, outer_step, outer, T, out, stride, offset):
    """out[t, offset + b] += sum_a x[t, a] W[start + a inner_step + b outer_step].

    x and out have ``x_stride`` and ``stride`` features, of which the first ``inner`` are read and
    ``outer`` written. The two steps make the matrix, its transpose, or some of its columns out of
    the flat parameters W.
    """
    L = lanes(x)
    for t in range(T):
        here, there = t * x_stride * L, (t * stride + offset) * L
        b = 0
        while b + 4 <= outer:
            y0, y1 = load(out, there + b * L), load(out, there + (b + 1) * L)
            y2, y3 = load(out, there + (b + 2) * L), load(out, there + (b + 3) * L)
            w = start + b * outer_step
            for a in range(inner):
                value = load(x, here + a * L)
                y0 = fma(spread(W, w), value, y0)
                y1 = fma(spread(W, w + outer_step), value, y1)
                y2 = fma(spread(W, w + 2 * outer_step), value, y2)
                y3 = fma(spread(W, w + 3 * outer_step), value, y3)
                w += inner_step
            store(out, there + b * L, y0)
            store(out, there + (b + 1) * L, y1)
            store(out, there + (b + 2) * L, y2)
            store(out, there + (b + 3) * L, y3)
            b += 4
        while b < outer:
            y = load(out, there + b * L)
            for a in range(inner):
                w = start + a * inner_step + b * outer_step
                y = fma(spread(W, w), load(x, here + a * L), y)
            store(out, there + b * L, y)
            b += 1


@inner_jit
def matmul_gradient(
    x, x_stride, inner, d_out, stride, offset, outer, T, scale, work, gradient, start, step
):
    """gradient[start + a step + b] += scale sum_t,lanes x[t, a] d_out[t, offset + b].

    ``work`` holds at least inner * outer vectors.
    """
    L = lanes(x)
    for i in range(inner * outer):
        store(work, i * L, splat(0.0, x))
    for first in range(0, T, BLOCK):
        last = min(first + BLOCK, T)
        for a in range(0, inner, 2):
            for b in range(0, outer, 2):
                # at an odd end the second row or column is the first once more
                a1, b1 = min(a + 1, inner - 1), min(b + 1, outer - 1)
                s00 = load(work, (a * outer + b) * L)
                s01 = load(work, (a * outer + b1) * L)
                s10 = load(work, (a1 * outer + b) * L)
                s11 = load(work, (a1 * outer + b1) * L)
                for t in range(first, last):
                    x0, x1 = load(x, (t * x_stride + a) * L), load(x, (t * x_stride + a1) * L)
                    d0 = load(d_out, (t * stride + offset + b) * L)
                    d1 = load(d_out, (t * stride + offset + b1) * L)
                    s00, s01 = fma(x0, d0, s00), fma(x0, d1, s01)
                    s10, s11 = fma(x1, d0, s10), fma(x1, d1, s11)
                store(work, (a * outer + b) * L, s00)
                store(work, (a * outer + b1) * L, s01)
                store(work, (a1 * outer + b) * L, s10)
                store(work, (a1 * outer + b1) * L, s11)
    for a in range(inner):
        for b in range(outer):
            gradient[start + a * step + b] += scale * hsum(load(work, (a * outer + b) * L))


@inner_jit
def copy(x, out):
    """out = x, in whole vectors."""
    for i in range(0, len(x), lanes(x)):
        store(out, i, load(x, i))


@inner_jit
def normalize(x, width, T, unit, scale):
    """unit = (x - mean) scale with scale = (variance + EPSILON)**(-1/2), over the features."""
    L = lanes(x)
    one = splat(1.0, x)
    for t in range(T):
        here = t * width * L
        total = splat(0.0, x)
        for a in range(width):
            total += load(x, here + a * L)
        mean = total * (1.0 / width)
        squares = splat(0.0, x)
        for a in range(width):
            centred = load(x, here + a * L) - mean
            squares = fma(centred, centred, squares)
        factor = one / root(squares * (1.0 / width) + EPSILON)
        store(scale, t * L, factor)
        for a in range(width):
            store(unit, here + a * L, (load(x, here + a * L) - mean) * factor)


@inner_jit
def affine(unit, width, T, parameters, gain, bias, out):
    """out[t, a] = unit[t, a] gain[a] + bias[a]."""
    L = lanes(unit)
    for t in range(T):
        for a in range(width):
            here = (t * width + a) * L
            y = fma(load(unit, here), spread(parameters, gain + a), spread(parameters, bias + a))
            store(out, here, y)


@inner_jit
def normalize_backward(d_out, unit, scale, width, T, parameters, gain, bias, gradient, d_x):
    """Add to d_x what comes through `normalize` and `affine`, and fill the two gradients."""
    L = lanes(d_out)
    for a in range(width):
        along, total = splat(0.0, d_out), splat(0.0, d_out)
        for t in range(T):
            slope = load(d_out, (t * width + a) * L)
            along = fma(slope, load(unit, (t * width + a) * L), along)
            total += slope
        gradient[gain + a] += hsum(along)
        gradient[bias + a] += hsum(total)
    for t in range(T):
        here = t * width * L
        total, along = splat(0.0, d_out), splat(0.0, d_out)
        for a in range(width):
            slope = load(d_out, here + a * L) * spread(parameters, gain + a)
            total += slope
            along = fma(slope, load(unit, here + a * L), along)
        total, along, factor = total * (1.0 / width), along * (1.0 / width), load(scale, t * L)
        for a in range(width):
            slope = load(d_out, here + a * L) * spread(parameters, gain + a)
            through = slope - total - load(unit, here + a * L) * along
            store(d_x, here + a * L, fma(factor, through, load(d_x, here + a * L)))


@inner_jit(forceinline=True)
def _bend(hidden):
    """tanh(GELU_SCALE (h + GELU_CUBIC h**3)), as 1 - 2 / (exp(2 u) + 1)."""
    u = hidden * GELU_SCALE * (hidden * hidden * GELU_CUBIC + 1.0)
    return 1.0 - 2.0 / (vexp(u + u) + 1.0)


@inner_jit
def gelu(hidden, size, out):
    """out = h (1 + tanh(...)) / 2 of ``size`` vectors."""
    L = lanes(hidden)
    for i in range(size):
        h = load(hidden, i * L)
        store(out, i * L, 0.5 * h * (_bend(h) + 1.0))


@inner_jit
def gelu_backward(hidden, size, d_active):
    """d_active becomes the gradient in the hidden units."""
    L = lanes(hidden)
    for i in range(size):
        h = load(hidden, i * L)
        bend = _bend(h)
        inner = (h * h * (3.0 * GELU_CUBIC) + 1.0) * GELU_SCALE
        slope = 0.5 * (bend + 1.0) + 0.5 * h * (1.0 - bend * bend) * inner
        store(d_active, i * L, load(d_active, i * L) * slope)


@inner_jit
def add_bias(parameters, start, width, T, out, more):
    """out[t, a] = parameters[start + a], or += with ``more``."""
    L = lanes(out)
    for t in range(T):
        for a in range(width):
            here, bias = (t * width + a) * L, spread(parameters, start + a)
            store(out, here, load(out, here) + bias if more else bias)


@inner_jit
def bias_gradient(d_out, width, T, gradient, start):
    """gradient[start + a] += sum_t,lanes d_out[t, a]."""
    L = lanes(d_out)
    for a in range(width):
        total = splat(0.0, d_out)
        for t in range(T):
            total += load(d_out, (t * width + a) * L)
        gradient[start + a] += hsum(total)
