"""Compiled loss and gradient of the minimal model, for training loops: no argument checks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.kernels import minimal as kernels
from sim.models.contracts import Gradient
from sim.models.minimal.settings import Architecture, kernel_setting
from sim.task.losses import Loss

Array = NDArray[np.float64]

# so many sums of chunks are kept at once
MOST_CHUNKS = 256


class LossGradient:
    """Loss and gradient of one architecture, without the checks: the inside of training loops.

    Calling it with ``tokens (n, T+1) int32, sequence_weight (n,), v (T,), W (k, k)`` returns the
    weighted sum of losses and a Gradient whose arrays are overwritten by the next call.

    Parameters
    ----------
    architecture : Architecture
    loss : Loss
        One that the kernels know.
    dtype : {"float64", "float32"}
        Of all arithmetic.
    convolution : {"auto", "direct", "fourier"}
        How the first layer is carried out; "auto" takes the one expected to be faster.
    threads : int
        Sequences are shared out among so many threads; the result has the same bits for each.
    """

    def __init__(
        self,
        architecture: Architecture,
        loss: Loss,
        *,
        dtype: str = "float64",
        convolution: str = "auto",
        threads: int = 1,
    ) -> None:
        self.setting = kernel_setting(architecture, loss, dtype, convolution)
        self.threads = checks.threads(threads)
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        T, k = architecture.T, architecture.k
        self._sum = np.empty(kernels.partial_size(T, k))
        self._gradient = Gradient(v=self._sum[:T], W=self._sum[2 * T : -1].reshape(k, k))
        self._ones = np.ones(T, dtype)
        self._partial = np.empty((0, self._sum.size), dtype)

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        setting, dtype = self.setting, self._partial.dtype
        weights, v, W = (np.ascontiguousarray(array, dtype) for array in (sequence_weight, v, W))
        groups = -(-int(np.count_nonzero(weights)) // kernels.CHUNK)
        size = kernels.CHUNK * max(1, -(-groups // MOST_CHUNKS))
        chunks = max(1, -(-groups * kernels.CHUNK // size))
        if len(self._partial) != chunks:
            self._partial = np.empty((chunks, self._sum.size), dtype)
        table = (v, self._ones)
        if setting.softmax:
            table = first_layer_table(v, True)
        alone = self._pool is None or chunks == 1

        def fill(first: int, stop: int) -> None:
            kernels.chunk_gradients(
                setting, tokens, weights, *table, W, size, first, stop, self._partial,
                self._sum if alone else self._sum[:0],
            )  # fmt: skip

        if alone:
            fill(0, chunks)
        else:
            self._share_out(fill, chunks)
            kernels.add_chunks(setting.softmax, *table, self._partial, self._sum)
        return float(self._sum[-1]), self._gradient

    def _share_out(self, fill: Callable[[int, int], None], chunks: int) -> None:
        assert self._pool is not None
        edges = np.linspace(0, chunks, min(self.threads, chunks) + 1).astype(int).tolist()
        *others, own = pairwise(edges)
        jobs = [self._pool.submit(fill, *pair) for pair in others]
        fill(*own)  # this thread would only wait
        for job in jobs:
            job.result()


def first_layer_table(v: NDArray[Any], softmax: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lag weights u and row scales r with M[t', s] = r_t' u_{t'-s+1}, both ``(T,)``."""
    lag_weight, row_scale = np.empty_like(v), np.empty_like(v)
    if not kernels.first_layer(v, softmax, lag_weight, row_scale):
        raise ValueError(
            f"v must spread over at most {kernels.SOFTMAX_RANGE:g} for a softmax first layer, "
            f"got {v.max() - v.min():g}"
        )
    return lag_weight, row_scale
