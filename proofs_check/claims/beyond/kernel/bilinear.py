"""Beyond the paper: with every hinge active the population margin loss is bilinear in (v, W)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache, partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments.sampled_modes import PRIORS
from proofs_check.ledger.compare import relative_error
from proofs_check.ledger.finding import Finding, in_errors
from proofs_check.methods.all_sequences import HINGE, enumerated_margin
from proofs_check.methods.sampling import mean_and_error

Kernel = partial[np.ndarray]  # of `stated_kernel`


def stated_kernel(
    T: int, weights: Any, P: np.ndarray, pi: np.ndarray, *, count: Any, lag: int, sign: int
) -> np.ndarray:
    """K (T, k, k) of weighted chains P (c, k, k), with `count` pairs and (P^(j+lag))_li."""
    k = P.shape[-1]
    powers = [P * 0 + np.eye(k, dtype=int)]
    for _ in range(T):
        powers.append(powers[-1] @ P)
    rows = []
    for j in range(1, T + 1):
        gaps = np.sum([count(T, j, n) * powers[n] for n in range(T - j + 1)], axis=0)
        gained = (k * P - 1) / k * gaps.swapaxes(1, 2)
        rows.append(gained @ powers[j + lag].swapaxes(1, 2) * pi[:, None, :])
    average = np.sum([w * chain for w, chain in zip(weights, np.stack(rows, 1), strict=True)], 0)
    return np.asarray(sign * average / T)


@ledger.symbolic("pairs of positions counted; derivative of the hinges",
                 detail="any T and k: the rest is the Markov property")  # fmt: skip
def by_counting(kernel: Kernel) -> Iterator[bool]:
    """Of sum_p sum_t (1{x_t = x_{p+1}} - 1/k) v_j W[x_p, x_{t-j+1}] / T, eq. (8) in eq. (7)."""
    T, j, n, t, k, x, delta = sp.symbols("T j n t k x delta", positive=True, integer=True)
    # p - t = n, j <= t and p <= T
    pairs = sp.summation(1, (t, j, T - n))
    yield sp.expand(pairs - kernel.keywords["count"](T, j, n)) == 0
    steps = t - (t - j + 1)
    yield sp.expand(steps - (j + kernel.keywords["lag"])) == 0
    # f_i stands in one hinge, f_y in k - 1 of them
    for hinges, matched in (((delta + x) / k, 0), ((k - 1) * (delta - x) / k, 1)):
        pull = kernel.keywords["sign"] * (matched - 1 / k)
        yield sp.simplify(-sp.diff(hinges, x) - pull) == 0


def summed_kernel(T: int, P: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """K of one chain: the average over positions and sequences of -d(loss)/d(v_j W_ml)."""
    k = len(pi)
    K = np.full((T, k, k), Fraction(0))
    for x in product(range(k), repeat=T + 1):
        chance = pi[x[0]]
        for here, following in pairwise(x):
            chance *= P[here, following]
        for p in range(T):
            for t in range(p + 1):
                gain = (1 if x[t] == x[p + 1] else 0) - Fraction(1, k)
                for s in range(t + 1):
                    K[t - s, x[p], x[s]] += chance * gain / T
    return K


@ledger.symbolic(
    "exact sums over sequences of rational chains", scope="k = 2, T <= 6; k = 3, T <= 4"
)
def by_exact_sums(kernel: Kernel) -> Iterator[bool]:
    chains = ((6, ((1, 2), (3, 1))), (4, ((0, 1, 1), (1, 0, 1), (1, 2, 1))))
    for most, rows in chains:
        P = np.array([[Fraction(a, sum(row)) for a in row] for row in rows])
        pi = exact_stationary(P)
        for T in range(1, most + 1):
            stated = kernel(T, [1], P[None], pi[None])
            yield bool((stated == summed_kernel(T, P, pi)).all())


def exact_stationary(P: np.ndarray) -> np.ndarray:
    """The stationary distribution of a chain of fractions."""
    matrix = sp.Matrix([[sp.Rational(x.numerator, x.denominator) for x in row] for row in P])
    found = (matrix.T - sp.eye(len(P))).nullspace()[0]
    return np.array([Fraction(int(x.p), int(x.q)) for x in found / sum(found)])


def _of_prior(kernel: Kernel, prior: sim.Prior, T: int) -> np.ndarray:
    rule = sim.prior_quadrature(prior, T // 2 + 24)
    pi = sim.stationary_distribution(rule.transition)
    return kernel(T, rule.weights, rule.transition, pi)


@ledger.enumeration(HINGE, 1e-10, "T = 2..7, both priors")
def by_enumeration(kernel: Kernel) -> Iterator[float]:
    """Loss and both gradients at random weights of order 1."""
    rng = np.random.default_rng(7)
    for prior, T in product(PRIORS.values(), range(2, 8)):
        v, W = rng.normal(size=T), rng.normal(size=(2, 2))
        stated = _of_prior(kernel, prior, T)
        value, step_v, step_W = enumerated_margin(v, W, prior)
        yield relative_error(step_v, np.einsum("jml,ml->j", stated, W))
        yield relative_error(step_W, np.einsum("jml,j->ml", stated, v))
        yield abs(value + np.einsum("jml,j,ml->", stated, v, W)) / np.abs(v @ step_v)


@cache
def _sampled(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W, chains drawn for k = 3, T = 12, and -dL/dv on a sequence of each."""
    T, k = 12, 3
    rng = np.random.default_rng(11)
    v, W = rng.normal(size=T) / T, rng.normal(size=(k, k))
    every_hinge = sim.Margin(1.0 + 2.0 * np.abs(W).max() * np.abs(v).sum() * T)
    tokens, P = sim.sample_sequences(sim.Dirichlet(k), 1000, T + 1, seed)
    return W, P, -sim.loss_and_gradient(sim.MinimalModel(v, W), tokens, every_hinge)[1].v


@ledger.simulation("sampled gradient for k = 3")
def by_sampling(kernel: Kernel) -> Finding:
    """In batches, each beside the kernel of the very chains that were drawn."""
    rows = []
    for seed in range(20):
        W, P, pull = _sampled(seed)
        stated = kernel(12, np.full(len(P), 1 / len(P)), P, sim.stationary_distribution(P))
        rows.append(pull - np.einsum("jml,ml->j", stated, W))
    mean, error = mean_and_error(rows)
    return in_errors(mean, 0.0, error, "k = 3, T = 12, 1000 sequences in each of 20 batches")


@ledger.spectral("closed forms and matrix powers of theory", 1e-12,
                 "T = 2, 3, 17, 60, both priors; k = 3 on 50 chains, T = 9")  # fmt: skip
def by_theory(kernel: Kernel) -> Iterator[float]:
    for (name, prior), T in product(PRIORS.items(), (2, 3, 17, 60)):
        stated = _of_prior(kernel, prior, T)
        for method in ("closed", "quadrature"):
            yield relative_error(theory.population_kernel(T, prior=name, method=method), stated)
        if T < 4:
            exact = theory.population_kernel_exact(T, name)
            yield relative_error(np.array(exact.tolist(), dtype=float), stated)
    P = sim.Dirichlet(3).sample(50, 2)
    stated = kernel(9, np.full(50, 0.02), P, sim.stationary_distribution(P))
    yield relative_error(theory.population_kernel(9, prior=(np.ones(50), P)), stated)


STATED: dict[str, Any] = {"count": lambda T, j, n: T - j - n + 1, "lag": -1, "sign": 1}
SLIPS: tuple[dict[str, Any], ...] = ({"sign": -1}, {"lag": 0}, {"count": lambda T, j, n: T - j - n},
         {"count": lambda T, j, n: T - n + 1}, {"count": lambda T, j, n: T})  # fmt: skip

CLAIMS = (
    ledger.proved("x-bilinear", "beyond the paper",
        "with all hinges active the population loss is bilinear, kernel K",
        r"\mathcal L(v,W)=\mathcal "
        r"L_0-\sum_{jml}v_jW_{ml}K_{jml},\quad K_{jml}=\frac1T\sum_{n=0}^{T-j}(T-j-n+1)"
        r"\,E\Big[\pi_l\sum_i(P^{j-1})_{li}(P^n)_{im}(P_{mi}-\tfrac1k)\Big]",
        partial(stated_kernel, **STATED),
        by_counting, by_exact_sums, by_enumeration, by_theory, by_sampling,
        wrong=[partial(stated_kernel, **(STATED | slip)) for slip in SLIPS],
        assume=("margin loss (7) averaged over positions as in (6)", "every hinge active")),
)  # fmt: skip
