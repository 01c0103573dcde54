"""Routes for the unigram plateau with many lags: two flows of the whole loss, and the slow one."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import theory
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from theory.stages import context_limit, plateau

Array = NDArray[np.float64]
INIT = 1e-5
# after the end of the first stage, which is a time of its own; the second follows at 7 and later
AFTER = np.array([1.0, 2.0, 3.0])
LEVELS = tuple(float(x) for x in context_limit.strategy_losses().values())


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


@cache
def by_chains(lags: int) -> Run:
    """Flow of the same loss averaged over chains, by the code of the stage predictions."""
    model = theory.ExpectedCounts(lags, normalization="score", loss="squared", nodes=24)
    found = theory.reduced_flow(model, 0.0, 0.0, np.full(lags, INIT), stop=8.0, first=0.05,
                                records=400, rtol=1e-7)  # fmt: skip
    return Run(found.time, found.alpha, found.alpha + found.beta, found.loss)


def _start(stated: dict[str, float], run: Run, lags: int, allowed: float) -> Finding:
    off, diagonal = (entry[0] for entry in run.at(np.array([0.5])))
    start = plateau.plateau_start(lags)
    gaps = diagonal / start - stated["diagonal"], off / start - stated["off"]
    return Finding(
        worst(np.abs(gaps)), allowed,
        f"J = {lags}, half a unit of time into the stage: d {gaps[0]:+.4f}, o {gaps[1]:+.4f}",
    )  # fmt: skip


def start_by_chains(stated: dict[str, float]) -> Finding:
    return _start(stated, by_chains(128), 128, 0.02)


def start_by_quartic(stated: dict[str, float]) -> Finding:
    return _start(stated, by_quartic(1024), 1024, 0.01)


def _growth(factor: float, run: Run, lags: int, allowed: float) -> Finding:
    off, diagonal = run.at(AFTER)
    ratio = (diagonal - off) / plateau.plateau_growth(lags, AFTER)
    shown = ", ".join(f"{x:.3f}" for x in ratio)
    return Finding(
        worst(np.abs(ratio - factor)), allowed, f"J = {lags}, after 1, 2, 3 units of time: {shown}"
    )


def growth_by_chains(factor: float) -> Finding:
    return _growth(factor, by_chains(128), 128, 0.01)


def growth_by_quartic(factor: float) -> Finding:
    return _growth(factor, by_quartic(1024), 1024, 0.004)


def slope_slow(eighth: float) -> Finding:
    """Times from the start to beta = 0.3 and 0.5 at J and 4 J."""
    unit = np.log(4.0) * 8.0 * plateau.plateau_slope()
    gaps = []
    for lags in (1e10, 1e20):
        for beta in (0.3, 0.5):
            longer = plateau.plateau_time(4 * lags, beta) - plateau.plateau_time(lags, beta)
            gaps.append(longer / (eighth * unit) - 1)
    return Finding(worst(np.abs(gaps)), 1e-3, "J = 1e10, 1e20, to beta = 0.3 and 0.5")


def slope_by_quartic(eighth: float) -> Finding:
    """Lengths of the stage at 256 and 1024 lags, less what the slow flow still has of its own."""
    unit = np.log(4.0) * 8.0 * plateau.plateau_slope()
    few, many = (by_quartic(lags) for lags in (256, 1024))
    longer = (many.begins(2) - many.begins(1)) - (few.begins(2) - few.begins(1))
    slow = plateau.plateau_time(1024, 0.5) - plateau.plateau_time(256, 0.5)
    found = longer - (slow - unit / 8)
    return Finding(
        abs(found / (eighth * unit) - 1), 0.04,
        f"longer by {longer:.3f}; the slow flow by {slow:.3f}, where its limit is {unit / 8:.3f}",
    )  # fmt: skip
