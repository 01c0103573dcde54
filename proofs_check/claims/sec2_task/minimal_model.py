"""The minimal model, (8): the printed matrices against `sim`, and against a kernel of `theory`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np

import sim
import theory
from proofs_check import ledger
from proofs_check.methods.exact_model import Model, matrices
from proofs_check.methods.symbols import entries
from sim.learning.objectives import all_sequences

PRINTED = Model()
# a chain that relabelling the states changes, so that W and W^T are told apart
PI, P = (0.6, 0.4), ((0.8, 0.2), (0.3, 0.7))


def mask_and_lags(form: Model, x: np.ndarray, v: np.ndarray, W: np.ndarray) -> np.ndarray:
    """mask(E W (M E)^T) E, with the mask setting later positions to zero."""
    T = len(x)
    lag = np.arange(T)[:, None] - np.arange(T) + form.offset - 1
    M = np.tril(np.where((lag >= 0) & (lag < T), v[np.clip(lag, 0, T - 1)], 0.0), -form.early)
    E = np.eye(len(W))[x]
    return np.tril(E @ (W.T if form.transposed else W) @ (M @ E).T, -form.late) @ E


@ledger.enumeration("the printed matrices, every sequence, k = 2, T = 6 and k = 3, T = 4", 1e-12)
def on_random_weights(value: Model) -> Iterator[float]:
    for k, T in ((2, 6), (3, 4)):
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = all_sequences(k, T)
        for x, found in zip(tokens, sim.logits(model, tokens), strict=True):
            yield np.abs(found - mask_and_lags(value, x, model.v, model.W)).max()


def _mean_lead(value: Model, T: int, j: int, entry: tuple[int, int]) -> float:
    """E[(f_y - f_{other}) / 2] over positions, y = x_{p+1}, at v = e_j and W = e_m e_l^T."""
    v = [int(lag == j) for lag in range(T)]
    W = [[int((m, state) == entry) for state in range(2)] for m in range(2)]
    total = 0.0
    for x in product(range(2), repeat=T + 1):
        chance = PI[x[0]] * float(np.prod([P[here][after] for here, after in pairwise(x)]))
        f = matrices(value, x[:-1], v, W)
        total += chance * sum(int(row[y] - row[1 - y]) for row, y in zip(f, x[1:], strict=True))
    return total / (2 * T)


@ledger.spectral("gradient of the margin loss in all v_j W_ml, against the kernel of theory", 1e-12,
                 "one chain, T = 2, 3, 4, all hinges active: the loss is linear in f")  # fmt: skip
def in_the_kernel(value: Model) -> Iterator[float]:
    chain = np.ones(1), np.array([P])
    for T in (2, 3, 4):
        kernel = theory.population_kernel(T, prior=chain)
        for j, entry in product(range(T), entries(2)):
            yield _mean_lead(value, T, j, entry) - kernel[(j, *entry)]


CLAIMS = (
    ledger.supported("eq-8", "(8), p. 7",
        "the minimal model: matrix form, orientation of W_k, causal mask",
        r"f(E)=\mathrm{mask}(EW_k(ME)^\top)E,\ M_{p,s}=v_{p-s+1}\ (s\le p)",
        PRINTED, in_the_kernel, on_random_weights,
        wrong=(Model(offset=2), Model(transposed=True), Model(late=1), Model(late=-1)),
        note="A definition: what is checked is that the software implements it. The mask sets "
        "later positions to 0 (there is no softmax), keeps the diagonal, and W_k is indexed [x_p, "
        "x_s]. 'First position' and v_1 mean the current token."),
)  # fmt: skip
