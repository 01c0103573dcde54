"""Routes for the unigram point and its plateau: closed forms, reduced flow, SGD."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.beyond.stages.context_routes import duffy_average
from proofs_check.ledger import Finding
from proofs_check.ledger.compare import worst
from theory.normal_form import is_zero
from theory.stages import context_limit

Array = NDArray[np.float64]

_LAGS = 4


def force_symbolic(factor: int) -> Finding:
    """2 (G_0j - b_j) against E[lambda^j (1 - sum pi^2)], integrated by SymPy over (a, b)."""
    g, h = sp.symbols("g h", positive=True)
    form = context_limit.squared_loss_exact(_LAGS, normalization="score")
    good = is_zero(form.gram[0, 0] - form.target[0])
    for j in range(1, _LAGS + 1):
        spread = 1 - (g**2 + h**2) / (g + h) ** 2
        wanted = factor * duffy_average(sp.cancel((1 - g - h) ** j * spread), g, h)
        good &= is_zero(2 * (form.gram[0, j] - form.target[j]) - wanted)
    # exact for each of these lags, not for all: no proof of the statement
    detail = f"lags 1..{_LAGS}; G_00 = b_0, so alpha and v feel nothing"
    return Finding(0.0 if good else 1.0, 0.0, detail)


def force_quadrature(factor: int) -> Finding:
    """The gradient at alpha sum v = 1, beta = 0, by quadrature over chains."""
    model = theory.ExpectedCounts(_LAGS, normalization="score", loss="squared", nodes=24)
    a, b = (model.transition[:, i, i] for i in range(2))
    spread = 1 - (model.stationary**2).sum(axis=1)
    h = np.array([model.weights @ ((a + b - 1) ** j * spread) for j in range(1, _LAGS + 1)])
    rng = np.random.default_rng(4)
    residuals = []
    for _ in range(5):
        v = rng.uniform(0.2, 1.0, size=_LAGS)
        slope = model.loss_and_gradient(1 / v.sum(), 0.0, v)[1]
        rest = [slope.alpha, *slope.v]
        residuals += [abs(slope.beta / (factor * v @ h) - 1), np.abs(rest).max()]
        across = v - (v @ h) / (h @ h) * h
        if abs(across.sum()) > 1e-3:
            there = model.loss_and_gradient(1 / across.sum(), 0.0, across)[1]
            residuals.append(abs(there.beta))
    return Finding(worst(residuals), 1e-12, "random v, and v made orthogonal to h")


# --- saddle ----------------------------------------------------------------------------------


def saddles(lags: int) -> Iterator[tuple[float, Array]]:
    """Unigram points without force, alpha and v: v random, orthogonal to h."""
    form = context_limit.squared_loss(lags, normalization="score")
    h = (form.target - form.gram[0])[1:]
    rng = np.random.default_rng(lags)
    for _ in range(4):
        v = rng.uniform(0.2, 1.0, size=lags)
        v -= (v @ h) / (h @ h) * h
        yield 1 / v.sum(), v


def _negative(hessian: Array) -> int:
    values = np.linalg.eigvalsh(hessian)
    return int((values < -1e-6 * np.abs(values).max()).sum())


def saddle_spectral(negative: int) -> Finding:
    """The closed-form quartic's Hessian in (alpha, beta, v)."""
    found = []
    for lags in (2, 3, 5, 8):
        form = context_limit.squared_loss(lags, normalization="score")
        gram, target = form.gram, form.target
        for alpha, v in saddles(lags):
            # x = (alpha sum v, beta v) at beta = 0: first and second derivatives of x
            first = np.zeros((lags + 1, lags + 2))
            first[0, 0], first[0, 2:], first[1:, 1] = v.sum(), alpha, v
            slope = 2 * (gram[:, 0] - target)  # at x = (1, 0, ..)
            hessian = 2 * first.T @ gram @ first
            hessian[0, 2:] += slope[0]
            hessian[2:, 0] += slope[0]
            hessian[1, 2:] += slope[1:]
            hessian[2:, 1] += slope[1:]
            found.append(_negative(hessian))
    return Finding(
        worst(abs(count - negative) for count in found), 0.0, "lags 2, 3, 5, 8; 4 points each"
    )


def saddle_quadrature(negative: int) -> Finding:
    """Differences of the gradient averaged over chains by quadrature."""
    found, forces = [], []
    for lags in (2, 5):
        model = theory.ExpectedCounts(lags, normalization="score", loss="squared", nodes=20)

        def gradient(y: Array, model: theory.ExpectedCounts = model) -> Array:
            slope = model.loss_and_gradient(y[0], y[1], y[2:])[1]
            return np.concatenate([[slope.alpha, slope.beta], slope.v])

        for alpha, v in saddles(lags):
            point, step = np.concatenate([[alpha, 0.0], v]), 1e-4
            forces.append(np.abs(gradient(point)).max())
            rows = [
                (gradient(point + step * e) - gradient(point - step * e)) / (2 * step)
                for e in np.eye(len(point))
            ]
            found.append(_negative((np.array(rows) + np.array(rows).T) / 2))
    good = max(abs(count - negative) for count in found)
    return Finding(
        float(good + (worst(forces) > 1e-10)), 0.0,
        f"lags 2, 5; 4 points each; largest force there {worst(forces):.0e}",
    )  # fmt: skip


# --- plateau ---------------------------------------------------------------------------------


@cache
def _predicted(T: int, init: float, nodes: int = 8) -> tuple[float, float]:
    prediction = theory.predict_stages(T, init=init, nodes=nodes)
    if prediction.unigram is None or prediction.bigram is None:
        raise ValueError(f"a stage is not reached: {prediction.regime}")
    return prediction.unigram, prediction.bigram


def _shift(stated: dict[str, float], length: int, times: list[tuple[float, float]]) -> float:
    """Largest misfit of the shifts of both times, in units of log(ratio of inits) / sigma_1."""
    unit = np.log(10.0) / theory.modes(length).singular_values[0]
    (first, second), (later_first, later_second) = times
    moved = (later_first - first) / unit
    longer = ((later_second - later_first) - (second - first)) / unit
    return max(abs(moved - stated["first"]), abs(longer - stated["plateau"]))


def plateau_reduced(stated: dict[str, float]) -> Finding:
    """Reduced flow from v = 10^-3 and 10^-4, T = 30 and 60."""
    residuals = []
    for T in (30, 60):
        both = [_predicted(T, init) for init in (1e-3, 1e-4)]
        residuals.append(_shift(stated, T, both))
    return Finding(
        worst(residuals), 0.1, "T = 30, 60; a tenth is allowed for the 1/T error of sigma_1"
    )


@cache
def _sgd(T: int, init: float, steps: int) -> tuple[float, float]:
    run = sim.train(
        sim.MinimalModel.constant(T, 2, v=init),
        sim.Dirichlet(2),
        steps=steps,
        batch_size=256,
        learning_rate=2e-3,
        rng=0,
        record_every=10,
    )
    begins = {stage.strategy: stage.start_time for stage in reversed(list(sim.stage_times(run)))}
    return begins["unigram"], begins["bigram"]


def plateau_sgd(stated: dict[str, float]) -> Finding:
    """SGD from v = 10^-3 and 10^-4 at T = 60."""
    times = [_sgd(60, 1e-3, 1150), _sgd(60, 1e-4, 1300)]
    return Finding(
        _shift(stated, 60, times),
        0.35,
        "T = 60, batches of 256, one seed; a third of a unit is allowed for noise",
    )
