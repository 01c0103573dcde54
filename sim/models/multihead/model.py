"""The minimal model with several heads, whose scores the second layer multiplies: for n-grams.

With one head it is eq. (8). Logits of n heads can be the counts of (n+1)-grams, which no sum of
heads can be: a history of n tokens is matched where all n tokens match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import multihead as kernels
from sim.messages import shown
from sim.models.contracts import Evaluator, Gradient, Parameters
from sim.models.model import Model
from sim.models.multihead.gradient import LossGradient
from sim.models.multihead.readable import ReadableGradient
from sim.models.normalization import NORMALIZATIONS, position_scale
from sim.models.two_weights import context, targets, weight_measures
from sim.task.losses import Loss, check_loss

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MultiHeadModel(Model):
    """f_{p,i} = sum_{t'<=p} 1{x_t'=i} prod_n sum_{s<=t'} v^n_{t'-s+1} W^n[x_{p-n+1}, x_s].

    Head n = 1..H takes its query from the token n - 1 places before the last. At positions p < H
    some head has no such token, and the logits are 0.

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

    name: ClassVar[str] = "multihead"
    settings: ClassVar[tuple[str, ...]] = ("first_layer", "normalize", "init_v", "init_W", "heads")

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
        T, k = checks.integer("T", T, 1), checks.integer("k", k, 2)
        heads = checks.integer("heads", heads, 1)
        checks.memory("the weights", heads, max(T, k * k))
        v, W = checks.number("v", v), checks.number("W", W)
        return cls(np.full((heads, T), v), np.full((heads, k, k), W), **options)

    @classmethod
    def counting(cls, T: int, k: int, heads: int, order: int, **options: str) -> MultiHeadModel:
        """Weights with which the logits are the counts of n-grams with a history of `order` tokens.

        Heads n <= order compare the token n places back: v^n = e_{n+1} and W^n = I. The scores of
        the others are always 1: v^n = e_1 and W^n = 1 1^T.

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
        T, k = checks.integer("T", T, order + 1), checks.integer("k", k, 2)
        checks.memory("the weights", heads, max(T, k * k))
        v, W = np.zeros((heads, T)), np.ones((heads, k, k))
        lags = [n + 1 if n < order else 0 for n in range(heads)]
        v[np.arange(heads), lags] = 1.0
        W[:order] = np.eye(k)
        return cls(v, W, **options)

    @property
    def heads(self) -> int:
        """Number of heads H."""
        return len(self.v)

    @property
    def T(self) -> int:  # type: ignore[override]
        """Context length."""
        return self.v.shape[1]

    @property
    def k(self) -> int:  # type: ignore[override]
        """Number of states."""
        return self.W.shape[1]

    @classmethod
    def from_settings(cls, settings: Any) -> MultiHeadModel:
        if settings.first_layer != "linear":
            raise ValueError(
                f"first_layer must be linear for a multihead model, got "
                f"{shown(settings.first_layer)}"
            )
        if settings.init_W == 0 and settings.heads > 1:
            raise ValueError(
                "init_W must not be 0 for several heads: every gradient would be, got 0"
            )
        start = {} if settings.init_W is None else {"W": settings.init_W}
        return cls.constant(
            settings.length, settings.k, settings.heads, v=settings.init_v,
            normalize=settings.normalize, **start,
        )  # fmt: skip

    @classmethod
    def compiled_examples(cls) -> tuple[MultiHeadModel, ...]:
        return (cls.constant(4, 2, 2),)

    @property
    def parameters(self) -> Parameters:
        return {"v": self.v, "W": self.W}

    def with_parameters(self, v: ArrayLike, W: ArrayLike) -> MultiHeadModel:  # type: ignore[override]
        """The same architecture with other weights."""
        return replace(self, v=np.asarray(v), W=np.asarray(W))

    def describe(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "k": self.k,
            "T": self.T,
            "heads": self.heads,
            "normalize": self.normalize,
        }

    @classmethod
    def from_description(
        cls, description: dict[str, Any], parameters: Parameters
    ) -> MultiHeadModel:
        return cls(parameters["v"], parameters["W"], normalize=description.get("normalize", "none"))

    def logits(self, tokens: ArrayLike) -> Array:
        """Logits (n, T', k) at every position."""
        given = context(self, tokens)
        length = given.shape[1]
        out = np.empty((*given.shape, self.k))
        v = np.ascontiguousarray(self.v[:, :length])
        kernels.logits(given, v, position_scale(self.normalize, length), self.W, out)
        return out

    def loss_and_gradient(self, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]:
        given = targets(self, tokens)
        weight = np.full(len(given), 1.0 / len(given))
        value, gradient = self.evaluator(loss)(given, weight, self.v, self.W)
        return value, Gradient(gradient)

    def evaluator(self, loss: Loss, *, dtype: str = "float64", threads: int = 1) -> Evaluator:
        kind = ReadableGradient if check_loss(loss).compiled is None else LossGradient
        return kind(self, loss, dtype=dtype, threads=threads)

    def measures(self, tokens: NDArray[np.int32] | None) -> dict[str, float]:
        """Those of each head: ``balance_1``, ..."""
        return {
            f"{name}_{head}": value
            for head, (v, W) in enumerate(zip(self.v, self.W, strict=True), start=1)
            for name, value in weight_measures(v, W).items()
        }

    def lag_weights(self) -> tuple[Array, str]:
        return self.v, "$v_j$"

    def state_weights(self) -> Array:
        return self.W
