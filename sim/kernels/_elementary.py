"""Vector exponential and logarithm, within 2 ulp; Numba's wheels do not include them.

Both dtypes go through the same steps; what differs are polynomials and the layout of the bits.
"""

import math

from numba import types
from numba.extending import intrinsic, overload

from sim.kernels._jit import inner_jit
from sim.kernels._vector import Vector, elementwise, fma, select, splat, vmax

_LOG2_E = 1.0 / math.log(2.0)

# x + _ROUND holds the integer nearest to x in its lowest bits
_ROUND, _ROUND_32 = 1.5 * 2.0**52, 1.5 * 2.0**23
# log 2 in two parts, the first so short that times an exponent it stays exact
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), 1.9082149292705877e-10
_LN2_HIGH_32, _LN2_LOW_32 = float.fromhex("0x1.62ep-1"), 3.1946184945309417e-05
# logarithms of the smallest normal number and of the largest
_EXP_LOWEST, _EXP_HIGHEST = -708.3964185322641, 709.782712893384
_EXP_LOWEST_32, _EXP_HIGHEST_32 = -87.33654, 88.72283

_FRACTION_BITS = {types.float64: 52, types.float32: 23}
_SQRT_HALF_BITS = {types.float64: 0x3FE6A09E667F3BCD, types.float32: 0x3F3504F3}


@intrinsic
def _times_power_of_two(typingctx, a, n):
    """``a * 2**n`` by integer addition to the exponent; ``n`` stands in the low bits."""

    def emit(builder, value, power):
        shift = a.constant(_FRACTION_BITS[a.dtype], integer=True)
        power = builder.shl(builder.bitcast(power, a.integers), shift)
        return builder.bitcast(builder.add(builder.bitcast(value, a.integers), power), a.floats)

    return elementwise(a, (a, a), emit)


@intrinsic
def _split(typingctx, a):
    """``(m, e)`` with ``a = m * 2**e`` and m in [sqrt(1/2), sqrt(2)), for normal positive ``a``."""
    pair = types.UniTuple(a, 2)

    def codegen(context, builder, signature, args):
        shift = a.constant(_FRACTION_BITS[a.dtype], integer=True)
        bits = builder.bitcast(args[0], a.integers)
        excess = builder.sub(bits, a.constant(_SQRT_HALF_BITS[a.dtype], integer=True))
        exponent = builder.ashr(excess, shift)
        m = builder.sub(bits, builder.shl(exponent, shift))
        parts = [builder.bitcast(m, a.floats), builder.sitofp(exponent, a.floats)]
        return context.make_tuple(builder, pair, parts)

    return pair(a), codegen


def vexp(a):
    """Exponential, within 1 ulp.

    Results below the smallest normal number are 0, above the largest inf; NaN stays NaN.
    ``a = n log 2 + r`` with ``|r| <= log(2) / 2``; then ``1 + r + r**2 q(r)`` with q the polynomial
    through the Chebyshev nodes: of degree 9 (relative error 1.7e-17), for float32 4 (2e-9).
    """
    raise NotImplementedError("for compiled code only")


def vexp_falling(a):
    """Exponential of numbers up to 0, within 1 ulp; NaN stays NaN.

    Results below the smallest normal number become about that number: no case apart, a fifth less
    work than `vexp`.
    """
    raise NotImplementedError("for compiled code only")


def vlog(a):
    """Natural logarithm of normal positive numbers and inf, within 2 ulp; otherwise NaN.

    With ``a = (1 + f) 2**e`` and ``s = f / (2 + f)``, ``log(1 + f) = 2 s + s R(s**2)``; written,
    as in fdlibm, so that f enters without a rounding of its own.
    """
    raise NotImplementedError("for compiled code only")


@inner_jit(forceinline=True)
def _exp_normal_64(a):
    """Where the result is a normal number."""
    shifted = fma(a, _LOG2_E, splat(_ROUND, a))
    n = shifted - _ROUND
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, a))
    # Pairs, then pairs of pairs: a shorter chain than Horner's, and latency is what it costs.
    r2 = r * r
    r4 = r2 * r2
    q01 = fma(r, 0.16666666666666669, splat(0.5000000000000001, a))
    q23 = fma(r, 0.008333333333330062, splat(0.04166666666662413, a))
    q45 = fma(r, 0.00019841269863053618, splat(0.0013888888917213717, a))
    q67 = fma(r, 2.7557268459997064e-06, splat(2.4801521295954376e-05, a))
    q89 = fma(r, 2.510038549551032e-08, splat(2.7620088445409746e-07, a))
    q = fma(fma(q89, r4, fma(q67, r2, q45)), r4, fma(q23, r2, q01))
    return _times_power_of_two(fma(q, r2, r) + 1.0, shifted)


@inner_jit(forceinline=True)
def _exp_64(a):
    y = select(a < _EXP_LOWEST, splat(0.0, a), _exp_normal_64(a))
    return select(a <= _EXP_HIGHEST, y, a + math.inf)  # inf for what is too large, NaN for NaN


@inner_jit(forceinline=True)
def _exp_falling_64(a):
    a = vmax(splat(_EXP_LOWEST, a), a)
    return fma(a, 0.0, _exp_normal_64(a))  # a NaN's bits may have become a number's


@inner_jit(forceinline=True)
def _exp_normal_32(a):
    """Where the result is a normal number."""
    shifted = fma(a, _LOG2_E, splat(_ROUND_32, a))
    n = shifted - _ROUND_32
    r = fma(n, -_LN2_LOW_32, fma(n, -_LN2_HIGH_32, a))
    r2 = r * r
    q12 = fma(r, 0.166665766661, splat(0.5, a))
    q34 = fma(r, 0.00836323288368, splat(0.041666554213, a))
    q = fma(fma(splat(0.00139262508315, a), r2, q34), r2, q12)
    return _times_power_of_two(fma(q, r2, r) + 1.0, shifted)


@inner_jit(forceinline=True)
def _exp_32(a):
    y = select(a < _EXP_LOWEST_32, splat(0.0, a), _exp_normal_32(a))
    return select(a <= _EXP_HIGHEST_32, y, a + math.inf)


@inner_jit(forceinline=True)
def _exp_falling_32(a):
    a = vmax(splat(_EXP_LOWEST_32, a), a)
    return fma(a, 0.0, _exp_normal_32(a))  # a NaN's bits may have become a number's


@inner_jit(forceinline=True)
def _log_64(a):
    m, e = _split(a)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    R = fma(z, 0.14616585424888623, splat(0.15331710618210773, a))
    R = fma(z, R, splat(0.18182889455674947, a))
    R = fma(z, R, splat(0.22222211130259878, a))
    R = fma(z, R, splat(0.2857142862600327, a))
    R = fma(z, R, splat(0.39999999999899444, a))
    R = z * fma(z, R, splat(0.666666666666667, a))
    half_square = 0.5 * f * f
    tail = fma(s, half_square + R, e * _LN2_LOW)
    y = fma(e, _LN2_HIGH, f - (half_square - tail))
    y = select(a < math.inf, y, a)
    return select(a > 0.0, y, splat(math.nan, a))


@inner_jit(forceinline=True)
def _log_32(a):
    m, e = _split(a)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    R = fma(z, 0.233419433887, splat(0.285503969596, a))
    R = fma(z, R, splat(0.400001255946, a))
    R = z * fma(z, R, splat(0.666666665499, a))
    half_square = 0.5 * f * f
    tail = fma(s, half_square + R, e * _LN2_LOW_32)
    y = fma(e, _LN2_HIGH_32, f - (half_square - tail))
    y = select(a < math.inf, y, a)
    return select(a > 0.0, y, splat(math.nan, a))


@overload(vexp)
def _vexp(a):
    if isinstance(a, Vector):
        exp = _exp_64 if a.dtype == types.float64 else _exp_32
        return lambda a: exp(a)
    return None


@overload(vexp_falling)
def _vexp_falling(a):
    if isinstance(a, Vector):
        exp = _exp_falling_64 if a.dtype == types.float64 else _exp_falling_32
        return lambda a: exp(a)
    return None


@overload(vlog)
def _vlog(a):
    if isinstance(a, Vector):
        log = _log_64 if a.dtype == types.float64 else _log_32
        return lambda a: log(a)
    return None
