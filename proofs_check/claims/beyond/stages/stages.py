"""Beyond the paper: the unigram point, where tokens are predicted by frequency, and its plateau."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.prior_averages import average_over_exits
from theory.stages.context_limit import squared_loss, squared_loss_exact

_LAGS = 4


@ledger.symbolic("closed form against integrals over (a, b)", scope=f"lags 1..{_LAGS}",
                 detail="G_00 = b_0, so alpha and v feel nothing")  # fmt: skip
def force_integrated(factor: int) -> Iterator[bool]:
    """2 (G_0j - b_j) against E[lambda^j (1 - sum pi^2)]."""
    g, h = sp.symbols("g h", positive=True)
    form = squared_loss_exact(_LAGS, normalization="score")
    yield theory.is_zero(form.gram[0, 0] - form.target[0])
    for j in range(1, _LAGS + 1):
        spread = 1 - (g**2 + h**2) / (g + h) ** 2
        wanted = factor * average_over_exits(sp.cancel((1 - g - h) ** j * spread), g, h)
        yield theory.is_zero(2 * (form.gram[0, j] - form.target[j]) - wanted)


@ledger.quadrature("gradient of the limit loss", 1e-12, "random v, and v made orthogonal to h")
def force_of_gradient(factor: int) -> Iterator[float]:
    model = theory.ExpectedCounts(_LAGS, normalization="score", loss="squared", nodes=24)
    a, b = (model.transition[:, i, i] for i in range(2))
    spread = 1 - (model.stationary**2).sum(axis=1)
    h = np.array([model.weights @ ((a + b - 1) ** j * spread) for j in range(1, _LAGS + 1)])
    rng = np.random.default_rng(4)
    for _ in range(5):
        v = rng.uniform(0.2, 1.0, size=_LAGS)
        slope = model.loss_and_gradient(1 / v.sum(), 0.0, v)[1]
        yield from (slope.beta / (factor * v @ h) - 1, slope.alpha, *slope.v)
        across = v - (v @ h) / (h @ h) * h
        if abs(across.sum()) > 1e-3:
            yield model.loss_and_gradient(1 / across.sum(), 0.0, across)[1].beta


def _saddles(lags: int) -> Iterator[tuple[float, np.ndarray]]:
    """Unigram points without force, alpha and v: v random, orthogonal to h."""
    form = squared_loss(lags, normalization="score")
    h = (form.target - form.gram[0])[1:]
    rng = np.random.default_rng(lags)
    for _ in range(4):
        v = rng.uniform(0.2, 1.0, size=lags)
        v -= (v @ h) / (h @ h) * h
        yield 1 / v.sum(), v


def _negative(hessian: np.ndarray) -> int:
    values = np.linalg.eigvalsh(hessian)
    return int((values < -1e-6 * np.abs(values).max()).sum())


@ledger.spectral("Hessian of the quartic in closed form", 0.0, "lags 2, 3, 5, 8; 4 points each")
def saddle_of_quartic(negative: int) -> Iterator[bool]:
    for lags in (2, 3, 5, 8):
        gram, target = squared_loss(lags, normalization="score")
        for alpha, v in _saddles(lags):
            # x = (alpha sum v, beta v) at beta = 0: its first derivatives in (alpha, beta, v)
            first = np.zeros((lags + 1, lags + 2))
            first[0, 0], first[0, 2:], first[1:, 1] = v.sum(), alpha, v
            # and its second ones, with the slope at x = (1, 0, ..)
            bent = np.zeros((lags + 2, lags + 2))
            slope = 2 * (gram[:, 0] - target)
            bent[0, 2:], bent[1, 2:] = slope[0], slope[1:]
            yield _negative(2 * first.T @ gram @ first + bent + bent.T) == negative


@ledger.quadrature("differences of gradients over chains", 0.0,
                   "lags 2, 5; 4 points each, without force")  # fmt: skip
def saddle_of_gradients(negative: int) -> Iterator[bool]:
    step = 1e-4
    for lags in (2, 5):
        model = theory.ExpectedCounts(lags, normalization="score", loss="squared", nodes=20)

        def gradient(y: np.ndarray, model: theory.ExpectedCounts = model) -> np.ndarray:
            slope = model.loss_and_gradient(y[0], y[1], y[2:])[1]
            return np.array([slope.alpha, slope.beta, *slope.v])

        for alpha, v in _saddles(lags):
            point = np.array([alpha, 0.0, *v])
            yield np.abs(gradient(point)).max() <= 1e-10
            rows = np.array([
                (gradient(point + step * e) - gradient(point - step * e)) / (2 * step)
                for e in np.eye(len(point))
            ])  # fmt: skip
            yield _negative((rows + rows.T) / 2) == negative


def _shift(stated: dict[str, float], length: int, times: list[tuple[float, float]]) -> float:
    """Largest misfit of the shifts of both times, in units of log(10) / sigma_1."""
    unit = np.log(10.0) / theory.modes(length).singular_values[0]
    (first, second), (later_first, later_second) = times
    moved = (later_first - first) / unit
    longer = ((later_second - later_first) - (second - first)) / unit
    return max(abs(moved - stated["first"]), abs(longer - stated["plateau"]))


@ledger.quadrature("reduced flow with expected counts", 0.1, "T = 30, 60; for the 1/T of sigma_1")
def plateau_of_flow(stated: dict[str, float]) -> list[float]:
    return [_shift(stated, T, [_predicted(T, 1e-3), _predicted(T, 1e-4)]) for T in (30, 60)]


@cache
def _predicted(T: int, init: float) -> tuple[float, float]:
    prediction = theory.predict_stages(T, init=init, closure="expected", nodes=8)
    if prediction.unigram is None or prediction.bigram is None:
        raise ValueError(f"a stage is not reached: {prediction.regime}")
    return prediction.unigram, prediction.bigram


@ledger.simulation("SGD from two inits", 0.35, "T = 60, batches of 256, one seed; 1/3 for noise")
def plateau_of_sgd(stated: dict[str, float]) -> float:
    return _shift(stated, 60, [_trained(60, 1e-3, 1150), _trained(60, 1e-4, 1300)])


@cache
def _trained(T: int, init: float, steps: int) -> tuple[float, float]:
    run = sim.train(
        sim.MinimalModel.constant(T, 2, v=init), sim.Dirichlet(2),
        steps=steps, batch_size=256, learning_rate=2e-3, rng=0, record_every=10,
    )  # fmt: skip
    begins = {stage.strategy: stage.start_time for stage in reversed(list(sim.stage_times(run)))}
    return begins["unigram"], begins["bigram"]


_LIMIT = "squared loss, normalised scores, infinite context"

CLAIMS = (
    ledger.supported("x-unigram-point-force", "beyond the paper",
        "the unigram point is stationary only for v orthogonal to h",
        r"\alpha\sum_jv_j=1,\ \beta=0:\quad\partial_\alpha L=\partial_{v_j}L=0,\quad\partial_\beta "
        r"L=-2\sum_jv_jh_j,\quad h_j=E[\lambda^j(1-|\pi|^2)]",
        -2, force_integrated, force_of_gradient, wrong=[2, -1],
        assume=(_LIMIT, "k = 2, flat prior", "decided for lags 1..4")),
    ledger.supported("x-unigram-point-saddle", "beyond the paper",
        "where the unigram point is stationary it is a saddle with one way down",
        r"\alpha\sum_jv_j=1,\ \beta=0,\ "
        r"v\perp h:\quad\nabla L=0,\ \nabla^2L\text{ has exactly one negative eigenvalue}",
        1, saddle_of_quartic, saddle_of_gradients, wrong=[0, 2],
        assume=(_LIMIT, "k = 2, flat prior"), needs="x-unigram-point-force",
        note="The way down mixes beta with v along h: their entry -2|h| stands beside a 0. Flow "
        "from small weights does not pass there, see x-unigram-plateau-start."),
    ledger.supported("x-unigram-point-plateau", "beyond the paper",
        "a smaller init delays the first stage and leaves the length of the second alone",
        r"t_1(\epsilon/10)-t_1(\epsilon)\to\frac{\log 10}{\sigma_1},"
        r"\quad(t_2-t_1)(\epsilon/10)-(t_2-t_1)(\epsilon)\to0\quad(\epsilon\to0)",
        {"first": 1.0, "plateau": 0.0}, plateau_of_flow, plateau_of_sgd,
        wrong=[{"first": 1.0, "plateau": 1.0}],
        assume=("cross-entropy, v = epsilon 1, W = 0", "k = 2, flat prior"),
        needs="x-unigram-point-force",
        note="measured at T = 30 and 60, not derived: the plateau is not a logarithm of the init"),
)  # fmt: skip
