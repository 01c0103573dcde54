"""Losses on logits: cross-entropy, the margin loss of eq. (7) and squared error.

Each is averaged over positions, eq. (6), or taken at the last position only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.messages import shown

Array = NDArray[np.float64]
Targets = NDArray[np.integer[Any]]


class Loss(ABC):
    """Base class of losses. To write your own, define a `name` and `value_and_gradient`.

    `CrossEntropy`, `Margin` and `Squared` have compiled kernels. Any other loss works with every
    model, but more slowly, in plain NumPy.

    Attributes
    ----------
    name : str
        Of the class, for provenance.
    at : {"all", "last"}
        Which positions count: the average over all, eq. (6), or the last alone. Your own loss must
        implement this itself.
    """

    name: ClassVar[str] = ""
    at: str = "all"

    @abstractmethod
    def value_and_gradient(self, logits: Array, targets: Targets) -> tuple[float, Array]:
        """Average loss over sequences, and its gradient in the logits.

        Parameters
        ----------
        logits : ndarray, shape (n, T, k)
        targets : ndarray of int, shape (n, T)
            The token that follows each position.

        Returns
        -------
        value : float
        gradient : ndarray, shape (n, T, k)
        """

    def value(self, logits: Array, targets: Targets) -> float:
        """Average loss over sequences and the positions that count."""
        return self.value_and_gradient(logits, targets)[0]

    def weighted(self, logits: Array, targets: Targets, weights: Array) -> tuple[float, Array]:
        """The same with a weight for each sequence, ``(n,)``, in place of the average."""
        gradient = np.zeros_like(logits)
        value = 0.0
        for q in np.flatnonzero(weights):
            part = slice(q, q + 1)
            found = self.value_and_gradient(logits[part], targets[part])
            one, slope = checked(self, found, logits[part])
            value += float(weights[q]) * one
            gradient[part] = weights[q] * slope
        return value, gradient

    def describe(self) -> dict[str, Any]:
        """The loss as JSON-ready data, for provenance.

        By default its name, `at`, and those of its attributes that are numbers or strings.
        """
        plain = {
            name: value
            for name, value in vars(self).items()
            if not name.startswith("_") and isinstance(value, bool | int | float | str)
        }
        return {"loss": self.name, "at": self.at} | plain

    @property
    def compiled(self) -> tuple[int, float] | None:
        """Code and margin by which the kernels know the loss; None if they do not."""
        return None


@dataclass(frozen=True)
class TokenLoss(Loss):
    """The losses that the kernels know: a sum over positions of a loss of each token.

    Parameters
    ----------
    at : {"all", "last"}
        Average over positions 1..T, eq. (6), or position T alone.
    """

    at: str = field(default="all", kw_only=True)

    def __post_init__(self) -> None:
        checks.keep(self, at=checks.one_of("at", self.at, ("all", "last")))

    def __init_subclass__(cls) -> None:
        # the kernels would compute the class above it, whatever it changes
        if cls.__module__ != __name__:
            raise TypeError(
                f"{cls.__bases__[0].__name__} must not be subclassed: write {cls.__name__} as a "
                "subclass of sim.Loss with value_and_gradient(logits, targets)"
            )

    @abstractmethod
    def per_position(self, logits: Array, targets: Targets) -> Array:
        """Loss at each position, shape ``(n, T)``, from logits ``(n, T, k)``; plain NumPy."""

    @abstractmethod
    def slope(self, logits: Array, targets: Targets) -> Array:
        """Derivative of `per_position` in the logits of the position, ``(n, T, k)``."""

    def position_weight(self, T: int) -> Array:
        """Weight of each position in the average, shape ``(T,)``."""
        return position_weight(self.at, T)

    def value_and_gradient(self, logits: Array, targets: Targets) -> tuple[float, Array]:
        n = len(logits)
        return self.weighted(logits, targets, np.full(n, 1.0 / n))

    def weighted(self, logits: Array, targets: Targets, weights: Array) -> tuple[float, Array]:
        weight = np.asarray(weights)[:, None] * self.position_weight(logits.shape[1])
        value = (self.per_position(logits, targets) * weight).sum()
        return float(value), self.slope(logits, targets) * weight[..., None]


@dataclass(frozen=True)
class CrossEntropy(TokenLoss):
    """Cross-entropy of softmax(logits) against the next token, in nats.

    Parameters
    ----------
    at : {"all", "last"}
        Average over positions 1..T, eq. (6), or position T alone.
    """

    name: ClassVar[str] = "cross_entropy"

    def per_position(self, logits: Array, targets: Targets) -> Array:
        from scipy.special import logsumexp  # as in sim.task.priors: not while sim is imported

        return logsumexp(logits, axis=-1) - _at_target(logits, targets)

    def slope(self, logits: Array, targets: Targets) -> Array:
        from scipy.special import softmax

        return softmax(logits, axis=-1) - _one_hot(logits, targets)

    @property
    def compiled(self) -> tuple[int, float]:
        return 0, 0.0


@dataclass(frozen=True)
class Margin(TokenLoss):
    """Margin loss, eq. (7): (1/k) sum over i != y of max(0, Delta + f_i - f_y), with its 1/k.

    At the kink the subgradient of an active hinge is used, as in eq. (A.16).

    Parameters
    ----------
    delta : float
        The paper's Delta, positive. Large enough, every hinge is active and the loss is linear in
        the logits.
    at : {"all", "last"}
        Average over positions 1..T, eq. (6), or position T alone.
    """

    name: ClassVar[str] = "margin"

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.keep(self, delta=checks.real("delta", self.delta))

    def _hinges(self, logits: Array, targets: Targets) -> Array:
        return self.delta + logits - _at_target(logits, targets)[..., None]

    def per_position(self, logits: Array, targets: Targets) -> Array:
        hinge = np.maximum(0.0, self._hinges(logits, targets))
        # the term i = y, always delta, is not part of eq. (7)
        return (hinge.sum(axis=-1) - self.delta) / logits.shape[-1]

    def slope(self, logits: Array, targets: Targets) -> Array:
        target = _one_hot(logits, targets)
        active = (self._hinges(logits, targets) >= 0) & (target == 0)
        return (active - active.sum(axis=-1, keepdims=True) * target) / logits.shape[-1]

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"delta": self.delta}

    @property
    def compiled(self) -> tuple[int, float]:
        return 1, self.delta


@dataclass(frozen=True)
class Squared(TokenLoss):
    """Squared distance of the logits to the one-hot target, summed over states.

    Parameters
    ----------
    at : {"all", "last"}
        Average over positions 1..T, eq. (6), or position T alone.
    """

    name: ClassVar[str] = "squared"

    def per_position(self, logits: Array, targets: Targets) -> Array:
        return ((logits - _one_hot(logits, targets)) ** 2).sum(axis=-1)

    def slope(self, logits: Array, targets: Targets) -> Array:
        return 2.0 * (logits - _one_hot(logits, targets))

    @property
    def compiled(self) -> tuple[int, float]:
        return 2, 0.0


class WeightedLoss(Loss):
    """A loss whose average over sequences has the given weights: how sequences of a sample count.

    Parameters
    ----------
    loss : Loss
    weights : ndarray, shape (n,)
    """

    def __init__(self, loss: Loss, weights: Array) -> None:
        self.loss, self.weights = loss, weights
        self.at = loss.at

    def value_and_gradient(self, logits: Array, targets: Targets) -> tuple[float, Array]:
        if len(logits) != len(self.weights):
            raise ValueError(
                f"logits must be those of all {len(self.weights)} sequences at once, got "
                f"{len(logits)}"
            )
        alike = (self.weights == self.weights[0]).all()
        if alike and abs(float(self.weights[0]) * len(self.weights) - 1.0) < 1e-12:
            return checked(self.loss, self.loss.value_and_gradient(logits, targets), logits)
        return self.loss.weighted(logits, targets, self.weights)


LOSSES: dict[str, type[TokenLoss]] = {loss.name: loss for loss in (CrossEntropy, Margin, Squared)}


def check_loss(loss: Any) -> Loss:
    """Return the loss, refusing what is none."""
    checks.instance(
        "loss", loss, Loss, "a CrossEntropy(), Margin(delta), Squared() or a Loss of your own"
    )
    if not isinstance(loss.name, str) or not loss.name:
        raise TypeError(f"loss.name must be a string, and not empty, got {shown(loss.name)}")
    if loss.compiled is not None and type(loss) not in LOSSES.values():
        raise TypeError(
            "loss.compiled must be None for a loss of your own, which the kernels do not know, got "
            f"{shown(loss.compiled)}"
        )
    return loss


def checked(loss: Loss, found: Any, logits: Array) -> tuple[float, Array]:
    """What a loss returned, refused if it is no number with a gradient in the logits."""
    try:
        value, gradient = found
        value, gradient = float(value), np.asarray(gradient)
        real = gradient.dtype.kind in "fiu"
    except (TypeError, ValueError):
        real = False
    if not real:
        raise TypeError(
            f"value_and_gradient of loss {loss.name or type(loss).__name__} must return a number "
            f"and an array of real numbers, got {type(found).__name__}"
        )
    if gradient.shape != logits.shape:
        raise ValueError(
            f"the gradient of loss {loss.name or type(loss).__name__} must have the shape of the "
            f"logits, {logits.shape}, got {gradient.shape}"
        )
    return value, gradient.astype(np.float64, copy=False)


def position_weight(at: str, T: int) -> Array:
    """Weight of each position in the average, shape ``(T,)``."""
    return np.full(T, 1.0 / T) if at == "all" else np.eye(T)[-1]


def loss_by_name(name: str, *, at: str = "all", delta: float | None = None) -> Loss:
    """The loss a command line means by `name`."""
    checks.one_of("loss", name, LOSSES)
    if name == Margin.name:
        return Margin(1.0 if delta is None else delta, at=at)
    if delta is not None:
        raise ValueError(f"loss {name} has no delta, got {delta:g}")
    return LOSSES[name](at=at)


def _at_target(logits: Array, targets: Targets) -> Array:
    return np.take_along_axis(logits, targets[..., None].astype(np.intp), axis=-1)[..., 0]


def _one_hot(logits: Array, targets: Targets) -> Array:
    return np.eye(logits.shape[-1])[targets]
