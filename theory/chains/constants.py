r"""Constants of the task: entropies, and the KL from the truth to each strategy.

For a chain with stationary distribution pi these are sum_i pi_i^2, the entropy H(pi), and the
entropy rate h = sum_m pi_m H(P_m), averaged over the prior, in nats. In infinite contexts the
unigram strategy knows pi and the bigram strategy P, so that KL from the truth is

    uniform: log k - h,      unigram: H(pi) - h,      bigram: 0.

For two states under the flat prior all of them are closed. With exit probabilities u, w the
average of pi_1 = w/(u+w) over w is 1 - u log((1+u)/u), which leaves integrals of u^n times two
logarithms; each is reduced by parts to rational numbers, log 2 and pi^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import checks
from theory.chains.nodes import default_nodes, point_set
from theory.chains.prior_moments import exact_moment
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Chains, Prior, prior_and_states

Array = NDArray[np.float64]
NAMES = ("sum_pi_squared", "stationary_entropy", "entropy_rate")
LOG_2, PI_2 = sp.log(2), sp.pi**2


@dataclass(frozen=True)
class TaskConstants:
    """Averages over the prior; entropies and KL in nats.

    Attributes
    ----------
    k : int
    sum_pi_squared, stationary_entropy, entropy_rate : float
    errors : dict of str to float
        Standard error of each of these three; 0 where it is a closed form.
    kl : dict of str to float
        From the truth to the uniform, unigram and bigram strategies in infinite contexts.
    kl_errors : dict of str to float
        Their standard errors (H(pi) and the rate come from the same chains).
    """

    k: int
    sum_pi_squared: float
    stationary_entropy: float
    entropy_rate: float
    errors: dict[str, float]
    kl: dict[str, float]
    kl_errors: dict[str, float]


def exact_constants(prior: str = "flat") -> dict[str, sp.Expr]:
    """sum_pi_squared, stationary_entropy and entropy_rate for two states, exactly.

    Parameters
    ----------
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    dict of str to SymPy number
        Entropies in nats.

    Raises
    ------
    ValueError
        If the prior is unknown.
    """
    if checks.prior_name(prior) == "doubly_stochastic":
        half = sp.Rational(1, 2)
        return dict(zip(NAMES, (half, LOG_2, half), strict=True))  # E h(a) = 1/2 for uniform a
    values = (sp.Rational(1, 2) + 2 * exact_moment(1, 0), _stationary_entropy(), _entropy_rate())
    return {name: sp.expand(value) for name, value in zip(NAMES, values, strict=True)}


def _stationary_entropy() -> sp.Expr:
    """int_{1/2}^1 H(p) / p^2 dp: the density of pi_1 = p is 1/(2 p^2) above 1/2, and symmetric."""
    p = sp.Symbol("p", positive=True)
    # the antiderivative by parts; its term log(1-p) (1/p - 1) vanishes at p = 1
    regular = -(sp.log(p) ** 2) / 2 + sp.log(p) - sp.polylog(2, p)
    below = (regular + sp.log(1 - p) * (1 / p - 1)).subs(p, sp.Rational(1, 2))
    at_half = {sp.polylog(2, sp.Rational(1, 2)): PI_2 / 12 - LOG_2**2 / 2}
    return sp.expand(sp.expand_log(-PI_2 / 6 - below.subs(at_half), force=True))


def _entropy_rate() -> sp.Expr:
    """1 - 2 int u H(u) (log(1+u) - log u) du, with u H(u) = -u^2 log u - (u - u^2) log(1-u)."""
    with_plus = -_log_u_plus(2) - (_log_minus_plus(1) - _log_minus_plus(2))
    with_u = -sp.Rational(2, 27) - (_log_u_minus(1) - _log_u_minus(2))
    return sp.expand(1 - 2 * (with_plus - with_u))


def _power_plus(n: int) -> sp.Expr:
    """int_0^1 u^n log(1+u) du, by parts with (u^(n+1) - (-1)^(n+1)) / (n+1)."""
    sign = (-1) ** (n + 1)
    rest = sum((sp.Rational((-1) ** i, n + 1 - i) for i in range(n + 1)), sp.Integer(0))
    return ((1 - sign) * LOG_2 - rest) / (n + 1)


def _log_u_plus(n: int) -> sp.Expr:
    """int_0^1 u^n log u log(1+u) du, by parts with u^(n+1) / (n+1)."""
    # u^(n+1)/(1+u) = sum_i (-1)^i u^(n-i) + (-1)^(n+1)/(1+u); int log u/(1+u) = -pi^2/12
    divided = sum((-sp.Rational((-1) ** i, (n - i + 1) ** 2) for i in range(n + 1)), sp.Integer(0))
    return -(_power_plus(n) + divided - (-1) ** (n + 1) * PI_2 / 12) / (n + 1)


def _log_u_minus(n: int) -> sp.Expr:
    """int_0^1 u^n log u log(1-u) du, by parts with (u^(n+1) - 1) / (n+1)."""
    harmonic = sp.harmonic(n + 1)
    # int u^n log(1-u) = -H_{n+1}/(n+1); int log(1-u)/u = -pi^2/6; int u^i log u = -1/(i+1)^2
    from_u = -harmonic / (n + 1) + PI_2 / 6
    from_minus = -sum((sp.Rational(1, (i + 1) ** 2) for i in range(n + 1)), sp.Integer(0))
    return -(from_u + from_minus) / (n + 1)


def _log_minus_plus(n: int) -> sp.Expr:
    """int_0^1 u^n log(1-u) log(1+u) du, by parts with (u^(n+1) - 1) / (n+1)."""
    sign = (-1) ** (n + 1)
    # (u^(n+1) - 1)/(1+u) = sum_i (-1)^i u^(n-i) + (sign - 1)/(1+u)
    divided = sum(
        (-sp.Rational((-1) ** i, n - i + 1) * sp.harmonic(n - i + 1) for i in range(n + 1)),
        sp.Integer(0),
    )
    with_minus = divided + (sign - 1) * (LOG_2**2 / 2 - PI_2 / 12)
    with_plus = sum((_power_plus(i) for i in range(n + 1)), sp.Integer(0))
    return -(with_minus + with_plus) / (n + 1)


def task_constants(
    k: int,
    prior: Prior = "flat",
    *,
    nodes: int | None = None,
    replicates: int = 16,
    seed: int = 0,
) -> TaskConstants:
    """The constants for any number of states: closed forms for two, randomised QMC beyond.

    Parameters
    ----------
    k : int
        Number of states, at least 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains, see `theory.chains.weighted`.
    nodes : int, optional
        Points a replicate, a power of two.
    replicates : int
        Independent sets of points, at least 2.
    seed : int
        Of the points, not negative.

    Returns
    -------
    TaskConstants
        The errors are 0 for two states and for a weighted set, which is taken as it is.
    """
    known, k = prior_and_states(prior, checks.integer("k", k, 2))
    if isinstance(known, Chains):
        rows = chain_constants(known.weights, known.transition)[None]
    elif k == 2:
        rows = np.array([[float(value) for value in exact_constants(known).values()]])
    else:
        count = checks.integer("replicates", replicates, 2)
        children = np.random.SeedSequence(checks.integer("seed", seed, 0)).spawn(count)
        points = 4 * default_nodes(k) if nodes is None else nodes
        rows = np.array([chain_constants(*point_set(points, k, known, seed=c)) for c in children])
    kl = np.stack([math.log(k) - rows[:, 2], rows[:, 1] - rows[:, 2], 0 * rows[:, 2]], axis=1)
    names = ("uniform", "unigram", "bigram")
    squares, stationary, rate = rows.mean(axis=0).tolist()
    return TaskConstants(
        k,
        squares,
        stationary,
        rate,
        errors=dict(zip(NAMES, _errors(rows), strict=True)),
        kl={name: float(x) for name, x in zip(names, kl.mean(axis=0), strict=True)},
        kl_errors=dict(zip(names, _errors(kl), strict=True)),
    )


def _errors(rows: Array) -> list[float]:
    if len(rows) == 1:
        return [0.0] * rows.shape[1]
    return [float(x) for x in rows.std(axis=0, ddof=1) / math.sqrt(len(rows))]


def chain_constants(weights: Array, transition: Array) -> Array:
    """Weighted averages (3,) over chains of sum pi^2, H(pi) and the entropy rate."""
    pi = stationary_distribution(transition)
    rate = np.sum(pi * entropy(transition), axis=-1)
    return np.array([weights @ np.sum(pi**2, axis=-1), weights @ entropy(pi), weights @ rate])


def entropy(p: Array) -> Array:
    """-sum p log p along the last axis, in nats; 0 log 0 = 0."""
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1)
