"""Weighted sets of chains that average over the prior: spectral quadrature and QMC points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory import checks

_MOST_DIMENSIONS = 21_201  # of scipy's direction numbers
_MOST_ORDER = 4000  # of a Gauss rule, which takes the eigenvalues of a matrix of this size
_MOST_NODES, _FEWEST_NODES = 4096, 64


def quadrature(
    order: int | tuple[int, int], prior: str = "flat"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spectrally accurate nodes for averages over two-state chains.

    Tensor Gauss-Legendre in ``s = 1 - lambda`` and y (scaled to its range), split at s = 1 where
    the range of y has a corner. In these coordinates pi is smooth, which it is not in (a, b).

    Parameters
    ----------
    order : int or tuple of two ints
        Points in s on each side of the split, and points in y (the same number if one int).
    prior : str
        "flat" or "doubly_stochastic" (then `order` points in a = b).

    Returns
    -------
    weights : array (m,)
        Summing to 1.
    transition : array (m, 2, 2)
    """
    pair = order if isinstance(order, tuple) else (order, order)
    if len(pair) != 2:
        raise ValueError(f"order must be an int or a pair of ints, got {checks.shown(order)}")
    along, across = (
        checks.at_most("order", checks.integer("order", value, 1), _MOST_ORDER) for value in pair
    )
    x, wx = np.polynomial.legendre.leggauss(along)
    if checks.prior_name(prior) == "doubly_stochastic":
        half = (1.0 - x) / 2.0
        return wx / 2.0, _two_state(half, half)
    z, wz = np.polynomial.legendre.leggauss(across)
    gap = np.concatenate([(1.0 + x) / 2.0, (3.0 + x) / 2.0])
    reach = np.concatenate([np.full(along, 0.5), 1.0 / gap[along:] - 0.5])
    weights = np.outer(np.tile(wx / 2.0, 2) * gap * reach, wz)
    shift = np.outer(reach, z)
    leave_first, leave_second = gap[:, None] * (0.5 - shift), gap[:, None] * (0.5 + shift)
    return weights.ravel(), _two_state(leave_first.ravel(), leave_second.ravel())


def _two_state(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transition matrices (m, 2, 2) from the probabilities of leaving each state."""
    return np.stack([np.stack([1 - one, one], -1), np.stack([two, 1 - two], -1)], -2)


def point_set(
    nodes: int,
    k: int,
    prior: str = "flat",
    *,
    order: int = 1,
    seed: int | np.random.SeedSequence = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One scrambled Sobol point set of chains with k states.

    Flat rows come from stick breaking by inverse distribution functions. "doubly_stochastic" draws
    all rows but the last and keeps the points whose implied last row is nonnegative: uniform on the
    Birkhoff polytope, with self-normalised weights.

    Parameters
    ----------
    nodes : int
        How many points, a power of two.
    k : int
        Number of states, at least 2.
    prior : str
        "flat" or "doubly_stochastic".
    order : int
        Of the chain, at least 1; above 1 for the flat prior only.
    seed : int or SeedSequence
        Of the scrambling.

    Returns
    -------
    weights : array (m,)
        Summing to 1; m = nodes, or the number of points kept.
    transition : array (m, k**order, k)

    Raises
    ------
    ValueError
        If so few points survive (large k) that no average can be formed.
    """
    from scipy.stats import qmc  # here, because scipy.stats alone doubles the time to import us

    nodes, k = checks.power_of_two("nodes", nodes), checks.integer("k", k, 2)
    doubly = checks.prior_name(prior) == "doubly_stochastic"
    if checks.integer("order", order, 1) > 1 and doubly:
        raise ValueError(f"order must be 1 for doubly stochastic chains, got {order}")
    checks.at_most("k", k, _MOST_DIMENSIONS)
    checks.at_most("order", order, 64)
    checks.memory(f"{nodes} chains with k = {k} of order {order}", nodes, *[k] * (order + 1))
    drawn = k - 1 if doubly else k**order
    sobol = qmc.Sobol(
        net_dimension(k, prior, order), scramble=True, seed=np.random.default_rng(seed)
    )
    rows = _stick_breaking(sobol.random(nodes).reshape(nodes, drawn, k - 1))
    if doubly:
        last = 1.0 - rows.sum(axis=1, keepdims=True)
        kept = np.all(last >= 0, axis=(1, 2))
        if np.count_nonzero(kept) < 32:
            raise ValueError(
                f"nodes must be larger for doubly stochastic chains with k={k}: of "
                f"{nodes} points only {np.count_nonzero(kept)} are such chains"
            )
        rows = np.concatenate([rows, last], axis=1)[kept]
    return np.full(len(rows), 1.0 / len(rows)), rows


def default_nodes(k: int) -> int:
    """Points a replicate: 4096 up to k = 8; beyond, the largest power of two of no higher cost."""
    affordable = _MOST_NODES * 8**3 // max(k, 8) ** 3
    return max(_FEWEST_NODES, 1 << (affordable.bit_length() - 1) if affordable else 0)


def net_dimension(k: int, prior: str, order: int = 1) -> int:
    """Coordinates of a chain in a Sobol net; ValueError for more states than nets are known for."""
    dimension = (k - 1) ** 2 if prior == "doubly_stochastic" else k**order * (k - 1)
    if dimension > _MOST_DIMENSIONS:
        raise ValueError(
            f"k must be small enough for a Sobol net of at most {_MOST_DIMENSIONS} dimensions "
            f"(here {dimension}), got {k}{f' with order {order}' if order > 1 else ''}"
        )
    return dimension


def _stick_breaking(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (..., k-1) of the unit cube to points (..., k) uniform on the simplex."""
    pieces = uniform.shape[-1]
    out = np.empty((*uniform.shape[:-1], pieces + 1))
    rest = np.ones(uniform.shape[:-1])
    for i in range(pieces):
        # The broken-off share is Beta(1, pieces - i), whose survival function is a pure power.
        share = -np.expm1(np.log1p(-uniform[..., i]) / (pieces - i))
        out[..., i] = rest * share
        rest = rest * (1.0 - share)
    out[..., pieces] = rest
    return out
