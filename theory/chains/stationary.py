"""Numeric stationary distributions of chains with any number of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def stationary_distribution(transition: ArrayLike) -> NDArray[np.float64]:
    """Stationary distributions of numeric chains with any number of states.

    Parameters
    ----------
    transition : array (..., k, k)
        Row-stochastic matrices with a single recurrent class, which may be periodic.

    Returns
    -------
    array (..., k)
        The row pi with ``pi P = pi`` and unit sum, from one linear solve per chain.

    Raises
    ------
    TypeError, ValueError
        If the array is not of numbers or not square, a row is not a distribution, or a stationary
        distribution is not unique.
    """
    try:
        matrix = np.asarray(transition, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"transition must be an array of numbers, got {transition!r}") from None
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
    # pi (I - P + J) = 1' with J all ones, because pi J = 1'; the bracket is invertible exactly
    # when the eigenvalue 1 is simple, so no equation has to be dropped by hand.
    bracket = np.eye(matrix.shape[-1]) - matrix + 1.0
    condition = np.max(np.linalg.cond(bracket))
    if condition > 1e14:
        raise ValueError(
            "transition must have a unique stationary distribution, but eigenvalue 1 is repeated "
            f"up to rounding (condition number {condition:.1e})"
        )
    ones = np.ones((*matrix.shape[:-1], 1))
    solution = np.linalg.solve(np.swapaxes(bracket, -1, -2), ones)[..., 0]
    return np.asarray(solution, dtype=np.float64)
