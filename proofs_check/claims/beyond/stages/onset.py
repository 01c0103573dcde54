"""Beyond the paper: when the unigram stage begins: a condition, and its time with v frozen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments import stage_task
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods import uniform_lags
from proofs_check.methods.sampling import mean_and_error
from sim.task.losses import Loss
from theory.stages.onset import unigram_time_constant

Constants = dict[str, float]
HALF_A_UNIT = 1.4e-5  # of the second decimal of about 400, relative


@ledger.symbolic("logarithms of both divergences", detail="any k, any logits")
def condition_derived(scale: float) -> bool:
    """log q = f - Lambda, and the entries of pi and of 1/k sum to 1."""
    k, entropy, along_pi, along_uniform, log_sum = sp.symbols("k H f_pi f_1 Lambda", positive=True)
    to_unigram = -entropy - (along_pi - log_sum)
    to_uniform = -sp.log(k) - (along_uniform - log_sum)
    stated = sp.nsimplify(scale) * (sp.log(k) - entropy) - (along_pi - along_uniform)
    return bool(sp.expand(to_unigram - to_uniform - stated) == 0)


@ledger.quadrature("limit logits at random weights", 1e-12, "k = 2, 3, random alpha, beta, v")
def condition_of_limit(scale: float) -> Iterator[float]:
    rng = np.random.default_rng(6)
    for k, nodes in ((2, 16), (3, 256)):
        model = theory.ExpectedCounts(3, k=k, nodes=nodes)
        pi, mass = model.stationary, model.weights[:, None] * model.stationary
        entropy = -float(model.weights @ (pi * np.log(pi)).sum(axis=1))
        for _ in range(4):
            weights = rng.normal(), rng.normal(), rng.normal(size=3)
            found = model.distances(*weights)
            overlap = np.einsum("nm,ni,nmi->", mass, pi - 1 / k, model.logits(*weights))
            stated = scale * (np.log(k) - entropy) - overlap
            yield found["unigram"] - found["uniform"] - stated


@ledger.simulation("eq. (8) on sampled sequences", 1e-10, "k = 2, 3, T = 30, random v and W")
def condition_of_sequences(scale: float) -> Iterator[float]:
    rng = np.random.default_rng(7)
    for k in (2, 3):
        held_out = stage_task.limit_strategies(sim.sample_sequences(sim.Dirichlet(k), 500, 31, 8))
        pi = held_out.predictions["unigram"]
        entropy = -float((pi * np.log(pi)).sum(axis=1).mean())
        for _ in range(4):
            model = sim.MinimalModel(rng.normal(size=30) / 30, rng.normal(size=(k, k)))
            measured = held_out.evaluate(model)
            overlap = ((pi - 1 / k) * sim.logits(model, held_out.context)[:, -1]).sum(axis=1)
            stated = scale * (np.log(k) - entropy) - overlap.mean()
            yield measured["kl_unigram"] - measured["kl_uniform"] - stated


@ledger.quadrature("theory's flow in the limit", HALF_A_UNIT, "40 x 20 nodes",
                   because="half a unit of the second decimal")  # fmt: skip
def onset_of_theory(constants: Constants) -> Iterator[float]:
    for name, stated in constants.items():
        yield unigram_time_constant(2, linear=name == "linear", nodes=40) / stated - 1


@ledger.spectral("flow of the loss of two numbers, written out", HALF_A_UNIT,
                 because="half a unit of the second decimal")  # fmt: skip
def onset_written_out(constants: Constants, everywhere: bool) -> Iterator[float]:
    for name, stated in constants.items():
        yield uniform_lags.onset(name == "linear", everywhere) / stated - 1


@cache
def _with_expected_counts(T: int, linear: bool) -> float:
    """c^2 T^4 t at finite T for all positions: W alone moves, every lag in its place."""
    model = theory.ExpectedCounts(T, T=T, nodes=10)
    x = np.polynomial.legendre.leggauss(6)[0]
    places = np.unique(np.round(0.5 + T * (1 + x) / 2).astype(int))
    models = [theory.ExpectedCounts(p, T=int(p), nodes=10) for p in places]
    pi, mass = model.stationary, model.weights[:, None] * model.stationary

    def lead(W: np.ndarray) -> float:
        # E<pi - 1/2, f_p> is a polynomial of second degree in p, up to rounding of places
        each = [
            float(np.einsum("nm,ni,nmi->", mass, pi - 0.5,
                            one.logits(W[0], W[1] - W[0], np.full(one.lags, 0.1))))
            for one in models
        ]  # fmt: skip
        return float(np.polyval(np.polyfit(places, each, 2), np.arange(1, T + 1)).mean())

    def velocity(W: np.ndarray) -> np.ndarray:
        slope = model.loss_and_gradient(W[0], W[1] - W[0], np.full(T, 0.1))[1]
        return -np.array([(slope.alpha - slope.beta) / 2, slope.beta / 2])

    steps = 1 if linear else 60
    step, W, leads = (1200.0 if linear else 2800.0) / (0.01 * T**4) / steps, np.zeros(2), [0.0]
    start = velocity(W)
    for _ in range(steps):  # midpoint rule
        W = W + step * (start if linear else velocity(W + step / 2 * velocity(W)))
        leads.append(lead(W))
    times = np.arange(steps + 1) * step
    return float(np.interp(uniform_lags.WANTED, leads, times)) * 0.01 * T**4


@ledger.quadrature("theory's expected counts at T = 50, 100, 200, 400", 1e-4,
                   "without the parts in 1/T to 1/T^3",
                   because="parts in 1/T^4, and straight lines between 60 steps")  # fmt: skip
def onset_of_counts(constants: Constants) -> Iterator[float]:
    lengths = (50, 100, 200, 400)
    for name, stated in constants.items():
        found = [_with_expected_counts(T, name == "linear") for T in lengths]
        yield np.polyfit(1 / np.array(lengths), found, 3)[-1] / stated - 1


@cache
def _sampled(T: int, seed: int, linear: bool, everywhere: bool) -> float:
    """c^2 T^4 t of the onset on sampled sequences, W alone moving."""
    batch = sim.sample_sequences(sim.Dirichlet(2), 3000, T + 1, 31 + seed)
    loss: Loss = sim.Margin(1e9) if linear else sim.CrossEntropy()
    steps, longest = 1 if linear else 12, 2800.0 if everywhere else 560.0
    pi = sim.stationary_distribution(batch.transition)
    wanted = np.log(2) + float((pi * np.log(pi)).sum(axis=1).mean())
    model, context = sim.MinimalModel.constant(T, 2, v=1.0), batch.tokens[:, :-1]
    step, lead = longest / T**4 / steps, [0.0]

    def moved(at: sim.MinimalModel, by: float) -> sim.MinimalModel:
        slope = sim.loss_and_gradient(at, batch.tokens, loss)[1].W
        return model.with_parameters(model.v, model.W - by * slope)

    while len(lead) <= steps and lead[-1] <= wanted:
        model = moved(moved(model, step / 2), step)  # midpoint rule
        f = sim.logits(model, context)[:, slice(None) if everywhere else slice(-1, None)]
        lead.append(float(((pi - 1 / 2)[:, None, :] * f).sum(axis=2).mean()))
    return float(np.interp(wanted, lead, np.arange(len(lead)) * step)) * T**4


@ledger.simulation("descent in W alone on sampled sequences")
def onset_of_descent(constants: Constants, everywhere: bool) -> Finding:
    """The gradient of the margin loss does not change: one step does."""
    each = [
        [2 * _sampled(200, seed, name == "linear", everywhere)
         - _sampled(100, seed, name == "linear", everywhere) for name in constants]
        for seed in range(6)
    ]  # fmt: skip
    mean, error = mean_and_error(each)
    detail = "T = 100, 200, less the 1/T part: " + ", ".join(
        f"{x:.0f} +- {e:.0f}" for x, e in zip(mean, error, strict=True)
    )
    return in_errors(mean, list(constants.values()), error, detail)


LAST: Constants = {"linear": 363.84, "cross_entropy": 444.50}
ALL: Constants = {"linear": 1091.51, "cross_entropy": 2418.81}


def _off(constants: Constants) -> list[Constants]:
    return [constants | {name: 1.5 * x} for name, x in constants.items()]


CLAIMS = (
    ledger.proved("x-unigram-onset-condition", "beyond the paper",
        "unigram is nearer than uniform once a linear function of the logits says so",
        r"KL(\pi\|q_f)-KL(\tfrac1k1\|q_f)=\log k-H(\pi)-\langle\pi-\tfrac1k1,f\rangle",
        1.0, condition_derived, condition_of_limit, condition_of_sequences, wrong=(1.01, -1.0),
        note="log sum exp f drops out since the entries of pi - 1/k sum to 0: so for any model"),
    ledger.supported("x-unigram-onset", "beyond the paper",
        "with v = c 1 not yet moved the last token's unigram stage begins at C / (c^2 T^4)",
        r"c^2T^4t_1\to363.84\ \text{(gradient at logits 0)},"
        r"\quad444.50\ \text{(cross-entropy)},\quad T\to\infty,\ c^2T^{5/2}\gg1",
        LAST, onset_of_theory, onset_written_out.given(everywhere=False),
        onset_of_descent.given(everywhere=False), wrong=_off(LAST),
        assume=("k = 2, flat prior, W = 0 at first", "distances of the last token's prediction"),
        needs=("x-unigram-onset-condition", "x-context-limit-logits"),
        note="theory.stages.onset.unigram_time_constant; smaller inits wait log(1/c)/sigma_1. "
        "Averaged over all positions the stage begins later: x-unigram-onset-positions."),
    ledger.supported("x-unigram-onset-positions", "beyond the paper",
        "averaged over all positions the unigram stage begins at a larger C / (c^2 T^4)",
        r"c^2T^4t_1\to1091.5\ \text{(gradient at logits 0)},"
        r"\quad2418.8\ \text{(cross-entropy)},\quad T\to\infty,\ c^2T^{5/2}\gg1",
        ALL, onset_written_out.given(everywhere=True), onset_of_counts,
        onset_of_descent.given(everywhere=True), wrong=_off(ALL),
        assume=("k = 2, flat prior, W = 0 at first", "distances averaged over positions 1..T"),
        needs="x-unigram-onset",
        note="Logits grow as p^2, so that early positions are behind; three times as late with the "
        "gradient at logits 0. Theory's expected counts give both to 1e-4."),
)  # fmt: skip
