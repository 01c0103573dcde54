"""Work arrays that begin on a cache line, so that no vector lies across two."""

import numpy as np

from sim.kernels._jit import inner_jit
from sim.kernels._vector import BYTES


@inner_jit
def empty(size, like):
    """Array (size,) of the dtype of the array ``like`` that begins on a cache line."""
    padding = BYTES // like.itemsize
    array = np.empty(size + padding, like.dtype)
    start = (-(array.ctypes.data // like.itemsize)) % padding
    return array[start : start + size]


@inner_jit
def clear(array):
    """Fill a flat array with zeros."""
    for i in range(len(array)):
        array[i] = 0.0


@inner_jit
def zeros(size, like):
    """Like `empty`, filled with zeros."""
    array = empty(size, like)
    clear(array)
    return array
