"""Beyond the paper: with every hinge active the population margin loss is bilinear in (v, W)."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check.claims.common import PRIORS, enumerated_margin
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict
from proofs_check.ledger.compare import relative_error, worst
from theory.normal_form import is_zero


def _enumerated(sign: int) -> Finding:
    """Loss and both gradients at random weights of order 1, both priors, against the kernel."""
    rng = np.random.default_rng(7)
    residuals = []
    for prior, T in product(PRIORS, range(2, 8)):
        v, W = rng.normal(size=T), rng.normal(size=(2, 2))
        kernel = sign * theory.population_kernel(T, prior=prior)
        value, step_v, step_W = enumerated_margin(v, W, prior)
        residuals += [
            relative_error(step_v, np.einsum("jml,ml->j", kernel, W)),
            relative_error(step_W, np.einsum("jml,j->ml", kernel, v)),
            abs(value + np.einsum("jml,j,ml->", kernel, v, W)) / np.abs(v @ step_v),
        ]
    return Finding(
        worst(residuals), 1e-10, "T = 2..7, flat and doubly stochastic, W and v normal(0, 1)"
    )


def _sampled(sign: int) -> Finding:
    """k = 3 at T = 12: the sampled gradient of the loss against the kernel by QMC."""
    T, k, n = 12, 3, 400_000
    rng = np.random.default_rng(11)
    v, W = rng.normal(size=T) / T, rng.normal(size=(k, k))
    model = sim.MinimalModel(v, W)
    batches = []
    for seed in range(20):
        tokens = sim.sample_sequences(sim.Dirichlet(k), n // 20, T + 1, seed).tokens
        delta = 1.0 + 2.0 * np.abs(W).max() * np.abs(v).sum() * T
        batches.append(sim.loss_and_gradient(model, tokens, sim.Margin(delta))[1].v)
    mean = np.mean(batches, axis=0)
    error = np.std(batches, axis=0, ddof=1) / np.sqrt(len(batches))
    kernel = sign * theory.population_kernel(T, k=k)
    expected = np.einsum("jml,ml->j", kernel, W)
    scale = np.abs(expected).max()
    return Finding(
        float(np.abs(-mean - expected).max() / scale),
        4.5 * float(error.max() / scale),
        f"k = 3, T = {T}, {n} sequences in 20 batches; 4.5 standard errors are allowed",
    )


@cache
def _exact_probability(tokens: tuple[int, ...]) -> sp.Expr:
    """P(x_1..x_n) for k = 2, flat prior, x_1 ~ pi, integrated by SymPy on Duffy's triangles."""
    u, s = sp.symbols("u s", positive=True)
    total = sp.Integer(0)
    for exits in ((u, u * s), (u * s, u)):
        # exits are the probabilities of leaving state 0 and state 1
        pi = (exits[1] / (exits[0] + exits[1]), exits[0] / (exits[0] + exits[1]))
        weight = sp.cancel(pi[tokens[0]] * u)
        for here, following in pairwise(tokens):
            weight *= 1 - exits[here] if here == following else exits[here]
        inner = sp.integrate(sp.expand(sp.cancel(weight)), (u, 0, 1))
        total += sp.integrate(sp.apart(sp.cancel(inner), s), (s, 0, 1))
    return sp.expand(total)


def _exact_kernel(T: int) -> list[sp.Expr]:
    """K entry by entry: the average over positions and sequences of -d(loss)/d(v_j W_ml)."""
    entries = {index: sp.Integer(0) for index in product(range(T), range(2), range(2))}
    for tokens in product(range(2), repeat=T + 1):
        chance = _exact_probability(tokens)
        for p in range(T):
            for t in range(p + 1):
                gain = (1 if tokens[t] == tokens[p + 1] else 0) - sp.Rational(1, 2)
                for s in range(t + 1):
                    entries[t - s, tokens[p], tokens[s]] += chance * gain / T
    return [entries[index] for index in sorted(entries)]


def _exact_small_T(sign: int) -> Finding:
    good = True
    for T in (1, 2, 3):
        derived = np.array(theory.population_kernel_exact(T).tolist()).ravel()
        good &= all(is_zero(sign * a - b) for a, b in zip(derived, _exact_kernel(T), strict=True))
    return Finding(
        0.0 if good else 1.0,
        0.0,
        "all entries of K for T = 1, 2, 3 equal in QQ[log 2] to sums over sequences whose "
        "probabilities SymPy integrates over (a, b)",
    )


def _spectral(sign: int) -> Finding:
    """Closed form against chain-level quadrature with matrix powers."""
    residuals = []
    for prior, T in product(PRIORS, (2, 3, 17, 100)):
        closed = sign * theory.population_kernel(T, prior=prior)
        powers = theory.population_kernel(T, prior=prior, method="quadrature")
        residuals.append(relative_error(closed, powers))
    return Finding(worst(residuals), 1e-12, "T = 2, 3, 17, 100, flat and doubly stochastic")


CLAIMS = (
    Claim(
        id="x-bilinear",
        source="beyond the paper",
        title="with all hinges active the population loss is bilinear, kernel K",
        printed=Statement(
            r"\mathcal L(v,W)=\mathcal L_0-\sum_{jml}v_jW_{ml}K_{jml},\quad K_{jml}=\frac1T"
            r"\sum_{n=0}^{T-j}(T-j-n+1)\,E\Big[\pi_l\sum_i(P^{j-1})_{li}(P^n)_{im}"
            r"(P_{mi}-\tfrac1k)\Big]",
            1,
        ),
        routes=(
            Route("symbolic", "exact sums over sequences, T <= 3", _exact_small_T),
            Route("enumeration", "all 2^(T+1) sequences with the hinge", _enumerated),
            Route("spectral", "matrix powers under quadrature, any T", _spectral),
            Route("simulation", "sampled gradient for k = 3", _sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("margin loss (7) averaged over positions as in (6)", "every hinge active"),
    ),
)
