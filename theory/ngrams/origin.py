r"""How a minimal model with several heads, whose scores are multiplied, leaves the origin.

With H heads, where head n takes its query from the token n - 1 places before the last, the logits

    f_{p,i} = sum_{t<=p} 1{x_t=i} prod_n sum_j v^n_j W^n[x_{p-n+1}, x_{t-j+1}],

are of degree 1 in each v^n and each W^n: 2H in all. To first order in f either loss of
`theory.kernel.escape` is L0 - B with

    B = sum K[(j_1,m_1,l_1), ..., (j_H,m_H,l_H)] prod_n v^n_{j_n} W^n_{m_n l_n}
    K = 1/T sum_p sum_{t<=p} E[(1{x_{p+1}=x_t} - 1/k) prod_n 1{x_{t-j_n+1}=l_n} 1{x_{p-n+1}=m_n}].

B is homogeneous of degree 2H, its flow theta' = dB/dtheta therefore the same at every size: if
theta(t) is a flow, so is c theta(c^(2H-2) t). For one head the wait is logarithmic in the size of
the start, for more it grows as its (2H-2)-th inverse power: the origin is a saddle without slope.
With theta = r u, |u| = 1 and ds = r^(2H-2) dt

    d(log r)/ds = 2H B(u),   du/ds = dB(u) - 2H B(u) u,   dt/ds = r^-(2H-2).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from theory import checks
from theory.chains.stationary import stationary_distribution

Array = NDArray[np.float64]

_MOST_ENTRIES = 2**22  # of the kernel, and of the table of sequences


class Escape(NamedTuple):
    """When the flow of B reaches a given norm, and the weights at that time.

    Attributes
    ----------
    time : float
        Flow time.
    v, W : arrays (H, T) and (H, k, k)
        The weights then.
    """

    time: float
    v: Array
    W: Array


def ngram_kernel(
    T: int,
    transition: ArrayLike,
    *,
    heads: int,
    weights: ArrayLike | None = None,
    normalize: str = "none",
) -> Array:
    """K of a set of chains of any order, by the law of all k**(T+1) sequences.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    transition : array (m, k**order, k)
        Chains started from their stationary distribution over histories, the latest token the
        last digit of a history's number.
    heads : int
        At least 1.
    weights : array (m,), optional
        Of the chains, summing to 1; equal if not given.
    normalize : str
        "none", or "length" (logits of position p divided by p).

    Returns
    -------
    array (T, k, k) * heads
        Indexed by the lag, the query token and the compared token, head by head.

    Raises
    ------
    ValueError
        If the kernel or the table of sequences would have more than 2**22 entries.
    """
    T, heads = checks.integer("T", T, 1), checks.integer("heads", heads, 1)
    checks.one_of("normalize", normalize, ("none", "length"))
    chains = checks.real_array("transition", transition)
    if chains.ndim != 3 or len(chains) == 0 or chains.shape[2] < 2:
        raise ValueError(f"transition must have shape (m, k**order, k), got {chains.shape}")
    k = chains.shape[2]
    size = T * k * k
    # compared as logarithms: neither power may be beyond any float
    checks.at_most("heads", heads, 64)
    if T > _MOST_ENTRIES or max(heads * np.log2(size), (T + 1) * np.log2(k) + np.log2(T)) > np.log2(
        _MOST_ENTRIES
    ):
        raise ValueError(
            f"T must be small enough for a kernel of {_MOST_ENTRIES} entries and as many tokens of "
            f"all sequences, got T = {T} with k = {k} and {heads} heads"
        )
    law = sequence_law(T + 1, chains, weights)
    sequences = np.array(list(itertools.product(range(k), repeat=T + 1)))
    kernel = np.zeros((size,) * heads)
    for p in range(heads - 1, T):
        scale = 1.0 / T / (p + 1 if normalize == "length" else 1)
        for t in range(p + 1):
            weight = scale * law * ((sequences[:, p + 1] == sequences[:, t]) - 1.0 / k)
            lag = np.arange(t + 1)
            places = []
            for n in range(heads):
                asking = sequences[:, p - n]
                place = (lag * k + asking[:, None]) * k + sequences[:, t - lag]
                shape = (-1, *(t + 1 if m == n else 1 for m in range(heads)))
                places.append(place.reshape(shape))
            spread = weight.reshape(-1, *(1,) * heads)
            flat = sum(place * size ** (heads - 1 - n) for n, place in enumerate(places))
            values = np.broadcast_to(spread, np.shape(flat)).ravel()
            kernel += np.bincount(np.ravel(flat), values, size**heads).reshape(kernel.shape)
    return kernel.reshape((T, k, k) * heads)


def relabelled(transition: ArrayLike) -> Array:
    """Chains (m, k**order, k) under all k! relabellings of the states: ``(m k!, k**order, k)``.

    Parameters
    ----------
    transition : array (m, k**order, k)

    Returns
    -------
    array (m k!, k**order, k)
    """
    chains = checks.real_array("transition", transition)
    k, order = chains.shape[2], _order(chains)
    out = []
    for new in itertools.permutations(range(k)):
        digits = np.array(list(itertools.product(range(k), repeat=order)))
        history = np.array(new)[digits] @ k ** np.arange(order - 1, -1, -1)
        moved = np.empty_like(chains)
        moved[:, history[:, None], np.array(new)] = chains
        out.append(moved)
    return np.concatenate(out)


def _order(chains: Array) -> int:
    histories, k = chains.shape[1:]
    order = round(np.log(histories) / np.log(k))
    if order < 1 or k**order != histories:
        raise ValueError(f"transition must have shape (m, k**order, k), got {chains.shape}")
    return int(order)


def sequence_law(length: int, transition: Array, weights: ArrayLike | None = None) -> Array:
    """Probability of each of the k**length sequences, in lexicographic order: ``(k**length,)``."""
    m, histories, k = transition.shape
    order = _order(transition)
    if length < order:
        raise ValueError(f"T must be at least {order - 1} for chains of order {order}")
    share = np.full(m, 1.0 / m) if weights is None else checks.real_array("weights", weights)
    moves = np.zeros((m, histories, histories))
    for history, i in itertools.product(range(histories), range(k)):
        moves[:, history, (history * k + i) % histories] += transition[:, history, i]
    law = stationary_distribution(moves)
    for _ in range(length - order):
        last = np.arange(law.shape[1]) % histories
        law = (law[:, :, None] * transition[:, last]).reshape(m, -1)
    return np.asarray(share @ law, dtype=np.float64)


def ngram_velocity(kernel: Array, v: Array, W: Array) -> tuple[float, Array, Array]:
    """B and its gradient at v (H, T) and W (H, k, k): the flow's velocity while logits are small.

    Parameters
    ----------
    kernel : array (T, k, k) * H
    v : array (H, T)
    W : array (H, k, k)

    Returns
    -------
    B : float
    dv : array (H, T)
    dW : array (H, k, k)
    """
    (H, T), k = v.shape, W.shape[-1]
    flat = kernel.reshape((T * k * k,) * H)
    outer = np.einsum("nj,nml->njml", v, W).reshape(H, -1)
    d_v, d_W = np.empty_like(v), np.empty_like(W)
    for n in range(H):
        others = np.moveaxis(flat, n, 0)
        for m in reversed([m for m in range(H) if m != n]):
            others = others @ outer[m]
        slope = others.reshape(T, k, k)
        d_v[n] = np.einsum("jml,ml->j", slope, W[n])
        d_W[n] = np.einsum("jml,j->ml", slope, v[n])
    return float(np.sum(d_v[0] * v[0])), d_v, d_W


def ngram_escape(kernel: ArrayLike, v0: ArrayLike, W0: ArrayLike, radius: float) -> Escape:
    """When the flow of B from given weights reaches a Euclidean norm of all weights.

    Parameters
    ----------
    kernel : array (T, k, k) * H
    v0 : array (H, T)
    W0 : array (H, k, k)
    radius : float
        Larger than the norm of the start. The prediction is for logits that are still small
        there; ``inf``, where B itself explodes, is allowed for H >= 2.

    Returns
    -------
    Escape

    Raises
    ------
    ValueError
        If the norm of the initial weights does not grow within the time in which it could have
        grown a thousandfold.
    """
    v, W = checks.real_array("v0", v0), checks.real_array("W0", W0)
    if v.ndim != 2 or W.ndim != 3 or len(v) != len(W) or W.shape[1] != W.shape[2]:
        raise ValueError(f"v0 and W0 must be (H, T) and (H, k, k), got {v.shape} and {W.shape}")
    (H, T), k = v.shape, W.shape[1]
    K = checks.real_array("kernel", kernel)
    if K.shape != (T, k, k) * H:
        raise ValueError(f"kernel must have shape {(T, k, k) * H}, got {K.shape}")
    start = np.concatenate([v.ravel(), W.ravel()])
    size = float(np.linalg.norm(start))
    if not size > 0 or not radius > size or (np.isinf(radius) and H == 1):
        allowed = f"a {'finite ' if H == 1 else ''}number > |(v0, W0)| = {size:g} > 0"
        raise ValueError(f"radius must be {allowed}, got {checks.shown(radius)}")
    if not K.any():
        raise ValueError("kernel must not vanish: nothing grows")
    degree = 2 * H
    # B explodes at a finite time; past this growth the rest of the time is below rounding
    growth = min(radius / size, 1e9)

    def split(u: Array) -> tuple[Array, Array]:
        return u[: v.size].reshape(v.shape), u[v.size :].reshape(W.shape)

    def velocity(s: float, y: Array) -> Array:
        u, stretch = y[:-2], np.exp(-(degree - 2) * y[-2])
        value, d_v, d_W = ngram_velocity(K, *split(u))
        slope = np.concatenate([d_v.ravel(), d_W.ravel()])
        return np.concatenate([slope - degree * value * u, [degree * value, stretch]])

    def arrived(s: float, y: Array) -> float:
        return float(y[-2] - np.log(growth))

    arrived.terminal = True  # type: ignore[attr-defined]
    # u is normalised, so that the fastest rate there is bounds how long any growth takes
    slowest = 1e4 * np.log(growth) / (degree * np.linalg.norm(K))
    found = solve_ivp(
        velocity, (0.0, slowest), np.concatenate([start / size, [0.0, 0.0]]),
        method="DOP853", rtol=1e-11, atol=1e-13, events=arrived,
    )  # fmt: skip
    if not found.success or not len(found.t_events[0]):
        raise ValueError("v0 and W0 must be pushed outward by the flow, got a start that is not")
    end = found.y_events[0][0]
    weights = end[:-2] / np.linalg.norm(end[:-2]) * size * growth
    time = float(end[-1]) * size ** -(degree - 2)
    return Escape(time, *split(weights))
