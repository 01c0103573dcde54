r"""The first step of gradient descent (Lemma 3.1) from W = c 11' and v = c 1, divided by c.

The loss is bilinear while every hinge is active, so the step is read off the kernel:
``-dL/dW_ml / c = sum_j K_jml`` and ``-dL/dv_j / c = sum_ml K_jml``. Its large-T constants are in
`theory.kernel.leading_order`.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.chains.weighted import Prior
from theory.kernel.population import population_kernel
from theory.kernel.two_states import population_kernel_exact


def first_step_W(T: int, prior: str = "flat") -> sp.Matrix:
    """-dL/dW / c at W = c 11', v = c 1 for two states, exactly: the step behind eq. (A.26).

    Parameters
    ----------
    T : int
        Context length, at least 1.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    sympy.Matrix (2, 2)
        Over QQ[log 2].
    """
    kernel = population_kernel_exact(T, prior)
    rows = range(2)
    entries = [[sum(kernel[j, m, l] for j in range(T)) for l in rows] for m in rows]  # noqa: E741
    return sp.Matrix(entries).applyfunc(sp.expand)


def first_step_v(T: int, prior: str = "flat") -> list[sp.Expr]:
    """-dL/dv_j / c, j = 1..T, at W = c 11', v = c 1 for two states, exactly: behind eq. (A.36).

    Parameters
    ----------
    T : int
        Context length, at least 1.
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    list of T SymPy numbers
        Over QQ[log 2].
    """
    kernel = population_kernel_exact(T, prior)
    return [sp.expand(2 * (kernel[j, 0, 0] + kernel[j, 0, 1])) for j in range(T)]


def first_step(
    T: int, *, k: int | None = None, prior: Prior = "flat"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """-dL/dW / c and -dL/dv / c at W = c 11', v = c 1, in floating point.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains, as in
        `theory.population_kernel`.

    Returns
    -------
    gW : array (k, k)
    gv : array (T,)
    """
    kernel = population_kernel(T, k=k, prior=prior)
    return kernel.sum(axis=0), kernel.sum(axis=(1, 2))
