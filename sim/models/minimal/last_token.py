"""Last-token logits of many minimal models at once, from counts of pairs of tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.kernels import last_token as kernels
from sim.models.contracts import Parameters
from sim.models.minimal.settings import Architecture

Array = NDArray[np.float64]

MOST_COUNTS = 2**25  # numbers in the table of pair counts
LANES = 8  # models in a vector of float64


class PairCountScorer:
    """Called with v (r, T) and W (r, k, k), returns logits (n, k, r'), r' filled up to `LANES`.

    The counts of pairs in a context are the same for all models: with a linear first layer the
    logits are linear in them.
    """

    def __init__(self, model: Architecture, context: NDArray[np.int32]) -> None:
        n, T = context.shape
        self._context, self._k = context, model.k
        self._scale = 1.0 / T if model.normalize == "length" else 1.0
        pairs = -(-(model.k**2) // kernels.TILE) * kernels.TILE
        self._counts = np.empty((n, pairs, T))
        kernels.pair_counts(context, np.empty((model.k, T)), self._counts)

    @staticmethod
    def pays(model: Architecture, context: NDArray[np.int32]) -> bool:
        """Whether pair counts serve for the model, and fit."""
        n, T = context.shape
        fits = n * T * model.k**2 <= MOST_COUNTS
        return (model.first_layer, model.T) == ("linear", T) and fits

    def __call__(self, stacked: Parameters) -> Array:
        v, W = (_filled(stacked[name]) for name in ("v", "W"))
        n, T = self._context.shape
        scores = np.empty((n, self._k, len(v)))
        kernels.logits(
            self._context,
            self._counts,
            self._scale,
            np.ascontiguousarray(v.reshape(-1, LANES, T).swapaxes(1, 2)),
            np.ascontiguousarray(np.moveaxis(W, 0, 2)),
            scores,
        )
        return scores


def _filled(rows: Array) -> Array:
    """Rows (r, ...) in float64, the last repeated until they fill whole vectors."""
    padding = np.repeat(rows[-1:], -len(rows) % LANES, axis=0)
    return np.concatenate([rows, padding]).astype(np.float64)
