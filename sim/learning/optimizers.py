"""Update rules on one flat vector of parameters: SGD, Adam and AdamW, with clipping if asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks

Vector = NDArray[np.floating[Any]]


class Optimizer:
    """Common part of the update rules: the learning rate, clipping, and the number of updates.

    Parameters
    ----------
    learning_rate : float
        eta > 0; may be changed between updates.
    clip : float, optional
        Largest Euclidean norm of a gradient; longer ones are scaled down to it. Off if not given.

    Attributes
    ----------
    step : int
        Updates so far.
    """

    name = ""

    def __init__(self, learning_rate: float, *, clip: float | None = None) -> None:
        self.learning_rate = checks.real("learning_rate", learning_rate)
        self.clip = None if clip is None else checks.real("clip", clip)
        self.step = 0
        self._size: int | None = None

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
        slope = np.asarray(gradient, dtype=parameters.dtype)
        size = parameters.size if self._size is None else self._size
        for name, given in (("parameters", parameters), ("gradient", slope)):
            if given.shape != (size,):
                raise ValueError(f"{name} must have shape ({size},), got {given.shape}")
        if self._size is None:
            self._size = size
            self._begin(parameters)
        self.step += 1
        self._apply(parameters, clipped(slope, self.clip))

    def describe(self) -> dict[str, Any]:
        """The rule and its settings as JSON-ready data, for provenance."""
        settings = {"learning_rate": self.learning_rate, "clip": self.clip}
        return {"optimizer": self.name} | settings

    def _begin(self, parameters: Vector) -> None:
        """Allocate the state, at the first update."""

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        raise NotImplementedError


class SGD(Optimizer):
    """w <- w - eta m with m <- mu m + gradient.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        mu in [0, 1); 0 is plain gradient descent.
    clip : float, optional
        As for every Optimizer.
    """

    name = "sgd"

    def __init__(
        self, learning_rate: float, *, momentum: float = 0.0, clip: float | None = None
    ) -> None:
        super().__init__(learning_rate, clip=clip)
        self.momentum = fraction("momentum", momentum)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"momentum": self.momentum}

    def _begin(self, parameters: Vector) -> None:
        self._velocity = np.zeros_like(parameters)

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        self._velocity *= self.momentum
        self._velocity += gradient
        parameters -= self.learning_rate * self._velocity


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015): w <- w - eta m_hat / (sqrt(s_hat) + epsilon).

    m and s are running means of the gradient and its square, m_hat and s_hat the same divided by
    1 - beta**step, which makes them averages from the first step on.

    Parameters
    ----------
    learning_rate : float
    betas : (float, float)
        Memory of m and of s, each in [0, 1).
    epsilon : float
    clip : float, optional
        As for every Optimizer.
    """

    name = "adam"

    def __init__(
        self,
        learning_rate: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        clip: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip=clip)
        if len(betas) != 2:
            raise ValueError(f"betas must be two numbers in [0, 1), got {betas!r}")
        self.betas = (fraction("betas[0]", betas[0]), fraction("betas[1]", betas[1]))
        self.epsilon = checks.real("epsilon", epsilon)

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"betas": list(self.betas), "epsilon": self.epsilon}

    def _begin(self, parameters: Vector) -> None:
        self._mean = np.zeros_like(parameters)
        self._square = np.zeros_like(parameters)

    def _apply(self, parameters: Vector, gradient: Vector) -> None:
        first, second = self.betas
        self._mean += (1.0 - first) * (gradient - self._mean)
        self._square += (1.0 - second) * (gradient * gradient - self._square)
        scale = np.sqrt(self._square / (1.0 - second**self.step)) + self.epsilon
        parameters -= self.learning_rate / (1.0 - first**self.step) * (self._mean / scale)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), the paper's optimizer.

    Before the Adam step the decayed parameters shrink, w <- (1 - eta lambda) w.

    Parameters
    ----------
    learning_rate : float
    weight_decay : float
        lambda >= 0; the default is PyTorch's.
    decayed : array_like of bool, shape (P,), optional
        Which parameters decay. Common practice decays matrices and spares embeddings, gains and
        biases: that is `Transformer.decayed`. All of them if not given, which is what PyTorch's
        AdamW does with ``model.parameters()``.
    betas, epsilon, clip
        As for Adam.
    """

    name = "adamw"

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float = 0.01,
        decayed: ArrayLike | None = None,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        clip: float | None = None,
    ) -> None:
        super().__init__(learning_rate, betas=betas, epsilon=epsilon, clip=clip)
        self.weight_decay = checks.real("weight_decay", weight_decay, strict=False)
        self._decayed = None if decayed is None else np.asarray(decayed)
        if self._decayed is not None and self._decayed.dtype != np.bool_:
            raise TypeError(f"decayed must hold True and False, got dtype {self._decayed.dtype}")

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
            parameters *= 1.0 - (self.learning_rate * self.weight_decay) * self._decay
        super()._apply(parameters, gradient)


OPTIMIZERS: dict[str, type[Optimizer]] = {rule.name: rule for rule in (SGD, Adam, AdamW)}


def clipped(gradient: Vector, limit: float | None) -> Vector:
    """The gradient, scaled down to Euclidean norm `limit` if it is longer."""
    if limit is None:
        return gradient
    length = float(np.sqrt(np.sum(gradient.astype(np.float64) ** 2)))
    if length <= limit or not np.isfinite(length):
        return gradient
    return gradient * gradient.dtype.type(limit / length)


def fraction(name: str, value: Any) -> float:
    """Return `value` as a float, refusing anything outside [0, 1)."""
    number = checks.real(name, value, strict=False)
    if number >= 1.0:
        raise ValueError(f"{name} must be a number in [0, 1), got {value}")
    return number
