r"""Singular modes of the population kernel, and the exact gradient flow of small weights.

While every hinge is active, gradient flow of the population loss is linear,
``dv/dt = K : W`` and ``dW/dt = K . v``. Along a singular triple (sigma, u, w) of K, seen as a
matrix (T, k^2), it is a hyperbolic rotation of the two amplitudes; everything else is constant.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import checks
from theory.chains.weighted import Prior
from theory.kernel.population import population_kernel

_MAX_EXPONENT = 700.0  # cosh overflows float64 just above


class Modes(NamedTuple):
    """``K_jml = sum_r singular_values[r] v_modes[r, j] W_modes[r, m, l]``.

    Attributes
    ----------
    singular_values : array (r,)
        Decreasing and positive; growth rates per unit of flow time.
    v_modes : array (r, T)
        Orthonormal.
    W_modes : array (r, k, k)
        Orthonormal in the Frobenius product.
    """

    singular_values: NDArray[np.float64]
    v_modes: NDArray[np.float64]
    W_modes: NDArray[np.float64]


def modes(
    T: int, *, k: int | None = None, prior: Prior = "flat", kernel: ArrayLike | None = None
) -> Modes:
    """Singular modes of K, the growth rates and directions of small weights.

    The sign is fixed by making the largest entry of each v mode, in absolute value, positive (the
    first such entry on a tie). Values below 1e-12 of the largest are rounding and are cut; K has
    rank at most 2 for priors invariant under relabelling the states, and at most k^2 for others.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    k : int, optional
        Number of states, at least 2. By default that of the chains in `prior`, or 2.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains, as in `population_kernel`.
    kernel : array (T, k, k), optional
        Used instead of `population_kernel` of the prior.

    Returns
    -------
    Modes
        With r = 0 if K vanishes.

    Examples
    --------
    >>> import theory
    >>> found = theory.modes(100)
    >>> found.singular_values.round(3)
    array([15.93 ,  1.507])
    >>> found.v_modes.shape, found.W_modes.shape
    ((2, 100), (2, 2, 2))
    """
    T = checks.integer("T", T, 1)
    if kernel is None:
        K = population_kernel(T, k=k, prior=prior)
    else:
        K = _kernel(kernel, T, k)
    k = K.shape[-1]
    left, values, right = np.linalg.svd(K.reshape(T, k * k), full_matrices=False)
    kept = values > 1e-12 * values[0]
    v_modes, W_modes = left.T[kept], right[kept]
    largest = np.argmax(np.abs(v_modes), axis=1)
    flip = np.where(np.take_along_axis(v_modes, largest[:, None], axis=1) < 0, -1.0, 1.0)
    return Modes(values[kept], v_modes * flip, (W_modes * flip).reshape(-1, k, k))


def linear_flow(
    v0: ArrayLike,
    W0: ArrayLike,
    t: ArrayLike,
    *,
    kernel: ArrayLike | None = None,
    prior: Prior = "flat",
    rates: tuple[float, float] = (1.0, 1.0),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact gradient flow of the bilinear population loss.

    Solves ``dv/dt = rates[0] K : W`` and ``dW/dt = rates[1] K . v``, valid while every hinge is
    active.

    Parameters
    ----------
    v0 : array (T,)
        Initial weights of the first layer; index 0 is the paper's v_1.
    W0 : array (k, k)
        Initial weights of the second layer.
    t : float or array (n,)
        Flow time (learning rate times step); negative times integrate backwards.
    kernel : array (T, k, k), optional
        Used instead of `population_kernel` of the prior.
    prior : str or tuple of arrays (n,) and (n, k, k)
        "flat", "doubly_stochastic", or a weighted set of chains with k states, as in
        `population_kernel`.
    rates : tuple of two floats
        Relative learning rates of v and W, not negative.

    Returns
    -------
    v : array (n, T)
    W : array (n, k, k)
        A scalar `t` gives (T,) and (k, k).

    Raises
    ------
    ValueError
        If the solution leaves the range of float64.

    Examples
    --------
    >>> import numpy as np
    >>> import theory
    >>> v, W = theory.linear_flow(np.full(100, 0.02), np.zeros((2, 2)), [0.0, 0.05])
    >>> v.shape, W.shape
    ((2, 100), (2, 2, 2))
    >>> W[-1].round(3)
    array([[0.091, 0.02 ],
           [0.02 , 0.091]])
    """
    v, W = _finite("v0", v0, 1), _finite("W0", W0, 2)
    T, k = len(v), len(W)
    if W.shape != (k, k):
        raise ValueError(f"W0 must be square, got shape {W.shape}")
    times = _finite("t", t, None)
    if times.ndim > 1:
        raise ValueError(f"t must be a number or one-dimensional, got shape {times.shape}")
    rate_v, rate_W = _rates(rates)
    found = modes(T, k=k, prior=prior, kernel=kernel)
    amplitude_v = found.v_modes @ v
    amplitude_W = np.einsum("rml,ml->r", found.W_modes, W)
    phase = np.multiply.outer(times, found.singular_values * np.sqrt(rate_v * rate_W))
    if phase.size and np.max(np.abs(phase)) > _MAX_EXPONENT:
        raise ValueError(
            f"t must keep |t| times the fastest rate below {_MAX_EXPONENT:g}, "
            f"got {np.max(np.abs(phase)):.3g}"
        )
    swing = np.multiply.outer(times, found.singular_values) * _sinhc(phase)
    # cosh - 1 without cancellation, so that early times keep their relative accuracy.
    stretch = 2.0 * np.sinh(phase / 2.0) ** 2
    change_v = stretch * amplitude_v + rate_v * swing * amplitude_W
    change_W = stretch * amplitude_W + rate_W * swing * amplitude_v
    return v + change_v @ found.v_modes, W + np.tensordot(change_W, found.W_modes, axes=(-1, 0))


def _sinhc(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sinh(x)/x, with its limit 1 at 0 (a rate may be zero)."""
    safe = np.where(x == 0.0, 1.0, x)
    return np.where(x == 0.0, 1.0, np.sinh(safe) / safe)


def _rates(rates: Any) -> tuple[float, float]:
    pair = checks.real_array("rates", rates)
    if pair.shape != (2,) or not np.all(np.isfinite(pair)) or np.any(pair < 0):
        raise ValueError(
            f"rates must be two finite numbers >= 0, for v and W, got {checks.shown(rates)}"
        )
    return float(pair[0]), float(pair[1])


def _finite(name: str, value: ArrayLike, ndim: int | None) -> NDArray[np.float64]:
    array = checks.real_array(name, value)
    if ndim is not None and (array.ndim != ndim or array.size == 0):
        raise ValueError(f"{name} must have {ndim} nonempty dimension(s), got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite")
    return array


def _kernel(kernel: ArrayLike, T: int, k: int | None) -> NDArray[np.float64]:
    K = _finite("kernel", kernel, 3)
    states = K.shape[-1] if k is None else checks.integer("k", k, 2)
    if K.shape != (T, states, states):
        raise ValueError(f"kernel must have shape {(T, states, states)}, got {K.shape}")
    return K
