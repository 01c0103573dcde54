"""Check whether a weighted set of chains is invariant under relabelling, or make it so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.chains.nodes import point_set, quadrature
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Chains, prior_and_states

Array = NDArray[np.float64]

_ROUNDING = 1e-9  # quadrature rules that are symmetric on paper are so to about 1e-13
_MOST_STATES = 16  # beyond, second moments of three matrices would not fit in memory
_CHUNK = 1 << 14


def invariant_chains(
    prior: Any,
    k: int | None,
    nodes: int | None,
    *,
    default: tuple[int, int],
    seed: int | np.random.SeedSequence = 0,
) -> Chains:
    """The chains to average over for a prior that is invariant under relabelling the states.

    Parameters
    ----------
    prior : str, or weighted set as in `weighted_set`
    k : int or None
        As in `prior_and_states`.
    nodes : int or None
        Of a prior given by name: quadrature order for k = 2, else the number of Sobol points.
    default : tuple of two ints
        For `nodes` left out: the order and the number of points.
    seed : int or SeedSequence
        Of the Sobol points' scrambling.

    Returns
    -------
    Chains

    Raises
    ------
    ValueError
        If a weighted set is not invariant.
    """
    known, k = prior_and_states(prior, k)
    if isinstance(known, Chains):
        if nodes is not None:
            raise ValueError("nodes must be left out for a weighted set of chains")
        require_invariance(known)
        return known
    order, points = default
    if k == 2:
        return Chains(*quadrature(nodes or order, known), symmetric=True)
    return Chains(*point_set(nodes or points, k, known, seed=seed), symmetric=True)


def is_invariant(chains: Chains) -> bool:
    """Whether `require_invariance` accepts the set."""
    try:
        require_invariance(chains)
    except ValueError:
        return False
    return True


def require_invariance(chains: Chains) -> None:
    """Refuse a weighted set whose law changes when the states are relabelled.

    Compared are the means of pi_i, P_ml, (P^2)_ml and P_ml^2 (for more than 16 states of the first
    two), and of all products of two of them, to 1e-9 of the largest; two relabellings generate all
    others. A set that `symmetrised` has marked is invariant.

    Raises
    ------
    ValueError
        Naming the first statistic that changes.
    """
    if chains.symmetric:
        return
    k = chains.transition.shape[-1]
    first, second = _statistics(chains)
    matrices = (len(first) - k) // k**2
    names = ("pi_i", "P_ml", "(P^2)_ml", "P_ml^2")[: matrices + 1]
    ends = np.array([0, *(k + m * k**2 for m in range(matrices + 1))])
    for one in (np.roll(np.arange(k), 1), np.r_[1, 0, np.arange(2, k)]):
        moved = np.concatenate([one, *(k + m * k**2 + _pairs(one) for m in range(matrices))])
        change = np.abs(first - first[moved]) / first.max()
        both = np.abs(second - second[np.ix_(moved, moved)]) / second.max()
        for a, name in enumerate(names):
            _refuse(change[ends[a] : ends[a + 1]].max(), name)
        for a, name in enumerate(names):
            for b in range(a, len(names)):
                block = both[ends[a] : ends[a + 1], ends[b] : ends[b + 1]]
                _refuse(block.max(), f"the product of {name} and {names[b]}")


def _refuse(change: float, name: str) -> None:
    if change > _ROUNDING:
        raise ValueError(
            "prior must be invariant under relabelling the states for W = alpha 11' + beta I, but "
            f"the mean of {name} changes by {change:.1e} of the largest: "
            "theory.symmetrised(prior) averages over relabellings"
        )


def _pairs(relabelling: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where the entries of a relabelled (k, k) matrix, flattened, come from."""
    return (relabelling[:, None] * len(relabelling) + relabelling).ravel()


def _statistics(chains: Chains) -> tuple[Array, Array]:
    """Means (s,) of pi, P, P^2 and the squares of P's entries, and of their products (s, s)."""
    k = chains.transition.shape[-1]
    matrices = 3 if k <= _MOST_STATES else 1
    size = k + matrices * k**2
    first, second = np.zeros(size), np.zeros((size, size))
    step = max(1, _CHUNK // (k * k))
    for low in range(0, len(chains.weights), step):
        weights, P = chains.weights[low : low + step], chains.transition[low : low + step]
        parts = (P, P @ P, P * P)[:matrices]
        rows = np.concatenate(
            [stationary_distribution(P), *(part.reshape(len(P), -1) for part in parts)], axis=1
        )
        first += weights @ rows
        second += (rows * weights[:, None]).T @ rows
    return first, second
