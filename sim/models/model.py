"""`Model`, the base class of all models: what training and measuring require, with defaults."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.messages import shown
from sim.models.contracts import (
    DTYPES,
    Evaluator,
    Gradient,
    Parameters,
    checked_gradient,
    checked_logits,
    refuse_choices,
    unstack,
)
from sim.task.batches import BatchStream
from sim.task.losses import Loss, WeightedLoss, check_loss


class Defaults(NamedTuple):
    """The learning rate and optimizer that training uses if none is given."""

    learning_rate: float = 2e-3
    optimizer: str = "sgd"


class Model(ABC):
    """A model of the next token, with its weights: what all training and measuring works on.

    To write your own model, subclass it and define `name`, `k`, `T` and the six abstract members;
    the other methods have defaults. `sim.register` makes it loadable from files. Models are
    immutable: training makes new ones with `with_parameters`.

    Attributes
    ----------
    name : str
        Of the class; names the model in files and on the command line.
    k : int
        Number of states.
    T : int
        Longest context.
    settings : tuple of str or None
        Of the class: which of the model options of `RunSettings` its `from_settings` reads; the
        command line refuses the others. None: all are let through.
    defaults : Defaults
        Of the class: learning rate and optimizer where none is given.
    """

    name: ClassVar[str] = ""
    defaults: ClassVar[Defaults] = Defaults()
    settings: ClassVar[tuple[str, ...] | None] = None
    k: int
    T: int

    @property
    @abstractmethod
    def parameters(self) -> Parameters:
        """What it learns: arrays by name, float64 or float32."""

    @abstractmethod
    def with_parameters(self, **arrays: Any) -> Model:
        """The same architecture with other parameters."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The architecture as JSON-ready data, with ``"model": self.name``."""

    @classmethod
    @abstractmethod
    def from_description(cls, description: dict[str, Any], parameters: Parameters) -> Model:
        """The model that `describe` described, with these parameters."""

    @abstractmethod
    def logits(self, tokens: ArrayLike) -> NDArray[Any]:
        """Logits (n, T', k) at every position of tokens (n, T') with T' <= T, causal."""

    @abstractmethod
    def loss_and_gradient(
        self, tokens: ArrayLike, loss: Loss
    ) -> tuple[float, Mapping[str, NDArray[Any]]]:
        """Average loss over tokens (n, T + 1) and its gradient by name of the parameter.

        Token p + 1 is the target at position p. Call ``loss.value_and_gradient(logits, targets)``
        once for all sequences: it returns the average loss and its gradient in the logits, and is
        how weights of sequences and losses of a user's own come in.
        """

    def evaluator(self, loss: Loss, *, dtype: str = "float64", threads: int = 1) -> Evaluator:
        """Loss and gradient without checks, for the inside of training loops.

        Parameters
        ----------
        loss : Loss
        dtype : {"float64", "float32"}
            Of the arithmetic.
        threads : int

        Returns
        -------
        callable
            ``(tokens (n, T + 1) int32, sequence_weight (n,), *parameters)`` to the weighted sum of
            losses and its gradient, whose arrays the next call may overwrite. Parameters come in
            the order of `parameters`.

        Raises
        ------
        ValueError
            For a dtype or a number of threads that the model cannot do.
        """
        check_loss(loss)
        refuse_choices(self, dtype=dtype, threads=threads)
        names = tuple(self.parameters)

        def evaluate(
            tokens: NDArray[np.int32], sequence_weight: NDArray[Any], *arrays: NDArray[Any]
        ) -> tuple[float, Gradient]:
            model = self.with_parameters(**dict(zip(names, arrays, strict=True)))
            found = model.loss_and_gradient(tokens, WeightedLoss(loss, sequence_weight))
            return checked_gradient(self, found)

        return evaluate

    def online_learner(
        self, stream: BatchStream, loss: Loss, optimizer: Any, *, dtype: str, threads: int
    ) -> Any:
        """A training loop of the model's own that is faster than the common one, or None.

        See `sim.learning.learners.Learner` for what it has to offer.
        """
        return None

    def last_token_scorer(self, context: NDArray[np.int32]) -> Callable[[Parameters], NDArray[Any]]:
        """A function from stacked parameters (r, ...) to logits (n, k, r) after the context."""

        def score(stacked: Parameters) -> NDArray[Any]:
            rows = [
                checked_logits(model, context, model.logits(context))[:, -1]
                for model in unstack(self, stacked)
            ]
            return np.stack(rows, axis=2).astype(np.float64)

        return score

    def measures(self, tokens: NDArray[np.int32] | None) -> dict[str, float]:
        """What is worth recording of the weights themselves.

        Parameters
        ----------
        tokens : ndarray of int32, shape (n, T), or None
            Some held-out contexts, where there are any.
        """
        return {}

    def lag_weights(self) -> tuple[NDArray[Any], str] | None:
        """What it gives each lag, ``(T,)`` or ``(heads, T)``, with a label; for plots."""
        return None

    def state_weights(self) -> NDArray[Any] | None:
        """What it gives each pair of states, ``(k, k)`` or ``(heads, k, k)``; for plots."""
        return None

    @property
    def decayed(self) -> dict[str, NDArray[np.bool_]]:
        """Which entries of each parameter AdamW decays: all of them."""
        return {name: np.ones(array.shape, bool) for name, array in self.parameters.items()}

    @classmethod
    def from_settings(cls, settings: Any) -> Model:
        """The initial model for a `sim.RunSettings`, that is for the options of ``sim run``.

        Of the settings, ``k``, ``length`` and ``seed`` are of use to every model.
        """
        raise ValueError(f"model {cls.name} has no from_settings to be started from options")

    @classmethod
    def compiled_examples(cls) -> tuple[Model, ...]:
        """Small models whose training compiles every kernel; nothing where nothing is compiled."""
        return ()


def check_model(model: Any, name: str = "model") -> Model:
    """Return the model, refusing what is none or does not keep to the protocol."""
    if not isinstance(model, Model):
        raise TypeError(
            f"{name} must be a MinimalModel, a MultiHeadModel, a Transformer or a Model of your "
            f"own, got {shown(model)}"
        )
    if not isinstance(model.name, str) or not model.name:
        raise TypeError(
            f"{name}.name must be a string of one character or more, got {shown(model.name)}"
        )
    for attribute, least in (("k", 2), ("T", 1)):
        checks.integer(f"{name}.{attribute}", getattr(model, attribute, None), least)
    parameters = model.parameters
    if not isinstance(parameters, dict) or not parameters:
        raise TypeError(
            f"{name}.parameters must be a dict of arrays by name, got {shown(parameters)}"
        )
    for key, array in parameters.items():
        if not isinstance(array, np.ndarray) or array.dtype.name not in DTYPES:
            raise TypeError(f"{name}.parameters[{key!r}] must be a float array, got {shown(array)}")
        if not math.isfinite(float(np.sum(array, dtype=np.float64))):
            checks.array(f"{name}.parameters[{key!r}]", array, array.shape)
    return model
