"""How the claims about several heads at the origin are looked into."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import relative_error, worst
from sim.task.losses import Loss
from theory.ngrams.origin import ngram_escape, ngram_kernel, ngram_velocity, relabelled
from theory.ngrams.ray import Ray, ray_time, symmetric_ray

Array = NDArray[np.float64]
ENTROPY, MARGIN = sim.CrossEntropy(), sim.Margin(1.0)
SHORT, HEADS = 5, (1, 2, 3)
# norms from which the weights start: logits of at most about 1e-4 until they have doubled
SIZES = {1: (2e-3, 1e-3), 2: (0.1, 0.05), 3: (0.2, 0.1)}


@cache
def chains() -> Array:
    """A set of order-two chains that is closed under relabelling the two states."""
    return relabelled(sim.prior_quadrature(sim.Dirichlet(2, order=2), 8).transition)


@cache
def kernel(heads: int) -> Array:
    return ngram_kernel(SHORT, chains(), heads=heads)


def objective(loss: Loss) -> sim.Sample:
    """The population loss over the same chains, as `sim` enumerates it."""
    found = sim.Population(sim.Dirichlet(2, order=2), SHORT, loss, nodes=8)
    # the sequences are in lexicographic order: relabelling two states reverses it
    return sim.Sample(found.tokens, 2, loss, (found.weights + found.weights[::-1]) / 2)


def norm(v: Array, W: Array) -> Array:
    """Of all weights, (r,), from v (r, H, T) and W (r, H, k, k)."""
    return np.asarray(np.sqrt((v**2).sum(axis=(1, 2)) + (W**2).sum(axis=(1, 2, 3))))


def doubling_time(heads: int, size: float, loss: Loss) -> tuple[float, float]:
    """Flow time in which weights of norm `size` double, measured and predicted."""
    rng = np.random.default_rng(3)
    v = 0.3 + np.abs(rng.normal(size=(heads, SHORT)))
    W = 0.3 + np.abs(rng.normal(size=(heads, 2, 2)))
    v, W = (part * size / float(norm(v[None], W[None])[0]) for part in (v, W))
    predicted = ngram_escape(kernel(heads), v, W, 2 * size).time
    run = sim.gradient_flow(
        sim.MultiHeadModel(v, W), objective(loss), t_span=(0.0, predicted),
        t_eval=[0.0, predicted * (1 - 1e-4), predicted], rtol=1e-9, atol=1e-13,
    )  # fmt: skip
    # where it would have doubled, from the rate at the end: the two differ by less than 1e-4
    growth = np.log(norm(run.v, run.W) / size)
    rate = (growth[2] - growth[1]) / (predicted * 1e-4)
    return predicted + (np.log(2) - growth[2]) / rate, predicted


def exponents_symbolic(value: dict[int, int]) -> Finding:
    """Degree of B in all weights together; a flow of a form of degree d scales as c^(d-2)."""
    c = sp.Symbol("c", positive=True)
    good = True
    for heads, exponent in value.items():
        factors = sp.symbols(f"v1:{heads + 1} W1:{heads + 1}")
        term = sp.prod(factors)
        scaled = term.subs({factor: c * factor for factor in factors}, simultaneous=True)
        good &= sp.simplify(scaled - c ** (exponent + 2) * term) == 0
    return exactly(good, "every term of B has one v^n and one W^n of each head")


def exponents_measured(value: dict[int, int]) -> Finding:
    gaps, notes = [], []
    for heads, exponent in value.items():
        for loss in (ENTROPY, MARGIN):
            late, early = (doubling_time(heads, size, loss)[0] for size in SIZES[heads])
            found = float(np.log2(early / late))
            gaps.append(abs(found - exponent))
            notes.append(f"{heads}: {found:.5f}")
    return Finding(worst(gaps), 2e-4, f"T = {SHORT}, cross-entropy and margin; " + ", ".join(notes))


def velocity_enumerated(factor: float) -> Finding:
    """Gradients of the enumerated losses at small weights against those of B."""
    residuals = []
    for heads in HEADS:
        rng = np.random.default_rng(heads)
        size = SIZES[heads][1]
        v, W = size * rng.normal(size=(heads, SHORT)), size * rng.normal(size=(heads, 2, 2))
        _, d_v, d_W = ngram_velocity(kernel(heads), v, W)
        for loss in (ENTROPY, MARGIN):
            gradient = objective(loss).bind(sim.MultiHeadModel(v, W))(v, W)[1]
            residuals.append(relative_error(-gradient.v, factor * d_v))
            residuals.append(relative_error(-gradient.W, factor * d_W))
    return Finding(worst(residuals), 2e-4, f"T = {SHORT}, one to three heads, both losses")


def doubling_measured(factor: float) -> Finding:
    residuals = []
    for heads in HEADS:
        for loss in (ENTROPY, MARGIN):
            found, predicted = doubling_time(heads, SIZES[heads][1], loss)
            residuals.append(abs(found / (factor * predicted) - 1))
    return Finding(worst(residuals), 1e-4, f"T = {SHORT}, one to three heads, both losses")


def ray_measured(factor: float) -> Finding:
    """From a point of the ray cross-entropy flow follows it, at its rate."""
    residuals = []
    for heads in HEADS:
        ray, size = symmetric_ray(kernel(heads)), SIZES[heads][1]
        high = float(ray_time(factor * ray.rate, heads, size, 1.5 * size))
        run = sim.gradient_flow(
            sim.MultiHeadModel(size * ray.v, size * ray.W), objective(ENTROPY),
            t_span=(0.0, high), t_eval=[high], rtol=1e-9, atol=1e-13,
        )  # fmt: skip
        grown = norm(run.v, run.W)
        residuals.append(abs(float(grown[0]) / (1.5 * size) - 1))
        residuals.append(relative_error(run.W[0] / grown[0], ray.W))
    return Finding(worst(residuals), 1e-4, f"T = {SHORT}, one to three heads, growth by 1.5")


def ray_integrated(factor: float) -> Finding:
    """Time from the ray to ten times its norm, and the direction there."""
    residuals = []
    for heads in HEADS:
        ray = symmetric_ray(kernel(heads))
        end = ngram_escape(kernel(heads), 0.1 * ray.v, 0.1 * ray.W, 1.0)
        predicted = float(ray_time(factor * ray.rate, heads, 0.1, 1.0))
        residuals += [abs(end.time / predicted - 1), relative_error(end.W, ray.W)]
    return Finding(worst(residuals), 1e-6, f"T = {SHORT}, one to three heads")


def rays() -> Iterator[tuple[int, str, Ray]]:
    """Rays of one to three heads, for two and three states and several contexts."""
    for heads in HEADS:
        for T, k, order in ((4, 2, 2), (6, 2, 2), (8, 2, 2), (6, 2, 1), (4, 3, 1)):
            rule = sim.prior_quadrature(sim.Dirichlet(k, order=order), 8)
            found = ngram_kernel(T, relabelled(rule.transition), heads=heads)
            yield heads, f"T={T} k={k} order {order}", symmetric_ray(found)


def asymmetry_spectral(value: dict[int, int]) -> Finding:
    gaps: dict[int, list[float]] = {heads: [] for heads in HEADS}
    for heads, _, ray in rays():
        gaps[heads].append(ray.asymmetry - value[heads])
    notes = (f"{heads}: {min(gap):+.3f} to {max(gap):+.3f}" for heads, gap in gaps.items())
    return Finding(
        worst(np.abs(np.concatenate(list(gaps.values())))), 0.12,
        "difference from H - 2 for T = 4 to 8, k = 2, 3, chains of order 1, 2; " + ", ".join(notes),
    )  # fmt: skip


def asymmetry_measured(value: dict[int, int]) -> Finding:
    """Cross-entropy flow from the ray with a small preference for one state, while it grows."""
    gaps, notes = [], []
    for heads, exponent in value.items():
        ray, size = symmetric_ray(kernel(heads)), SIZES[heads][1] / 2
        tilt = 1e-4 * np.array([[1.0, 0.2], [-0.2, -1.0]])
        run = sim.gradient_flow(
            sim.MultiHeadModel(size * ray.v, size * (ray.W + tilt)), objective(ENTROPY),
            t_span=(0.0, float(ray_time(ray.rate, heads, size, 6 * size))), rtol=1e-9, atol=1e-13,
        )  # fmt: skip
        grown = norm(run.v, run.W)
        uneven = run.W - run.W[:, :, ::-1, ::-1]
        share = np.sqrt((uneven**2).sum(axis=(1, 2, 3))) / grown
        ends = np.searchsorted(grown, [2 * size, 5 * size])
        found = float(np.diff(np.log(share[ends]))[0] / np.diff(np.log(grown[ends]))[0])
        gaps.append(abs(found - exponent))
        notes.append(f"{heads}: {found:+.3f} (its ray {ray.asymmetry:+.3f})")
    return Finding(worst(gaps), 0.12, f"T = {SHORT}, k = 2; " + ", ".join(notes))
