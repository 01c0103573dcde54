r"""K for two states in closed form, from the integrand as a polynomial in y and lambda.

Both named priors are invariant under relabelling the states, which for two of them is y -> -y: only
even powers of y survive the average, and K_j is ``A_j 11' + B_j I``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import checks
from theory import notation as s
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.chains.prior_moments import as_sympy, exact_pair, moments


class Term(NamedTuple):
    """``coefficient * y^(2q) lambda^shift * lambda^(lag (j-1)) * lambda^(gap n)``."""

    q: int
    shift: int
    lag: int
    gap: int
    coefficient: Fraction


@cache
def _polynomial(m: int, l: int) -> sp.Poly:  # noqa: E741
    """The integrand as a polynomial in y, lambda, lambda^(j-1), lambda^n, odd powers of y kept."""
    pi, step = stationary_in_y(), power_in_y_lambda(1)
    lag = power_in_y_lambda(s.n).subs(s.lam**s.n, s.lam_lag)
    gap = power_in_y_lambda(s.n).subs(s.lam**s.n, s.lam_gap)
    half = sp.Rational(1, 2)
    total = sum(pi[l] * lag[l, i] * (step[m, i] - half) * gap[i, m] for i in range(2))
    return sp.Poly(sp.expand(total), s.y, s.lam, s.lam_lag, s.lam_gap)


def integrand(m: int, l: int) -> sp.Expr:  # noqa: E741
    """What is averaged over two-state chains in K_jml, before the sum over n.

    Parameters
    ----------
    m, l : int
        The indices of W, 0 or 1.

    Returns
    -------
    SymPy expression
        In `notation.y`, `lam`, ``lam**(j-1)`` and ``lam**n``: the summand of eq. (A.21) with v_j
        singled out instead of summed over.

    Raises
    ------
    TypeError, ValueError
        If an index is not 0 or 1.
    """
    for name, value in (("m", m), ("l", l)):
        if checks.integer(name, value, 0) > 1:
            raise ValueError(f"{name} must be 0 or 1, got {checks.shown(value)}")
    factors = sp.factor(_polynomial(m, l).as_expr())
    return factors.subs({s.lam_lag: s.lam ** (s.j - 1), s.lam_gap: s.lam**s.n})


@cache
def terms(m: int, l: int) -> tuple[Term, ...]:  # noqa: E741
    """The integrand's monomials whose average over a relabelling-invariant prior can be nonzero."""
    return tuple(
        Term(ny // 2, shift, lag, gap, Fraction(int(c.p), int(c.q)))
        for (ny, shift, lag, gap), c in _polynomial(m, l).terms()
        if ny % 2 == 0
    )


def _assemble(T: int, table: dict[int, NDArray[Any]]) -> dict[int, NDArray[Any]]:
    """T times the columns K_{j,0,0} and K_{j,0,1}, keyed by l, from moments 0..T for each q.

    K is linear in the moments, so one routine serves floats and (as object arrays) fractions. The
    sums over n are prefix or suffix sums; the cost is linear in T.
    """
    remaining = np.arange(T, 0, -1)  # T - j + 1 for j = 1..T
    pairs = remaining * (remaining + 1) // 2
    sums: dict[tuple[int, int, int, int], NDArray[Any]] = {}
    for q, shift, lag, gap, _ in {*terms(0, 0), *terms(0, 1)}:
        window = table[q][shift : shift + T]
        if gap and lag:  # lambda^(j-1+n): the exponent runs from j-1 to T-1, weight T - exponent
            value = np.cumsum((remaining * window)[::-1])[::-1]
        elif gap:
            value = np.cumsum(np.cumsum(window))[::-1]
        else:
            value = pairs * (window if lag else window[0])
        sums[q, shift, lag, gap] = value
    zero = table[0][0] * 0
    return {
        l: sum((_scale(t.coefficient, sums[t[:4]]) for t in terms(0, l)), start=np.full(T, zero))
        for l in (0, 1)  # noqa: E741
    }


def _scale(coefficient: Fraction, values: NDArray[Any]) -> NDArray[Any]:
    return values * (coefficient if values.dtype == object else float(coefficient))


def _powers_of_y() -> list[int]:
    return sorted({t.q for t in (*terms(0, 0), *terms(0, 1))})


def closed_kernel(T: int, prior: str) -> NDArray[np.float64]:
    """K (T, 2, 2) in floating point, from exact moments; arguments unchecked."""
    table = {q: moments(q, np.arange(T + 1), prior) for q in _powers_of_y()}
    columns = _assemble(T, table)
    out = np.empty((T, 2, 2))
    out[:, 0, 0] = out[:, 1, 1] = columns[0] / T
    out[:, 0, 1] = out[:, 1, 0] = columns[1] / T
    return out


def population_kernel_exact(T: int, prior: str = "flat") -> sp.ImmutableDenseNDimArray:
    """`population_kernel` for two states as exact numbers in QQ[log 2].

    Parameters
    ----------
    T : int
        Context length, at least 1.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    sympy.ImmutableDenseNDimArray (T, 2, 2)
    """
    T = checks.integer("T", T, 1)
    checks.prior_name(prior)
    parts = []
    for part in (0, 1):
        table = {q: np.empty(T + 1, dtype=object) for q in _powers_of_y()}
        for q, column in table.items():
            column[:] = [exact_pair(q, n, prior)[part] for n in range(T + 1)]
        parts.append(_assemble(T, table))
    rows = []
    for i in range(T):
        same, cross = (as_sympy((parts[0][l][i] / T, parts[1][l][i] / T)) for l in (0, 1))  # noqa: E741
        rows.append([[same, cross], [cross, same]])
    return sp.ImmutableDenseNDimArray(rows)
