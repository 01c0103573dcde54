"""Eqs. (4)-(5): shapes, indices and the literal formula, for `transformer`."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from sim.models.transformer.construction import AttentionWeights, attention_layer

k, d, t = sp.symbols("k d t", integer=True, positive=True)
Shape = tuple[sp.Symbol, sp.Symbol]


def shapes_run(rows: sp.Symbol) -> Finding:
    """Eq. (5) with W of shape (rows, d) on a stream of width d, added to the stream."""
    failures = []
    for sizes in ({k: 2, d: 16, t: 5}, {k: 3, d: 9, t: 4}):
        stream = np.ones((sizes[t], sizes[d]))
        W = np.ones((sizes[rows], sizes[d]))
        weights = AttentionWeights(W, W, W, np.ones((sizes[t], sizes[d])))
        try:
            failures.append((stream + attention_layer(stream, weights)).shape != stream.shape)
        except ValueError:
            failures.append(True)
    return Finding(float(any(failures)), 0.0, "k = 2, d = 16 (App. B) and k = 3, d = 9 are run")


def _product(*shapes: Shape) -> Shape | None:
    """Shape of a matrix product, or None where neighbours do not fit for every k, d, t."""
    rows, columns = shapes[0]
    for following in shapes[1:]:
        if sp.expand(columns - following[0]) != 0:
            return None
        columns = following[1]
    return rows, columns


def shapes_symbolic(rows: sp.Symbol) -> Finding:
    W, v, e = (rows, d), (t, d), (t, d)
    query, value = _product(e, W), _product((t, t), e, W)
    scores = _product(query, (W[1], t)) if query == v else None
    good = scores == (t, t) and value == e
    return exactly(good, f"e W_Q has shape {query}, softmax(A) e W_V {value}; the stream has {e}")


def _literal(value: dict[str, Any], e: np.ndarray, weights: AttentionWeights) -> np.ndarray:
    """Eq. (5) entry by entry."""
    T, width = e.shape
    out = np.zeros_like(e)
    for i in range(T):
        share = np.zeros(T)
        for j in range(i + 1):
            position = weights.v[i - j + value["offset"] - 1]
            query = e[i] @ weights.W_Q + position
            share[j] = np.exp(query @ (e[j] @ weights.W_K) / width ** value["power"])
        share /= share.sum()
        for j in range(T):
            out[i] += share[j] * (e[j] @ weights.W_V)
    return out


def _random_head(T: int, width: int, seed: int) -> tuple[np.ndarray, AttentionWeights]:
    rng = np.random.default_rng(seed)
    # one row of v more than positions, so that an index off by one is a wrong value, not an error
    Q, K, V, v, e = (rng.normal(size=(n, width)) for n in (width, width, width, T + 1, T))
    return e, AttentionWeights(Q, K, V, v)


def formula_run(value: dict[str, Any]) -> Finding:
    residuals = []
    for seed, (T, width) in enumerate(((1, 3), (4, 2), (9, 6))):
        e, weights = _random_head(T, width, seed)
        residuals.append(np.abs(attention_layer(e, weights) - _literal(value, e, weights)).max())
    return Finding(worst(residuals), 1e-12, "random weights, T = 1, 4, 9, entry by entry")


def formula_symbolic(value: dict[str, Any]) -> Finding:
    """The same formula in SymPy with rational weights, evaluated to 30 digits."""
    T, width = 3, 2
    rng = np.random.default_rng(5)
    Q, K, V, v, e = (rng.integers(-4, 5, (n, width)) / 8 for n in (width, width, width, T + 1, T))
    found = attention_layer(e, AttentionWeights(Q, K, V, v))
    Q, K, V, v, e = (sp.Matrix(m.tolist()).applyfunc(sp.nsimplify) for m in (Q, K, V, v, e))
    scale = sp.Integer(width) ** sp.nsimplify(value["power"])
    rows = []
    for i in range(T):
        score = [
            ((e[i, :] * Q + v[i - j + value["offset"] - 1, :]) * (e[j, :] * K).T)[0] / scale
            for j in range(i + 1)
        ]
        whole = sum(sp.exp(s) for s in score)
        mixed = sum((sp.exp(s) / whole * e[j, :] for j, s in enumerate(score)), sp.zeros(1, width))
        rows.append([float(entry.evalf(30)) for entry in mixed * V])
    return Finding(float(np.abs(found - rows).max()), 1e-14, "rational weights, T = 3, d = 2")


def index_run(value: dict[str, Any]) -> Finding:
    """Rows of v that the mask lets through: they must be v_1 .. v_t, each used."""
    used = [{i - j + value["offset"] for i in range(1, T + 1) for j in range(1, i + 1)}
            for T in (1, 5, 12)]  # fmt: skip
    good = used == [set(range(1, T + 1)) for T in (1, 5, 12)]
    return Finding(0.0 if good else 1.0, 0.0, "T = 1, 5, 12, every pair j <= i")


def index_symbolic(value: dict[str, Any]) -> Finding:
    lag = sp.Symbol("lag", integer=True, nonnegative=True)  # i - j, at most t - 1
    least = (lag + value["offset"]).subs(lag, 0)
    most = (lag + value["offset"]).subs(lag, t - 1)
    return exactly(
        least == 1 and sp.expand(most - t) == 0, f"from {least} to {most}, v has rows 1 to t"
    )
