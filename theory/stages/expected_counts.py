r"""The minimal model with its counts replaced by their expectations, and its population losses.

Write W = alpha 11' + beta I, which relabelling symmetry preserves, and v_1..v_J for the lags. For
one chain P with stationary pi, and the current token x_p = m, eq. (8) counts the pairs
(x_t = i, x_{t-j+1} = l) with t <= p. There are p - j + 1 of them to look at, of expected share
``pi_l (P^{j-1})_{li}`` each; with w_pj = max(0, 1 - (j-1)/p),

    f_{p,i} ~ p [ alpha (sum_j v_j w_pj) pi_i + beta pi_m sum_j v_j w_pj (P^{j-1})_{mi} ].

Time runs forwards in P^{j-1}: the earlier token s is the one that matches, the later t is the one
counted, so no reversed chain enters. The error of the counts is O(1/sqrt(p)) for one sequence, and
a smooth loss of f/p, averaged over sequences, is in error by O(1/p). As p -> infinity, w_pj -> 1:
the infinite-context limit is exact. Three normalisations are known (m is the current token):

    length   f divided by p                            pi_i           pi_m P^{j-1}_{mi}
    score    11' and I each divided by what they match pi_i           P^{j-1}_{mi}
    visits   f divided by the visits of m              pi_i / pi_m    P^{j-1}_{mi}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from theory import checks
from theory.chains.invariance import invariant_chains
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Prior
from theory.stages.lag_basis import basis_of_span, lag_powers
from theory.stages.population_loss import (
    STRATEGIES as STRATEGIES,
)
from theory.stages.population_loss import (
    PopulationLoss,
    WeightGradient,
    relabelled_mean,
    spread,
)
from theory.stages.token_losses import LOSSES, log_probability, next_token_first, token_loss

Array = NDArray[np.float64]

NORMALIZATIONS = ("length", "score", "visits")
# beyond this many positions the average over them is a Gauss-Legendre rule
_POSITIONS = 12


@dataclass(frozen=True)
class Gradient:
    """Derivatives of the loss in alpha, beta and v (J,)."""

    alpha: float
    beta: float
    v: Array


class ExpectedCounts(PopulationLoss):
    """Population loss of the minimal model with expected counts, as a function of (alpha, beta, v).

    Parameters
    ----------
    lags : int
        J, at least 1; at finite T at most T.
    T : int, optional
        Context length, at least 1: the raw logits of eq. (8), averaged over positions 1..T as in
        eq. (6). Left out, the infinite-context limit of the normalised logits.
    normalization : str
        "length", "score" or "visits", see the module; at finite T only "length" is defined and the
        factor p is put back.
    loss : str
        "squared", "cross_entropy" or "margin".
    delta : float
        Margin of the margin loss, above 0.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains that is invariant under relabelling
        the states, see `theory.symmetrised`.
    nodes : int, optional
        Of a prior given by name: quadrature order for k = 2 (16), else the number of Sobol points,
        a power of two (512).
    seed : int or SeedSequence
        Of the Sobol points' scrambling.

    Attributes
    ----------
    weights : array (n,)
        Of the chains averaged over, summing to 1.
    transition : array (n, k, k)
        Their transition matrices.

    Raises
    ------
    ValueError
        If the set of chains is not invariant.
    """

    def __init__(
        self,
        lags: int,
        *,
        T: int | None = None,
        normalization: str = "length",
        loss: str = "cross_entropy",
        delta: float = 1.0,
        k: int | None = None,
        prior: Prior = "flat",
        nodes: int | None = None,
        seed: int | np.random.SeedSequence = 0,
    ) -> None:
        self.lags = checks.integer("lags", lags, 1)
        self.loss = checks.one_of("loss", loss, LOSSES)
        self.normalization = checks.one_of("normalization", normalization, NORMALIZATIONS)
        self.delta = checks.positive("delta", delta)
        chains = invariant_chains(prior, k, nodes, default=(16, 512), seed=seed)
        self.weights, self.transition = chains.weights, chains.transition
        self.k, self.symmetric = self.transition.shape[-1], True
        n, k, _ = self.transition.shape
        size = checks.shown(self.lags)
        checks.memory(f"expected counts at {size} lags for {n} chains", self.lags, n, k, 11)
        self.stationary = stationary_distribution(self.transition)
        self._powers = lag_powers(self.transition, self.lags)
        self._place(T)
        visits, share = self.stationary.ravel(), self.stationary.T[:, :, None]
        n, k = self.weights.size, self.k
        # arrays are (position, next token, chain and current token), the long axis contiguous
        self._truth = next_token_first(self.transition)
        self._mass = (
            self._position_weight[:, None] * (self.weights[:, None] * self.stationary).ravel()
        )
        self._match = visits if normalization == "length" else np.ones(n * k)
        self._unigram = np.broadcast_to(share, (k, n, k)).reshape(k, -1)
        if normalization == "visits":
            self._unigram = self._unigram / visits
        self._entries = np.ascontiguousarray(
            self._powers.entries.reshape(n, k, k, -1).transpose(3, 2, 0, 1)
        ).reshape(-1, k * n * k)

    def _place(self, T: int | None) -> None:
        """Positions: windows (J, q) over the lags, factors (q,) on the logits, weights (q,)."""
        self.T = None if T is None else checks.integer("T", T, self.lags)
        if T is None:
            self._window, self._scale = np.ones((self.lags, 1)), np.ones(1)
            self._position_weight = np.ones(1)
            return
        if self.normalization != "length":
            raise ValueError(
                f"normalization must be length at finite T, got {self.normalization!r}"
            )
        if T <= _POSITIONS:
            p, self._position_weight = np.arange(1.0, T + 1), np.full(T, 1.0 / T)
        else:
            # the sum over p = 1..T is the midpoint rule of the integral over (1/2, T + 1/2)
            x, w = np.polynomial.legendre.leggauss(_POSITIONS)
            p, self._position_weight = 0.5 + T * (1.0 + x) / 2.0, w / 2.0
        self._window, self._scale = _window(self.lags, p), p

    def logits(self, alpha: float, beta: float, v: ArrayLike) -> Array:
        """Limit logits (n, k, k), indexed [chain, current token, next token].

        At finite T those of position T.
        """
        window = np.ones((self.lags, 1)) if self.T is None else _window(self.lags, [self.T])
        weighted = self._lag_weights(v)[:, None] * window
        f = (self.T or 1.0) * self._forward(alpha, beta, weighted)[0][0]
        return f.reshape(self.k, -1, self.k).transpose(1, 2, 0)

    def _lag_weights(self, v: ArrayLike) -> Array:
        given = checks.real_array("v", v)
        if given.shape != (self.lags,):
            raise ValueError(f"v must have shape {(self.lags,)}, got {given.shape}")
        return given

    def _forward(self, alpha: float, beta: float, weighted: Array) -> tuple[Array, Array]:
        """Logits over the scale, and their derivative in beta, (q, k, N)."""
        matched = ((weighted.T @ self._powers.basis) @ self._entries).reshape(
            -1, self.k, self._match.size
        )
        matched *= self._match
        everywhere = alpha * weighted.sum(axis=0)
        return everywhere[:, None, None] * self._unigram + beta * matched, matched

    def loss_and_gradient(self, alpha: float, beta: float, v: ArrayLike) -> tuple[float, Gradient]:
        """Population loss and its gradient in (alpha, beta, v), by quadrature over the chains."""
        weighted = self._lag_weights(v)[:, None] * self._window
        direction, matched = self._forward(alpha, beta, weighted)
        scale = self._scale[:, None, None]
        value, push = token_loss(self.loss, scale * direction, self._mass, self._truth, self.delta)
        push *= scale
        toward_unigram = push.reshape(self._scale.size, -1) @ self._unigram.ravel()
        along_beta = float(np.vdot(push, matched))
        push *= self._match
        on_lags = self._powers.basis @ (self._entries @ push.reshape(self._scale.size, -1).T)
        d_weighted = alpha * toward_unigram + beta * on_lags
        return value, Gradient(
            float(weighted.sum(axis=0) @ toward_unigram),
            along_beta,
            (d_weighted * self._window).sum(axis=1),
        )

    def at_weights(self, v: Array, W: Array) -> tuple[float, WeightGradient]:
        """The loss and its gradient, that in W averaged over relabelling the states."""
        value, found = self.loss_and_gradient(*spread(self.check_W(W)), v)
        return value, WeightGradient(found.v, relabelled_mean(found.alpha, found.beta, self.k))

    def distances_at(self, v: Array, W: Array) -> dict[str, float]:
        """`distances` at W = alpha 11' + beta I."""
        return self.distances(*spread(self.check_W(W)), v)

    def gradient_span(self) -> Array:
        """Orthonormal basis (J, r) of all that the gradient in v can be, to a part in 10^10.

        Columns are w_pj (P^{j-1})_{mi} as functions of j, so r is a few dozen however many lags
        there are: flow of the loss leaves the rest of v as it was.
        """
        size = np.linalg.norm(self._powers.entries, axis=0)
        windowed = self._window[:, :, None] * (self._powers.basis * size)[:, None, :]
        # 11' counts pairs at every lag alike; P^{j-1} contains that, its rows sum to 1
        return basis_of_span(windowed.reshape(self.lags, -1), 1e-10)

    def strategies(self) -> dict[str, Array]:
        """Next-token distributions (n, k, k) of the three strategies with infinite context."""
        shape = self.transition.shape
        return {
            "uniform": np.full(shape, 1.0 / self.k),
            "unigram": np.broadcast_to(self.stationary[:, None, :], shape),
            "bigram": self.transition,
        }

    def distances(self, alpha: float, beta: float, v: ArrayLike) -> dict[str, float]:
        """From each strategy to the model, averaged over chains and current tokens.

        KL(strategy || softmax of the logits) in nats, as in the paper's figures; for the squared
        loss, whose logits are themselves the prediction, the squared distance.
        """
        f = self.logits(alpha, beta, v)
        mass = (self.weights[:, None] * self.stationary)[..., None]
        if self.loss == "squared":
            return {
                name: float((mass * (f - guess) ** 2).sum())
                for name, guess in self.strategies().items()
            }
        log_model = log_softmax(f, axis=2)
        return {
            name: float((mass * guess * (log_probability(guess) - log_model)).sum())
            for name, guess in self.strategies().items()
        }

    def infinite_context_losses(self) -> dict[str, float]:
        """Loss of each strategy with infinite context.

        Cross-entropy is that of the strategy's distribution; the squared and the margin loss take
        its probabilities as logits.
        """
        mass = self._mass.sum(axis=0, keepdims=True)
        logarithmic = self.loss == "cross_entropy"
        found = {}
        for name, guess in self.strategies().items():
            logits = next_token_first(log_probability(guess) if logarithmic else guess)[None]
            found[name] = token_loss(self.loss, logits, mass, self._truth, self.delta)[0]
        return found


def _window(lags: int, positions: ArrayLike) -> Array:
    """w_pj = max(0, 1 - (j-1)/p), shape (J, q)."""
    return np.maximum(0.0, 1.0 - np.arange(lags)[:, None] / np.asarray(positions, dtype=float))
