"""Work arrays that begin on a cache line, so that no vector lies across two."""

import numpy as np

from sim.kernels._jit import part
from sim.kernels._vector import BYTES


@part
def empty(size, like):
    """Array (size,) of the dtype of the array ``like`` that begins on a cache line."""
    padding = BYTES // like.itemsize
    array = np.empty(size + padding, like.dtype)
    start = (-(array.ctypes.data // like.itemsize)) % padding
    return array[start : start + size]


@part
def clear(array):
    """Fill a flat array with zeros."""
    for i in range(len(array)):
        array[i] = 0.0


@part
def zeros(size, like):
    """Like `empty`, filled with zeros."""
    array = empty(size, like)
    clear(array)
    return array
