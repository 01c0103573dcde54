"""The minimal model, (8): the software against the printed matrices."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences


class Definition(NamedTuple):
    """What varies in (8): M_{p,s} = v_{p-s+lag}, W or its transpose, diagonal of the mask."""

    lag: int = 1
    transposed: bool = False
    diagonal: int = 0


def _matrices(value: Definition, x: np.ndarray, v: np.ndarray, W: np.ndarray) -> np.ndarray:
    """mask(E W (M E)^T) E, with the mask setting later positions to zero."""
    T, k = len(v), len(W)
    E = np.eye(k)[x]
    M = np.zeros((T, T))
    for p in range(T):
        for s in range(p + 1):
            if 0 <= p - s + value.lag - 1 < T:
                M[p, s] = v[p - s + value.lag - 1]
    return np.tril(E @ (W.T if value.transposed else W) @ (M @ E).T, value.diagonal) @ E


def _run(value: Definition) -> Finding:
    """Random real weights, and every sequence, against the compiled kernel."""
    residuals = []
    for k, T in ((2, 6), (3, 4)):
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = all_sequences(k, T)
        found = sim.logits(model, tokens)
        literal = [_matrices(value, x, model.v, model.W) for x in tokens]
        residuals.append(np.abs(found - literal).max())
    return Finding(worst(residuals), 1e-12, "every sequence, k = 2, T = 6 and k = 3, T = 4")


def _symbolic(value: Definition) -> Finding:
    """(8) in symbols, evaluated at unit weights v = e_j, W = e_m e_l', fixes every coefficient."""
    k, T = 2, 3
    v, W = sp.Matrix(sp.symbols("v1:4")), sp.Matrix(2, 2, sp.symbols("w11 w12 w21 w22"))
    good = True
    for x in all_sequences(k, T):
        E = sp.Matrix(T, k, lambda p, i, x=x: int(bool(x[int(p)] == i)))
        M = sp.Matrix(
            T, T, lambda p, s: v[p - s + value.lag - 1] if 0 <= p - s + value.lag - 1 < T else 0
        ).multiply_elementwise(sp.Matrix(T, T, lambda p, s: int(bool(s <= p))))
        scores = E * (W.T if value.transposed else W) * (M * E).T
        mask = sp.Matrix(T, T, lambda p, s: int(bool(s - p <= value.diagonal)))
        f = (scores.multiply_elementwise(mask) * E).applyfunc(sp.expand)
        for j, m, l in product(range(T), range(k), range(k)):  # noqa: E741
            model = sim.MinimalModel(np.eye(T)[j], np.outer(np.eye(k)[m], np.eye(k)[l]))
            found = sim.logits(model, x[None])[0]
            weight = v[j] * W[m, l]
            coefficient = [[float(f[p, i].coeff(weight)) for i in range(k)] for p in range(T)]
            good &= bool(np.array_equal(found, coefficient))
    return Finding(
        0.0 if good else 1.0, 0.0,
        "coefficients of all v_j W_ml in f, every sequence with k = 2, T = 3, as integers",
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="eq-8",
        source="(8), p. 7",
        title="the minimal model: matrix form, orientation of W_k, causal mask",
        printed=Statement(
            r"f(E)=\mathrm{mask}(EW_k(ME)^\top)E,\ M_{p,s}=v_{p-s+1}\ (s\le p)", Definition()
        ),
        routes=(
            Route("symbolic", "coefficients of the printed matrices", _symbolic),
            Route("enumeration", "the printed matrices on every sequence", _run),
        ),
        expected=Verdict.SUPPORTED,
        note="A definition: what is checked is that the software implements it. The mask sets "
        "later positions to 0 (there is no softmax), keeps the diagonal, and W_k is indexed "
        "[x_p, x_s]. 'First position' and v_1 mean the current token.",
    ),
)
