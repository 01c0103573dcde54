"""Losses of eight sequences at a time: f (time, k, 8) becomes its gradient.

Lanes of weight zero contribute exactly nothing, even where their numbers are not finite: they are
deselected, not multiplied by zero. Twin: `sim.twins.loss_at`.
"""

from sim.kernels._elementary import vexp, vlog
from sim.kernels._jit import part
from sim.kernels._vector import LANES, fma, hsum, load, select, splat, store, vmax

CROSS_ENTROPY, MARGIN, SQUARED = 0, 1, 2

LOG_EVERY = 16  # partition functions multiplied before one logarithm: k**16 must not overflow


@part
def _cross_entropy(k, symbols, f, weight, scale, lane_weight):
    """sum_p w_p (logsumexp(f_p) - f_p(y_p)).

    One logarithm serves the product of up to LOG_EVERY partition functions of equal weight, each
    between 1 and k.
    """
    active = lane_weight != 0.0
    total, product = splat(0.0), splat(1.0)
    factors, shared = 0, 0.0
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        if factors == LOG_EVERY or weight[p] != shared:
            total = fma(splat(shared), vlog(product), total)
            product = splat(1.0)
            factors, shared = 0, weight[p]
        y = load(symbols, (p + 1) * LANES)
        here = p * k * LANES
        top = load(f, here)
        chosen = top
        for i in range(1, k):
            value = load(f, here + i * LANES)
            top = vmax(value, top)
            chosen = select(y == float(i), value, chosen)
        z = splat(0.0)
        for i in range(k):
            e = vexp(load(f, here + i * LANES) - top)
            store(f, here + i * LANES, e)
            z += e
        total = fma(splat(weight[p]), top - chosen, total)
        product *= z
        factors += 1
        c = lane_weight * (weight[p] * scale[p])
        share = c / z
        for i in range(k):
            slope = load(f, here + i * LANES) * share
            slope = select(y == float(i), slope - c, slope)
            store(f, here + i * LANES, select(active, slope, splat(0.0)))
    return fma(splat(shared), vlog(product), total)


@part
def _margin(k, symbols, f, weight, scale, lane_weight, margin):
    """sum_p w_p / k sum_{i != y_p} max(0, margin + f_p(i) - f_p(y_p)); slope 1 at the corner."""
    zero = splat(0.0)
    active = lane_weight != 0.0
    total = zero
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        y = load(symbols, (p + 1) * LANES)
        here = p * k * LANES
        chosen = load(f, here)
        for i in range(1, k):
            chosen = select(y == float(i), load(f, here + i * LANES), chosen)
        c = lane_weight * (weight[p] * scale[p] / k)
        c = select(active, c, zero)
        hinges, slopes = zero, zero
        for i in range(k):
            hinge = load(f, here + i * LANES) - chosen + float(margin)
            other = y != float(i)
            hinges += select(other, select(hinge < 0.0, zero, hinge), zero)  # a NaN goes through
            slope = select(other & (hinge >= 0.0), c, zero)
            slopes += slope
            store(f, here + i * LANES, slope)
        total = fma(splat(weight[p] / k), hinges, total)
        for i in range(k):
            slope = load(f, here + i * LANES)
            store(f, here + i * LANES, select(y == float(i), zero - slopes, slope))
    return total


@part
def _squared(k, symbols, f, weight, scale, lane_weight):
    """sum_p w_p sum_i (f_p(i) - 1{i = y_p})**2."""
    zero, one = splat(0.0), splat(1.0)
    active = lane_weight != 0.0
    total = zero
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        y = load(symbols, (p + 1) * LANES)
        here = p * k * LANES
        c = lane_weight * (2.0 * weight[p] * scale[p])
        squares = zero
        for i in range(k):
            miss = load(f, here + i * LANES) - select(y == float(i), one, zero)
            squares = fma(miss, miss, squares)
            store(f, here + i * LANES, select(active, miss * c, zero))
        total = fma(splat(weight[p]), squares, total)
    return total


@part
def apply_loss(code, margin, k, symbols, f, weight, scale, lane_weight):
    """Loss of the eight sequences, by code; f becomes its gradient."""
    if code == CROSS_ENTROPY:
        total = _cross_entropy(k, symbols, f, weight, scale, lane_weight)
    elif code == MARGIN:
        total = _margin(k, symbols, f, weight, scale, lane_weight, margin)
    else:
        total = _squared(k, symbols, f, weight, scale, lane_weight)
    return hsum(select(lane_weight != 0.0, lane_weight * total, splat(0.0)))
