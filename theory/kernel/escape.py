r"""Escape time: when small weights leave the origin along the first mode.

At logits 0 cross-entropy has the gradient of the margin loss with every hinge active: both are
1/k - 1{i = y} in f_i. From v = c 1, W = 0 with small c, either loss therefore moves W along the
linear flow until the logits count, and |W|_F reaches a threshold theta << 1 at

    t ~ (1/sigma_1) log(2 theta / (c <u_1, 1>)),

one more 1/sigma_1 for every factor e by which c is smaller.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from theory import checks
from theory.chains.weighted import Prior
from theory.kernel.singular_modes import Modes, modes


def escape_time(
    T: int,
    c: float,
    threshold: float,
    *,
    k: int | None = None,
    prior: Prior = "flat",
    kernel: ArrayLike | None = None,
) -> float:
    """Flow time at which ``|W|_F`` reaches the threshold in the linear flow from v = c 1, W = 0.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    c : float
        Initial value of every v_j, above 0.
    threshold : float
        Of the Frobenius norm of W, above 0; the prediction is valid for thresholds at which the
        logits are still small.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains, as in `population_kernel`.
    kernel : array (T, k, k), optional
        Used instead of `population_kernel` of the prior.

    Returns
    -------
    float
        Flow time: learning rate times step.

    Raises
    ------
    ValueError
        If the kernel vanishes.

    Examples
    --------
    >>> import theory
    >>> round(theory.escape_time(100, c=1e-3, threshold=0.1), 6)
    0.206779
    """
    found, start = _start(T, c, threshold, k, prior, kernel)

    def excess(t: float) -> float:
        return float(np.linalg.norm(start * np.sinh(found.singular_values * t))) - threshold

    # too early if all modes grew as the fastest does; too late where one mode is there alone
    low = math.asinh(threshold / float(np.linalg.norm(start))) / float(found.singular_values[0])
    alone = np.arcsinh(threshold / np.maximum(np.abs(start), 1e-300)) / found.singular_values
    ends = low * (1 - 1e-9), float(np.min(alone)) * (1 + 1e-9)
    return float(brentq(excess, *ends, xtol=1e-300, rtol=1e-13))


def escape_law(
    T: int,
    c: float,
    threshold: float,
    *,
    k: int | None = None,
    prior: Prior = "flat",
    kernel: ArrayLike | None = None,
) -> float:
    """The logarithmic law of `escape_time` for c -> 0, from the first mode alone.

    Parameters
    ----------
    T, c, threshold, k, prior, kernel
        As in `escape_time`.

    Returns
    -------
    float
        Flow time.

    Raises
    ------
    TypeError, ValueError
        As `escape_time`.
    """
    found, start = _start(T, c, threshold, k, prior, kernel)
    return math.log(2 * threshold / abs(start[0])) / float(found.singular_values[0])


def _start(
    T: int, c: float, threshold: float, k: int | None, prior: Prior, kernel: ArrayLike | None
) -> tuple[Modes, np.ndarray]:
    for name, value in (("c", c), ("threshold", threshold)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be finite and > 0, got {checks.shown(value)}")
    found = modes(checks.integer("T", T, 1), k=k, prior=prior, kernel=kernel)
    if not len(found.singular_values):
        raise ValueError("kernel must not vanish: nothing grows")
    return found, c * found.v_modes.sum(axis=1)
