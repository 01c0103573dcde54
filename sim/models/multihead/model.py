"""The minimal model with several heads, whose scores the second layer multiplies: for n-grams.

With one head it is eq. (8). Logits of n heads can be the counts of (n+1)-grams, which no sum of
heads can be: a history of n tokens is matched where all n tokens match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import multihead as kernels
from sim.models.minimal.model import NORMALIZATIONS, Gradient
from sim.models.minimal.settings import position_scale
from sim.task.losses import Loss

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MultiHeadModel:
    """f_{p,i} = sum_{t'<=p} 1{x_t'=i} prod_n sum_{s<=t'} v^n_{t'-s+1} W^n[x_{p-n+1}, x_s].

    Head n = 1..H asks with the token n - 1 places before the last. Positions p < H have no such
    token for every head; their logits are 0.

    Parameters
    ----------
    v : array_like, shape (H, T)
        Positional weights of each head; ``v[n, 0]`` belongs to the token itself.
    W : array_like, shape (H, k, k)
        Second-layer weights of each head, indexed ``[head, x_{p-n+1}, x_s]``.
    normalize : {"none", "length"}
        Leave the logits, or divide those of position p by p.

    Raises
    ------
    ValueError
        For a wrong shape, non-finite weights, an unknown option, or k**H histories that do not
        fit in memory.
    """

    v: Array
    W: Array
    normalize: str = "none"

    def __post_init__(self) -> None:
        W = checks.array("W", self.W, (None, None, None))
        v = checks.array("v", self.v, (None, None))
        if W.shape[0] < 1 or W.shape[1] != W.shape[2] or W.shape[1] < 2:
            raise ValueError(f"W must have shape (H, k, k) with H >= 1 and k >= 2, got {W.shape}")
        if len(v) != len(W) or v.shape[1] < 1:
            raise ValueError(f"v must have shape ({len(W)}, T) like W, with T >= 1, got {v.shape}")
        checks.histories(W.shape[1], len(W), "the counts of a model with k = {k} and {order} heads")
        checks.one_of("normalize", self.normalize, NORMALIZATIONS)
        object.__setattr__(self, "v", v)
        object.__setattr__(self, "W", W)

    @classmethod
    def constant(
        cls, T: int, k: int, heads: int, v: float = 0.02, W: float = 0.02, **options: str
    ) -> MultiHeadModel:
        """Every v_j equal and every entry of W equal, for all heads.

        With more than one head W must not be 0: every gradient would be.
        """
        checks.integer("T", T, 1)
        checks.integer("k", k, 2)
        heads = checks.integer("heads", heads, 1)
        checks.memory("the weights", heads, max(T, k * k))
        return cls(np.full((heads, T), float(v)), np.full((heads, k, k), float(W)), **options)

    @classmethod
    def counting(cls, T: int, k: int, heads: int, order: int, **options: str) -> MultiHeadModel:
        """Weights with which the logits are the counts of n-grams with a history of `order` tokens.

        Heads n <= order compare the token n places back, v^n = e_{n+1} and W^n = I; the others say
        1 always, v^n = e_1 and W^n = 1 1^T.

        Parameters
        ----------
        T : int
            More than `order`.
        k, heads : int
        order : int
            0 (unigram counts) to `heads`.
        """
        heads = checks.integer("heads", heads, 1)
        if checks.integer("order", order, 0) > heads:
            raise ValueError(f"order must be at most heads = {heads}, got {order}")
        checks.integer("T", T, order + 1)
        v, W = np.zeros((heads, T)), np.ones((heads, k, k))
        lags = [n + 1 if n < order else 0 for n in range(heads)]
        v[np.arange(heads), lags] = 1.0
        W[:order] = np.eye(checks.integer("k", k, 2))
        return cls(v, W, **options)

    @property
    def heads(self) -> int:
        """Number of heads H."""
        return len(self.v)

    @property
    def T(self) -> int:
        """Context length."""
        return self.v.shape[1]

    @property
    def k(self) -> int:
        """Number of states."""
        return self.W.shape[1]

    def with_weights(self, v: ArrayLike, W: ArrayLike) -> MultiHeadModel:
        """The same architecture with other weights."""
        return replace(self, v=np.asarray(v), W=np.asarray(W))

    def describe(self) -> dict[str, Any]:
        """The architecture as JSON-ready data, for provenance."""
        return {
            "model": "multihead",
            "k": self.k,
            "T": self.T,
            "heads": self.heads,
            "normalize": self.normalize,
        }


def logits(model: MultiHeadModel, tokens: ArrayLike) -> Array:
    """Logits at every position.

    Parameters
    ----------
    model : MultiHeadModel
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
    v = np.ascontiguousarray(model.v[:, :length])
    kernels.logits(given, v, position_scale(model.normalize, length), model.W, out)
    return out


def loss_and_gradient(
    model: MultiHeadModel, tokens: ArrayLike, loss: Loss
) -> tuple[float, Gradient]:
    """Average loss over sequences, eq. (6), and its exact gradient.

    Parameters
    ----------
    model : MultiHeadModel
    tokens : array_like of int, shape (n, T + 1)
        One longer than the model's context: token p + 1 is the target at position p.
    loss : Loss

    Returns
    -------
    value : float
    gradient : Gradient
        ``v (H, T)`` and ``W (H, k, k)``.
    """
    given = checks.tokens(tokens, model.k, minimum_length=2)
    if given.shape[1] != model.T + 1:
        raise ValueError(f"tokens must have length T + 1 = {model.T + 1}, got {given.shape[1]}")
    weight = np.full(len(given), 1.0 / len(given))
    return LossGradient(model, loss)(given, weight, model.v, model.W)


class LossGradient:
    """Loss and gradient of one architecture, without the checks: the inside of training loops.

    Calling it with ``tokens (n, T+1) int32, sequence_weight (n,), v (H, T), W (H, k, k)`` returns
    the weighted sum of losses and a Gradient whose arrays are overwritten by the next call.
    """

    def __init__(self, model: MultiHeadModel, loss: Loss) -> None:
        checks.instance("loss", loss, Loss, "a CrossEntropy(), Margin(delta) or Squared()")
        self._scale = position_scale(model.normalize, model.T)
        self._weight = loss.position_weight(model.T)
        self._loss = loss
        self._gradient = Gradient(np.empty_like(model.v), np.empty_like(model.W))

    def __call__(
        self, tokens: NDArray[np.int32], sequence_weight: Array, v: Array, W: Array
    ) -> tuple[float, Gradient]:
        value = kernels.loss_and_gradient(
            tokens, sequence_weight, np.ascontiguousarray(v), self._scale, self._weight,
            np.ascontiguousarray(W), self._loss.code, self._loss.margin, *self._gradient,
        )  # fmt: skip
        return float(value), self._gradient
