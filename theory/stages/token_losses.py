"""Losses of logits against known next-token distributions, and their gradients.

Logits are (q, k, N): the next token is axis 1, so that the long axis N (chains and current tokens)
is the contiguous one; q are positions. `mass` (q, N) is what each contributes, `truth` (k, N) the
true distributions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOSSES = ("squared", "cross_entropy", "margin")


def token_loss(
    loss: str, logits: Array, mass: Array, truth: Array, delta: float = 1.0
) -> tuple[float, Array]:
    """Expected loss, summed with the mass, and its gradient (q, k, N) in the logits.

    Parameters
    ----------
    loss : str
        One of `LOSSES`; the squared one is to the one-hot target, the margin one eq. (7).
    """
    if loss == "squared":
        each = (logits * logits - 2.0 * truth * logits).sum(axis=1) + 1.0
        return float((mass * each).sum()), 2.0 * mass[:, None] * (logits - truth)
    if loss == "cross_entropy":
        log_model, model = _softmax(logits)
        value = -float((mass * (truth * log_model).sum(axis=1)).sum())
        model -= truth
        model *= mass[:, None]
        return value, model
    return _margin(logits, mass, truth, delta)


def _margin(logits: Array, mass: Array, truth: Array, delta: float) -> tuple[float, Array]:
    k = truth.shape[0]
    # hinge[q, i, y, N] of a wrong token i against the target y, eq. (7)
    hinge = delta + logits[:, :, None] - logits[:, None]
    active = (hinge >= 0) & ~np.eye(k, dtype=bool)[:, :, None]
    chance = mass[:, None, None] * truth * active / k
    return float((chance * hinge).sum()), chance.sum(axis=2) - chance.sum(axis=1)


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Logarithm of the softmax over axis 1, and the softmax."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(under="ignore"):
        share = np.exp(shifted)
        total = share.sum(axis=1, keepdims=True)
        share /= total
    shifted -= np.log(total)
    return shifted, share


def next_token_first(rows: Array) -> Array:
    """Rows of chains (n, k, k) as (k, n k): next token, then chain and current token."""
    return np.ascontiguousarray(rows.transpose(2, 0, 1)).reshape(rows.shape[2], -1)


def log_probability(probability: Array) -> Array:
    """log p, with a large negative number for log 0, so that 0 log 0 = 0."""
    return np.log(np.maximum(probability, 1e-300))
