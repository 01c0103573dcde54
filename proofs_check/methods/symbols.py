"""The letters of Appendix A up to the first step of W, and the places of W."""

from __future__ import annotations

from itertools import product

import sympy as sp

from theory import notation

a, b, lam = notation.a, notation.b, notation.lam
c, k = sp.symbols("c k", positive=True)
t, p, t1, s, i = sp.symbols("t p t' s i", integer=True, positive=True)
HALF = sp.Rational(1, 2)
Entry = tuple[int, int]  # a place (m, l) of W, counted from 0


def entries(size: int) -> list[Entry]:
    """The places of W."""
    return list(product(range(size), range(size)))
