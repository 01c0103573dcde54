"""The two-state chain in SymPy: transition matrix, eigenvalue, powers."""

from __future__ import annotations

from typing import Any

import sympy as sp

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
