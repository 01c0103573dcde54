"""Stationary distributions of chains of any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels import chains


def stationary_distribution(transition: ArrayLike) -> NDArray[np.float64]:
    """Stationary distribution of chains of any order, accurate to relative rounding error.

    Of a chain with several recurrent classes it is the long-run share of time in each history from
    a uniform start: the stationary distribution of each class, times the probability to end in it.

    Parameters
    ----------
    transition : array_like, shape (n, k**order, k) or (k**order, k)
        Rows sum to 1; row s belongs to the history spelled by the base-k digits of s, oldest
        token first.

    Returns
    -------
    ndarray, shape (n, k**order) or (k**order,)
        Distribution over histories; for order 1 the stationary distribution pi itself. Periodic
        chains have one like all others.

    Examples
    --------
    >>> import sim
    >>> sim.stationary_distribution([[0.9, 0.1], [0.3, 0.7]]).round(12)
    array([0.75, 0.25])
    >>> sim.stationary_distribution([[1, 0], [0, 1]])
    array([0.5, 0.5])
    """
    matrices = checks.transition("transition", transition)
    out = stationary(matrices)
    return out[0] if np.ndim(transition) == 2 else out


def stationary(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for checked matrices (n, k**order, k)."""
    n, histories, _ = matrices.shape
    out = np.empty((n, histories))
    chains.stationary(matrices, out)
    hard = np.flatnonzero(np.isnan(out[:, 0]))
    if hard.size:
        found = np.empty((hard.size, histories))
        chains.graded_stationary(matrices[hard], found)
        out[hard] = found
    return out
