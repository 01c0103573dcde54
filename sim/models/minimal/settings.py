"""Arguments that tell the minimal model's kernels about the architecture and the loss."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim import checks
from sim.kernels import fourier
from sim.kernels.minimal import Setting
from sim.messages import shown
from sim.models.contracts import DTYPES
from sim.models.normalization import position_scale
from sim.task.losses import Loss, position_weight

CONVOLUTIONS = ("auto", "direct", "fourier")
MOST_UNROLLED = 3  # states: beyond, unrolled loops make code that is larger and no faster
# The direct convolution costs T^2, the transform this times N log2 N: measured where they meet.
FOURIER_COST = 19.0


class Architecture(NamedTuple):
    """What the kernels have to know of a minimal model beside its weights."""

    k: int
    T: int
    first_layer: str
    normalize: str


def kernel_setting(
    model: Architecture, loss: Loss, dtype: str = "float64", convolution: str = "auto"
) -> Setting:
    """What the kernels take for an architecture and a loss that they know.

    Parameters
    ----------
    model : Architecture
    loss : Loss
    dtype : {"float64", "float32"}
        Of all arrays handed to the kernels.
    convolution : {"auto", "direct", "fourier"}

    Returns
    -------
    Setting

    Raises
    ------
    TypeError
        For a loss that the kernels do not know.
    ValueError
        For an unknown dtype or convolution.
    """
    if loss.compiled is None:
        raise TypeError(f"loss must be one that the kernels know, got {shown(loss)}")
    loss_code, margin = loss.compiled
    checks.one_of("dtype", dtype, DTYPES)
    twist, roots = convolution_tables(model.T, dtype, convolution)
    return Setting(
        states=unrolled_states(model.k),
        softmax=model.first_layer == "softmax",
        position_scale=position_scale(model.normalize, model.T).astype(dtype),
        position_weight=position_weight(loss.at, model.T).astype(dtype),
        loss_code=loss_code,
        margin=margin,
        twist=twist,
        roots=roots,
    )


def unrolled_states(k: int) -> Any:
    """``(0,) * k``, of which the compiler knows the length, for few states; else an array (k,)."""
    return (0,) * k if k <= MOST_UNROLLED else np.zeros(k, dtype=np.int64)


def convolution_tables(
    T: int, dtype: str, convolution: str = "auto"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Tables of the Fourier transform for context length T, empty where it would be slower."""
    checks.one_of("convolution", convolution, CONVOLUTIONS)
    N = fourier.transform_length(T)
    faster = FOURIER_COST * N * math.log2(N) < T * T
    if convolution == "fourier" or (convolution == "auto" and faster):
        return fourier.tables(N, np.dtype(dtype))
    return np.empty((0, 2), dtype), np.empty((0, 6), dtype)
