"""Trying a user's model before it is trained: does it keep to the protocol of `Model`?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.messages import shown
from sim.models.calls import logits
from sim.models.model import Model, check_model

FEW = 2  # sequences


def check_protocol(model: Any, context: NDArray[np.int32] | None = None) -> Model:
    """Return the model, refusing one that training or measuring would silently get wrong.

    Models of this package are tested and only checked for their type. Of a user's model are tried:
    the shape of the logits, that they are finite and causal, that `with_parameters` returns a model
    with the given parameters and leaves the old one alone, and that `describe` can be written.

    Parameters
    ----------
    model : Model
    context : ndarray of int32, shape (n, T'), optional
        Sequences to try it on.

    Raises
    ------
    TypeError, ValueError
        Naming the member that does not do what it has to.
    """
    check_model(model)
    if type(model).__module__.split(".")[0] == "sim":
        return model
    if context is None:
        context = (np.arange(model.T)[None] % model.k).astype(np.int32)
    _check_logits(model, context[:FEW])
    _check_parameters(model)
    _check_description(model)
    return model


def _check_logits(model: Model, tokens: NDArray[np.int32]) -> None:
    found = logits(model, tokens)
    if not np.isfinite(found).all():
        bad = found[~np.isfinite(found)][0]
        raise ValueError(f"logits of {model.name} must be finite at the start, got {bad}")
    changed = tokens.copy()
    changed[:, -1] = (changed[:, -1] + 1) % model.k
    moved = np.abs(logits(model, changed) - found)[:, :-1].max(axis=(0, 2), initial=0.0)
    if moved.max(initial=0.0) > 1e-6 * (1.0 + np.abs(found).max()):
        position = int(moved.argmax()) + 1
        raise ValueError(
            f"logits of {model.name} must be causal: those at position {position} changed with "
            f"the token at position {tokens.shape[1]}"
        )


def _check_parameters(model: Model) -> None:
    before = {name: array.copy() for name, array in model.parameters.items()}
    given = {name: array + np.asarray(0.5, array.dtype) for name, array in before.items()}
    other = model.with_parameters(**given)
    if not isinstance(other, Model):
        raise TypeError(f"with_parameters of {model.name} must return a model, got {shown(other)}")
    for which, found, wanted in (
        ("return a model with the parameters it is given", other.parameters, given),
        ("leave the model it is called on alone", model.parameters, before),
    ):
        same = found.keys() == wanted.keys() and all(
            np.array_equal(found[name], wanted[name]) for name in wanted
        )
        if not same:
            raise ValueError(f"with_parameters of {model.name} must {which}")


def _check_description(model: Model) -> None:
    description = model.describe()
    if not isinstance(description, dict) or description.get("model") != model.name:
        raise ValueError(
            f"describe of {model.name} must return a dict with 'model': {model.name!r}, "
            f"got {shown(description)}"
        )
    try:
        json.dumps(description, default=lambda value: value.tolist())
    except (TypeError, ValueError, AttributeError) as error:
        raise TypeError(f"describe of {model.name} must be JSON-ready: {error}") from None
