"""The minimal model, (8): the software against the printed matrices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.methods.exact_model import Model, lag_matrix, matrices
from sim.learning.objectives import all_sequences


@ledger.enumeration("the printed matrices, every sequence, k = 2, T = 6 and k = 3, T = 4", 1e-12)
def on_random_weights(value: Model) -> Iterator[float]:
    """mask(E W (M E)^T) E, with the mask setting later positions to zero."""
    for k, T in ((2, 6), (3, 4)):
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = all_sequences(k, T)
        M = np.array(lag_matrix(value, model.v.tolist()))
        W = model.W.T if value.transposed else model.W
        for x, found in zip(tokens, sim.logits(model, tokens), strict=True):
            E = np.eye(k)[x]
            yield np.abs(found - np.tril(E @ W @ (M @ E).T, -value.late) @ E).max()


@ledger.symbolic("coefficients of all v_j W_ml in f, as integers", scope="k = 2, T = 3")
def in_coefficients(value: Model) -> Iterator[bool]:
    """(8) in symbols, evaluated at unit weights v = e_j, W = e_m e_l', fixes every coefficient."""
    k, T = 2, 3
    v, W = sp.symbols("v1:4"), sp.Matrix(2, 2, sp.symbols("w11 w12 w21 w22"))
    for x in all_sequences(k, T):
        f = sp.Matrix(matrices(value, x, v, W.tolist())).applyfunc(sp.expand)
        for j, m, l in product(range(T), range(k), range(k)):  # noqa: E741
            model = sim.MinimalModel(np.eye(T)[j], np.outer(np.eye(k)[m], np.eye(k)[l]))
            found = sim.logits(model, x[None])[0]
            yield found.ravel().tolist() == [float(c.coeff(v[j] * W[m, l])) for c in f]


CLAIMS = (
    ledger.supported("eq-8", "(8), p. 7",
        "the minimal model: matrix form, orientation of W_k, causal mask",
        r"f(E)=\mathrm{mask}(EW_k(ME)^\top)E,\ M_{p,s}=v_{p-s+1}\ (s\le p)",
        Model(), in_coefficients, on_random_weights,
        wrong=(Model(offset=2), Model(transposed=True), Model(late=1), Model(late=-1)),
        note="A definition: what is checked is that the software implements it. The mask sets "
        "later positions to 0 (there is no softmax), keeps the diagonal, and W_k is indexed [x_p, "
        "x_s]. 'First position' and v_1 mean the current token."),
)  # fmt: skip
