"""Population losses as functions of the weights, and the coordinates a flow of them moves in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# of infinite context; a loss may know their counted versions, too
STRATEGIES = ("uniform", "unigram", "bigram")


class WeightGradient(NamedTuple):
    """Derivatives of a loss in v (J,) and W (k, k)."""

    v: Array
    W: Array


class PopulationLoss(ABC):
    """A population loss of the minimal model's weights v (J,) and W (k, k).

    Attributes
    ----------
    k, lags : int
        Number of states, and of first-layer weights.
    loss : str
        Its name, as in `theory.stages.token_losses`.
    symmetric : bool
        Whether the prior treats all states alike, so that W = alpha 11' + beta I is preserved and
        the loss may be asked for such W only.
    weights, transition : arrays (n,) and (n, k, k)
        Chains averaged over.
    """

    k: int
    lags: int
    loss: str
    symmetric: bool
    weights: Array
    transition: Array

    @abstractmethod
    def at_weights(self, v: Array, W: Array) -> tuple[float, WeightGradient]:
        """The loss and its gradient; of a symmetric prior averaged over relabelling the states."""

    def value_at(self, v: Array, W: Array) -> float:
        """The loss."""
        return self.at_weights(v, W)[0]

    @abstractmethod
    def distances_at(self, v: Array, W: Array) -> dict[str, float]:
        """From each strategy to the model at the last position."""

    @abstractmethod
    def gradient_span(self) -> Array:
        """Orthonormal basis (J, r) of all that the gradient in v can be."""

    def coordinates(self, v: ArrayLike) -> Coordinates:
        """Of the weights that a flow from this v can reach."""
        origin = np.asarray(v, dtype=np.float64)
        if origin.shape != (self.lags,):
            raise ValueError(f"v must have shape {(self.lags,)}, got {origin.shape}")
        return Coordinates(origin, self.gradient_span(), self.k, self.symmetric)

    def check_W(self, W: ArrayLike) -> Array:
        """W, refused if it does not fit the number of states or the symmetry."""
        given = np.asarray(W, dtype=np.float64)
        if given.shape != (self.k, self.k):
            raise ValueError(f"W must have shape {(self.k, self.k)}, got {given.shape}")
        if self.symmetric:
            alpha, beta = spread(given)
            scale = np.abs(given).max()
            if np.abs(alpha + beta * np.eye(self.k) - given).max() > 1e-9 * scale:
                raise ValueError(
                    "W must have the form alpha 11' + beta I for a prior that treats all states "
                    f"alike, got {given.tolist()}"
                )
        return given


@dataclass(frozen=True)
class Coordinates:
    """Orthonormal coordinates x of weights: of W, and of v along the columns of a basis.

    For a symmetric prior the coordinates of W are sqrt(k (k-1)) times its off-diagonal and sqrt(k)
    times its diagonal entry; else they are its entries. Gradient flow of the weights is then
    ``dx/dt = -gradient in x``.
    """

    origin: Array
    basis: Array
    k: int
    symmetric: bool

    @property
    def of_W(self) -> int:
        """How many coordinates W has."""
        return 2 if self.symmetric else self.k**2

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return self.of_W + self.basis.shape[1]

    def point(self, W: ArrayLike) -> Array:
        """x of this W and of v at the origin."""
        still = np.zeros(self.basis.shape[1])
        return np.concatenate([self._flat(np.asarray(W, dtype=np.float64)), still])

    def weights(self, x: Array) -> tuple[Array, Array]:
        """v and W at x."""
        head, k = x[: self.of_W], self.k
        if self.symmetric:
            off, diagonal = head[0] / np.sqrt(k * (k - 1.0)), head[1] / np.sqrt(k)
            W = np.full((k, k), off)
            np.fill_diagonal(W, diagonal)
        else:
            W = head.reshape(k, k)
        return self.origin + self.basis @ x[self.of_W :], W

    def gradient(self, found: WeightGradient) -> Array:
        """The gradient in x."""
        return np.concatenate([self._flat(found.W), self.basis.T @ found.v])

    def _flat(self, W: Array) -> Array:
        if not self.symmetric:
            return W.ravel()
        off, diagonal = float(W[0, 1]), float(W[0, 0])
        return np.array([np.sqrt(self.k * (self.k - 1.0)) * off, np.sqrt(self.k) * diagonal])


def spread(W: Array) -> tuple[float, float]:
    """alpha and beta of W = alpha 11' + beta I."""
    return float(W[0, 1]), float(W[0, 0] - W[0, 1])


def relabelled_mean(alpha: float, beta: float, k: int) -> Array:
    """The gradient in W that all relabellings share, from those in alpha and beta, (k, k)."""
    off, diagonal = (alpha - beta) / (k * (k - 1)), beta / k
    return off + (diagonal - off) * np.eye(k)
