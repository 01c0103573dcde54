r"""How the gradient in v_j depends on the lag j: the even/odd pattern of the first layer.

Only the identity part of W sees lags. Per pair of positions (there are r(r+1)/2 of them over T,
r = T-j+1) its pull on v_j is that of counts of all lags alike plus

    delta_j = E[ sum_m pi_m^2 (P_mm - (P pi)_m) lambda^{j-1} ]           (two states).

In one chain it is geometric in lambda, alternating in j exactly if lambda < 0. Averaged over the
prior, chains near lambda = 1 and near lambda = -1 carry large lags: delta_j then falls as a power
of j with one constant for even and another for odd lags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory import notation as s
from theory.chains.prior_moments import exact_moment, moments
from theory.chains.stationary import stationary_distribution
from theory.kernel.two_states import Term, terms

Array = NDArray[np.float64]


class ParityLaw(NamedTuple):
    """``j^power delta_j`` tends to `even` along even lags and to `odd` along odd ones."""

    power: int
    even: sp.Expr
    odd: sp.Expr


def lag_constant(j: int, prior: str = "flat") -> sp.Expr:
    """delta_j exactly, in QQ[log 2].

    ``K_j11 - K_j12 = r(r+1)/(2T) (B - A + delta_j) + O(1)`` with r = T-j+1 (a = b: O(log T)).

    Parameters
    ----------
    j : int
        Lag, counted from 1 as in the paper.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    SymPy number

    Raises
    ------
    TypeError, ValueError
        If `j` is not an integer >= 1, or the prior is unknown.
    """
    n = checks.integer("j", j, 1) - 1
    return sp.expand(
        sum(
            2 * sp.Rational(t.coefficient) * exact_moment(t.q, t.shift + n, prior)
            for t in _lag_terms()
        )
    )


def lag_constants(count: int, prior: str = "flat") -> Array:
    """delta_j in floating point for j = 1..count, shape ``(count,)``.

    Parameters
    ----------
    count : int
        How many lags, at least 1.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    array (count,)
    """
    count = checks.integer("count", count, 1)
    checks.memory(f"{checks.shown(count)} lags", count, 64)
    n = np.arange(count)
    parts = [2 * float(t.coefficient) * moments(t.q, n + t.shift, prior) for t in _lag_terms()]
    return np.sum(parts, axis=0)


def chain_lag_constants(transition: ArrayLike, count: int) -> Array:
    """delta_j of fixed two-state chains for j = 1..count, from matrix powers.

    Parameters
    ----------
    transition : array (..., 2, 2)
    count : int
        How many lags, at least 1.

    Returns
    -------
    array (..., count)
        Equal to ``delta_1 lambda^(j-1)``.

    Raises
    ------
    TypeError, ValueError
        If the chains are not two-state chains.
    """
    P = checks.real_array("transition", transition)
    pi = stationary_distribution(P)
    if P.shape[-1] != 2:
        raise ValueError(f"transition must have shape (..., 2, 2), got {P.shape}")
    # what the lag adds to (P^{j-1})_{li} beyond its limit pi_i, on the diagonal less off it
    sign = np.array([[0.5, -0.5], [-0.5, 0.5]])
    out, power = [], np.broadcast_to(np.eye(2), P.shape)
    for _ in range(checks.integer("count", count, 1)):
        excess = power - pi[..., None, :]
        out.append(np.einsum("...l,...li,...mi,...m,ml->...", pi, excess, P - 0.5, pi, sign))
        power = power @ P
    return np.stack(out, axis=-1)


def parity_law(prior: str = "flat") -> ParityLaw:
    """The constants of the even/odd pattern at large lags, from both ends of the law of lambda.

    Flat: near lambda = 1 the density of (y, lambda) is 1 - lambda on ``|y| < 1/2``; near -1 it is
    2 on ``|y| < (1 + lambda)/4``. Either end gives ``int e exp(-n e) de = 1/n^2``. With a = b
    lambda is uniform, and either end gives 1/(2n).

    Parameters
    ----------
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    ParityLaw

    Raises
    ------
    ValueError
        If the prior is unknown.
    """
    weight = 2 * sum(sp.Rational(t.coefficient) * s.y ** (2 * t.q) * s.lam**t.shift
                     for t in _lag_terms())  # fmt: skip
    low = weight.subs({s.lam: -1, s.y: 0})
    if checks.prior_name(prior) == "flat":
        half = sp.Rational(1, 2)
        power, high = 2, sp.integrate(sp.expand(weight.subs(s.lam, 1)), (s.y, -half, half))
    else:
        power, high, low = 1, weight.subs({s.lam: 1, s.y: 0}) / 2, low / 2
    return ParityLaw(power, sp.nsimplify(high - low), sp.nsimplify(high + low))


def _lag_terms() -> list[Term]:
    return [t for t in terms(0, 0) if t.lag and not t.gap]
