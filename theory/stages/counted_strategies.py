r"""Expected add-one strategies to second order in the fluctuations of the counts.

The paper's strategies predict ``q_i = (N_i + 1) / S`` with ``S = sum_i N_i + k``, where N_i counts
token i in the context (unigram) or after the current token (bigram). With

    dq_i/dN_j        = (1{i=j} - q_i) / S,
    d2q_i/dN_j dN_l  = -(1{i=j} + 1{i=l} - 2 q_i) / S^2,
    h = sum_i q_i log q_i,   dh/dN_j = (log q_j - h) / S,
    d2h/dN_j dN_l    = (1{j=l} / q_j - 1 - log q_j - log q_l + 2 h) / S^2,

a mean of q or of h is its value at the mean counts plus half the trace of the second derivatives
times the covariance of the counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Counted(NamedTuple):
    """An add-one strategy averaged over the counts.

    Attributes
    ----------
    mean : array (..., k)
        E q to second order.
    slope : array (..., k, k)
        dq_i/dN_j at the mean counts: the covariance of q with x is ``slope @ Cov(N, x)``.
    log_mean : array (...,)
        E sum_i q_i log q_i to second order.
    """

    mean: Array
    slope: Array
    log_mean: Array


def counted_strategy(counts: Array, covariance: Array) -> Counted:
    """The add-one strategy of counts with this mean and covariance.

    Parameters
    ----------
    counts : array (..., k)
        Mean counts, not negative.
    covariance : array (..., k, k)
    """
    k = counts.shape[-1]
    total = (counts.sum(axis=-1) + k)[..., None]
    q = (counts + 1.0) / total
    log_q = np.log(q)
    h = (q * log_q).sum(axis=-1)
    each = covariance.sum(axis=-1)
    every, own = each.sum(axis=-1), np.diagonal(covariance, axis1=-2, axis2=-1)
    bend = -(2.0 * each - 2.0 * q * every[..., None]) / total**2
    bend_h = (own / q - 2.0 * log_q * each).sum(axis=-1) + (2.0 * h - 1.0) * every
    slope = (np.eye(k) - q[..., :, None]) / total[..., None]
    return Counted(q + 0.5 * bend, slope, h + 0.5 * bend_h / total[..., 0] ** 2)
