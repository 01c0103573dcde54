"""The letters of Appendix A up to the second step, the places of W, and (A.23)."""

from __future__ import annotations

from itertools import product

import sympy as sp

from theory import notation

a, b, lam, j, n = notation.a, notation.b, notation.lam, notation.j, notation.n  # n = p - t'
c, k = sp.symbols("c k", positive=True)
t, p, t1, s, i = sp.symbols("t p t' s i", integer=True, positive=True)
CP, GAP = sp.symbols("c_prime gap")  # c' and rho - c' of W = c' 11^T + (rho - c') I
HALF = sp.Rational(1, 2)
CROSS = (a - 1) * (b - 1)

P = sp.Matrix([[a, 1 - a], [1 - b, b]])  # (A.9)
PI = sp.Matrix([[b - 1, a - 1]]) / (lam - 1)
# (A.23): P^n = (beta lambda^n + gamma) / (lambda - 1)
BETA = sp.Matrix([[a - 1, 1 - a], [1 - b, b - 1]])
GAMMA = sp.Matrix([[b - 1, a - 1], [b - 1, a - 1]])

Entry = tuple[int, int]  # a place (m, l) of W, counted from 0


def entries(size: int) -> list[Entry]:
    """The places of W."""
    return list(product(range(size), range(size)))
