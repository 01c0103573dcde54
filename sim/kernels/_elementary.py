"""Exponential and logarithm of vectors, within 2 ulp: Numba's wheels bring none."""

import math

from numba import types
from numba.extending import intrinsic

from sim.kernels._jit import part
from sim.kernels._vector import DOUBLES, LONGS, constant, elementwise, fma, select, splat, vector

_ROUND = 1.5 * 2.0**52  # x + _ROUND holds the integer nearest to x in its lowest bits
_LOG2_E = 1.0 / math.log(2.0)
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: times an exponent, it stays exact
_LN2_LOW = 1.9082149292705877e-10
_EXP_LOWEST = -708.3964185322641  # log of 2**-1022, the smallest normal number
_EXP_HIGHEST = 709.782712893384  # log of 2**1024
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD


@intrinsic
def _times_power_of_two(typingctx, a, n):
    """``a * 2**n`` by integer addition to the exponent; ``n`` stands in the low bits."""

    def emit(builder, a, n):
        power = builder.shl(builder.bitcast(n, LONGS), constant(52, LONGS))
        return builder.bitcast(builder.add(builder.bitcast(a, LONGS), power), DOUBLES)

    return elementwise(vector, (vector, vector), emit)


@intrinsic
def _split(typingctx, a):
    """``(m, e)`` with ``a = m * 2**e`` and m in [sqrt(1/2), sqrt(2)), for normal positive ``a``."""
    pair = types.UniTuple(vector, 2)

    def codegen(context, builder, signature, args):
        bits = builder.bitcast(args[0], LONGS)
        excess = builder.sub(bits, constant(_SQRT_HALF_BITS, LONGS))
        exponent = builder.ashr(excess, constant(52, LONGS))
        m = builder.sub(bits, builder.shl(exponent, constant(52, LONGS)))
        parts = [builder.bitcast(m, DOUBLES), builder.sitofp(exponent, DOUBLES)]
        return context.make_tuple(builder, pair, parts)

    return pair(vector), codegen


@part(forceinline=True)
def vexp(a):
    """Exponential, within 1 ulp.

    Results below 2**-1022 (argument below -708.39...) are 0, above the largest number inf; NaN
    stays NaN.  ``a = n log 2 + r`` with ``|r| <= log(2) / 2``; then ``1 + r + r**2 q(r)`` with q
    the polynomial of degree 9 through the Chebyshev nodes (relative error 1.7e-17).
    """
    shifted = fma(a, splat(_LOG2_E), splat(_ROUND))
    n = shifted - _ROUND
    r = fma(n, splat(-_LN2_LOW), fma(n, splat(-_LN2_HIGH), a))
    # Pairs, then pairs of pairs: a shorter chain than Horner's, and latency is what it costs.
    r2 = r * r
    r4 = r2 * r2
    q01 = fma(r, splat(0.16666666666666669), splat(0.5000000000000001))
    q23 = fma(r, splat(0.008333333333330062), splat(0.04166666666662413))
    q45 = fma(r, splat(0.00019841269863053618), splat(0.0013888888917213717))
    q67 = fma(r, splat(2.7557268459997064e-06), splat(2.4801521295954376e-05))
    q89 = fma(r, splat(2.510038549551032e-08), splat(2.7620088445409746e-07))
    q = fma(fma(q89, r4, fma(q67, r2, q45)), r4, fma(q23, r2, q01))
    y = _times_power_of_two(fma(q, r2, r) + 1.0, shifted)
    y = select(a < _EXP_LOWEST, splat(0.0), y)
    return select(a <= _EXP_HIGHEST, y, a + math.inf)  # inf for what is too large, NaN for NaN


@part(forceinline=True)
def vlog(a):
    """Natural logarithm of normal positive numbers and inf, within 2 ulp; otherwise NaN.

    With ``a = (1 + f) 2**e`` and ``s = f / (2 + f)``, ``log(1 + f) = 2 s + s R(s**2)``; written,
    as in fdlibm, so that f enters without a rounding of its own.
    """
    m, e = _split(a)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    R = fma(z, splat(0.14616585424888623), splat(0.15331710618210773))
    R = fma(z, R, splat(0.18182889455674947))
    R = fma(z, R, splat(0.22222211130259878))
    R = fma(z, R, splat(0.2857142862600327))
    R = fma(z, R, splat(0.39999999999899444))
    R = z * fma(z, R, splat(0.666666666666667))
    half_square = 0.5 * f * f
    tail = fma(s, half_square + R, e * _LN2_LOW)
    y = fma(e, splat(_LN2_HIGH), f - (half_square - tail))
    y = select(a < math.inf, y, a)
    return select(a > 0.0, y, splat(math.nan))
