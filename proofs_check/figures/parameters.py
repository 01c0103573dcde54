"""Settings of a figure that a user may change: their names, kinds and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim import checks
from sim.learning.settings import RunSettings

Parameters = Mapping[str, Any]


# moments of a run in examples, which move with its end
MOMENTS = ("snapshots", "moments", "at")
# in a figure of both models these hold for both
OF_THE_TASK = ("k", "length", "batch_size", "examples")
MAY_BE_ZERO = (*MOMENTS, "seed", "input_seed")


def settings(parameters: Parameters, fixed: tuple[str, ...] = ()) -> dict[str, Any]:
    """What can be set, with the present value: numbers, words, and lists of them.

    For a figure of transformers these are also the settings that all its variants have in common.
    """
    own = {
        name: value
        for name, value in parameters.items()
        # an empty list is of a panel that the figure does not have
        if name not in fixed and not isinstance(value, Mapping) and value != []
    }
    variants = list(parameters.get("variants", {}).values())
    common = {
        name: value
        for name, value in (variants[0] if variants else {}).items()
        if all(variant.get(name) == value for variant in variants)
    }
    return common | own


def changed(
    figure: str, parameters: Parameters, changes: Parameters, fixed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The parameters with some of them changed.

    A run of another length is shown at moments in the same proportion to it.

    Raises
    ------
    ValueError, TypeError
        If there is no such setting, or it cannot have such a value.
    """
    known = settings(parameters, fixed)
    out = dict(parameters)
    if "examples" in changes and "examples" in known:
        share = checks.integer("examples", changes["examples"], 1) / known["examples"]
        for name in out.keys() & set(MOMENTS) - changes.keys():
            at = out[name]
            out[name] = [x * share for x in at] if isinstance(at, list) else at * share
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"{name} is no setting of {figure}, which has {', '.join(known)}")
        value = _checked(name, value, known[name])
        if name in parameters:
            out[name] = value
        if "variants" in out and (name in OF_THE_TASK or name not in parameters):
            out["variants"] = {
                _retitled(title, name, variant.get(name), value): variant | {name: value}
                for title, variant in out["variants"].items()
            }
    for variant in out.get("variants", {}).values():
        RunSettings(model="transformer", **variant).check()
    return out


def _retitled(title: str, name: str, old: Any, new: Any) -> str:
    """The title of a variant, if it gives the value of the setting."""
    return title.replace(f"{name} = {old}", f"{name} = {new}")


def _checked(name: str, value: Any, present: Any) -> Any:
    """The value, if it is of the kind of the present one."""
    if isinstance(present, list):
        items = [value] if isinstance(value, str | int | float) else list(value)
        if not items:
            raise ValueError(f"{name} must hold at least one value, got none")
        return [_checked(name, item, present[0]) for item in items]
    if isinstance(present, bool | str):
        if type(value) is not type(present):
            raise TypeError(f"{name} must be a {type(present).__name__}, got {value!r}")
        return value
    if isinstance(present, int):
        return checks.integer(name, value, 0 if name in MAY_BE_ZERO else 1)
    return checks.real(name, value, strict=False)
