r"""Large-T laws of the two singular values of the kernel.

In the orthonormal basis 11'/k, (I - 11'/k)/sqrt(k-1) the kernel is two columns over the lags.
Under the flat prior both are ``T M_ml (1 - x)^2 / 2`` to leading order, x = j/T: one profile, so
the first mode is that profile with W proportional to M (B on the diagonal, A off it),

    sigma_1 ~ T^{3/2} |M|_F / sqrt(20),            |M|_F^2 = k B^2 + k (k-1) A^2.

What is orthogonal to M in W sees only the lag pattern delta_j of `lag_pattern`, so that
``sigma_2 ~ (T/2) |cos| (sum_j delta_j^2)^{1/2}`` with |cos| the weight of the identity direction
in it: one power T^{1/2} below. With a = b the columns are orthogonal to leading order, and the
one of the lag pattern, which is T/2 (sum_j delta_j^2)^{1/2}, comes first; the other is, with
L = log T + gamma + log 2 - 3,  (T/192)^{1/2} (L^2 - 2L/3 + 2/9)^{1/2}.
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory.kernel.lag_pattern import lag_constants, parity_law
from theory.kernel.leading_order import leading_constants

Array = NDArray[np.float64]

_LAGS = 20_000  # summed one by one; the tail beyond follows the parity law


def first_singular_constant(prior: str = "flat") -> sp.Expr:
    """The limit of sigma_1^2 / T^3 (flat) or sigma_1^2 / T^2 (a = b), two states, exactly.

    Parameters
    ----------
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    SymPy number

    Raises
    ------
    ValueError
        If the prior is unknown.
    """
    if checks.prior_name(prior) == "flat":
        known = leading_constants()
        return sp.expand(known.A**2 + known.B**2) / 10
    n = sp.Symbol("n", integer=True, positive=True)
    # delta_j = 1/(4 (j+1)) for even j = 2n, else 0
    return sp.summation(1 / (2 * n + 1) ** 2, (n, 1, sp.oo)) / 64


def second_singular_constant() -> float:
    """The limit of sigma_2^2 / T^2 under the flat prior, two states, to about 1e-13."""
    known = leading_constants()
    A, B = float(known.A), float(known.B)
    cosine = (A + B) ** 2 / ((A + B) ** 2 + (B - A) ** 2)
    return cosine / 4 * lag_energy()


def lag_energy() -> float:
    """The sum of delta_j^2 over all lags, flat prior, two states."""
    law = parity_law()
    tail = (float(law.even) ** 2 + float(law.odd) ** 2) / 2 / (3 * (_LAGS + 0.5) ** 3)
    return float(np.sum(lag_constants(_LAGS) ** 2)) + tail


def singular_value_law(T: ArrayLike, prior: str = "flat") -> Array:
    """The large-T law of the two singular values, two states.

    Relative corrections are O(1/T) under the flat prior and O(log(T)^2 / T) with a = b.

    Parameters
    ----------
    T : float or array
        Context lengths above 1.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    array (..., 2)
    """
    length = checks.real_array("T", T)
    if not np.all(length > 1):
        raise ValueError(f"T must be above 1 for a law of long contexts, got {checks.shown(T)}")
    first = math.sqrt(float(first_singular_constant(checks.prior_name(prior))))
    if prior == "flat":
        laws = (first * length**1.5, math.sqrt(second_singular_constant()) * length)
    else:
        L = np.log(length) + np.euler_gamma + math.log(2) - 3
        laws = (first * length, np.sqrt(length / 192 * (L**2 - 2 * L / 3 + 2 / 9)))
    return np.stack(laws, axis=-1)
