"""The minimal model, (8): the software against the printed matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from sim.learning.objectives import all_sequences


class Definition(NamedTuple):
    """What varies in (8): M_{p,s} = v_{p-s+lag}, W or its transpose, diagonal of the mask."""

    lag: int = 1
    transposed: bool = False
    diagonal: int = 0


def _M(lag: int, v: Sequence[Any]) -> Any:
    """M_{p,s} = v_{p-s+lag} for s <= p, and 0 where that does not exist."""
    places = range(1, len(v) + 1)
    return [
        [v[p - s + lag - 1] if s <= p and p - s + lag in places else 0 for s in places]
        for p in places
    ]


@ledger.enumeration("the printed matrices, every sequence, k = 2, T = 6 and k = 3, T = 4", 1e-12)
def on_random_weights(value: Definition) -> Iterator[float]:
    """mask(E W (M E)^T) E, with the mask setting later positions to zero."""
    for k, T in ((2, 6), (3, 4)):
        rng = np.random.default_rng(k)
        model = sim.MinimalModel(rng.normal(size=T), rng.normal(size=(k, k)))
        tokens = all_sequences(k, T)
        M = np.array(_M(value.lag, model.v.tolist()))
        W = model.W.T if value.transposed else model.W
        for x, found in zip(tokens, sim.logits(model, tokens), strict=True):
            E = np.eye(k)[x]
            yield np.abs(found - np.tril(E @ W @ (M @ E).T, value.diagonal) @ E).max()


@ledger.symbolic("coefficients of all v_j W_ml in f, as integers", scope="k = 2, T = 3")
def in_coefficients(value: Definition) -> Iterator[bool]:
    """(8) in symbols, evaluated at unit weights v = e_j, W = e_m e_l', fixes every coefficient."""
    k, T = 2, 3
    v, W = sp.symbols("v1:4"), sp.Matrix(2, 2, sp.symbols("w11 w12 w21 w22"))
    M = sp.Matrix(_M(value.lag, v))
    mask = sp.Matrix(T, T, lambda p, s: int(bool(s - p <= value.diagonal)))
    for x in all_sequences(k, T):
        E = sp.Matrix(np.eye(k, dtype=int)[x])
        scores = E * (W.T if value.transposed else W) * (M * E).T
        f = (scores.multiply_elementwise(mask) * E).applyfunc(sp.expand)
        for j, m, l in product(range(T), range(k), range(k)):  # noqa: E741
            model = sim.MinimalModel(np.eye(T)[j], np.outer(np.eye(k)[m], np.eye(k)[l]))
            found = sim.logits(model, x[None])[0]
            yield found.ravel().tolist() == [float(c.coeff(v[j] * W[m, l])) for c in f]


CLAIMS = (
    ledger.supported("eq-8", "(8), p. 7",
        "the minimal model: matrix form, orientation of W_k, causal mask",
        r"f(E)=\mathrm{mask}(EW_k(ME)^\top)E,\ M_{p,s}=v_{p-s+1}\ (s\le p)",
        Definition(), in_coefficients, on_random_weights,
        wrong=(Definition(lag=2), Definition(transposed=True), Definition(diagonal=-1),
               Definition(diagonal=1)),
        note="A definition: what is checked is that the software implements it. The mask sets "
        "later positions to 0 (there is no softmax), keeps the diagonal, and W_k is indexed [x_p, "
        "x_s]. 'First position' and v_1 mean the current token."),
)  # fmt: skip
