"""The paper's simplified two-layer linear-attention model, eq. (8), and its exact gradient."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import minimal as kernels
from sim.models.minimal.settings import KernelSetting, position_scale, unrolled_states
from sim.task.losses import Loss

Array = NDArray[np.float64]

FIRST_LAYERS = ("linear", "softmax")
NORMALIZATIONS = ("none", "length")
# so many sums of chunks are kept at once
MOST_CHUNKS = 256


@dataclass(frozen=True, eq=False)
class MinimalModel:
    """f_{p,i} = sum_{t'<=p} 1{x_t'=i} sum_{s<=t'} M[t',s] W[x_p, x_s].

    Eq. (8) of arXiv:2402.11004v1, in the form of (A.10).

    Parameters
    ----------
    v : array_like, shape (T,)
        Positional weights; ``v[0]`` is the paper's v_1 (the current token), ``v[1]`` looks one
        token back.
    W : array_like, shape (k, k)
        Second-layer weights W_k, indexed ``[x_p, x_s]``.
    first_layer : {"linear", "softmax"}
        M[t', s] = v_{t'-s+1}, or the softmax of v over the lags available at t'.
    normalize : {"none", "length"}
        Leave the logits, or divide those of position p by p.

    Raises
    ------
    ValueError
        For a wrong shape, non-finite weights or an unknown option.
    """

    v: Array
    W: Array
    first_layer: str = "linear"
    normalize: str = "none"

    def __post_init__(self) -> None:
        W = checks.array("W", self.W, (None, None))
        v = checks.array("v", self.v, (None,))
        if W.shape[0] != W.shape[1] or W.shape[0] < 2:
            raise ValueError(f"W must have shape (k, k) with k >= 2, got {W.shape}")
        if v.size < 1:
            raise ValueError("v must have shape (T,) with T >= 1, got (0,)")
        checks.one_of("first_layer", self.first_layer, FIRST_LAYERS)
        checks.one_of("normalize", self.normalize, NORMALIZATIONS)
        object.__setattr__(self, "v", v)
        object.__setattr__(self, "W", W)

    @classmethod
    def constant(
        cls, T: int, k: int, v: float = 0.02, W: float = 0.0, **options: str
    ) -> MinimalModel:
        """The deterministic start of the paper: every v_j equal, every entry of W equal."""
        checks.integer("T", T, 1)
        checks.integer("k", k, 2)
        return cls(np.full(T, float(v)), np.full((k, k), float(W)), **options)

    @property
    def T(self) -> int:
        """Context length."""
        return self.v.size

    @property
    def k(self) -> int:
        """Number of states."""
        return self.W.shape[0]

    def with_weights(self, v: ArrayLike, W: ArrayLike) -> MinimalModel:
        """The same architecture with other weights."""
        return replace(self, v=np.asarray(v), W=np.asarray(W))

    def describe(self) -> dict[str, Any]:
        """The architecture as JSON-ready data, for provenance."""
        return {
            "model": "minimal",
            "k": self.k,
            "T": self.T,
            "first_layer": self.first_layer,
            "normalize": self.normalize,
        }


class Gradient(NamedTuple):
    """Gradient with the shapes of the model's weights: ``v (T,)`` and ``W (k, k)``."""

    v: Array
    W: Array


def logits(model: MinimalModel, tokens: ArrayLike) -> Array:
    """Logits at every position, eq. (8) / (A.10).

    Parameters
    ----------
    model : MinimalModel
    tokens : array_like of int, shape (n, T)
        T at most the model's context length.

    Returns
    -------
    ndarray, shape (n, T, k)
    """
    given = checks.tokens(tokens, model.k)
    length = given.shape[1]
    if length > model.T:
        raise ValueError(f"tokens must have length <= T = {model.T}, got {length}")
    out = np.empty((*given.shape, model.k))
    lag_weight, row_scale = first_layer_table(model.v[:length], model.first_layer == "softmax")
    scale = position_scale(model.normalize, length)
    kernels.logits(unrolled_states(model.k), given, lag_weight, row_scale, scale, model.W, out)
    return out


def loss_and_gradient(model: MinimalModel, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]:
    """Average loss over sequences, eq. (6), and its exact gradient.

    Parameters
    ----------
    model : MinimalModel
    tokens : array_like of int, shape (n, T + 1)
        One longer than the model's context: token p + 1 is the target at position p.
    loss : Loss

    Returns
    -------
    value : float
    gradient : Gradient
        ``v (T,)`` and ``W (k, k)``.
    """
    given = checks.tokens(tokens, model.k, minimum_length=2)
    if given.shape[1] != model.T + 1:
        raise ValueError(f"tokens must have length T + 1 = {model.T + 1}, got {given.shape[1]}")
    weight = np.full(len(given), 1.0 / len(given))
    value, gradient = LossGradient(model, loss)(given, weight, model.v, model.W)
    return value, gradient


class LossGradient:
    """Loss and gradient of one architecture, without the checks: the inside of training loops.

    Calling it with ``tokens (n, T+1) int32, sequence_weight (n,), v (T,), W (k, k)`` returns the
    weighted sum of losses and a Gradient whose arrays are overwritten by the next call.

    Parameters
    ----------
    model : MinimalModel
        Its architecture; weights are given in each call.
    loss : Loss
    dtype : {"float64", "float32"}
        Of all arithmetic.
    convolution : {"auto", "direct", "fourier"}
        How the first layer is carried out; "auto" takes the one expected to be faster.
    threads : int
        Sequences are shared out among so many threads; the result has the same bits for each.
    """

    def __init__(
        self,
        model: MinimalModel,
        loss: Loss,
        *,
        dtype: str = "float64",
        convolution: str = "auto",
        threads: int = 1,
    ) -> None:
        self.setting = KernelSetting.of(model, loss, dtype, convolution)
        self.threads = checks.integer("threads", threads, 1)
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        T, k = model.T, model.k
        self._sum = np.empty(kernels.partial_size(T, k))
        self._gradient = Gradient(self._sum[:T], self._sum[2 * T : -1].reshape(k, k))
        self._ones = np.ones(T, self.setting.dtype)
        self._partial = np.empty((0, self._sum.size), self.setting.dtype)

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
                setting.states, tokens, weights, *table, setting.position_scale,
                setting.position_weight, W, setting.loss_code, setting.margin, setting.softmax,
                setting.twist, setting.roots, size, first, stop, self._partial,
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
