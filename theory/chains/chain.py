"""The two-state chain in symbols, and the stationary distribution of any chain in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory import notation as s


def transition() -> sp.Matrix:
    """The two-state transition matrix (2, 2) in a, b: eq. (A.9)."""
    return sp.Matrix([[s.a, 1 - s.a], [1 - s.b, s.b]])


def eigenvalue() -> sp.Expr:
    """The eigenvalue other than 1: the trace is the sum of the eigenvalues."""
    return sp.expand(transition().trace() - 1)


def stationary() -> sp.Matrix:
    """The stationary distribution (1, 2) in a, b: the row with pi P = pi and pi 1 = 1."""
    p1 = sp.Symbol("p1")
    row = sp.Matrix([[p1, 1 - p1]])
    (solution,) = sp.solve((row * transition() - row)[0], p1)
    return row.subs(p1, solution).applyfunc(sp.factor)


def power(n: Any = s.n) -> sp.Matrix:
    """The n-th power (2, 2) of the transition matrix in a, b: what eq. (A.23) asserts.

    The eigenvalue 1 has the right eigenvector 1 and the left eigenvector pi, so its projector is
    ``1 pi`` and the other eigenvalue keeps the rest: ``P^n = 1 pi + lambda^n (I - 1 pi)``.
    """
    projector = sp.ones(2, 1) * stationary()
    return projector + eigenvalue() ** n * (sp.eye(2) - projector).applyfunc(sp.factor)


def coordinates() -> dict[sp.Symbol, sp.Expr]:
    """The substitution giving a and b in terms of y = pi_1 - 1/2 and lambda."""
    matrix = power_in_y_lambda(1)
    return {s.a: sp.expand(matrix[0, 0]), s.b: sp.expand(matrix[1, 1])}


def stationary_in_y() -> sp.Matrix:
    """The stationary distribution (1, 2) in y."""
    return sp.Matrix([[sp.Rational(1, 2) + s.y, sp.Rational(1, 2) - s.y]])


def power_in_y_lambda(n: Any = s.n) -> sp.Matrix:
    """The n-th power (2, 2) of the transition matrix in y and lambda."""
    projector = sp.ones(2, 1) * stationary_in_y()
    return projector + s.lam**n * (sp.eye(2) - projector)


def stationary_distribution(transition: ArrayLike) -> NDArray[np.float64]:
    """Stationary distributions of numeric chains with any number of states.

    Parameters
    ----------
    transition : array (..., k, k)
        Row-stochastic matrices with a single recurrent class (periodic ones are welcome).

    Returns
    -------
    array (..., k)
        The row pi with ``pi P = pi`` and unit sum, from one linear solve a chain.

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
