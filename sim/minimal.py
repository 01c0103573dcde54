"""The paper's simplified two-layer linear-attention model, eq. (8), and its exact gradient."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import minimal as kernels
from sim.kernels._jit import has_compiled
from sim.losses import Loss

Array = NDArray[np.float64]

FIRST_LAYERS = ("linear", "softmax")
NORMALIZATIONS = ("none", "length")
# beyond this spread of v, exp(v - max v) underflows and early rows of the softmax vanish
SOFTMAX_RANGE = 700.0


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
    lag_weight, row_scale = first_layer_table(model.v[:length], model.first_layer)
    kernels.logits(given, lag_weight, row_scale, position_scale(model, length), model.W, out)
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
    """

    def __init__(self, model: MinimalModel, loss: Loss) -> None:
        checks.instance("loss", loss, Loss, "a CrossEntropy(), Margin(delta) or Squared()")
        self._first_layer = model.first_layer
        self._loss = loss
        self._position_scale = position_scale(model, model.T)
        self._position_weight = loss.position_weight(model.T)
        self._d_row = np.empty(model.T)
        self._gradient = Gradient(np.empty(model.T), np.empty((model.k, model.k)))

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        lag_weight, row_scale = first_layer_table(v, self._first_layer)
        value = kernels.loss_and_gradient(
            tokens,
            sequence_weight,
            lag_weight,
            row_scale,
            self._position_scale,
            self._position_weight,
            W,
            self._loss.code,
            self._loss.margin,
            self._gradient.v,
            self._d_row,
            self._gradient.W,
        )
        if self._first_layer == "softmax":
            # u = exp(v - max), row t' is scaled by r = 1 / sum_{j<=t'} u_j
            through_rows = np.cumsum((self._d_row * row_scale**2)[::-1])[::-1]
            self._gradient.v[:] = lag_weight * (self._gradient.v - through_rows)
        return value, self._gradient


def announce_compilation() -> None:
    """Say on stderr that the first call will take longer, if it will."""
    if not has_compiled(kernels.loss_and_gradient):
        print("compiling the kernels, once: about 20 seconds", file=sys.stderr, flush=True)


def first_layer_table(v: Array, first_layer: str) -> tuple[Array, Array]:
    """Lag weights u and row scales r with M[t', s] = r_t' u_{t'-s+1}, both ``(T,)``."""
    if first_layer == "linear":
        return v, np.ones_like(v)
    if not v.max() - v.min() <= SOFTMAX_RANGE:
        raise ValueError(
            f"v must spread over at most {SOFTMAX_RANGE:g} for a softmax first layer, "
            f"got {v.max() - v.min():g}"
        )
    lag_weight = np.exp(v - v.max())
    return lag_weight, 1.0 / np.cumsum(lag_weight)


def position_scale(model: MinimalModel, length: int) -> Array:
    """Factor on the logits of each position, ``(length,)``."""
    if model.normalize == "none":
        return np.ones(length)
    return 1.0 / np.arange(1.0, length + 1.0)
