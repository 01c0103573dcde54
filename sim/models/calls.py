"""Calling a model whatever its kind: `sim.logits` and `sim.loss_and_gradient`."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from sim.models.contracts import Gradient, checked_gradient, checked_logits
from sim.models.model import Model, check_model
from sim.task.losses import Loss, check_loss


def logits(model: Model, tokens: ArrayLike) -> NDArray[Any]:
    """Logits at every position: eq. (8) for a minimal model, eq. (4) for a transformer.

    Parameters
    ----------
    model : Model
    tokens : array_like of int, shape (n, T)
        T at most the model's context length.

    Returns
    -------
    ndarray, shape (n, T, k)
        Float64; for a transformer in the precision of its parameters.

    Examples
    --------
    >>> import sim
    >>> model = sim.MinimalModel(v=[0.0, 1.0, 0.0], W=[[1, 0], [0, 1]])  # counts bigrams
    >>> sim.logits(model, [[0, 1, 0]])[0, -1]  # a 0 was followed by a 1 once
    array([0., 1.])
    """
    return checked_logits(model, tokens, check_model(model).logits(tokens))


def loss_and_gradient(model: Model, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]:
    """Average loss over sequences, eq. (6), and its exact gradient.

    Parameters
    ----------
    model : Model
    tokens : array_like of int, shape (n, T + 1)
        One longer than the context: token p + 1 is the target at position p.
    loss : Loss

    Returns
    -------
    value : float
    gradient : Gradient
        By name, with the shapes of the model's parameters: ``gradient.v``, ``gradient["W"]``.

    Examples
    --------
    >>> import sim
    >>> model = sim.MinimalModel.constant(T=3, k=2, v=0.5, W=0.5)
    >>> value, gradient = sim.loss_and_gradient(model, [[0, 1, 0, 1]], sim.CrossEntropy())
    >>> gradient.v.shape, gradient.W.shape
    ((3,), (2, 2))
    """
    check_loss(loss)
    return checked_gradient(check_model(model), model.loss_and_gradient(tokens, loss))
