"""Work arrays that begin on a cache line, so that no vector lies across two."""

import numpy as np

from sim.kernels._jit import part
from sim.kernels._vector import LANES


@part
def empty(size):
    """Array (size,) that begins on a cache line, so that no vector of it lies across two."""
    array = np.empty(size + LANES)
    start = (-(array.ctypes.data // 8)) % LANES
    return array[start : start + size]


@part
def clear(array):
    """Fill a flat array with zeros."""
    for i in range(len(array)):
        array[i] = 0.0


@part
def zeros(size):
    """Like `empty`, filled with zeros."""
    array = empty(size)
    clear(array)
    return array
