"""Make the optimizer of a run from a name or an instance."""

from __future__ import annotations

import copy
from numbers import Real
from typing import Any

import numpy as np

from sim import checks
from sim.learning.optimizers import OPTIMIZERS, SGD, AdamW, Optimizer
from sim.messages import shown


def make_optimizer(
    rule: str | Optimizer,
    model: Any,
    *,
    learning_rate: Any = None,
    weight_decay: Any = 0.0,
    clip: float | None = None,
) -> Optimizer:
    """The optimizer of a run: a fresh copy of an instance, or the rule a name stands for.

    Parameters
    ----------
    rule : {"sgd", "adam", "adamw"} or Optimizer
    model : Model
        Says the learning rate where none is given, and what AdamW decays.
    learning_rate, weight_decay, clip
        Settings of a rule that is given by name; an instance has its own.

    Raises
    ------
    ValueError
        For settings beside an instance, and for a weight decay of plain Adam.
    """
    if isinstance(rule, Optimizer):
        for name, given, default in (
            ("learning_rate", learning_rate, None),
            ("weight_decay", weight_decay, 0.0),
            ("clip", clip, None),
        ):
            if given is not default and not (isinstance(given, Real) and given == default):
                raise ValueError(
                    f"{name} belongs to the optimizer, an instance; got {shown(given)}"
                )
        if rule.step:
            raise ValueError(f"optimizer must be a fresh one, got one after {rule.step} updates")
        found = copy.deepcopy(rule)
    else:
        if isinstance(rule, type) or not isinstance(rule, str):
            raise TypeError(f"optimizer must be a name or an Optimizer, got {shown(rule)}")
        checks.one_of("optimizer", rule, OPTIMIZERS)
        rate = model.defaults.learning_rate if learning_rate is None else learning_rate
        found = _by_name(rule, model, rate, weight_decay, clip)
    found.arrange([array.size for array in model.parameters.values()])
    return found


def _by_name(rule: str, model: Any, rate: Any, decay: Any, clip: float | None) -> Optimizer:
    if rule == SGD.name:
        return SGD(rate, weight_decay=decay, clip=clip)
    number = checks.real("weight_decay", decay, strict=False)
    if rule == AdamW.name:
        decayed = np.concatenate([mask.ravel() for mask in model.decayed.values()])
        return AdamW(rate, weight_decay=number, decayed=decayed, clip=clip)
    if number:
        raise ValueError(f"weight_decay must be 0 for {rule}, got {decay}: use adamw")
    return OPTIMIZERS[rule](rate, clip=clip)
