"""Flow of the squared loss in the limit of infinite context, through the unigram stage."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from tqdm import tqdm

from theory.stages import context_limit

Array = NDArray[np.float64]
INIT = 1e-5
LEVELS = tuple(float(x) for x in context_limit.squared_strategy_losses().values())


class Run(NamedTuple):
    """A flow: times, entries of W off and on the diagonal, and the loss, each (n,)."""

    time: Array
    off: Array
    diagonal: Array
    loss: Array

    def reaches(self, level: float) -> float:
        """When the loss first falls below a level, between records."""
        after = int(np.argmax(self.loss < level))
        if after == 0:
            raise ValueError(f"the loss does not fall below {level:g} within the run")
        before, there = self.loss[after - 1 : after + 1]
        share = (before - level) / (before - there)
        return float(self.time[after - 1] + share * (self.time[after] - self.time[after - 1]))

    def begins(self, stage: int) -> float:
        """When the loss is half way to that of unigrams (1) or, from there, of bigrams (2)."""
        return self.reaches((LEVELS[stage - 1] + LEVELS[stage]) / 2)

    def at(self, tau: Array) -> tuple[Array, Array]:
        """W off and on the diagonal at times after the first stage has begun."""
        when = self.begins(1) + tau
        return np.interp(when, self.time, self.off), np.interp(when, self.time, self.diagonal)


@cache
def by_quartic(lags: int, stop: float = 22.0) -> Run:
    """Flow of the closed-form quartic."""
    form = context_limit.squared_loss(lags, normalization="score")
    target = form.target
    # powers of lambda are nearly dependent: a few dozen columns carry the matrix
    values, vectors = np.linalg.eigh(form.gram)
    root = vectors[:, values > 1e-15 * values[-1]] * np.sqrt(values[values > 1e-15 * values[-1]])

    def features(y: Array) -> Array:
        return np.concatenate([[y[0] * y[2:].sum()], (y[1] - y[0]) * y[2:]])

    def velocity(_: float, y: Array) -> Array:
        off, beta, v = y[0], y[1] - y[0], y[2:]
        slope = 2 * (root @ (root.T @ features(y)) - target)
        d_alpha, d_beta = slope[0] * v.sum(), slope[1:] @ v
        d_v = off * slope[0] + beta * slope[1:]
        return -np.concatenate([[(d_alpha - d_beta) / 2, d_beta / 2], d_v])

    start = np.concatenate([[0.0, 0.0], np.full(lags, INIT)])
    times = np.linspace(0.0, stop, 1101)
    found = solve_ivp(velocity, (0.0, stop), start, "RK45", times, rtol=1e-6, atol=1e-9)
    points = [features(y) for y in found.y.T]
    loss = np.array([1 - 2 * target @ x + np.sum((root.T @ x) ** 2) for x in points])
    return Run(found.t, found.y[0], found.y[1], loss)


def quartic_flows(lags: list[int], *, progress: bool = False) -> dict[str, Array]:
    """The flows of several numbers of lags: what a `Run` has, by name, each (lags, records)."""
    flows = [by_quartic(J) for J in tqdm(lags, disable=not progress, leave=False)]
    return {name: np.stack([getattr(flow, name) for flow in flows]) for name in Run._fields}
