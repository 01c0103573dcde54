r"""Averages over the prior on chains: its density, and exact and float moments.

For two states put ``y = pi_1 - 1/2`` and ``s = 1 - lambda``. Then ``1 - b = s (1/2 + y)`` and
``1 - a = s (1/2 - y)``, whose Jacobian is s. Under the flat prior (a, b uniform on the square) the
density of (y, lambda) is therefore ``s = 1 - lambda`` on

    |y| < 1/2            for 0 < s <= 1,
    |y| < 1/s - 1/2      for 1 <= s < 2.

Under "doubly_stochastic" (a = b uniform) y = 0 and lambda is uniform on (-1, 1). Node sets for
averages that have no closed form are in `theory.chains.nodes`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory import notation as s
from theory.chains.chain import stationary_in_y

Pair = tuple[Fraction, Fraction]


def density(prior: str = "flat") -> sp.Expr:
    """Density of (y, lambda) for two states under the flat prior, from the Jacobian.

    Parameters
    ----------
    prior : str
        "flat".

    Returns
    -------
    SymPy expression
        In `notation.lam`.

    Raises
    ------
    ValueError
        For a prior whose law in (y, lambda) has no density.
    """
    if checks.prior_name(prior) != "flat":
        raise ValueError(
            f"prior must be flat to have a density in (y, lambda), got {checks.shown(prior)}"
        )
    pi = stationary_in_y()
    corner = sp.Matrix([(1 - s.lam) * pi[1], (1 - s.lam) * pi[0]])  # (1 - a, 1 - b)
    return sp.Abs(sp.factor(corner.jacobian([s.y, s.lam]).det())).subs(sp.Abs(s.lam - 1), 1 - s.lam)


def exact_moment(q: int, n: int, prior: str = "flat", *, resolvent: int = 0) -> sp.Expr:
    """E[y^(2q) lambda^n (1 - lambda)^(-resolvent)], exactly, in QQ + QQ log 2 (two states).

    Parameters
    ----------
    q, n : int
        Not negative.
    prior : str
        "flat" or "doubly_stochastic".
    resolvent : int
        1 divides by 1 - lambda, which sums a geometric series in lambda.

    Returns
    -------
    SymPy number
        ``oo`` where the average diverges (a = b with ``resolvent=1`` and q = 0).
    """
    q, n = checks.integer("q", q, 0), checks.integer("n", n, 0)
    if resolvent not in (0, 1):
        raise ValueError(f"resolvent must be 0 or 1, got {checks.shown(resolvent)}")
    if checks.prior_name(prior) == "doubly_stochastic" and resolvent and q == 0:
        return sp.oo
    return as_sympy(exact_pair(q, n, prior, resolvent))


def as_sympy(pair: Pair) -> sp.Expr:
    """The SymPy number ``pair[0] + pair[1] log 2``."""
    rational, logarithm = (sp.Rational(c.numerator, c.denominator) for c in pair)
    return rational + logarithm * sp.log(2)


@cache
def exact_pair(q: int, n: int, prior: str = "flat", resolvent: int = 0) -> Pair:
    """`exact_moment` as two fractions ``(r, t)`` meaning ``r + t log 2``; arguments unchecked."""
    if prior == "doubly_stochastic":
        even = q == 0 and n % 2 == 0
        return (Fraction(1, n + 1) if even else Fraction(0)), Fraction(0)
    # Integrating y out leaves 2 h^(2q+1)/(2q+1) with h = 1/2 or 1/s - 1/2; s <= 1 is a beta
    # integral, and s = 1 + u turns the rest into a rational function of u on (0, 1).
    scale = Fraction(1, (2 * q + 1) * 4**q)
    near = Fraction(1, (n + 1) * (n + 2)) if resolvent == 0 else Fraction(1, n + 1)
    far = _rational_integral(n, 2 * q + 1, 2 * q + resolvent)
    parity = -1 if n % 2 else 1
    return scale * (near + parity * far[0]), scale * parity * far[1]


def _rational_integral(n: int, m: int, r: int) -> Pair:
    """int_0^1 u^n (1-u)^m (1+u)^(-r) du, by expanding in w = 1 + u on (1, 2)."""
    rational, logarithm = Fraction(0), Fraction(0)
    first = [comb(n, i) * (-1) ** (n - i) for i in range(n + 1)]
    second = [comb(m, i) * (-1) ** i * 2 ** (m - i) for i in range(m + 1)]
    for power in range(n + m + 1):
        terms = range(max(0, power - n), min(m, power) + 1)
        coefficient = sum(second[i] * first[power - i] for i in terms)
        exponent = power - r + 1
        if exponent == 0:
            logarithm += coefficient
        else:
            rational += coefficient * (Fraction(2) ** exponent - 1) / exponent
    return rational, logarithm


def moments(q: int, n: ArrayLike, prior: str = "flat") -> NDArray[np.float64]:
    """E[y^(2q) lambda^n] in floating point, elementwise in `n` (two states).

    Parameters
    ----------
    q : int
        Not negative.
    n : array of int
        Not negative, of any shape.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    array
        Of the shape of `n`, with a relative error of about 1e-15.
    """
    q = checks.integer("q", q, 0)
    whole = np.asarray(n)
    if whole.dtype.kind not in "iu":
        raise TypeError(f"n must hold integers >= 0, got dtype {whole.dtype}")
    if np.any(whole < 0):
        raise ValueError(f"n must hold integers >= 0, got {whole.min()}")
    x = whole.astype(np.float64)
    odd = whole % 2 == 1
    if checks.prior_name(prior) == "doubly_stochastic":
        return np.where(odd | (q > 0), 0.0, 1.0 / (x + 1.0))
    if q == 0:
        return np.where(odd, 0.0, 2.0 / ((x + 1.0) * (x + 2.0)))
    share = _far_share(q, x)
    return (1.0 + np.where(odd, -share, share)) / ((x + 1.0) * (x + 2.0) * (2 * q + 1)) * 0.25**q


def _far_share(q: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part s > 1 of a moment, divided by its part s < 1.

    Euler's integral gives 2F1(2q, n+1; n+2q+3; -1), whose series alternates; Pfaff's
    transformation makes it 4^(-q) 2F1(2q, 2q+2; n+2q+3; 1/2), all of whose terms are positive.
    """
    top = 2 * q
    total = np.zeros_like(x)
    r = 0
    with np.errstate(under="ignore"):  # a vanishing term is what ends the series
        term = np.full(x.shape, 0.25**q)
        for i in range(3, top + 3):  # (2q+1)! / ((n+3) ... (n+2q+2)), paired against overflow
            term = term * ((i - 1) / (x + i))
        while np.any(term > 1e-18 * total) or r < top:
            total = total + term
            term = term * ((top + r) * (top + 2 + r) / (2.0 * (r + 1)) / (x + (top + 3 + r)))
            r += 1
    return total
