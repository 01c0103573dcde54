"""Numeric stationary distributions of chains with any number of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import checks

Array = NDArray[np.float64]


def stationary_distribution(transition: ArrayLike) -> Array:
    """Stationary distributions of numeric chains with any number of states.

    Of a chain with several recurrent classes it is the long-run share of time in each state from a
    uniform start: the stationary distribution of each class, times the probability to end in it.

    Parameters
    ----------
    transition : array (..., k, k)
        Row-stochastic matrices, which may be periodic or reducible.

    Returns
    -------
    array (..., k)
        The row pi with ``pi P = pi`` and unit sum, each entry accurate to about 1e-13 however
        small, by elimination without subtractions in logarithms.

    Raises
    ------
    TypeError, ValueError
        If the array is not of numbers or not square, or a row is not a distribution.
    """
    matrix = checks.real_array("transition", transition)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"transition must have shape (..., k, k), got {matrix.shape}")
    rows = matrix.reshape(-1, matrix.shape[-1])
    # written so that a NaN is no distribution either
    wrong = ~((rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1.0) <= 1e-10))
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"transition must have nonnegative rows summing to 1, got {rows[first]} as row "
            f"{first % matrix.shape[-1]}"
        )
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        found = _long_run(np.log(matrix.reshape(-1, *matrix.shape[-2:])))
    return found.reshape(matrix.shape[:-1])


def _long_run(logs: Array) -> Array:
    """Long-run shares (n, k) of chains whose log probabilities are (n, k, k).

    States are eliminated from the last on. One that can reach no state that is left stays, and
    stands for its recurrent class. Row k is the uniform start, whose entries become the
    probabilities to end in each class.
    """
    n, k, _ = logs.shape
    logs = np.concatenate([logs, np.full((n, 1, k), -np.log(k))], axis=1)
    stays = np.zeros((n, k), bool)
    for state in range(k - 1, -1, -1):
        left = stays.copy()
        left[:, :state] = True
        onward = np.where(left, logs[:, state], -np.inf)
        leave = np.logaddexp.reduce(onward, axis=1)
        stays[:, state] = leave == -np.inf
        last = stays[:, state, None]
        into = np.where(last, logs[:, :, state], logs[:, :, state] - leave[:, None])
        logs[:, :, state] = into
        through = np.where(last[..., None], -np.inf, into[..., None] + onward[:, None])
        logs = np.logaddexp(logs, through)
    out = np.zeros((n, k))
    for first in range(k):
        chosen = np.flatnonzero(stays[:, first])
        if chosen.size:
            out[chosen] += _class(logs[chosen], first)
    return out / out.sum(axis=1, keepdims=True)


def _class(logs: Array, first: int) -> Array:
    """Distribution in the class that `first` stands for, times the probability to end in it."""
    n, _, k = logs.shape
    pi = np.full((n, k), -np.inf)
    pi[:, first] = 0.0
    for state in range(first + 1, k):
        pi[:, state] = np.logaddexp.reduce(pi[:, :state] + logs[:, :state, state], axis=1)
    total = np.logaddexp.reduce(pi, axis=1)
    return np.exp(pi - (total - logs[:, -1, first])[:, None])
