"""The paper's simplified two-layer linear-attention model, eq. (8), and its exact gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import minimal as kernels
from sim.messages import shown
from sim.models.contracts import Evaluator, Gradient, Parameters
from sim.models.minimal.gradient import LossGradient, first_layer_table
from sim.models.minimal.last_token import PairCountScorer
from sim.models.minimal.learner import FusedLearner
from sim.models.minimal.readable import ReadableGradient
from sim.models.minimal.settings import Architecture, unrolled_states
from sim.models.model import Model
from sim.models.normalization import NORMALIZATIONS, position_scale
from sim.models.two_weights import context, targets, weight_measures
from sim.task.batches import BatchStream
from sim.task.losses import Loss, check_loss

Array = NDArray[np.float64]

FIRST_LAYERS = ("linear", "softmax")


@dataclass(frozen=True, eq=False)
class MinimalModel(Model):
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

    name: ClassVar[str] = "minimal"
    settings: ClassVar[tuple[str, ...]] = ("first_layer", "normalize", "init_v", "init_W")

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
        """The paper's deterministic initial weights: all v_j equal, all entries of W equal."""
        T, k = checks.integer("T", T, 1), checks.integer("k", k, 2)
        checks.memory(f"a model with T = {shown(T)}", T)
        checks.memory(f"a model with k = {shown(k)}", k, k)
        v, W = checks.number("v", v), checks.number("W", W)
        return cls(np.full(T, v), np.full((k, k), W), **options)

    @classmethod
    def from_settings(cls, settings: Any) -> MinimalModel:
        return cls.constant(
            settings.length, settings.k, v=settings.init_v, W=settings.init_W or 0.0,
            first_layer=settings.first_layer, normalize=settings.normalize,
        )  # fmt: skip

    @classmethod
    def compiled_examples(cls) -> tuple[MinimalModel, ...]:
        # kernels are unrolled over the states for k = 2 and 3
        return tuple(cls.constant(4, k) for k in (2, 3, 4))

    @property
    def T(self) -> int:  # type: ignore[override]
        """Context length."""
        return self.v.size

    @property
    def k(self) -> int:  # type: ignore[override]
        """Number of states."""
        return self.W.shape[0]

    @property
    def architecture(self) -> Architecture:
        """What the kernels need to know about the model besides its weights."""
        return Architecture(self.k, self.T, self.first_layer, self.normalize)

    @property
    def parameters(self) -> Parameters:
        return {"v": self.v, "W": self.W}

    def with_parameters(self, v: ArrayLike, W: ArrayLike) -> MinimalModel:  # type: ignore[override]
        """The same architecture with other weights."""
        return replace(self, v=np.asarray(v), W=np.asarray(W))

    def describe(self) -> dict[str, Any]:
        return {"model": self.name, **self.architecture._asdict()}

    @classmethod
    def from_description(cls, description: dict[str, Any], parameters: Parameters) -> MinimalModel:
        known = ("first_layer", "normalize")
        options: dict[str, Any] = {name: description[name] for name in known if name in description}
        return cls(parameters["v"], parameters["W"], **options)

    def logits(self, tokens: ArrayLike) -> Array:
        """Logits (n, T', k) at every position, eq. (8) / (A.10)."""
        given = context(self, tokens)
        length = given.shape[1]
        out = np.empty((*given.shape, self.k))
        lags, row_scale = first_layer_table(self.v[:length], self.first_layer == "softmax")
        scale = position_scale(self.normalize, length)
        kernels.logits(unrolled_states(self.k), given, lags, row_scale, scale, self.W, out)
        return out

    def loss_and_gradient(self, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]:
        given = targets(self, tokens)
        weight = np.full(len(given), 1.0 / len(given))
        value, gradient = self.evaluator(loss)(given, weight, self.v, self.W)
        return value, Gradient(gradient)

    def evaluator(
        self, loss: Loss, *, dtype: str = "float64", threads: int = 1, convolution: str = "auto"
    ) -> Evaluator:
        """As for `Model`; `convolution` is "auto", "direct" or "fourier"."""
        if check_loss(loss).compiled is None:
            return ReadableGradient(self, loss, dtype=dtype, threads=threads)
        return LossGradient(
            self.architecture, loss, dtype=dtype, convolution=convolution, threads=threads
        )

    def online_learner(
        self, stream: BatchStream, loss: Loss, optimizer: Any, *, dtype: str, threads: int
    ) -> FusedLearner | None:
        plain = optimizer.plain_rates(2)
        if plain is None or loss.compiled is None:
            return None
        return FusedLearner(self, stream, loss, plain, dtype=dtype, threads=threads)

    def last_token_scorer(self, context: NDArray[np.int32]) -> Callable[[Parameters], Array]:
        if PairCountScorer.pays(self.architecture, context):
            return PairCountScorer(self.architecture, context)
        return super().last_token_scorer(context)

    def measures(self, tokens: NDArray[np.int32] | None) -> dict[str, float]:
        return weight_measures(self.v, self.W)

    def lag_weights(self) -> tuple[Array, str]:
        return self.v, "$v_j$"

    def state_weights(self) -> Array:
        return self.W
