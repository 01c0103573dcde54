"""Objectives for full-batch descent and flow: sample, exact population and bilinear loss.

An objective is bound to a model's architecture and then maps its parameters to a value and a
gradient. `Sample` is a fixed set of sequences, `Population` the exact population loss by
enumeration of all sequences, `Bilinear` the regime in which every hinge of the margin loss is
active.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.messages import shown
from sim.models.contracts import Gradient, checked_gradient
from sim.models.minimal.settings import Architecture
from sim.models.model import Model, check_model
from sim.task.losses import Loss, check_loss
from sim.task.priors import Prior
from sim.task.priors.prior import check_prior
from sim.task.priors.quadrature import Quadrature, prior_quadrature
from sim.task.sequences import initial_distribution

Array = NDArray[np.float64]
# the parameters, in the order of `Model.parameters`, to the value and its gradient
Evaluate = Callable[..., tuple[float, Gradient]]

MOST_SEQUENCES = 2**20
# nodes x sequences held at once while probabilities are summed
CHUNK = 2**22


class Objective(Protocol):
    """Base class of objectives: bound to a model, they are functions of its weights."""

    def bind(self, model: Model) -> Evaluate:
        """A function of the model's parameters, in their order, to the value and its gradient.

        For a minimal model ``(v, W) -> (value, Gradient)``; the next call may overwrite the
        gradient.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """The objective as JSON-ready data, for provenance."""
        ...


def bound(objective: Objective, model: Model) -> Evaluate:
    """The objective of a model, with a refusal of what is not an objective or not a model."""
    check_model(model)
    members = [getattr(objective, name, None) for name in ("bind", "describe")]
    if isinstance(objective, type) or not all(map(callable, members)):
        raise TypeError(
            "objective must be a Sample, Population or Bilinear objective, or one of your own with "
            f"bind and describe, got {shown(objective)}"
        )
    evaluate = objective.bind(model)
    if type(objective).__module__.split(".")[0] != "sim":
        _try_out(evaluate, model)
    return evaluate


def _try_out(evaluate: Any, model: Model) -> None:
    """Refuse a user's objective that does not return a value and the gradient of the model."""
    if not callable(evaluate):
        raise TypeError(f"objective.bind must return a function, got {shown(evaluate)}")
    found = evaluate(*(array.copy() for array in model.parameters.values()))
    checked_gradient(model, found, "objective")


class Sample:
    """Weighted average loss over a fixed set of sequences.

    Parameters
    ----------
    tokens : array_like of int, shape (n, T + 1)
    k : int
        Number of states.
    loss : Loss
    weights : array_like of shape (n,), optional
        Nonnegative, summing to 1; equal if not given.
    """

    def __init__(
        self, tokens: ArrayLike, k: int, loss: Loss, weights: ArrayLike | None = None
    ) -> None:
        check_loss(loss)
        self.k = checks.integer("k", k, 2)
        self.tokens = checks.tokens(tokens, self.k, minimum_length=2)
        n = len(self.tokens)
        self.weights = checks.distribution(
            "weights", np.full(n, 1.0 / n) if weights is None else weights, n
        )
        self.loss = loss

    @property
    def T(self) -> int:
        """Context length."""
        return self.tokens.shape[1] - 1

    def bind(self, model: Model) -> Evaluate:
        if (model.k, model.T) != (self.k, self.T):
            raise ValueError(
                f"model must have k = {self.k} and T = {self.T} to fit the objective, "
                f"got k = {model.k} and T = {model.T}"
            )
        evaluate = model.evaluator(self.loss)
        return lambda *parameters: evaluate(self.tokens, self.weights, *parameters)  # type: ignore[return-value]

    def describe(self) -> dict[str, Any]:
        return {"objective": "sample", "sequences": len(self.tokens), **self.loss.describe()}


class Population(Sample):
    """The population loss, eq. (6) / (A.12), by enumerating all k**(T + 1) sequences.

    Exact up to the quadrature over the prior (see `sim.prior_quadrature`): to rounding for k = 2
    and finite sets, to about 1e-3 for flat priors over more states.

    Parameters
    ----------
    prior : Prior
    T : int
        Context length; refused when there are more than 2**20 sequences.
    loss : Loss
    start : {"stationary", "uniform"} or array_like of shape (k**order,)
    nodes : int
        Gauss nodes per dimension of the prior's quadrature.

    Examples
    --------
    A model of zeros predicts 1/k, and loses log k:

    >>> import sim
    >>> exact = sim.Population(sim.Dirichlet(2), T=4, loss=sim.CrossEntropy())
    >>> model = sim.MinimalModel.constant(T=4, k=2, v=0.0)
    >>> run = sim.gradient_descent(model, exact, steps=1, learning_rate=0.1)
    >>> float(run.loss[0].round(9))
    0.693147181
    """

    def __init__(
        self,
        prior: Prior,
        T: int,
        loss: Loss,
        *,
        start: str | ArrayLike = "stationary",
        nodes: int = 32,
    ) -> None:
        check_prior(prior)
        T = checks.integer("T", T, max(1, prior.order - 1))
        T = min(T, MOST_SEQUENCES)  # refused below, whatever its size
        tokens = all_sequences(prior.k, T + 1)
        rule = prior_quadrature(prior, nodes)
        super().__init__(tokens, prior.k, loss, sequence_probabilities(tokens, rule, start))
        self.prior = prior

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"objective": "population", **self.prior.describe()}


class Bilinear:
    """-sum_jml v_j W_ml K_jml: the margin loss with all hinges active, up to a constant.

    Parameters
    ----------
    kernel : array_like, shape (T, k, k)
        K of the prior, for instance from ``theory.population_kernel``.
    """

    def __init__(self, kernel: ArrayLike) -> None:
        self.kernel = checks.array("kernel", kernel, (None, None, None))

    def bind(self, model: Model) -> Evaluate:
        architecture = getattr(model, "architecture", None)
        if not isinstance(architecture, Architecture):
            raise TypeError(f"a Bilinear objective needs a MinimalModel, got {shown(model)}")
        k, T, first_layer, normalize = architecture
        if (T, k, k) != self.kernel.shape:
            raise ValueError(
                f"kernel must have shape (T, k, k) = {(T, k, k)}, got {self.kernel.shape}"
            )
        if (first_layer, normalize) != ("linear", "none"):
            raise ValueError(
                "the bilinear regime needs first_layer='linear' and normalize='none', "
                f"got {shown(first_layer)} and {normalize!r}"
            )

        def evaluate(v: Array, W: Array) -> tuple[float, Gradient]:
            d_v = -np.einsum("jml,ml->j", self.kernel, W)
            d_W = -np.einsum("jml,j->ml", self.kernel, v)
            return float(np.sum(v * d_v)), Gradient(v=d_v, W=d_W)

        return evaluate

    def describe(self) -> dict[str, Any]:
        return {"objective": "bilinear", "shape": list(self.kernel.shape)}


def all_sequences(k: int, length: int) -> NDArray[np.int32]:
    """Every sequence of `length` tokens, in lexicographic order: ``(k**length, length)``."""
    # a huge power is neither computed nor printed
    if length * math.log2(k) > math.log2(MOST_SEQUENCES):
        raise ValueError(
            f"T must be small enough for at most {MOST_SEQUENCES} sequences, "
            f"got k**(T + 1) = {k}**{length}"
        )
    total = k**length
    digits = np.arange(total)[:, None] // k ** np.arange(length - 1, -1, -1)
    return (digits % k).astype(np.int32)


def sequence_probabilities(
    tokens: NDArray[np.int32], rule: Quadrature, start: str | ArrayLike = "stationary"
) -> Array:
    """Probability of each sequence under the prior that `rule` stands for, shape ``(n,)``."""
    histories, k = rule.transition.shape[1:]
    order = checks.chain_order(histories, k)
    initial = initial_distribution(start, rule.transition)
    place = k ** np.arange(order - 1, -1, -1)
    out = np.zeros(len(tokens))
    chunk = max(1, CHUNK // len(tokens))
    for low in range(0, len(rule.weights), chunk):
        part = slice(low, low + chunk)
        history = tokens[:, :order] @ place
        chance = rule.weights[part, None] * initial[part][:, history]
        for following in tokens[:, order:].T:
            chance *= rule.transition[part][:, history, following]
            history = (history * k + following) % histories
        out += chance.sum(axis=0)
    return out / out.sum()
