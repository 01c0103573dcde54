"""Compiled forward and backward passes of a transformer: logits, attention, loss, gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import transformer as kernels
from sim.messages import shown
from sim.models.contracts import DTYPES, Gradient
from sim.task.losses import Loss, position_weight

Array = NDArray[np.floating[Any]]

Architecture = Any  # a Transformer, whose own module imports this one


def logits(model: Architecture, tokens: ArrayLike) -> Array:
    """Logits at every position, eq. (4).

    Parameters
    ----------
    model : Transformer
    tokens : array_like of int, shape (n, T)
        T at most the model's length.

    Returns
    -------
    ndarray, shape (n, T, k)
        In the precision of the parameters.
    """
    return _run(model, tokens, 0)[0]


def attention_maps(model: Architecture, tokens: ArrayLike) -> list[Array]:
    """Attention of every head at every position, softmax(mask(A)) of eq. (5), as in Fig. 2.

    Parameters
    ----------
    model : Transformer
    tokens : array_like of int, shape (n, T)

    Returns
    -------
    list of ndarray, shape (n, heads, T, T)
        One array a layer; row i holds what position i reads, and sums to 1.
    """
    check_attention(model)
    return list(_run(model, tokens, model.layers)[1])


def _run(model: Architecture, tokens: ArrayLike, layers: int) -> tuple[Array, Array]:
    """Logits, and the attention in the first `layers` layers."""
    given = checks.tokens(tokens, model.k)
    check_context(model, given.shape[1])
    n, T = given.shape
    if layers:
        what = f"the attention maps of {n} sequences of length {T}"
        checks.memory(what, layers, model.heads, n, T, T)
    checks.memory(f"the logits of {n} sequences of length {T}", n, T, model.k)
    dtype = model.vector.dtype
    out = np.empty((n, T, model.k), dtype)
    attention = np.zeros((layers, model.heads, n, T, T), dtype)
    unused = np.empty(0, dtype)
    kernels.run(
        setting(model, kernels.NO_LOSS, 0.0),
        given,
        np.ones(n),
        np.ones(T),
        model.vector,
        out,
        attention,
        unused,
    )
    return out, attention.swapaxes(1, 2)


def targets(model: Architecture, tokens: ArrayLike) -> NDArray[np.int32]:
    """Tokens (n, T + 1), T at most the model's length: token p + 1 is the target at position p."""
    given = checks.tokens(tokens, model.k, minimum_length=2)
    check_context(model, given.shape[1] - 1, 1)
    return given


class LossGradient:
    """Loss and gradient of one architecture, without the checks: the inside of training loops.

    Calling it with ``tokens (n, T + 1) int32, sequence_weight (n,) float64, vector (P,)`` returns
    the weighted sum of losses and the gradient, overwritten by the next call.
    """

    def __init__(
        self, model: Architecture, loss: Loss, *, dtype: str = "float64", threads: int = 1
    ) -> None:
        checks.one_of("dtype", dtype, DTYPES)
        if checks.threads(threads) != 1:
            raise ValueError(f"threads must be 1 for a transformer model, got {threads}")
        if loss.compiled is None:
            raise TypeError(f"loss must be one that the kernels know, got {shown(loss)}")
        self._setting, self._at = setting(model, *loss.compiled), loss.at
        self._gradient = np.empty(model.vector.size, dtype)
        self._named = Gradient(parameters=self._gradient)
        self._unwanted = (np.empty((0, 0, 0), dtype), np.empty((0, 0, 0, 0, 0), dtype))

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, vector: Array
    ) -> tuple[float, Gradient]:
        value = kernels.run(
            self._setting,
            tokens,
            sequence_weight,
            position_weight(self._at, tokens.shape[1] - 1),
            vector,
            *self._unwanted,
            self._gradient,
        )
        return float(value), self._named


def setting(model: Architecture, loss_code: int, margin: float) -> kernels.Setting:
    """What the kernel takes for an architecture and a loss."""
    sizes = (model.k, model.width, model.heads, model.mlp)
    return kernels.Setting(*sizes, places(model), loss_code, margin)


def places(model: Architecture) -> NDArray[np.int64]:
    """Where the kernels find each weight in the flat vector, (layers + 1, slots); -1: nowhere."""
    ends = np.cumsum([int(np.prod(shape)) for shape in model.shapes.values()])
    begin = dict(zip(model.shapes, [0, *ends.tolist()], strict=False))
    prefixes = [*(f"layer{layer}." for layer in range(model.layers)), ""]
    return np.array([[begin.get(p + slot, -1) for slot in kernels.SLOTS] for p in prefixes])


def check_attention(model: Any) -> None:
    """Refuse a model that does not attend by softmax, layer by layer."""
    if not all(hasattr(model, name) for name in ("layers", "heads", "vector", "views")):
        raise TypeError(f"model must be a Transformer, got {shown(model)}")


def check_context(model: Architecture, context: int, targets: int = 0) -> None:
    """Refuse a context longer than the model's; `targets` more tokens were given."""
    if context > model.length:
        limit = f"length{' + 1' if targets else ''} = {model.length + targets}"
        raise ValueError(f"tokens must have length <= {limit}, got {context + targets}")
