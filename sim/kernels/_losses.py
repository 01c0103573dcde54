"""Losses of a vector of sequences; the logits f (T, k, lanes) are replaced by the gradient.

A lane of weight zero has to repeat a sequence that counts: its gradient is that sequence's times
zero, and so without a number of its own. Reference: `sim.models.minimal.reference.loss_at`.
"""

from sim.kernels._elementary import vexp_falling, vlog
from sim.kernels._jit import inner_jit
from sim.kernels._vector import fma, hsum, lanes, load, select, splat, store, vabs, vmax

CROSS_ENTROPY, MARGIN, SQUARED = 0, 1, 2

LOG_EVERY = 16  # partition functions multiplied before one logarithm: k**16 must not overflow


@inner_jit
def _cross_entropy(states, symbols, f, weight, scale, lane_weight):
    """sum_p w_p (logsumexp(f_p) - f_p(y_p)).

    One logarithm serves the product of up to LOG_EVERY partition functions of equal weight, each
    between 1 and k.
    """
    k, L = len(states), lanes(f)
    one = splat(1.0, f)
    total, product = splat(0.0, f), one
    factors, shared = 0, 0.0
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        if factors == LOG_EVERY or weight[p] != shared:
            total = fma(shared, vlog(product), total)
            product = one
            factors, shared = 0, weight[p]
        y = load(symbols, (p + 1) * L)
        here = p * k * L
        c = lane_weight * (weight[p] * scale[p])
        top = load(f, here)
        chosen = top
        for i in range(1, k):
            value = load(f, here + i * L)
            top = vmax(value, top)
            chosen = select(y == float(i), value, chosen)
        z = splat(0.0, f)
        for i in range(k):
            e = vexp_falling(load(f, here + i * L) - top)
            store(f, here + i * L, e)
            z += e
        share = c / z
        for i in range(k):
            slope = load(f, here + i * L) * share
            store(f, here + i * L, select(y == float(i), slope - c, slope))
        total = fma(weight[p], top - chosen, total)
        product *= z
        factors += 1
    return fma(shared, vlog(product), total)


@inner_jit
def _cross_entropy_of_two(symbols, f, weight, scale, lane_weight):
    """The same for two states: one exponential, that of minus the absolute difference."""
    L = lanes(f)
    one, zero = splat(1.0, f), splat(0.0, f)
    total, product = zero, one
    factors, shared = 0, 0.0
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        if factors == LOG_EVERY or weight[p] != shared:
            total = fma(shared, vlog(product), total)
            product = one
            factors, shared = 0, weight[p]
        sign = fma(-2.0, load(symbols, (p + 1) * L), one)
        lead = sign * (load(f, (2 * p + 1) * L) - load(f, 2 * p * L))  # of the wrong state
        size = vabs(lead)
        e = vexp_falling(zero - size)
        z = one + e
        share = lane_weight * (weight[p] * scale[p]) / z
        side = sign * select(lead > 0.0, share, e * share)
        store(f, 2 * p * L, zero - side)
        store(f, (2 * p + 1) * L, side)
        total = fma(0.5 * weight[p], lead + size, total)  # twice the positive part
        product *= z
        factors += 1
    return fma(shared, vlog(product), total)


@inner_jit
def _margin(states, symbols, f, weight, scale, lane_weight, margin):
    """sum_p w_p / k sum_{i != y_p} max(0, margin + f_p(i) - f_p(y_p)); slope 1 at the corner."""
    k, L = len(states), lanes(f)
    zero = splat(0.0, f)
    total = zero
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        y = load(symbols, (p + 1) * L)
        here = p * k * L
        chosen = load(f, here)
        for i in range(1, k):
            chosen = select(y == float(i), load(f, here + i * L), chosen)
        c = lane_weight * (weight[p] * scale[p] / k)
        hinges, slopes = zero, zero
        for i in range(k):
            hinge = load(f, here + i * L) - chosen + float(margin)
            other = y != float(i)
            hinges += select(other, select(hinge < 0.0, zero, hinge), zero)  # a NaN goes through
            slope = select(other & (hinge >= 0.0), c, zero)
            slopes += slope
            store(f, here + i * L, slope)
        total = fma(weight[p] / k, hinges, total)
        for i in range(k):
            slope = load(f, here + i * L)
            store(f, here + i * L, select(y == float(i), zero - slopes, slope))
    return total


@inner_jit
def _squared(states, symbols, f, weight, scale, lane_weight):
    """sum_p w_p sum_i (f_p(i) - 1{i = y_p})**2."""
    k, L = len(states), lanes(f)
    zero, one = splat(0.0, f), splat(1.0, f)
    total = zero
    for p in range(len(weight)):
        if weight[p] == 0.0:
            continue
        y = load(symbols, (p + 1) * L)
        here = p * k * L
        c = lane_weight * (2.0 * weight[p] * scale[p])
        squares = zero
        for i in range(k):
            miss = load(f, here + i * L) - select(y == float(i), one, zero)
            squares = fma(miss, miss, squares)
            store(f, here + i * L, miss * c)
        total = fma(weight[p], squares, total)
    return total


@inner_jit
def apply_loss(code, margin, states, symbols, f, weight, scale, lane_weight):
    """Loss of a vector of sequences, by code; f becomes its gradient."""
    if code == CROSS_ENTROPY and len(states) == 2:
        total = _cross_entropy_of_two(symbols, f, weight, scale, lane_weight)
    elif code == CROSS_ENTROPY:
        total = _cross_entropy(states, symbols, f, weight, scale, lane_weight)
    elif code == MARGIN:
        total = _margin(states, symbols, f, weight, scale, lane_weight, margin)
    else:
        total = _squared(states, symbols, f, weight, scale, lane_weight)
    return hsum(select(lane_weight != 0.0, lane_weight * total, splat(0.0, f)))
