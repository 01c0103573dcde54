r"""The second step of gradient descent (second half of Lemma 3.1) while every hinge is active.

From W = c 11' and v = c 1 the first step leaves ``W = c (11' + eta G)``, ``v = c (1 + eta S)`` with
``G_ml = sum_j K_jml`` and ``S_j = sum_ml K_jml``. The second adds ``eta K:W`` to v, so

    v_j / c = 1 + 2 eta S_j + eta^2 sum_ml K_jml G_ml.

The init scale c is a common factor: which entry is the largest depends on T and eta alone. It
matters only through the hinges, which are active when Delta >= `required_margin`.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import checks
from theory.chains.prior_moments import exact_moment
from theory.chains.weighted import Prior
from theory.exact import sign
from theory.kernel.leading_order import leading_constants
from theory.kernel.population import population_kernel
from theory.kernel.two_states import population_kernel_exact, terms

Array = NDArray[np.float64]


def second_step(T: int, c: float, eta: float, *, prior: Prior = "flat") -> tuple[Array, Array]:
    """Weights after two steps of population gradient descent on the margin loss.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    c : float
        The common initial value of all entries of W and v.
    eta : float
        The learning rate of both layers.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic" (two states), or a weighted set of chains, as in
        `theory.population_kernel`.

    Returns
    -------
    W : array (k, k)
    v : array (T,)
    """
    for name, value in (("c", c), ("eta", eta)):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite, got {checks.shown(value)}")
    K = population_kernel(checks.integer("T", T, 1), prior=prior)
    W1, v1 = c * (1 + eta * K.sum(axis=0)), c * (1 + eta * K.sum(axis=(1, 2)))
    return W1 + eta * np.einsum("jml,j->ml", K, v1), v1 + eta * np.einsum("jml,ml->j", K, W1)


def second_step_v(T: int, eta: sp.Expr, *, prior: str = "flat") -> list[sp.Expr]:
    """v_j / c after two steps for two states, exactly: a quadratic in `eta` over QQ[log 2].

    Parameters
    ----------
    T : int
        Context length, at least 1.
    eta : SymPy expression
        Learning rate.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    list of T SymPy expressions
    """
    S, KG = _exact_parts(T, prior)
    return [sp.expand(1 + 2 * eta * s + eta**2 * g) for s, g in zip(S, KG, strict=True)]


def _exact_parts(T: int, prior: str = "flat") -> tuple[list[sp.Expr], list[sp.Expr]]:
    K = population_kernel_exact(T, prior)
    G = [sp.expand(sum(K[j, 0, l] for j in range(T))) for l in (0, 1)]  # noqa: E741
    S = [sp.expand(2 * (K[j, 0, 0] + K[j, 0, 1])) for j in range(T)]
    KG = [sp.expand(2 * (K[j, 0, 0] * G[0] + K[j, 0, 1] * G[1])) for j in range(T)]
    return S, KG


def critical_learning_rate(T: int) -> float | None:
    """Learning rate above which the second step makes v_2 the largest entry of v.

    Two states, flat prior, start W = c 11', v = c 1 with any c > 0, one learning rate, every hinge
    active. ``v_2 > v_j`` is linear in eta after division by c eta; the condition on v_1 is the
    strictest.

    Parameters
    ----------
    T : int
        Context length, at least 1.

    Returns
    -------
    float or None
        None if there is no such learning rate (T <= 9).

    Raises
    ------
    TypeError, ValueError
        If `T` is not an integer >= 1.

    Examples
    --------
    >>> import theory
    >>> round(theory.critical_learning_rate(100), 6)
    0.00356
    >>> theory.critical_learning_rate(9) is None
    True
    """
    T = checks.integer("T", T, 1)
    if T < 2:
        return None
    K = population_kernel(T)
    S, KG = K.sum(axis=(1, 2)), np.einsum("jml,ml->j", K, K.sum(axis=0))
    rivals = np.arange(T) != 1
    deficit, gain = 2 * (S[rivals] - S[1]), KG[1] - KG[rivals]
    if np.any(gain <= 0):  # that rival is not overtaken however large the rate
        return None
    return float(max(0.0, np.max(deficit / gain)))


def critical_learning_rate_exact(T: int) -> sp.Expr | None:
    """The learning rate above which v_2 > v_1, exactly, over QQ[log 2]; None if negative.

    Parameters
    ----------
    T : int
        Context length, at least 2.

    Returns
    -------
    SymPy number or None

    Raises
    ------
    TypeError, ValueError
        If `T` is not an integer >= 2.
    """
    S, KG = _exact_parts(checks.integer("T", T, 2))
    gain = sp.expand(KG[1] - KG[0])
    return None if sign(gain) <= 0 else sp.expand(2 * (S[0] - S[1])) / gain


def required_margin(T: int, c: float, eta: float) -> float:
    """Smallest Delta that keeps every hinge active through both steps, two states, flat prior.

    All weights are positive, so that the largest logit difference is that of a constant sequence.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    c : float
        The common initial value of all entries of W and v.
    eta : float
        The learning rate of both layers.

    Returns
    -------
    float
    """
    K = population_kernel(checks.integer("T", T, 1))
    W1, v1 = 1 + eta * K.sum(axis=0), 1 + eta * K.sum(axis=(1, 2))
    return float(c**2 * W1.max() * np.sum(np.arange(T, 0, -1) * v1))


def diagonal_constant(j: int) -> sp.Expr:
    """E of eqs. (A.47), (A.48): ``K_j11 + K_j22 = (T-j+1)(T-j+2)/(2T) * this + O(1)``.

    Parameters
    ----------
    j : int
        Lag, counted from 1 as in the paper.

    Returns
    -------
    SymPy number
        In QQ[log 2].

    Raises
    ------
    TypeError, ValueError
        If `j` is not an integer >= 1.
    """
    j = checks.integer("j", j, 1)
    return sp.expand(
        sum(
            2 * sp.Rational(t.coefficient) * exact_moment(t.q, t.shift + t.lag * (j - 1))
            for t in terms(0, 0)
            if not t.gap
        )
    )


def critical_rate_constant() -> sp.Expr:
    """C with ``T^3 critical_learning_rate(T) -> C``.

    With d = `diagonal_constant`, S_1 - S_2 -> D and KG_2 - KG_1 ~ ``T^3/12 (B - A) (d_2 - d_1)``:
    diagonal and off-diagonal constants of each lag add up to D, so that only B - A enters.

    Returns
    -------
    SymPy number
        A quotient over QQ[log 2], about 3512.67.
    """
    c = leading_constants()
    slope = sp.expand((c.B - c.A) * (diagonal_constant(2) - diagonal_constant(1)))
    return 24 * c.D / slope
