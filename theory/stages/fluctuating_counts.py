r"""Cross-entropy of the minimal model to second order in the fluctuations of its counts.

The loss given the chain P and the current token x_p = m is ``E log sum exp f - sum_i P_mi E f_i``.
The logits f are linear in counts whose mean and covariance given (P, m) are exact, see
`theory.stages.count_moments`; the first term is taken to second order about the mean, see
`theory.stages.log_partition`. Averages over the chains, the current token and the positions 1..T
then give eq. (6). The distance of a strategy q from the model is of the same form,
``E log sum exp f - sum_i E q_i f_i + E sum_i q_i log q_i``.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import checks
from theory.chains.invariance import is_invariant
from theory.chains.nodes import point_set, quadrature
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Chains, Prior, prior_and_states
from theory.stages.count_moments import CountMoments, count_moments, position_rule, shift_basis
from theory.stages.counted_strategies import counted_strategy
from theory.stages.log_partition import LogPartition, columns, reduced
from theory.stages.population_loss import (
    STRATEGIES,
    PopulationLoss,
    WeightGradient,
    relabelled_mean,
    spread,
)
from theory.stages.token_losses import log_probability

Array = NDArray[np.float64]

COUNTED = ("unigram_counted", "bigram_counted")
# numbers held: in all, and while the moments of a few chains are computed
_MOST_NUMBERS, _AT_ONCE = 1 << 27, 1 << 22


class _Linear(NamedTuple):
    """A cross-entropy's part linear in the weights, (k, r c), and the strategy's mean log q."""

    weights: Array
    negentropy: float


class FluctuatingCounts(PopulationLoss):
    """Cross-entropy of the minimal model with counts that fluctuate, for any prior over chains.

    Parameters
    ----------
    T : int
        Context length, at least 1; raw logits of eq. (8), averaged over positions as in eq. (6).
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or any weighted set of chains. If it treats all states alike,
        W must have the form alpha 11' + beta I.
    nodes : int, optional
        Of a prior given by name: quadrature order for k = 2 (10), else the number of Sobol points,
        a power of two (64).
    seed : int or SeedSequence
        Of the Sobol points' scrambling.

    Attributes
    ----------
    basis : ShiftBasis
        Functions of the lag that v is made of.

    Raises
    ------
    ValueError
        If there are too many chains for the memory of a workstation.
    """

    def __init__(
        self,
        T: int,
        *,
        k: int | None = None,
        prior: Prior = "flat",
        nodes: int | None = None,
        seed: int | np.random.SeedSequence = 0,
    ) -> None:
        self.lags = self.T = checks.integer("T", T, 1)
        self.loss = "cross_entropy"
        chains = _chains(prior, k, nodes, seed)
        self.weights, self.transition = chains.weights, chains.transition
        self.k, self.symmetric = self.transition.shape[-1], is_invariant(chains)
        self.basis = shift_basis(T)
        n, most = len(self.weights), chains_that_fit(T, self.k, symmetric=self.symmetric)
        if n > most:
            raise ValueError(f"prior must have at most {most} chains for T = {T}, got {n}")
        self._mass = (self.weights[:, None] * stationary_distribution(self.transition)).T
        self._columns = columns(self.k, self.symmetric)
        self._fill()

    def _fill(self) -> None:
        """Moments at the positions of eq. (6), and at the last one the strategies'."""
        positions, share = position_rule(self.T)
        wanted = np.union1d(positions, [self.T])
        n, k, r = len(self.weights), self.k, self.basis.values.shape[1]
        c, d = self._columns.shape[1], k - 1
        packed = r * (r + 1) // 2 * (c * (c + 1) // 2)
        mean = np.empty((k, len(wanted), n, d, r * c))
        covariance = np.empty((k, len(wanted), n, d * (d + 1) // 2, packed))
        marks = np.vstack([np.eye(d), -np.ones(d)])  # logits less that of token k - 1
        last: list[dict[str, _Linear]] = []
        chunk = max(1, _AT_ONCE // (k * (r * k * d) ** 2))
        for low in range(0, n, chunk):
            part = slice(low, low + chunk)
            for q, found in enumerate(
                count_moments(self.transition[part], self.basis, wanted, marks)
            ):
                mean[:, q, part], covariance[:, q, part] = reduced(found, self._columns)
            last.append(self._strategies(part, found, mean[:, -1, part]))
        self._last = LogPartition(self._mass, mean[:, -1], covariance[:, -1])
        self._targets = {
            name: _Linear(np.sum([part[name].weights for part in last], axis=0),
                          sum(part[name].negentropy for part in last))
            for name in last[0]
        }  # fmt: skip
        mass = share[:, None] * self._mass[:, None]
        if len(wanted) > len(positions):
            mean, covariance = mean[:, :-1], covariance[:, :-1]
        self._every = LogPartition(mass.reshape(k, -1), mean.reshape(k, -1, d, r * c),
                                   covariance.reshape(k, -1, *covariance.shape[3:]))  # fmt: skip
        truth = self.transition.transpose(1, 0, 2)[..., :d]
        self._truth = np.einsum("mqn,mni,mqniy->my", mass, truth, mean)

    def _strategies(self, part: slice, found: CountMoments, mean: Array) -> dict[str, _Linear]:
        """What the strategies of some chains contribute at the last position."""
        P, mass = self.transition[part], self._mass[:, part]
        pi = np.broadcast_to(stationary_distribution(P)[:, None, :], P.shape)
        targets = {}
        for name, q in zip(STRATEGIES, (np.full(P.shape, 1.0 / self.k), pi, P), strict=True):
            q = q.transpose(1, 0, 2)
            linear = np.einsum("mn,mni,mniy->my", mass, q[..., :-1], mean)
            targets[name] = _Linear(linear, float((mass[..., None] * q * log_probability(q)).sum()))
        for name, (counts, mixed, own) in zip(COUNTED, self._counts(found), strict=True):
            each = counted_strategy(counts, own)
            along = np.einsum("mnij,mnjiy->mniy", each.slope[..., :-1, :], mixed)
            along += each.mean[..., :-1, None] * mean
            linear = np.einsum("mn,mniy->my", mass, along)
            targets[name] = _Linear(linear, float((mass * each.log_mean).sum()))
        return targets

    def _counts(self, found: CountMoments) -> Iterator[list[Array]]:
        """Of the tokens, then of the tokens after the current one: their mean counts (k, n, k),
        covariance (k, n, k, d, r c) with the counts in the logits, and covariance (k, n, k, k).
        """
        _, k, r, _, d = found.mean.shape
        # the lag functions that are 1 at lag 1 (where a token matches itself), and at lag 2
        one, two = (self.basis.values[lag] if lag < self.T else np.zeros(r) for lag in (0, 1))
        # counts less their mean over tokens, from the d counts less the last
        centred = np.eye(k)[:, :d] - 1.0 / k
        everywhere = np.einsum("ji,a,l->jali", centred, one, np.ones(k))
        # what follows token m is as often as m occurs before the last position
        following = [np.einsum("ji,a,l->jali", centred, two, np.eye(k)[m]) + everywhere[m] / k
                     for m in range(k)]  # fmt: skip
        for offset, pick in (
            (self.T / k, [everywhere] * k),
            ((self.T / k - 1.0) / k, following),
        ):
            each = [
                _picked(pick[m], offset, found.mean[:, m], found.covariance[:, m], self._columns[m])
                for m in range(k)
            ]
            yield [np.stack(part) for part in zip(*each, strict=True)]

    def at_weights(self, v: Array, W: Array) -> tuple[float, WeightGradient]:
        """The loss and its gradient; v enters by its part in the span of the lag functions."""
        u, w = self._reduced_weights(v, W)
        value, d_u, d_w = self._every.value_and_gradient(u, w)
        truth = self._truth.reshape(self.k, len(u), -1)
        value -= float(np.einsum("mac,a,mc->", truth, u, w))
        d_u -= np.einsum("mac,mc->a", truth, w)
        d_w -= np.einsum("mac,a->mc", truth, u)
        if self.symmetric:
            d_w = relabelled_mean(float(d_w[:, 0].sum()), float(d_w[:, 1].sum()), self.k)
        return value, WeightGradient(self.basis.values @ d_u, d_w)

    def distances_at(self, v: Array, W: Array) -> dict[str, float]:
        """KL(strategy || model) at position T in nats, averaged over chains and counts.

        "uniform", "unigram" (pi), "bigram" (the row of P), and the last two as counted on the
        context with one added to every count, "unigram_counted" and "bigram_counted".
        """
        u, w = self._reduced_weights(v, W)
        partition = self._last.value_and_gradient(u, w)[0]
        products = (u[None, :, None] * w[:, None, :]).reshape(self.k, -1)
        return {
            name: partition + target.negentropy - float((target.weights * products).sum())
            for name, target in self._targets.items()
        }

    def without_fluctuations(self) -> FluctuatingCounts:
        """The same loss at the mean counts: what the first order of the expansion says."""
        plain = copy(self)
        plain._every, plain._last = self._every.at_the_mean(), self._last.at_the_mean()
        return plain

    def gradient_span(self) -> Array:
        """The lag functions (J, r)."""
        return self.basis.values

    def _reduced_weights(self, v: Array, W: Array) -> tuple[Array, Array]:
        """v in the basis (r,), and W by columns (k, c)."""
        given = self.check_W(W)
        if not self.symmetric:
            return v @ self.basis.values, given
        return v @ self.basis.values, np.tile(spread(given), (self.k, 1))


def _picked(
    pick: Array, offset: float, mean: Array, covariance: Array, column: Array
) -> tuple[Array, Array, Array]:
    """Means (n, k) and covariances of linear functions `pick` (k, r, k, d) of counts."""
    mixed = np.einsum("jali,nalibzg->njbzg", pick, covariance, optimize=True)
    own = np.einsum("njbzg,hbzg->njh", mixed, pick)
    by_column = np.einsum("njbzg,cz->njgbc", mixed, column)
    counts = np.einsum("jali,nali->nj", pick, mean) + offset
    return counts, by_column.reshape(*by_column.shape[:3], -1), own


def chains_that_fit(T: int, k: int, *, symmetric: bool) -> int:
    """How many chains `FluctuatingCounts` holds the moments of, in 1 GB."""
    r, c, d = shift_basis(T).values.shape[1], 2 if symmetric else k, k - 1
    packed = r * (r + 1) // 2 * (c * (c + 1) // 2)
    each = k * (len(position_rule(T)[0]) + 1) * (d * (d + 1) // 2) * packed
    return max(1, _MOST_NUMBERS // each)


def _chains(
    prior: Prior, k: int | None, nodes: int | None, seed: int | np.random.SeedSequence
) -> Chains:
    known, k = prior_and_states(prior, k)
    if isinstance(known, Chains):
        if nodes is not None:
            raise ValueError("nodes must be left out for a weighted set of chains")
        return known
    if k == 2:
        return Chains(*quadrature(nodes or 10, known), symmetric=True)
    return Chains(*point_set(nodes or 64, k, known, seed=seed), symmetric=True)
