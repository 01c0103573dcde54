"""K of two states from powers of P written out: pi_i + lambda^n (1{m = i} - pi_i), and their sums.

For contexts of thousands of tokens, without any code of `theory` but nodes over the prior.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

import theory

Array = NDArray[np.float64]
NODES = 400  # of 1 - lambda on either side of 0; more change nothing


@cache
def geometric_kernel(T: int, prior: str = "flat") -> Array:
    """K (T, 2, 2), entry by entry from the average over positions and gaps."""
    along = min(NODES, T // 2 + 24)
    weights, P = theory.quadrature((along, 6) if prior == "flat" else along, prior=prior)
    leave, back = P[:, 0, 1, None], P[:, 1, 0, None]
    gap = leave + back
    pi, eigenvalue = np.array([back, leave]) / gap, 1 - gap
    j = np.arange(1, T + 1)
    powers, terms = eigenvalue ** (j - 1), T - j + 1
    # sum over n = 0..T-j of T-j-n+1, alone and times lambda^n
    pairs = terms * (terms + 1) / 2
    summed = terms / gap - eigenvalue * (1 - powers[:, ::-1] * eigenvalue) / gap**2
    K = np.empty((T, 2, 2))
    for m, l in product(range(2), repeat=2):  # noqa: E741
        total = 0.0
        for i in range(2):
            match = pi[l] * (pi[i] + powers * ((l == i) - pi[i]))
            total = total + match * (P[:, m, i, None] - 0.5) * (
                pairs * pi[m] + summed * ((i == m) - pi[m])
            )
        K[:, m, l] = weights @ total / T
    return K


@cache
def geometric_modes(T: int, prior: str = "flat") -> tuple[Array, Array, Array]:
    """Singular values (2,), and modes (T, 2) and (2, 2, 2) of `geometric_kernel`."""
    u, values, w = np.linalg.svd(geometric_kernel(T, prior).reshape(T, 4), full_matrices=False)
    return values[:2], u[:, :2], w[:2].reshape(2, 2, 2)
