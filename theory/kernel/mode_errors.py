"""Singular modes for any number of states, with standard errors from independent scramblings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.kernel.averages import kernel_replicates
from theory.kernel.singular_modes import Modes, modes

Array = NDArray[np.float64]


class ModeEstimates(NamedTuple):
    """Modes of the averaged kernel, and the standard error of every number in them.

    Attributes
    ----------
    modes : Modes
    errors : Modes
        Standard errors, entry by entry.
    """

    modes: Modes
    errors: Modes


def mode_estimates(
    T: int,
    *,
    k: int,
    prior: str = "flat",
    nodes: int | None = None,
    replicates: int = 8,
    seed: int = 0,
    progress: bool = False,
) -> ModeEstimates:
    """Modes of K by randomised quasi-Monte Carlo over chains.

    The errors are the jackknife's over replicates: modes are smooth functions of K, but not
    linear ones, so that averaging the modes of single replicates would bias them.

    Parameters
    ----------
    T, k, prior, nodes, replicates, seed, progress
        As in `theory.kernel.averages.kernel_replicates`.

    Returns
    -------
    ModeEstimates

    Raises
    ------
    RuntimeError
        If replicates differ so much that they do not even have the same number of modes.
    """
    draws = kernel_replicates(T, k, prior, nodes, replicates, seed, progress=progress)
    mean = modes(T, k=k, kernel=draws.mean(axis=0))
    count = len(draws)
    left_out = [modes(T, k=k, kernel=(draws.sum(axis=0) - one) / (count - 1)) for one in draws]
    if len({len(found.singular_values) for found in left_out} | {len(mean.singular_values)}) > 1:
        raise RuntimeError(f"nodes must be larger: the rank of K is not settled for k={k}, T={T}")
    # Modes have a sign, fixed by their largest entry, which may change hands between draws.
    signs = [np.sign(np.sum(found.v_modes * mean.v_modes, axis=1)) for found in left_out]
    columns = (
        [found.singular_values for found in left_out],
        [found.v_modes * sign[:, None] for found, sign in zip(left_out, signs, strict=True)],
        [found.W_modes * sign[:, None, None] for found, sign in zip(left_out, signs, strict=True)],
    )
    return ModeEstimates(mean, Modes(*(_jackknife(np.stack(column)) for column in columns)))


def _jackknife(values: Array) -> Array:
    """Standard error from leave-one-out estimates, along the first axis."""
    count = len(values)
    return np.sqrt((count - 1) / count * np.sum((values - values.mean(axis=0)) ** 2, axis=0))
