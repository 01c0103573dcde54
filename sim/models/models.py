"""What the models share for those who train and measure them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.models.minimal import model as minimal
from sim.models.minimal.model import Gradient, MinimalModel
from sim.models.multihead import model as multihead
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer import attention
from sim.models.transformer import passes as transformer_passes
from sim.models.transformer.model import Transformer
from sim.task.losses import Loss

Array = NDArray[np.float64]
Layered = MinimalModel | MultiHeadModel  # learns v and W
Model = Layered | Transformer


def logits(model: Model, tokens: ArrayLike) -> NDArray[Any]:
    """Logits at every position: eq. (8) for a minimal model, eq. (4) for a transformer.

    Parameters
    ----------
    model : MinimalModel, MultiHeadModel or Transformer
    tokens : array_like of int, shape (n, T)
        T at most the model's context length.

    Returns
    -------
    ndarray, shape (n, T, k)
        Float64; for a transformer in the precision of its parameters.
    """
    check_model(model)
    if isinstance(model, Transformer):
        return transformer_passes.logits(model, tokens)
    if isinstance(model, MultiHeadModel):
        return multihead.logits(model, tokens)
    return minimal.logits(model, tokens)


@overload
def loss_and_gradient(model: Layered, tokens: ArrayLike, loss: Loss) -> tuple[float, Gradient]: ...


@overload
def loss_and_gradient(
    model: Transformer, tokens: ArrayLike, loss: Loss
) -> tuple[float, NDArray[Any]]: ...


def loss_and_gradient(
    model: Model, tokens: ArrayLike, loss: Loss
) -> tuple[float, Gradient | NDArray[Any]]:
    """Average loss over sequences, eq. (6), and its exact gradient.

    Parameters
    ----------
    model : MinimalModel, MultiHeadModel or Transformer
    tokens : array_like of int, shape (n, T + 1)
        One longer than the context: token p + 1 is the target at position p.
    loss : Loss

    Returns
    -------
    value : float
    gradient : Gradient or ndarray
        With the shapes of ``v`` and ``W``; for a transformer ``(P,)``, laid out like its
        parameters.
    """
    check_model(model)
    if isinstance(model, Transformer):
        return transformer_passes.loss_and_gradient(model, tokens, loss)
    if isinstance(model, MultiHeadModel):
        return multihead.loss_and_gradient(model, tokens, loss)
    return minimal.loss_and_gradient(model, tokens, loss)


def check_model(model: Any) -> None:
    """Refuse what is no model."""
    if not isinstance(model, Model):
        raise TypeError(
            f"model must be a MinimalModel, a MultiHeadModel or a Transformer, got {model!r}"
        )


def check_layered(model: Any) -> None:
    """Refuse what does not learn v and W."""
    if not isinstance(model, Layered):
        raise TypeError(f"model must be a MinimalModel or a MultiHeadModel, got {model!r}")


def gradient_kernel(
    model: Layered, loss: Loss
) -> Callable[[NDArray[np.int32], Array, Array, Array], tuple[float, Gradient]]:
    """The loss and gradient of an architecture, ``(tokens, sequence_weight, v, W)`` to both."""
    if isinstance(model, MultiHeadModel):
        return multihead.LossGradient(model, loss)
    return minimal.LossGradient(model, loss)


def weights_of(model: Model) -> dict[str, NDArray[Any]]:
    """The arrays a model learns, by name: v and W, or the flat parameters of a transformer."""
    names = ("parameters",) if isinstance(model, Transformer) else ("v", "W")
    return {name: getattr(model, name) for name in names}


def unstacked(model: Model, weights: dict[str, NDArray[Any]]) -> list[Model]:
    """Models of the architecture of `model`, one for each row of the weights ``(r, ...)``."""
    rows = zip(*weights.values(), strict=True)
    return [replace(model, **dict(zip(weights, row, strict=True))) for row in rows]


def restored(architecture: dict[str, Any], weights: dict[str, Any]) -> Model:
    """The model that described itself as `architecture`, with these weights.

    Raises
    ------
    ValueError
        If the weights are those of another architecture.
    """
    kind = architecture.get("model", "minimal")
    wanted = {"parameters"} if kind == "transformer" else {"v", "W"}
    if weights.keys() != wanted:
        raise ValueError(
            f"weights of a {kind} model must be {' and '.join(sorted(wanted))}, "
            f"got {' and '.join(sorted(weights))}: they are another architecture's"
        )
    if architecture.get("model") == "transformer":
        options = {
            name: value
            for name, value in architecture.items()
            if name not in ("model", "parameters", "dtype")
        }
        return Transformer(**options, **weights)
    known = {"first_layer", "normalize"}
    options = {name: value for name, value in architecture.items() if name in known}
    if architecture.get("model") == "multihead":
        return MultiHeadModel(**weights, **options)
    return MinimalModel(**weights, **options)


def inside_measures(models: Sequence[Model], tokens: NDArray[np.int32]) -> dict[str, Array]:
    """What the heads of transformers attend to, the best head counting: each ``(len(models),)``.

    ``previous_token`` is the score of the first layer, ``induction`` that of the second. Nothing
    for other models, models of one layer (no ``induction``) or contexts too short to repeat.
    """
    seen = [model for model in models if isinstance(model, Transformer)]
    if not seen or tokens.shape[1] <= seen[0].k:
        return {}
    found = {
        "previous_token": [attention.previous_token_score(model, tokens).max() for model in seen]
    }
    if seen[0].layers > 1:
        found["induction"] = [attention.induction_score(model, tokens).max() for model in seen]
    return {name: np.array(values, dtype=float) for name, values in found.items()}
