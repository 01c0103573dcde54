r"""The constants of Lemma 3.1 for any number of states, and where they go as k grows.

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
from theory.chains.chain import stationary_distribution
from theory.chains.nodes import point_set
from theory.first_steps.step_1 import leading_constants
from theory.kernel.chain_average import default_nodes

Array = NDArray[np.float64]


class StepConstants(NamedTuple):
    """A, B, D of Lemma 3.1 and B/A for k states, each a number or its standard error."""

    A: float
    B: float
    D: float
    ratio: float


def step_constants(
    k: int,
    prior: str = "flat",
    *,
    nodes: int | None = None,
    replicates: int = 16,
    seed: int = 0,
) -> tuple[StepConstants, StepConstants]:
    """A, B, D and B/A with their standard errors: closed forms for two states, QMC beyond.

    Parameters
    ----------
    k : int >= 2
    prior : "flat" or "doubly_stochastic"
        Uniform pi makes all of them vanish and the ratio ``nan``.
    nodes : int, optional
        Points a replicate, a power of two.
    replicates : int >= 2
    seed : int

    Raises
    ------
    TypeError, ValueError
        Naming the argument and its value.
    """
    k = checks.integer("k", k, 2)
    if checks.prior_name(prior) == "doubly_stochastic":
        return StepConstants(0.0, 0.0, 0.0, math.nan), StepConstants(0.0, 0.0, 0.0, math.nan)
    if k == 2:
        known = leading_constants()
        exact = [float(x) for x in (known.A, known.B, known.D, known.ratio)]
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
