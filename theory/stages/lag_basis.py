r"""A small basis for powers of chains as functions of the lag, for any number of lags.

Entries of P^{j-1} are sums of a few lambda^{j-1} with |lambda| <= 1. As functions of j = 1..J all
of them, over all chains of an average, lie within rounding in the span of a few dozen. Sums over
lags are then sums over that many functions, and a flow whose velocity lies in the span stays there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# singular values below this share of the largest are rounding
_ROUNDING = 1e-13
_SMALL = 32


class LagPowers(NamedTuple):
    """``(P^{j-1})_{mi}`` for j = 1..J, as ``entries @ basis.T``.

    Attributes
    ----------
    entries : array (n k k, r)
    basis : array (J, r)
        Orthonormal columns.
    """

    entries: Array
    basis: Array


def lag_powers(transition: Array, lags: int) -> LagPowers:
    """Powers 0..lags-1 of chains (n, k, k), factored to rounding.

    Parameters
    ----------
    transition : array (n, k, k)
    lags : int
        J, at least 1.
    """
    table = np.empty((*transition.shape, lags))
    power = np.broadcast_to(np.eye(transition.shape[-1]), transition.shape)
    for j in range(lags):
        table[..., j] = power
        power = power @ transition
    table = table.reshape(-1, lags)
    if lags <= _SMALL:
        return LagPowers(table, np.eye(lags))
    basis = basis_of_span(table.T)
    return LagPowers(table @ basis, basis)


def basis_of_span(columns: Array, share: float = _ROUNDING) -> Array:
    """Orthonormal basis (J, r) of the span of columns (J, n).

    Directions with singular values below this share of the largest are left out.
    """
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    return np.ascontiguousarray(left[:, values > share * values[0]])
