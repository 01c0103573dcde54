r"""Mean and covariance of pair counts given the chain and the current token, exactly.

With lag functions b_a(j) and e_t the indicator of x_t, the logits of eq. (8) are linear in

    phi_{p,a}(l, i) = sum_{t<=p} 1{x_t = i} g_{t,a}(l),
    g_{t,a}(l) = sum_{s<=t} b_a(t-s+1) 1{x_s = l}.

If the span of the b_a is closed under shift, ``b(j+1) = A b(j)``, then

    g_{t+1} = A g_t + b(1) e_{t+1},     phi_{t+1} = phi_t + g_{t+1} e_{t+1},

so that (x_t, g_t, phi_t) is a Markov process with a linear update. Its first and second moments,
split by the current token, therefore follow a closed recursion in time: before each update the
moments are mixed by the transition matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory.chains.stationary import stationary_distribution

Array = NDArray[np.float64]

_DELTAS, _DEGREE = 3, 3
# decay lengths of the exponentials: from 2 lags to an eighth of the context, at most this apart
_RATIO = 3.0
# up to this many positions the average over them is written out
_POSITIONS = 8


class ShiftBasis(NamedTuple):
    """Functions b_a of the lag with ``b(j+1) = step @ b(j)``.

    Attributes
    ----------
    values : array (J, r)
        b_a(j) for j = 1..J, orthonormal columns.
    step : array (r, r)
        A.
    """

    values: Array
    step: Array


def shift_basis(lags: int) -> ShiftBasis:
    r"""Lag functions that hold the first layer's weights along the flow of the stages.

    Single lags 1, 2, 3, cubics in j, and ``(+-rho)^j`` for a few rates of decay. The gradient in v
    is an average of ``(p - j + 1) lambda^{j-1}`` over positions and chains, which has a polynomial
    window and decays; more functions than these change stage times by less than 1e-3.

    Parameters
    ----------
    lags : int
        J, at least 1. Of few lags the basis is complete.

    Returns
    -------
    ShiftBasis
    """
    lags = checks.integer("lags", lags, 1)
    count = 1 + max(1, int(np.ceil(np.log(lags / 16.0) / np.log(_RATIO))))
    if lags <= _DELTAS + _DEGREE + 2 + 2 * count:
        values = np.eye(lags)
    else:
        j = np.arange(lags)[:, None]
        rates = np.exp(-1.0 / np.geomspace(2.0, lags / 8.0, count))
        polynomials = np.polynomial.legendre.legvander(2.0 * j[:, 0] / (lags - 1) - 1.0, _DEGREE)
        columns = [np.eye(lags)[:, :_DELTAS], polynomials, rates**j, (-rates) ** j]
        values = np.linalg.qr(np.hstack(columns))[0]
    # the family is closed, so the least-squares step is exact; lag J + 1 is never seen
    step = np.linalg.lstsq(values[:-1], values[1:], rcond=None)[0].T
    return ShiftBasis(values, np.asarray(step, dtype=np.float64))


def position_rule(T: int, nodes: int = _POSITIONS) -> tuple[NDArray[np.int64], Array]:
    """Integer positions and weights whose averages stand for those over positions 1..T.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    nodes : int
        How many positions, at least 1; all of them if T is not larger.

    Returns
    -------
    positions : array of int (q,)
        Increasing.
    weights : array (q,)
        Summing to 1; exact for polynomials of degree below q.
    """
    T, nodes = checks.integer("T", T, 1), checks.integer("nodes", nodes, 1)
    if nodes >= T:
        return np.arange(1, T + 1), np.full(T, 1.0 / T)
    x = np.polynomial.legendre.leggauss(nodes)[0]
    p = np.unique(np.clip(np.rint(0.5 + T * (1.0 + x) / 2.0), 1, T)).astype(np.int64)
    scaled = [2.0 * (q - 0.5) / T - 1.0 for q in (p, np.arange(1, T + 1))]
    chosen, every = (np.polynomial.legendre.legvander(z, len(p) - 1) for z in scaled)
    return p, np.linalg.solve(chosen.T, every.mean(axis=0))


class CountMoments(NamedTuple):
    """Moments of the counts phi at a position, by chain and current token m.

    Attributes
    ----------
    position : int
    mean : array (n, k, r, k, d)
        Indexed [chain, m, lag function, matched token l, counted token].
    covariance : array (n, k, r, k, d, r, k, d)
    """

    position: int
    mean: Array
    covariance: Array


def count_moments(
    transition: ArrayLike, basis: ShiftBasis, positions: ArrayLike, tokens: ArrayLike | None = None
) -> Iterator[CountMoments]:
    """Exact moments of the counts given the chain and the current token, position by position.

    Parameters
    ----------
    transition : array (n, k, k)
        Chains, started from their stationary distributions.
    basis : ShiftBasis
    positions : array of int (q,)
        Increasing, at least 1.
    tokens : array (k, d), optional
        Numbers that stand for the counted token: the identity, so that phi counts every token by
        itself, or contrasts between tokens, which are all that a softmax depends on.

    Yields
    ------
    CountMoments
        One for each position; chains in which the current token never occurs have moments 0.
    """
    P = np.asarray(transition, dtype=np.float64)
    marks = np.eye(P.shape[-1]) if tokens is None else np.asarray(tokens, dtype=np.float64)
    state = _Moments(P, basis, marks)
    wanted = [int(p) for p in np.atleast_1d(np.asarray(positions))]
    for t in range(1, max(wanted) + 1):
        state.advance()
        if t in wanted:
            yield CountMoments(t, *state.conditional())


def count_means(
    transition: ArrayLike, basis: ShiftBasis, positions: ArrayLike, tokens: ArrayLike | None = None
) -> Array:
    """Conditional means (q, n, k, r, k, d) of `count_moments` at q positions."""
    return np.stack([m.mean for m in count_moments(transition, basis, positions, tokens)])


def count_covariances(
    transition: ArrayLike, basis: ShiftBasis, positions: ArrayLike, tokens: ArrayLike | None = None
) -> Array:
    """Conditional covariances (q, n, k, r, k, d, r, k, d) of `count_moments`."""
    return np.stack([m.covariance for m in count_moments(transition, basis, positions, tokens)])


class _Moments:
    """Moments of (1, g, phi) together with each current token, (n, k, ...), not normalised.

    g is kept as (r, k), phi as (r k, d): second moments of the two are matrices of their products.
    """

    def __init__(self, transition: Array, basis: ShiftBasis, marks: Array) -> None:
        n, k = transition.shape[:2]
        r, d = len(basis.step), marks.shape[1]
        self.shape, self.basis, self.marks = (n, k, r, d), basis, marks
        self.backward = np.ascontiguousarray(transition.transpose(0, 2, 1))
        self.chance = stationary_distribution(transition)
        self.g, self.phi = np.zeros((n, k, r, k)), np.zeros((n, k, r * k, d))
        self.g_g = np.zeros((n, k, r, k, r, k))
        self.g_phi = np.zeros((n, k, r, k, r * k, d))
        self.phi_phi = np.zeros((n, k, r * k, d, r * k, d))

    def advance(self) -> None:
        """One token on."""
        n, k, r, _ = self.shape
        A = self.basis.step
        for name in ("g", "phi", "g_g", "g_phi", "phi_phi"):
            moment = getattr(self, name)
            setattr(self, name, (self.backward @ moment.reshape(n, k, -1)).reshape(moment.shape))
        self.g = A @ self.g
        for _ in range(2):  # A on one side, then, transposed, on the other
            left = (A @ self.g_g.reshape(n, k, r, -1)).reshape(self.g_g.shape)
            self.g_g = np.ascontiguousarray(left.transpose(0, 1, 4, 5, 2, 3))
        self.g_phi = (A @ self.g_phi.reshape(n, k, r, -1)).reshape(self.g_phi.shape)
        for token in range(k):
            self._enter(token)
            self._count(token)

    def _enter(self, token: int) -> None:
        """g += b(1) where the new token is the one to match."""
        first, chance = self.basis.values[0], self.chance[:, token]
        g, g_g = self.g[:, token], self.g_g[:, token]
        g_g[:, :, token] += first[:, None, None] * g[:, None]
        g_g[..., token] += g[..., None] * first
        g_g[:, :, token, :, token] += np.outer(first, first) * chance[:, None, None]
        self.g_phi[:, token, :, token] += first[:, None, None] * self.phi[:, token, None]
        g[:, :, token] += first * chance[:, None]

    def _count(self, token: int) -> None:
        """phi += g times what the new token counts as."""
        n, k, r, _ = self.shape
        s = r * k
        g, g_g = self.g[:, token].reshape(n, s), self.g_g[:, token].reshape(n, s, s)
        g_phi, phi_phi = self.g_phi[:, token].reshape(n, s, s, -1), self.phi_phi[:, token]
        marked = np.flatnonzero(self.marks[token])
        for i in marked:
            mark = self.marks[token, i]
            phi_phi[:, :, i] += mark * g_phi
            phi_phi[..., i] += mark * g_phi.transpose(0, 2, 3, 1)
            for other in marked:
                phi_phi[:, :, i, :, other] += mark * self.marks[token, other] * g_g
        for i in marked:
            g_phi[..., i] += self.marks[token, i] * g_g
            self.phi[:, token, :, i] += self.marks[token, i] * g

    def conditional(self) -> tuple[Array, Array]:
        """Mean and covariance of phi given the current token."""
        n, k, r, d = self.shape
        share = 1.0 / np.where(self.chance > 0, self.chance, np.inf)
        mean = self.phi * share[..., None, None]
        flat = mean.reshape(n, k, -1)
        second = self.phi_phi.reshape(n, k, flat.shape[2], -1) * share[..., None, None]
        second -= flat[..., :, None] * flat[..., None, :]
        return mean.reshape(n, k, r, k, d), second.reshape(n, k, r, k, d, r, k, d)
