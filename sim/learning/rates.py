"""Learning rates and weight decays: one number, or one for each array of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import checks
from sim.messages import shown

# one number, or one for each array of parameters: v and W
Rates = float | tuple[float, ...]


def fraction(name: str, value: Any) -> float:
    """Return `value` as a float, refusing anything outside [0, 1)."""
    number = checks.real(name, value, strict=False)
    if number >= 1.0:
        raise ValueError(f"{name} must be a number in [0, 1), got {value}")
    return number


def rates(name: str, value: Any) -> Rates:
    """Return one nonnegative number, or a tuple of them, refusing anything else."""
    if isinstance(value, list | tuple) or np.ndim(value):
        if len(value) == 0:
            raise ValueError(f"{name} must be one number or one for each array, got none")
        return tuple(checks.real(name, entry, strict=False) for entry in value)
    return checks.real(name, value, strict=False)


def each(name: str, value: Rates, count: int) -> tuple[float, ...]:
    """One rate for each of `count` arrays of parameters, from one number or as many."""
    found = value if isinstance(value, tuple) else (value,) * count
    if len(found) != count:
        many = {2: "a pair for v and W"}.get(count, f"{count}, one for each array of parameters")
        raise ValueError(f"{name} must be one number or {many}, got {shown(value)}")
    return found


def plain(value: Rates) -> Any:
    """Rates as JSON knows them."""
    return list(value) if isinstance(value, tuple) else value
