"""Beyond the paper: with every hinge active the population margin loss is bilinear in (v, W)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.experiments.sampled_modes import PRIORS
from proofs_check.ledger.compare import relative_error
from proofs_check.methods.all_sequences import HINGE, enumerated_margin
from proofs_check.methods.prior_averages import average_over_exits
from proofs_check.methods.sampling import batch_gradients, mean_and_error


@ledger.enumeration(HINGE, 1e-10, "T = 2..7, both priors")
def by_enumeration(sign: int) -> Iterator[float]:
    """Loss and both gradients at random weights of order 1."""
    rng = np.random.default_rng(7)
    for prior, T in product(PRIORS, range(2, 8)):
        v, W = rng.normal(size=T), rng.normal(size=(2, 2))
        kernel = sign * theory.population_kernel(T, prior=prior)
        value, step_v, step_W = enumerated_margin(v, W, PRIORS[prior])
        yield relative_error(step_v, np.einsum("jml,ml->j", kernel, W))
        yield relative_error(step_W, np.einsum("jml,j->ml", kernel, v))
        yield abs(value + np.einsum("jml,j,ml->", kernel, v, W)) / np.abs(v @ step_v)


@ledger.simulation("sampled gradient for k = 3")
def by_sampling(sign: int) -> ledger.Finding:
    T, k, n = 12, 3, 400_000
    rng = np.random.default_rng(11)
    v, W = rng.normal(size=T) / T, rng.normal(size=(k, k))
    model = sim.MinimalModel(v, W)
    every_hinge = sim.Margin(1.0 + 2.0 * np.abs(W).max() * np.abs(v).sum() * T)
    batches = [gradient.v for gradient in batch_gradients(model, every_hinge, n // 20, 20)]
    mean, errors = mean_and_error(batches)
    expected = np.einsum("jml,ml->j", sign * theory.population_kernel(T, k=k), W)
    gap, error, scale = np.abs(mean + expected).max(), errors.max(), np.abs(expected).max()
    detail = f"k = 3, T = {T}, {n} sequences in 20 batches; 4.5 standard errors are allowed"
    return ledger.Finding(float(gap / scale), float(4.5 * error / scale), detail)


@cache
def _exact_probability(tokens: tuple[int, ...]) -> sp.Expr:
    """P(x_1..x_n) for k = 2, flat prior, x_1 ~ pi, integrated by SymPy."""
    exits = sp.symbols("g h", positive=True)
    chance = exits[1 - tokens[0]] / sum(exits)
    for here, following in pairwise(tokens):
        chance *= 1 - exits[here] if here == following else exits[here]
    return average_over_exits(chance, *exits)


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


@ledger.symbolic("exact sums over sequences", detail="all entries, in QQ[log 2]", scope="T <= 3")
def by_exact_sums(sign: int) -> Iterator[bool]:
    for T in (1, 2, 3):
        derived = np.array(theory.population_kernel_exact(T).tolist()).ravel()
        for entry, summed in zip(derived, _exact_kernel(T), strict=True):
            yield theory.is_zero(sign * entry - summed)


@ledger.spectral("matrix powers under quadrature, any T", 1e-12, "T = 2, 3, 17, 100, both priors")
def by_matrix_powers(sign: int) -> Iterator[float]:
    for prior, T in product(PRIORS, (2, 3, 17, 100)):
        powers = theory.population_kernel(T, prior=prior, method="quadrature")
        yield relative_error(sign * theory.population_kernel(T, prior=prior), powers)


CLAIMS = (
    ledger.supported("x-bilinear", "beyond the paper",
        "with all hinges active the population loss is bilinear, kernel K",
        r"\mathcal L(v,W)=\mathcal "
        r"L_0-\sum_{jml}v_jW_{ml}K_{jml},\quad K_{jml}=\frac1T\sum_{n=0}^{T-j}(T-j-n+1)"
        r"\,E\Big[\pi_l\sum_i(P^{j-1})_{li}(P^n)_{im}(P_{mi}-\tfrac1k)\Big]",
        1, by_exact_sums, by_enumeration, by_matrix_powers, by_sampling, wrong=(-1, 2),
        assume=("margin loss (7) averaged over positions as in (6)", "every hinge active")),
)  # fmt: skip
