r"""When unigram overtakes uniform: an exact condition, and its time where v has not yet moved.

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
from theory.chains.chain import stationary_distribution
from theory.chains.nodes import point_set, quadrature

Array = NDArray[np.float64]

_POSITIONS = 16


def frozen_onset(
    k: int = 2, *, linear: bool = False, prior: str = "flat", nodes: int | None = None
) -> float:
    """The constant C of t = C / (c^2 T^4), from v = c 1 kept constant and W = 0.

    Parameters
    ----------
    k : int >= 2
    linear : bool
        With the gradient at logits 0 all along, as the margin loss has while its hinges are active;
        else that of cross-entropy.
    prior : "flat"; under another one pi may be uniform, and no unigram stage begins
    nodes : int
        Quadrature order for k = 2; else the number of Sobol points, a power of two.

    Raises
    ------
    TypeError, ValueError
        Naming the argument and its value.
    """
    k = checks.integer("k", k, 2)
    checks.one_of("prior", prior, ("flat",))
    if k == 2:
        weights, transition = quadrature(nodes or 24, prior)
    else:
        weights, transition = point_set(nodes or 4096, k, prior)
    pi = stationary_distribution(transition)
    mass = weights[:, None] * pi
    # the two directions in which logits can grow, (2, n, m, i)
    shape = np.stack([np.broadcast_to(pi[:, None, :], transition.shape),
                      pi[:, :, None] * pi[:, None, :]])  # fmt: skip
    lead = np.einsum("nm,ni,dnmi->d", mass, pi - 1 / k, shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(pi > 0, pi * np.log(pi), 0.0).sum(axis=1)
    wanted = float(np.log(k) - weights @ entropy)
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
