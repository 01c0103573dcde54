"""Flow time, the common time axis of training in steps and gradient flow."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.learning.rates import rates
from sim.messages import shown


def flow_time(step: ArrayLike, learning_rate: float | Sequence[float]) -> NDArray[np.float64]:
    """Flow time of a step: learning rate times step.

    If v and W have different rates, their geometric mean is used, since near the origin both
    layers grow together at the rate sqrt(eta_v eta_W). If one layer is frozen, the other's rate is
    used.

    Parameters
    ----------
    step : array_like
        Updates made.
    learning_rate : float or sequence of float
        One number, or one for each array of parameters; at least one positive.

    Returns
    -------
    ndarray
        With the shape of `step`.

    Examples
    --------
    >>> import sim
    >>> sim.flow_time([0, 1000], 2e-3)
    array([0., 2.])
    >>> float(sim.flow_time(1000, (1e-3, 4e-3)))
    2.0
    """
    given = rates("learning_rate", learning_rate)
    each = given if isinstance(given, tuple) else (given,)
    moving = [rate for rate in each if rate > 0]
    if not moving:
        raise ValueError(
            f"learning_rate must be positive for at least one array, got {shown(given)}"
        )
    if len(set(moving)) == 1:
        unit = moving[0]
    elif len(moving) == 2:
        product = moving[0] * moving[1]
        # of rates whose product is beyond any float
        inside = 0.0 < product < math.inf
        unit = math.sqrt(product) if inside else math.sqrt(moving[0]) * math.sqrt(moving[1])
    else:
        product = math.prod(moving)
        inside = 0.0 < product < math.inf
        mean_log = math.fsum(map(math.log, moving)) / len(moving)
        unit = product ** (1 / len(moving)) if inside else math.exp(mean_log)
    return checks.real_array("step", step).astype(np.float64) * unit
