"""Losses on logits: cross-entropy, the margin loss of eq. (7), and squared error to the one-hot.

Each is averaged over positions, eq. (6), or taken at the last position only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim import checks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """Common part of the losses: which positions count.

    Parameters
    ----------
    at : {"all", "last"}
        Average over positions 1..T, eq. (6), or position T alone.
    """

    name: ClassVar[str]
    code: ClassVar[int]
    margin: ClassVar[float] = 0.0

    at: str = field(default="all", kw_only=True)

    def __post_init__(self) -> None:
        checks.one_of("at", self.at, ("all", "last"))

    def position_weight(self, T: int) -> Array:
        """Weight of each position in the average, shape ``(T,)``."""
        if self.at == "all":
            return np.full(T, 1.0 / T)
        return np.eye(T)[-1]

    def per_position(self, logits: Array, targets: NDArray[np.integer[Any]]) -> Array:
        """Loss at each position, shape ``(n, T)``, from logits ``(n, T, k)``; plain NumPy."""
        raise NotImplementedError

    def value(self, logits: Array, targets: NDArray[np.integer[Any]]) -> float:
        """Average loss over sequences and the positions that count."""
        weight = self.position_weight(logits.shape[1])
        return float((self.per_position(logits, targets) * weight).sum(axis=1).mean())

    def describe(self) -> dict[str, Any]:
        """The loss as JSON-ready data, for provenance."""
        return {"loss": self.name, "at": self.at}


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy of softmax(logits) against the next token, in nats."""

    name: ClassVar[str] = "cross_entropy"
    code: ClassVar[int] = 0

    def per_position(self, logits: Array, targets: NDArray[np.integer[Any]]) -> Array:
        top = logits.max(axis=-1)
        log_sum = top + np.log(np.exp(logits - top[..., None]).sum(axis=-1))
        return log_sum - _at_target(logits, targets)


@dataclass(frozen=True)
class Margin(Loss):
    """Margin loss, eq. (7): (1/k) sum over i != y of max(0, Delta + f_i - f_y), with its 1/k.

    At the kink the subgradient of an active hinge is used, as in eq. (A.16).

    Parameters
    ----------
    delta : float
        The paper's Delta, positive. Large enough, every hinge is active and the loss is linear in
        the logits.
    """

    name: ClassVar[str] = "margin"
    code: ClassVar[int] = 1

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("delta", self.delta)

    @property
    def margin(self) -> float:  # type: ignore[override]
        return float(self.delta)

    def per_position(self, logits: Array, targets: NDArray[np.integer[Any]]) -> Array:
        k = logits.shape[-1]
        hinge = np.maximum(0.0, self.delta + logits - _at_target(logits, targets)[..., None])
        # the term i = y, always delta, is not part of eq. (7)
        return (hinge.sum(axis=-1) - self.delta) / k

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"delta": self.delta}


@dataclass(frozen=True)
class Squared(Loss):
    """Squared distance of the logits to the one-hot target, summed over states."""

    name: ClassVar[str] = "squared"
    code: ClassVar[int] = 2

    def per_position(self, logits: Array, targets: NDArray[np.integer[Any]]) -> Array:
        onehot = np.eye(logits.shape[-1])[targets]
        return ((logits - onehot) ** 2).sum(axis=-1)


LOSSES: dict[str, type[Loss]] = {loss.name: loss for loss in (CrossEntropy, Margin, Squared)}


def loss_by_name(name: str, *, at: str = "all", delta: float | None = None) -> Loss:
    """The loss a command line means by `name`."""
    checks.one_of("loss", name, LOSSES)
    if name == Margin.name:
        return Margin(1.0 if delta is None else delta, at=at)
    if delta is not None:
        raise ValueError(f"loss {name} has no delta, got {delta:g}")
    return LOSSES[name](at=at)


def _at_target(logits: Array, targets: NDArray[np.integer[Any]]) -> Array:
    return np.take_along_axis(logits, targets[..., None].astype(np.intp), axis=-1)[..., 0]
