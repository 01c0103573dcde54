r"""The symmetric direction in which several heads leave the origin, and its stability.

For a prior invariant under relabelling the states, weights with every W^n in span{1 1^T, I} stay
there. On the way out they turn to the ray u with dB/du = 2H B(u) u of largest B there, along which

    dr/dt = lambda r^(2H-1),   lambda = 2H B(u).

A small part delta of W outside the span obeys d delta/ds = (Hess B - lambda) delta in the clock
ds = r^(2H-2) dt of `theory.ngrams.origin`, in which log r grows by lambda: it is

    |delta| / r ~ r^kappa,   kappa = h / lambda - 1,

with h the largest eigenvalue of the Hessian there. Were W^n diagonal and the states without effect
on each other, B would be sum_i prod_n w^n_i and kappa = H - 2: for one head any preference for a
state fades, for two it stays, for three and more it dominates.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory.ngrams.origin import ngram_velocity

Array = NDArray[np.float64]

_MOST_TURNS = 100_000


class Ray(NamedTuple):
    """The symmetric direction of escape.

    Attributes
    ----------
    rate : float
        lambda: dr/dt = rate r^(2H-1).
    v, W : arrays (H, T) and (H, k, k)
        The unit vector u.
    asymmetry : float
        kappa: the relative size of a preference for one state changes as r^kappa.
    """

    rate: float
    v: Array
    W: Array
    asymmetry: float


def symmetric_ray(kernel: ArrayLike) -> Ray:
    """The ray of largest B that treats all states alike.

    Parameters
    ----------
    kernel : array (T, k, k) * H
        Of a prior invariant under relabelling the states; see `theory.ngrams.origin.relabelled`.

    Returns
    -------
    Ray

    Raises
    ------
    ValueError
        If the kernel has another shape or is not invariant, or there is no such direction.
    """
    K = checks.real_array("kernel", kernel)
    if K.ndim < 3 or K.ndim % 3 or K.shape != K.shape[:3] * (K.ndim // 3):
        raise ValueError(f"kernel must have shape (T, k, k) * H, got {K.shape}")
    H, (T, k, _) = K.ndim // 3, K.shape[:3]
    v, W = np.ones((H, T)), np.ones((H, k, k))
    v, W = (part / np.sqrt(v.size + W.size) for part in (v, W))
    turned = np.inf
    for _ in range(_MOST_TURNS):
        value, d_v, d_W = ngram_velocity(K, v, W)
        size = float(np.sqrt(np.sum(d_v**2) + np.sum(d_W**2)))
        if not size > 0:
            raise ValueError("kernel must not vanish on the symmetric weights: nothing grows")
        if np.abs(d_W - _alike(d_W)).max() > 1e-9 * size:
            raise ValueError("kernel must be invariant under relabelling the states, got one not")
        new_v, new_W = v + d_v / size, W + _alike(d_W) / size
        norm = np.sqrt(np.sum(new_v**2) + np.sum(new_W**2))
        new_v, new_W = new_v / norm, new_W / norm
        turned = max(np.abs(new_v - v).max(), np.abs(new_W - W).max())
        v, W = new_v, new_W
        if turned < 1e-15:
            break
    if turned > 1e-10 or not value > 0:
        raise ValueError("kernel must let the symmetric weights grow, got one that does not")
    rate = 2 * H * ngram_velocity(K, v, W)[0]
    return Ray(rate, v, W, _largest_outside(K, v, W) / rate - 1.0)


def _alike(W: Array) -> Array:
    """Projection of each W^n on span{1 1^T, I}."""
    k = W.shape[-1]
    diagonal = np.trace(W, axis1=-2, axis2=-1)[..., None, None] / k
    off = (W.sum(axis=(-2, -1))[..., None, None] - k * diagonal) / (k * (k - 1))
    return np.where(np.eye(k, dtype=bool), diagonal, off)


def _largest_outside(K: Array, v: Array, W: Array) -> float:
    """Largest eigenvalue of the Hessian of B on the W outside the span; exact, no differences.

    The velocity of W^n is linear in every other W^m: the Hessian's block (n, m) is the velocity
    with W^m replaced. The kernel's invariance keeps v out.
    """
    H, k = len(v), W.shape[-1]
    basis = np.linalg.qr(np.stack([np.ones(k * k), np.eye(k).ravel()], axis=1), mode="complete")[0]
    outside = basis[:, 2:].T.reshape(-1, k, k)
    hessian = np.zeros((H * len(outside),) * 2)
    for n, m in itertools.permutations(range(H), 2):
        for column, delta in enumerate(outside):
            replaced = W.copy()
            replaced[m] = delta
            slope = ngram_velocity(K, v, replaced)[2][n]
            rows = slice(n * len(outside), (n + 1) * len(outside))
            hessian[rows, m * len(outside) + column] = np.einsum("rml,ml->r", outside, slope)
    return float(np.linalg.eigvalsh(hessian)[-1])


def ray_time(rate: float, heads: int, start: ArrayLike, radius: ArrayLike) -> Array:
    """Flow time from norm `start` to `radius` along a ray, dr/dt = rate r^(2H-1); any shapes.

    Parameters
    ----------
    rate : float
        lambda of `Ray`.
    heads : int
        H, at least 1.
    start, radius : float or array
        Norms of all weights, above 0.

    Returns
    -------
    array
        Flow times.
    """
    begin, end = checks.real_array("start", start), checks.real_array("radius", radius)
    if heads == 1:
        return np.asarray(np.log(end / begin) / rate)
    power = 2 * heads - 2
    with np.errstate(divide="ignore"):
        return np.asarray((begin**-power - end**-power) / (power * rate))
