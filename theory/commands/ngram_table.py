"""Table for the terminal: how the model with several heads leaves the origin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory import checks
from theory.chains.nodes import point_set
from theory.commands.rounding import measured
from theory.ngrams.origin import ngram_escape, ngram_kernel, relabelled
from theory.ngrams.ray import Ray, symmetric_ray

Array = NDArray[np.float64]

_SCRAMBLINGS, _NODES = 8, 256
_SHOWN = 6  # components of v


def ngram_table(
    T: int, heads: int, *, k: int = 2, order: int | None = None, init: float = 0.02, seed: int = 0
) -> str:
    """The symmetric ray of B, its rate and asymmetry, and how long the start waits at the origin.

    Averages over the flat prior by scrambled Sobol points, with standard errors of 8 scramblings.

    Parameters
    ----------
    T : int
        Context length, at least 1.
    heads : int
        At least 1.
    k : int
        Number of states, at least 2.
    order : int, optional
        Of the chains; `heads` if not given.
    init : float
        Initial value of every v_j and W_ml of every head, above 0.
    seed : int
    """
    T, heads, k = (
        checks.integer(name, value, least)
        for name, value, least in (("T", T, 1), ("heads", heads, 1), ("k", k, 2))
    )
    order = heads if order is None else checks.integer("order", order, 1)
    init = checks.positive("init", init)
    found, waits = _estimates(T, heads, k, order, init, seed)
    size = init * np.sqrt(heads * (T + k * k))
    rate, asymmetry = (
        _with_error([getattr(ray, name) for ray in found]) for name in ("rate", "asymmetry")
    )
    v = [_with_error([ray.v[0, j] for ray in found], "+") for j in range(min(T, _SHOWN))]
    W = [_with_error([ray.W[0, 0, place] for ray in found], "+") for place in (0, 1)]
    until = f"norm {10 * size:.3g}, ten times its own" if heads == 1 else "B explodes"
    lines = [
        f"{heads} head{'s' if heads > 1 else ''}, T = {T}, k = {k}, chains of order {order}, flat "
        f"prior: standard errors of {_SCRAMBLINGS} scramblings, seed {seed}",
        f"ray: dr/dt = {rate} r^{2 * heads - 1}   (symmetric_ray; lambda = 2H B(u))",
        f"  v of head 1: {'  '.join(v)}" + ("  ..." if T > _SHOWN else ""),
        f"  W of head 1: diagonal {W[0]}  off-diagonal {W[1]}",
        f"  a preference for a state grows as r^{asymmetry}   (kappa; H - 2 for states apart)",
        f"from v = W = {init:g}: {_with_error(waits)} of flow time until {until}   (ngram_escape)",
    ]
    if heads > 1:
        lines.append(f"  ten times smaller: {10 ** (2 * heads - 2):,} times as long")
    return "\n".join(lines)


def _estimates(
    T: int, heads: int, k: int, order: int, init: float, seed: int
) -> tuple[list[Ray], list[float]]:
    """Rays and waits, scrambling by scrambling."""
    v, W = np.full((heads, T), init), np.full((heads, k, k), init)
    size = float(np.sqrt(np.sum(v**2) + np.sum(W**2)))
    found, waits = [], []
    for child in np.random.SeedSequence(seed).spawn(_SCRAMBLINGS):
        chains = point_set(_NODES, k, order=order, seed=child)[1]
        kernel = ngram_kernel(T, relabelled(chains), heads=heads)
        found.append(symmetric_ray(kernel))
        waits.append(ngram_escape(kernel, v, W, 10 * size if heads == 1 else np.inf).time)
    return found, waits


def _with_error(values: list[float], sign: str = "") -> str:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return measured(float(np.mean(values)), error, sign)
