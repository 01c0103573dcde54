"""Uniform sampling of doubly stochastic matrices (the Birkhoff polytope), for every k.

Scaling a random positive matrix to unit row and column sums (Sinkhorn) is *not* uniform; its
error is visible already at k = 2. Here small k is exact by rejection, larger k by a Gibbs
sampler whose stationary law is the uniform one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Acceptance of the rejection sampler is about 1, 0.5, 0.21, 0.075, 0.023 for k = 2..6 and falls
# roughly threefold with each further state.
LARGEST_EXACT_K = 6


def sample_doubly_stochastic(n: int, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw `n` matrices uniformly from the Birkhoff polytope, shape ``(n, k, k)``."""
    return _by_rejection(n, k, rng) if k <= LARGEST_EXACT_K else _by_gibbs(n, k, rng)


def _by_rejection(n: int, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform rows on the simplex for all but the last, which is implied; keep it if nonnegative.

    The first k - 1 rows are affine coordinates of the polytope, so conditioning the product of
    uniform laws on the polytope is exactly the uniform law on it.
    """
    out = np.empty((n, k, k))
    have = 0
    while have < n:
        rows = rng.dirichlet(np.ones(k), size=(max(64, 2 * (n - have)), k - 1))
        last = 1.0 - rows.sum(axis=1)
        good = np.flatnonzero((last >= 0).all(axis=1))[: n - have]
        out[have : have + good.size, :-1] = rows[good]
        # k - 1 rows sum to 1 up to rounding, hence so does the implied one
        out[have : have + good.size, -1] = last[good]
        have += good.size
    return out


def _by_gibbs(
    n: int, k: int, rng: np.random.Generator, sweeps: int | None = None
) -> NDArray[np.float64]:
    """Gibbs sampler on disjoint 2 x 2 blocks, started at the centre of the polytope.

    One sweep pairs rows and columns at random. Adding t to one diagonal of a block and
    subtracting it from the other keeps all row and column sums; given everything else, t is
    uniform on the interval that keeps the four entries nonnegative. Blocks are disjoint, hence
    conditionally independent, and are redrawn together.
    """
    out = np.full((n, k, k), 1.0 / k)
    half = k // 2
    for _ in range(20 * k if sweeps is None else sweeps):
        rows, columns = rng.permutation(k), rng.permutation(k)
        r, s = rows[:half, None], rows[half : 2 * half, None]
        c, d = columns[None, :half], columns[None, half : 2 * half]
        room_down = np.minimum(out[:, r, c], out[:, s, d])
        room_up = np.minimum(out[:, r, d], out[:, s, c])
        move = rng.random((n, half, half)) * (room_down + room_up) - room_down
        out[:, r, c] += move
        out[:, s, d] += move
        out[:, r, d] -= move
        out[:, s, c] -= move
        np.maximum(out, 0.0, out=out)
    return out / out.sum(axis=2, keepdims=True)
