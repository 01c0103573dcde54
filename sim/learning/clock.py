"""The clock shared by discrete training and gradient flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks


def layer_rates(
    learning_rate: float | tuple[float, float], name: str = "learning_rate"
) -> tuple[float, float]:
    """Learning rates of v and W from one number or a pair, nonnegative and not both zero."""
    return _pair(name, learning_rate, allow_both_zero=False)


def layer_decays(weight_decay: float | tuple[float, float]) -> tuple[float, float]:
    """Weight decay of v and W from one number or a pair, nonnegative."""
    return _pair("weight_decay", weight_decay, allow_both_zero=True)


def flow_time(step: ArrayLike, learning_rate: float | tuple[float, float]) -> NDArray[np.float64]:
    """Flow time of a step: learning rate times step.

    With different rates for v and W their geometric mean counts, since near the origin both
    layers grow together at the rate sqrt(eta_v eta_W); with one layer frozen, the other's rate.
    """
    eta_v, eta_W = layer_rates(learning_rate)
    unit = float(np.sqrt(eta_v * eta_W)) if eta_v * eta_W > 0 else max(eta_v, eta_W)
    if eta_v == eta_W:
        unit = eta_v
    return np.asarray(step, dtype=np.float64) * unit


def _pair(name: str, value: object, *, allow_both_zero: bool) -> tuple[float, float]:
    values = value if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be one number or a pair for v and W, got {value!r}")
    first, second = (checks.real(name, entry, strict=False) for entry in values)
    if first == second == 0.0 and not allow_both_zero:
        raise ValueError(f"{name} must be positive for at least one of v and W, got {value!r}")
    return first, second
