r"""The constants of Lemma 3.1 for any number of states, and their behaviour as k grows.

To leading order K_jml is r(r+1)/(2T) times E[pi_l pi_m c_m], c_m = sum_i pi_i (P_mi - 1/k), for
every lag. B is this average for l = m, A for l != m, and their sum over all m, l is

    D = k B + k (k-1) A = E sum_i pi_i^2 - 1/k.

For many states pi_i is 1/k plus the mean of k independent deviations of variance 1/k^2, so that
D ~ 1/k^2, both A and B ~ 1/k^4, and B/A -> 1: the more states, the less the first step prefers
the diagonal of W.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import checks
from theory.chains.invariance import require_invariance
from theory.chains.nodes import default_nodes, point_set
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Chains, Prior, prior_and_states
from theory.kernel.leading_order import leading_constants

Array = NDArray[np.float64]


class StepConstants(NamedTuple):
    """A, B, D of Lemma 3.1 and B/A for k states, each a number or its standard error."""

    A: float
    B: float
    D: float
    ratio: float


def step_constants(
    k: int,
    prior: Prior = "flat",
    *,
    nodes: int | None = None,
    replicates: int = 16,
    seed: int = 0,
) -> tuple[StepConstants, StepConstants]:
    """A, B, D and B/A with their standard errors: closed forms for two states, QMC beyond.

    Parameters
    ----------
    k : int
        Number of states, at least 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic" (uniform pi makes all of them vanish and the ratio ``nan``), or
        a weighted set of chains that is invariant under relabelling the states, see
        `theory.symmetrised`.
    nodes : int, optional
        Points a replicate, a power of two.
    replicates : int
        Independent sets of points, at least 2.
    seed : int
        Of the points, not negative.

    Returns
    -------
    values, errors : StepConstants
        The errors are 0 for two states and for a weighted set, which is taken as it is.

    Raises
    ------
    ValueError
        If the set of chains is not invariant.

    Examples
    --------
    >>> import theory
    >>> values, errors = theory.step_constants(2)
    >>> f"{values.A:.5f} {values.B:.5f} {values.D:.5f} {values.ratio:.3f}"
    '0.01142 0.04543 0.11371 3.978'
    """
    known, k = prior_and_states(prior, checks.integer("k", k, 2))
    if isinstance(known, Chains):
        require_invariance(known)
        A, B, D = _averages(known.weights, known.transition).tolist()
        ratio = B / A if A else math.nan
        return StepConstants(A, B, D, ratio), StepConstants(0.0, 0.0, 0.0, 0.0)
    if known == "doubly_stochastic":
        return StepConstants(0.0, 0.0, 0.0, math.nan), StepConstants(0.0, 0.0, 0.0, math.nan)
    if k == 2:
        found = leading_constants()
        exact = [float(x) for x in (found.A, found.B, found.D, found.ratio)]
        return StepConstants(*exact), StepConstants(0.0, 0.0, 0.0, 0.0)
    count = checks.integer("replicates", replicates, 2)
    points = 4 * default_nodes(k) if nodes is None else nodes
    children = np.random.SeedSequence(checks.integer("seed", seed, 0)).spawn(count)
    rows = np.array([_averages(*point_set(points, k, seed=child)) for child in children])
    mean, error = rows.mean(axis=0), rows.std(axis=0, ddof=1) / math.sqrt(count)
    # the ratio of averages, its error by linearisation (A and B are far from 0)
    spread = rows[:, 1] / mean[1] - rows[:, 0] / mean[0]
    ratio = float(mean[1] / mean[0])
    ratio_error = ratio * float(spread.std(ddof=1)) / math.sqrt(count)
    return StepConstants._make([*mean, ratio]), StepConstants._make([*error, ratio_error])


def _averages(weights: Array, transition: Array) -> Array:
    """A, B, D (3,) averaged over chains and relabellings."""
    k = transition.shape[-1]
    pi = stationary_distribution(transition)
    excess = np.einsum("cmi,ci->cm", transition, pi) - 1.0 / k
    B = weights @ np.mean(pi**2 * excess, axis=1)
    A = weights @ np.sum(pi * (1.0 - pi) * excess, axis=1) / (k * (k - 1))
    return np.array([A, B, weights @ np.sum(pi**2, axis=1) - 1.0 / k])
