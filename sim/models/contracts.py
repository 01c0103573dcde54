"""What models exchange with those who train them, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.messages import shown

Parameters = dict[str, NDArray[Any]]
DTYPES = ("float64", "float32")


class Gradient(dict[str, NDArray[Any]]):
    """A gradient by the names of a model's parameters, also available as attributes: ``g.v``."""

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this gradient has no {name}, only {', '.join(self)}") from None


# (tokens (n, T + 1) int32, sequence_weight (n,), *parameters) -> weighted sum of losses, gradient
Evaluator = Callable[..., tuple[float, Mapping[str, NDArray[Any]]]]


def refuse_choices(model: Any, *, dtype: str, threads: int) -> None:
    """Refuse float32 and threads, for models that compute in float64 on one thread."""
    checks.one_of("dtype", dtype, DTYPES)
    checks.threads(threads)
    if dtype != DTYPES[0]:
        raise ValueError(f"dtype must be {DTYPES[0]} for a {model.name} model, got {dtype}")
    if threads != 1:
        raise ValueError(f"threads must be 1 for a {model.name} model, got {threads}")


def unstack(model: Any, stacked: Parameters) -> list[Any]:
    """Models of the architecture of `model`, one for each row of stacked parameters (r, ...)."""
    rows = zip(*stacked.values(), strict=True)
    return [model.with_parameters(**dict(zip(stacked, row, strict=True))) for row in rows]


def checked_gradient(
    model: Any, found: Any, source: str = "loss_and_gradient"
) -> tuple[float, Gradient]:
    """A model's loss and gradient, refused if they do not fit its parameters."""
    try:
        value, gradient = found
        value, gradient = float(value), Gradient(gradient)
    except (TypeError, ValueError):
        raise TypeError(
            f"{source} of {model.name} must return (value, gradients by name), got {shown(found)}"
        ) from None
    wanted = {name: array.shape for name, array in model.parameters.items()}
    shapes = {name: np.shape(array) for name, array in gradient.items()}
    if shapes != wanted:
        raise ValueError(
            f"gradients of {model.name} must have the shapes of its parameters, {wanted}, "
            f"got {shapes}"
        )
    return value, gradient


def checked_logits(model: Any, tokens: Any, found: Any) -> NDArray[Any]:
    """A model's logits, refused if they are not floats of shape (n, T', k)."""
    shape = (*np.shape(tokens), model.k)
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or found.shape != shape:
        got = getattr(found, "shape", type(found).__name__)
        raise ValueError(f"logits of {model.name} must be floats of shape {shape}, got {got}")
    return found
