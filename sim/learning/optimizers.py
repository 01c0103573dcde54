"""SGD, Adam and AdamW on one flat vector of parameters, with optional gradient clipping.

An optimizer is given to `sim.train` by name or as an instance; a rule of your own is a subclass of
`Optimizer` with `_apply`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.learning.rates import Rates, each, fraction, plain, rates
from sim.messages import shown

Vector = NDArray[np.floating[Any]]


class Optimizer:
    """Base class of the update rules: the learning rate, clipping, and the number of updates.

    Parameters
    ----------
    learning_rate : float or tuple of float
        eta >= 0, one number or one for each array of parameters (v and W); not all 0.
    clip : float, optional
        Largest Euclidean norm of a gradient; longer ones are scaled down to it. Off if not given.

    Attributes
    ----------
    step : int
        Updates so far.
    """

    name = ""

    def __init__(self, learning_rate: Rates, *, clip: float | None = None) -> None:
        self.learning_rate = rates("learning_rate", learning_rate)
        if not np.any(self.learning_rate):
            raise ValueError(
                "learning_rate must be positive for at least one array of parameters, got "
                f"{learning_rate!r}"
            )
        self.clip = None if clip is None else checks.real("clip", clip)
        self.step = 0
        self._size: int | None = None
        self._arrays: list[int] | None = None

    def arrange(self, sizes: Sequence[int]) -> None:
        """Set how many entries of the vector belong to each array of parameters.

        Must be called before the first update if rates differ between arrays.

        Raises
        ------
        ValueError
            If there are not as many rates as arrays.
        """
        self._arrays = [int(size) for size in sizes]
        each("learning_rate", self.learning_rate, len(self._arrays))

    @property
    def rates(self) -> tuple[float, ...]:
        """Learning rate of each array of parameters."""
        return each("learning_rate", self.learning_rate, len(self._arrays or [0]))

    @property
    def decays(self) -> tuple[float, ...]:
        """Weight decay of each array of parameters."""
        return each("weight_decay", getattr(self, "weight_decay", 0.0), len(self._arrays or [0]))

    def plain_rates(self, arrays: int) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Learning rates and weight decays if the rule is w <- w - eta (gradient + lambda w)."""
        return None

    def update(self, parameters: Vector, gradient: ArrayLike) -> None:
        """Change the parameters (P,) in place by one step against the gradient (P,).

        The optimizer's own state is float64 or, for float32 parameters, float32. The gradient is
        left as it is.

        Raises
        ------
        TypeError, ValueError
            If `parameters` is not a flat float vector, or a shape differs from the first update's.
        """
        if not isinstance(parameters, np.ndarray) or parameters.dtype.kind != "f":
            raise TypeError(f"parameters must be a float array, got {type(parameters).__name__}")
        slope = checks.real_array("gradient", gradient).astype(parameters.dtype, copy=False)
        size = parameters.size if self._size is None else self._size
        for name, given in (("parameters", parameters), ("gradient", slope)):
            if given.shape != (size,):
                raise ValueError(f"{name} must have shape ({size},), got {given.shape}")
        if self._size is None:
            self._size = size
            self._begin(parameters)
        self.step += 1
        self._apply(parameters, clipped(slope, self.clip))

    def _spread(self, name: str, value: Rates, parameters: Vector) -> Any:
        """A rate as the rule uses it: one number, or one for each entry of the vector."""
        if not isinstance(value, tuple):
            return value
        if len(set(value)) == 1:
            return value[0]
        if self._arrays is None or sum(self._arrays) != parameters.size:
            raise ValueError(f"{name} {value} needs `arrange` with the sizes of the arrays")
        return np.repeat(each(name, value, len(self._arrays)), self._arrays).astype(
            parameters.dtype
        )

    def describe(self) -> dict[str, Any]:
        """The rule and its settings as JSON-ready data, for provenance."""
        settings = {"learning_rate": plain(self.learning_rate), "clip": self.clip}
        return {"optimizer": self.name} | settings

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything it remembers: its attributes that are arrays or numbers, copied."""
        kept = (np.ndarray, int, float)
        return {
            name: np.array(value) for name, value in vars(self).items() if isinstance(value, kept)
        }

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go on from where `state` was taken."""
        for name, value in state.items():
            setattr(self, name, value.copy() if value.ndim else value.item())

    def _begin(self, parameters: Vector) -> None:
        """Allocate the state, at the first update: arrays and numbers, in attributes."""

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """w <- w - eta m with m <- mu m + gradient + lambda w.

    Parameters
    ----------
    learning_rate : float or tuple of float
        As for every Optimizer.
    momentum : float
        mu in [0, 1); 0 is plain gradient descent.
    weight_decay : float or tuple of float
        lambda >= 0, one number or one for each array of parameters.
    clip : float, optional
        As for every Optimizer; of the gradient without the decay.
    """

    name = "sgd"

    def __init__(
        self,
        learning_rate: Rates,
        *,
        momentum: float = 0.0,
        weight_decay: Rates = 0.0,
        clip: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip=clip)
        self.momentum = fraction("momentum", momentum)
        self.weight_decay = rates("weight_decay", weight_decay)

    def describe(self) -> dict[str, Any]:
        settings = {"momentum": self.momentum, "weight_decay": plain(self.weight_decay)}
        return super().describe() | settings

    def arrange(self, sizes: Sequence[int]) -> None:
        super().arrange(sizes)
        each("weight_decay", self.weight_decay, len(sizes))

    def plain_rates(self, arrays: int) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        if self.momentum or self.clip is not None:
            return None
        learning_rate = each("learning_rate", self.learning_rate, arrays)
        return learning_rate, each("weight_decay", self.weight_decay, arrays)

    def _begin(self, parameters: Vector) -> None:
        self._velocity = np.zeros_like(parameters)
        self._rate = self._spread("learning_rate", self.learning_rate, parameters)
        self._decay = self._spread("weight_decay", self.weight_decay, parameters)

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        self._velocity *= self.momentum
        self._velocity += gradient
        if np.any(self._decay):
            self._velocity += self._decay * parameters
        parameters -= self._rate * self._velocity


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015): w <- w - eta m_hat / (sqrt(s_hat) + epsilon).

    m and s are running means of the gradient and its square, m_hat and s_hat the same divided by
    1 - beta**step, which makes them averages from the first step on.

    Parameters
    ----------
    learning_rate : float or tuple of float
        As for every Optimizer.
    betas : (float, float)
        Memory of m and of s, each in [0, 1).
    epsilon : float
    clip : float, optional
        As for every Optimizer.
    """

    name = "adam"

    def __init__(
        self,
        learning_rate: Rates,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        clip: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip=clip)
        if not isinstance(betas, list | tuple | np.ndarray) or len(betas) != 2:
            raise ValueError(f"betas must be two numbers in [0, 1), got {shown(betas)}")
        self.betas = (fraction("betas[0]", betas[0]), fraction("betas[1]", betas[1]))
        self.epsilon = checks.real("epsilon", epsilon)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"betas": list(self.betas), "epsilon": self.epsilon}

    def _begin(self, parameters: Vector) -> None:
        self._rate = self._spread("learning_rate", self.learning_rate, parameters)
        self._mean = np.zeros_like(parameters)
        self._square = np.zeros_like(parameters)

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        first, second = self.betas
        self._mean += (1.0 - first) * (gradient - self._mean)
        self._square += (1.0 - second) * (gradient * gradient - self._square)
        scale = np.sqrt(self._square / (1.0 - second**self.step)) + self.epsilon
        parameters -= self._rate / (1.0 - first**self.step) * (self._mean / scale)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), the paper's optimizer.

    Before the Adam step the decayed parameters shrink, w <- (1 - eta lambda) w.

    Parameters
    ----------
    learning_rate : float or tuple of float
        As for every Optimizer.
    weight_decay : float
        lambda >= 0; the default is PyTorch's.
    decayed : array_like of bool, shape (P,), optional
        Which parameters decay. Common practice decays matrices and spares embeddings, gains and
        biases: that is ``Transformer.decayed["parameters"]``. All of them if not given, which is
        what PyTorch's AdamW does with ``model.parameters()``.
    betas, epsilon, clip
        As for Adam.
    """

    name = "adamw"

    def __init__(
        self,
        learning_rate: Rates,
        *,
        weight_decay: float = 0.01,
        decayed: ArrayLike | None = None,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        clip: float | None = None,
    ) -> None:
        super().__init__(learning_rate, betas=betas, epsilon=epsilon, clip=clip)
        self.weight_decay = checks.real("weight_decay", weight_decay, strict=False)
        self._decayed = None if decayed is None else _mask(decayed)

    def describe(self) -> dict[str, Any]:
        count = "all" if self._decayed is None else int(self._decayed.sum())
        decay = {"weight_decay": self.weight_decay, "decayed_parameters": count}
        return super().describe() | decay

    def _begin(self, parameters: Vector) -> None:
        super()._begin(parameters)
        mask = np.ones(parameters.shape, bool) if self._decayed is None else self._decayed
        if mask.shape != parameters.shape:
            raise ValueError(f"decayed must have shape {parameters.shape}, got {mask.shape}")
        self._decay = mask.astype(parameters.dtype)

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        if self.weight_decay:
            parameters *= 1.0 - (self._rate * self.weight_decay) * self._decay
        super()._apply(parameters, gradient)


def _mask(decayed: ArrayLike) -> NDArray[np.bool_]:
    try:
        mask = np.asarray(decayed)
    except ValueError:  # rows of different lengths
        mask = np.empty(0)
    if mask.dtype != np.bool_ or mask.ndim != 1:
        raise TypeError(f"decayed must hold True and False, got {shown(decayed)}")
    return mask


OPTIMIZERS: dict[str, type[Optimizer]] = {rule.name: rule for rule in (SGD, Adam, AdamW)}


def clipped(gradient: Vector, limit: float | None) -> Vector:
    """The gradient, scaled down to Euclidean norm `limit` if it is longer."""
    if limit is None:
        return gradient
    length = float(np.sqrt(np.sum(gradient.astype(np.float64) ** 2)))
    if length <= limit or not np.isfinite(length):
        return gradient
    return gradient * gradient.dtype.type(limit / length)
