"""Shared code of the linear-attention models, whose parameters are v and W."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.models.model import Model

Array = NDArray[np.float64]


def context(model: Model, tokens: ArrayLike) -> NDArray[np.int32]:
    """Tokens (n, T') as the kernels want them, refused if they are longer than the context."""
    given = checks.tokens(tokens, model.k)
    if given.shape[1] > model.T:
        raise ValueError(f"tokens must have length <= T = {model.T}, got {given.shape[1]}")
    return given


def targets(model: Model, tokens: ArrayLike) -> NDArray[np.int32]:
    """Tokens (n, T + 1) as the kernels want them: a whole context and the token after it."""
    given = checks.tokens(tokens, model.k, minimum_length=2)
    if given.shape[1] != model.T + 1:
        raise ValueError(f"tokens must have length T + 1 = {model.T + 1}, got {given.shape[1]}")
    return given


def weight_measures(v: Array, W: Array) -> dict[str, float]:
    """Mean diagonal and off-diagonal of W, and the balance |W|_F^2 - |v|^2 that flow conserves.

    v (T,) and W (k, k).
    """
    k = len(W)
    # the last records of a run that explodes
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        diagonal = np.trace(W) / k
        return {
            "W_diagonal": float(diagonal),
            "W_off_diagonal": float((W.sum() - k * diagonal) / (k * (k - 1))),
            "balance": float((W**2).sum() - (v**2).sum()),
        }
