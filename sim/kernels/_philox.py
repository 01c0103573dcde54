"""Counter-based random numbers: Philox-4x32-10 of Salmon et al. (SC 2011), many counters at a time.

A draw is a function of (key, step, sequence, position) and of nothing else: any part of a training
run can be drawn again, in any order, by any thread.
"""

import numpy as np

from sim.kernels._jit import inner_jit

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@inner_jit
def philox(key, counters, width):
    """Ten rounds on counters (4, width) of 32 bits each, in place; key (2,) likewise."""
    for q in range(width):
        c0, c1 = counters[q] & _LOW, counters[width + q] & _LOW
        c2, c3 = counters[2 * width + q] & _LOW, counters[3 * width + q] & _LOW
        k0, k1 = key[0] & _LOW, key[1] & _LOW
        for _ in range(10):
            p0, p1 = _M0 * c0, _M1 * c2
            c0, c1 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW
            c2, c3 = (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
            k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
        counters[q], counters[width + q] = c0, c1
        counters[2 * width + q], counters[3 * width + q] = c2, c3


@inner_jit
def uniforms(key, step, members, counters, out):
    """Uniform numbers in [0, 1): out (positions, width), one column for each of members (width,).

    float64 gets all 32 bits of a draw, float32 the upper 24. Counters (4 width,) is scratch.
    """
    width = len(members)
    positions = len(out) // width
    for block in range((positions + 3) // 4):
        for q in range(width):
            counters[q] = np.uint64(block)
            counters[width + q] = np.uint64(members[q])
            counters[2 * width + q] = np.uint64(step)
            counters[3 * width + q] = np.uint64(step) >> _SHIFT
        philox(key, counters, width)
        stop = min(4 * width, len(out) - 4 * block * width)
        first = 4 * block * width
        if out.itemsize == 8:
            for i in range(stop):  # by way of signed 32 bits, which processors convert at once
                signed = np.int32(np.int64(counters[i]) - 2147483648)
                out[first + i] = (np.float64(signed) + 2147483648.0) * 2.0**-32
        else:
            for i in range(stop):
                out[first + i] = np.float32(np.int32(counters[i] >> np.uint64(8))) * 2.0**-24
