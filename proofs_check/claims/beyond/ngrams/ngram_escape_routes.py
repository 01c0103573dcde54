"""Routes of `ngrams`: how weights of several heads leave the origin, and along which ray."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments import ngram_runs
from proofs_check.experiments.ngram_runs import ENTROPY, HEADS, SHORT
from proofs_check.ledger.compare import relative_error, worst

NEAR = "H - 2 holds for diagonal W alone; for other W it is off by up to 0.1"
MARGIN = sim.Margin(1.0)
EACH = f"T = {SHORT}, one to three heads"
# norms from which the weights start: logits of at most about 1e-4 until they have doubled
SIZES = {1: (2e-3, 1e-3), 2: (0.1, 0.05), 3: (0.2, 0.1)}


def _flow(
    v: np.ndarray, W: np.ndarray, high: float, at: list[float] | None = None
) -> tuple[sim.Trajectory, np.ndarray]:
    """Cross-entropy flow from given weights, and their norms on the way."""
    run = sim.gradient_flow(
        sim.MultiHeadModel(v, W), ngram_runs.objective(ENTROPY), t_span=(0.0, high), t_eval=at,
        rtol=1e-9, atol=1e-13,
    )  # fmt: skip
    return run, ngram_runs.norm(run.v, run.W)


@ledger.symbolic("logits in symbolic weights, as polynomials",
                 detail="a flow of a form of degree d scales as c^(d-2)",
                 scope="k = 2, T = 3, one to three heads")  # fmt: skip
def exponents_symbolic(value: dict[int, int]) -> Iterator[bool]:
    """B is a mean of logits: the degree of each of them in all weights together."""
    T, k = 3, 2
    for heads, exponent in value.items():
        v = [sp.symbols(f"v{n}_:{T}") for n in range(heads)]
        W = [sp.Matrix(k, k, sp.symbols(f"W{n}_:{k * k}")) for n in range(heads)]
        weights = [*(x for row in v for x in row), *(x for part in W for x in part)]
        for tokens in product(range(k), repeat=T):
            p, logit = T - 1, sp.Integer(0)
            for t in (t for t in range(T) if tokens[t] == 0):
                scores = [
                    sum(v[n][t - s] * W[n][tokens[p - n], tokens[s]] for s in range(t + 1))
                    for n in range(heads)
                ]
                logit += sp.prod(scores)
            if logit != 0:
                yield sp.Poly(logit, *weights).homogeneous_order() == exponent + 2


@ledger.simulation("doubling times of flows at two sizes", 2e-4, f"{EACH}, both losses",
                   because="logits of 1e-4 at the end")  # fmt: skip
def exponents_measured(value: dict[int, int]) -> Iterator[float]:
    for (heads, exponent), loss in product(value.items(), (ENTROPY, MARGIN)):
        late, early = (ngram_runs.doubling_time(heads, size, loss)[0] for size in SIZES[heads])
        yield np.log2(early / late) - exponent


@ledger.enumeration("gradients at small weights", 2e-4, f"{EACH}, both losses",
                    because="logits of up to 1e-4")  # fmt: skip
def velocity_enumerated(factor: float) -> Iterator[float]:
    for heads in HEADS:
        rng, size = np.random.default_rng(heads), SIZES[heads][1]
        v, W = size * rng.normal(size=(heads, SHORT)), size * rng.normal(size=(heads, 2, 2))
        _, d_v, d_W = theory.ngram_velocity(ngram_runs.kernel(heads), v, W)
        for loss in (ENTROPY, MARGIN):
            gradient = ngram_runs.objective(loss).bind(sim.MultiHeadModel(v, W))(v, W)[1]
            yield relative_error(-gradient.v, factor * d_v)
            yield relative_error(-gradient.W, factor * d_W)


@ledger.simulation("times in which flows double the weights", 1e-4, f"{EACH}, both losses",
                   because="logits of 1e-4 at the end")  # fmt: skip
def doubling_measured(factor: float) -> Iterator[float]:
    for heads, loss in product(HEADS, (ENTROPY, MARGIN)):
        found, predicted = ngram_runs.doubling_time(heads, SIZES[heads][1], loss)
        yield found / (factor * predicted) - 1


@cache
def _simulated_ray(heads: int) -> tuple[float, np.ndarray, np.ndarray]:
    """The rate and the unit vector of the symmetric ray, from gradients of the margin loss.

    Weights are turned to the gradient until they are along it, at a size where logits are small
    and every hinge is active.
    """
    size, loss = 1e-2, ngram_runs.objective(MARGIN)
    v, W = np.ones((heads, SHORT)), np.ones((heads, 2, 2)) + np.eye(2)
    evaluate = loss.bind(sim.MultiHeadModel(v, W))
    for _ in range(2000):
        norm = np.sqrt(np.sum(v**2) + np.sum(W**2))
        v, W = v / norm, W / norm
        gradient = evaluate(size * v, size * W)[1]
        d_v, d_W = -gradient.v, -(gradient.W + gradient.W[:, ::-1, ::-1]) / 2
        pull = float(np.sqrt(np.sum(d_v**2) + np.sum(d_W**2)))
        turned = max(np.abs(d_v / pull - v).max(), np.abs(d_W / pull - W).max())
        if turned < 1e-12:
            break
        v, W = v + d_v / pull, W + d_W / pull
    return pull / size ** (2 * heads - 1), v, W


def _growth_time(rate: float, heads: int, start: float, end: float) -> float:
    """Time from norm to norm where dr/dt = rate r^(2H-1)."""
    if heads == 1:
        return float(np.log(end / start) / rate)
    power = 2 * heads - 2
    return float((start**-power - end**-power) / (power * rate))


@ledger.simulation("cross-entropy flow from a point of the ray", 1e-4, f"{EACH}, growth by 1.5",
                   because="logits of 1e-4 at the end")  # fmt: skip
def ray_measured(factor: float) -> Iterator[float]:
    """The ray and its rate are those of gradients of the margin loss."""
    for heads in HEADS:
        (rate, v, W), size = _simulated_ray(heads), SIZES[heads][1]
        high = _growth_time(factor * rate, heads, size, 1.5 * size)
        run, grown = _flow(size * v, size * W, high, at=[high])
        yield grown[0] / (1.5 * size) - 1
        yield relative_error(run.W[0] / grown[0], W)


@ledger.quadrature("flow of B, integrated in the clock of its direction", 1e-6, EACH,
                   because="the ray itself is found to 1e-8 or so")  # fmt: skip
def ray_integrated(factor: float) -> Iterator[float]:
    """Time from the ray to ten times its norm, and the direction there."""
    for heads in HEADS:
        ray = theory.symmetric_ray(ngram_runs.kernel(heads))
        end = theory.ngram_escape(ngram_runs.kernel(heads), 0.1 * ray.v, 0.1 * ray.W, 1.0)
        yield end.time / float(theory.ray_time(factor * ray.rate, heads, 0.1, 1.0)) - 1
        yield relative_error(end.W, ray.W)


@cache
def _asymmetries(heads: int) -> np.ndarray:
    """Exponents on the rays of sets of chains that are closed under relabelling the states."""
    found = []
    for T, k, order in ((4, 2, 2), (6, 2, 2), (8, 2, 2), (6, 2, 1), (4, 3, 1)):
        chains = sim.prior_quadrature(sim.Dirichlet(k, order=order), 8).transition
        form = theory.ngram_kernel(T, theory.relabelled(chains), heads=heads)
        found.append(theory.symmetric_ray(form).asymmetry)
    return np.array(found)


@ledger.spectral("Hessian of B on the ray")
def asymmetry_spectral(value: dict[int, int]) -> ledger.Finding:
    off = {heads: _asymmetries(heads) - value[heads] for heads in HEADS}
    notes = [f"{heads}: {gaps.min():+.3f} to {gaps.max():+.3f}" for heads, gaps in off.items()]
    detail = "T = 4 to 8, k = 2, 3, chains of order 1, 2; " + ", ".join(notes)
    return ledger.Finding(worst(np.abs([*off.values()]).ravel()), 0.12, detail, because=NEAR)


@ledger.simulation("cross-entropy flow with a small preference")
def asymmetry_measured(value: dict[int, int]) -> ledger.Finding:
    gaps, notes = [], []
    for heads, exponent in value.items():
        (rate, v, W), size = _simulated_ray(heads), SIZES[heads][1] / 2
        tilted = W + 1e-4 * np.array([[1.0, 0.2], [-0.2, -1.0]])
        high = _growth_time(rate, heads, size, 6 * size)
        run, grown = _flow(size * v, size * tilted, high)
        uneven = run.W - run.W[:, :, ::-1, ::-1]
        share = np.sqrt((uneven**2).sum(axis=(1, 2, 3))) / grown
        ends = np.searchsorted(grown, [2 * size, 5 * size])
        found = float(np.diff(np.log(share[ends]))[0] / np.diff(np.log(grown[ends]))[0])
        gaps.append(abs(found - exponent))
        notes.append(f"{heads}: {found:+.3f}")
    return ledger.Finding(
        worst(gaps), 0.12, f"T = {SHORT}, k = 2; " + ", ".join(notes), because=NEAR
    )
