"""Registry of model classes by name, used by saved files and the command line."""

from __future__ import annotations

from typing import Any, TypeVar

from sim.messages import shown
from sim.models.contracts import Parameters
from sim.models.minimal.model import MinimalModel
from sim.models.model import Model
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer.model import Transformer

MODELS: dict[str, type[Model]] = {
    kind.name: kind for kind in (MinimalModel, MultiHeadModel, Transformer)
}

Kind = TypeVar("Kind", bound=type[Model])


def register(model: Kind) -> Kind:
    """Register a model class by its name, for loading trajectories and for the command line.

    Parameters
    ----------
    model : type
        A subclass of `Model` with a unique name. The function may be used as a decorator.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    TypeError
        If it is not a subclass of `Model`, or has no name.
    ValueError
        If another class has that name.
    """
    if not isinstance(model, type) or not issubclass(model, Model):
        raise TypeError(f"model must be a subclass of sim.Model, got {shown(model)}")
    if not isinstance(model.name, str) or not model.name:
        raise TypeError(f"{model.__name__}.name must be a string, got {shown(model.name)}")
    known = MODELS.get(model.name, model)
    # a script that is run again, or imported under another name, defines its class again
    if known.__qualname__ != model.__qualname__:
        raise ValueError(f"model name {model.name!r} is taken by {known.__qualname__}")
    MODELS[model.name] = model
    return model


def restore(description: dict[str, Any], parameters: Parameters) -> Model:
    """The model that described itself so, with these parameters.

    Raises
    ------
    ValueError
        If the model is not registered, or the parameters are those of another architecture.
    """
    name = description.get("model", MinimalModel.name)
    if name not in MODELS:
        raise ValueError(
            f"model {name!r} is not known here (known: {', '.join(MODELS)}): import the module "
            "that registers it (on the command line: --uses FILE)"
        )
    try:
        return MODELS[name].from_description(dict(description), parameters)
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"parameters {', '.join(sorted(parameters))} do not make a {name} model: {error}"
        ) from None
