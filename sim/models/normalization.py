"""Normalizations of the logits of the linear-attention models by position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NORMALIZATIONS = ("none", "length")


def position_scale(normalize: str, length: int) -> NDArray[np.float64]:
    """Factor on the logits of each position, ``(length,)``: 1, or 1/p at position p."""
    if normalize == "none":
        return np.ones(length)
    return 1.0 / np.arange(1.0, length + 1.0)
