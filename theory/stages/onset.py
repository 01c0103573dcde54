r"""Onset of the unigram stage: an exact condition, and the time if v has not yet moved.

KL(uniform || q) and KL(pi || q) differ by a term linear in the logits, since log q = f - log sum
exp f and the entries of pi - 1/k sum to 0. So unigram is the nearer of the two as soon as

    E <pi - 1/k, f> = log k - E H(pi),                                                        (U)

for every model and every way of getting there. Two regimes follow from v = c 1, W = 0. Small c:
both layers grow as e^{sigma_1 t}, and t = log(1/c)/sigma_1 + const, of order T^{-3/2}. Larger c
(c^2 T^{5/2} >> 1): W alone moves. With v = c 1 the logits of long contexts are

    f_{p,i} = (c p^2 / 2) (alpha + beta pi_m) pi_i,

so in (a, b) = (c T^2 / 2) (alpha, beta) the flow of eq. (6) has no parameter but

    z = c^2 T^4 t,

and the stage begins at t = C / (c^2 T^4): exponents -4 in T and -2 in c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import log_softmax

from theory import checks
from theory.chains.invariance import invariant_chains
from theory.chains.stationary import stationary_distribution
from theory.chains.weighted import Prior

Array = NDArray[np.float64]

_POSITIONS = 16


def unigram_time_constant(
    k: int | None = None,
    *,
    linear: bool = False,
    prior: Prior = "flat",
    nodes: int | None = None,
) -> float:
    """The constant C of t = C / (c^2 T^4), from v = c 1 kept constant and W = 0.

    Parameters
    ----------
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    linear : bool
        With the gradient at logits 0 all along, as the margin loss has while its hinges are active;
        else that of cross-entropy.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", or a weighted set of chains that is invariant under relabelling the states.
    nodes : int, optional
        Of the flat prior: quadrature order for k = 2 (24), else the number of Sobol points, a power
        of two (4096).

    Returns
    -------
    float

    Raises
    ------
    RuntimeError
        If the unigram stage is not reached.
    ValueError
        If pi is uniform under the prior, so that no unigram
        stage begins.
    """
    if isinstance(prior, str):
        checks.one_of("prior", prior, ("flat",))
    chains = invariant_chains(prior, k, nodes, default=(24, 4096))
    weights, transition = chains.weights, chains.transition
    pi, k = stationary_distribution(transition), transition.shape[-1]
    mass = weights[:, None] * pi
    # the two directions in which logits can grow, (2, n, m, i)
    shape = np.stack([np.broadcast_to(pi[:, None, :], transition.shape),
                      pi[:, :, None] * pi[:, None, :]])  # fmt: skip
    lead = np.einsum("nm,ni,dnmi->d", mass, pi - 1 / k, shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(pi > 0, pi * np.log(pi), 0.0).sum(axis=1)
    wanted = float(np.log(k) - weights @ entropy)
    if wanted < 1e-12:
        raise ValueError("prior must have chains whose stationary distribution is not uniform")
    x, w = np.polynomial.legendre.leggauss(_POSITIONS)
    growth, w = ((1.0 + x) / 2.0) ** 2, w / 2.0

    def velocity(_: float, point: Array) -> Array:
        f = np.zeros((*transition.shape, 1)) if linear else (
            np.tensordot(point, shape, 1)[..., None] * growth
        )  # fmt: skip
        residual = ((transition[..., None] - np.exp(log_softmax(f, axis=2))) * growth * w).sum(
            axis=3
        )
        down_a, down_b = np.einsum("nm,nmi,dnmi->d", mass, residual, shape)
        off, diagonal = (down_a - down_b) / (k * (k - 1)), down_b / k
        return np.array([off, diagonal - off]) / 4.0

    def reached(_: float, point: Array) -> float:
        return float(lead @ point) - wanted

    reached.terminal = True  # type: ignore[attr-defined]
    found = solve_ivp(velocity, (0.0, 1e7), np.zeros(2), "DOP853", events=reached, rtol=1e-9)
    if not found.t_events[0].size:
        raise RuntimeError(f"the unigram stage was not reached: {found.message}")
    return float(found.t_events[0][0])
