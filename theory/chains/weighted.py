"""Priors over chains as callers give them: a name, or a weighted set of transition matrices.

A weighted set stands for the prior that picks chain c with probability ``weights[c]``: a
quadrature rule (`theory.quadrature`, `sim.prior_quadrature`), a finite set, or a large sample.
Predictions that need weights of the form W = alpha 11' + beta I need a prior that is invariant
under relabelling the states; `symmetrised` turns any set into such a prior.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import checks

Array = NDArray[np.float64]


class Chains(NamedTuple):
    """A weighted set of chains with k states.

    Attributes
    ----------
    weights : array (n,)
        Probabilities, summing to 1.
    transition : array (n, k, k)
        Transition matrices, row by row distributions.
    symmetric : bool
        Whether the set represents its average over all k! relabellings of the states.
    """

    weights: Array
    transition: Array
    symmetric: bool = False


Prior = str | tuple[ArrayLike, ArrayLike] | Chains


def weighted_set(prior: Any) -> Chains:
    """Check a weighted set of chains and scale its weights to unit sum.

    Parameters
    ----------
    prior : tuple of arrays (n,) and (n, k, k), or Chains
        Weights, not negative, and transition matrices. Chains of weight 0 are dropped.

    Returns
    -------
    Chains

    Raises
    ------
    TypeError
        If it is no pair, or its members are not arrays of numbers.
    ValueError
        If the shapes do not fit, a weight is negative or not finite, the weights do not sum to a
        positive number, or a row of a transition matrix is not a distribution.
    """
    wanted = "prior must be a name or a pair (weights, transition), as of sim.prior_quadrature"
    if not isinstance(prior, tuple | list) or len(prior) not in (2, 3):
        raise TypeError(f"{wanted}, got {type(prior).__name__}")
    try:
        weights, transition = (checks.real_array("prior", part) for part in prior[:2])
    except (TypeError, ValueError):
        raise TypeError(f"{wanted} of arrays of numbers, got {type(prior).__name__}") from None
    n, k = len(np.atleast_1d(weights)), transition.shape[-1] if transition.ndim else 0
    if weights.ndim != 1 or n == 0 or transition.shape != (n, k, k) or k < 2:
        raise ValueError(
            "prior must have weights (n,) and transition (n, k, k) with n >= 1 and k >= 2, got "
            f"shapes {weights.shape} and {transition.shape}"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("prior must have finite weights >= 0, got " + _first_wrong(weights))
    if not 0 < weights.sum() < np.inf:
        raise ValueError(f"prior must have weights of positive sum, got {weights.sum():g}")
    # written so that a NaN is no distribution either
    good = (transition >= 0).all(axis=2) & (np.abs(transition.sum(axis=2) - 1.0) <= 1e-10)
    if not good.all():
        chain, row = np.argwhere(~good)[0]
        raise ValueError(
            "prior must have transition matrices whose rows are distributions, got "
            f"{transition[chain, row]} as row {row} of chain {chain}"
        )
    kept = weights > 0
    symmetric = bool(prior[2]) if len(prior) == 3 else False
    return Chains(weights[kept] / weights.sum(), transition[kept], symmetric)


def _first_wrong(weights: Array) -> str:
    place = int((~(np.isfinite(weights) & (weights >= 0))).argmax())
    return f"{weights[place]:g} for chain {place}"


def prior_and_states(prior: Any, k: int | None) -> tuple[str | Chains, int]:
    """A prior, checked, and its number of states.

    Parameters
    ----------
    prior : str, or weighted set as in `weighted_set`
    k : int or None
        Number of states. None: that of the chains, or 2 for a prior given by name.

    Returns
    -------
    prior : str or Chains
    k : int

    Raises
    ------
    TypeError, ValueError
        If the prior is neither, or `k` is not its number of states.
    """
    given = None if k is None else checks.integer("k", k, 2)
    if isinstance(prior, str):
        return checks.prior_name(prior), 2 if given is None else given
    chains = weighted_set(prior)
    states = chains.transition.shape[-1]
    if given not in (None, states):
        raise ValueError(f"k must be {states}, as in the chains of the prior, got {given}")
    return chains, states


def symmetrised(prior: tuple[ArrayLike, ArrayLike] | Chains) -> Chains:
    """The average of a weighted set over all relabellings of its states, for any number of states.

    The set keeps its n chains and is marked as symmetric. What is computed from it is averaged over
    the k! relabellings in closed form (K by its diagonal and off-diagonal means; the loss at
    W = alpha 11' + beta I is the same for a chain and its relabellings). Use it for sampled chains:
    10,000 Dirichlet chains, for example, are invariant under relabelling only statistically.
    `theory.ngrams.origin.relabelled` returns the relabelled chains themselves.

    Parameters
    ----------
    prior : tuple of arrays (n,) and (n, k, k), or Chains

    Returns
    -------
    Chains
        With `symmetric` set.

    Raises
    ------
    TypeError, ValueError
        As `weighted_set`.

    Examples
    --------
    >>> import theory
    >>> biased = ([1.0], [[[0.9, 0.1], [0.4, 0.6]]])
    >>> theory.population_kernel(1, prior=theory.symmetrised(biased)).round(4)
    array([[[0.17, 0.  ],
            [0.  , 0.17]]])
    """
    return weighted_set(prior)._replace(symmetric=True)
