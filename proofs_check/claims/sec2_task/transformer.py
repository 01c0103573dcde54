"""The attention-only transformer, (4)-(5): order of its layers, shapes, formula and positions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.methods.attention_construction import order_by_attention, order_by_blocks
from sim.models.transformer.construction import AttentionWeights, attention_layer
from sim.models.transformer.reference import forward

k, d, t = sp.symbols("k d t", integer=True, positive=True)
Shape = tuple[sp.Symbol, sp.Symbol]


@ledger.enumeration("the layer is run, k = 2, d = 16 (App. B) and k = 3, d = 9")
def shapes_by_running(rows: sp.Symbol) -> Iterator[bool]:
    """Eq. (5) with W of shape (rows, d) on a stream of width d, added to the stream."""
    for sizes in ({k: 2, d: 16, t: 5}, {k: 3, d: 9, t: 4}):
        stream = np.ones((sizes[t], sizes[d]))
        W = np.ones((sizes[rows], sizes[d]))
        try:
            added = stream + attention_layer(stream, AttentionWeights(W, W, W, stream))
        except ValueError:
            yield False
        else:
            yield added.shape == stream.shape


def _product(*shapes: Shape) -> Shape | None:
    """Shape of a matrix product, or None where neighbours do not fit for every k, d, t."""
    rows, columns = shapes[0]
    for following in shapes[1:]:
        if sp.expand(columns - following[0]) != 0:
            return None
        columns = following[1]
    return rows, columns


@ledger.symbolic("dimensions for any k, d, t", detail="of e W_Q + v, A and softmax(A) e W_V")
def shapes_by_dimensions(rows: sp.Symbol) -> list[bool]:
    W, v, e = (rows, d), (t, d), (t, d)
    scores = _product(v, (W[1], t))
    return [_product(e, W) == v, scores == (t, t), _product((t, t), e, W) == e]


@ledger.enumeration("random weights, literally, T = 1, 4, 9", 1e-12)
def formula_in_numbers(value: dict[str, float]) -> Iterator[float]:
    for seed, (T, width) in enumerate(((1, 3), (4, 2), (9, 6))):
        rng = np.random.default_rng(seed)
        # v has a row more than positions: an index off by one is then a wrong value, no error
        Q, K, V, v, e = (rng.normal(size=(n, width)) for n in (width, width, width, T + 1, T))
        found = attention_layer(e, AttentionWeights(Q, K, V, v))
        for i in range(T):
            positions = [v[i - j + int(value["offset"]) - 1] for j in range(i + 1)]
            scores = [(e[i] @ Q + positions[j]) @ (e[j] @ K) for j in range(i + 1)]
            share = np.exp(np.array(scores) / width ** value["power"])
            yield np.abs(found[i] - share / share.sum() @ e[: i + 1] @ V).max()


@ledger.symbolic("rational weights, 30 digits, one layer of the trainable model", 1e-14,
                 "T = 3, d = 2, the reference of its kernels")  # fmt: skip
def formula_in_rationals(value: dict[str, float]) -> Iterator[float]:
    T, width = 3, 2
    rng = np.random.default_rng(5)
    model = sim.Transformer(2, T + 1, width=width, layers=1, layer_norm=False, projection=False)
    # a row of positions more than there are tokens, as above
    weights = {name: rng.integers(-4, 5, shape) / 8 for name, shape in model.shapes.items()}
    tokens = [0, 1, 1]
    embedding, Q, K, V, v, P = (
        sp.Matrix(weight.tolist()).applyfunc(sp.nsimplify) for weight in weights.values()
    )
    e = sp.Matrix([embedding[token, :] for token in tokens])
    scale = sp.Integer(width) ** sp.nsimplify(value["power"])
    for i, found in enumerate(forward(model, weights, np.array([tokens]))[0][0]):
        positions = [v[i - j + int(value["offset"]) - 1, :] for j in range(i + 1)]
        score = [(e[i, :] * Q + positions[j]) * (e[j, :] * K).T / scale for j in range(i + 1)]
        whole = sum(sp.exp(s[0]) for s in score)
        mixed = sum((sp.exp(s[0]) / whole * e[j, :] for j, s in enumerate(score)), sp.zeros(1, 2))
        claimed = (e[i, :] + mixed * V) * P.T
        yield np.abs(found - [float(entry.evalf(30)) for entry in claimed]).max()


@ledger.enumeration("every pair j <= i of positions, T = 1, 5, 12")
def indices_of_pairs(offset: int) -> Iterator[bool]:
    """Rows of v that the mask lets through: they must be v_1 .. v_t, each used."""
    for T in (1, 5, 12):
        used = {i - j + offset for i in range(1, T + 1) for j in range(1, i + 1)}
        yield used == set(range(1, T + 1))


@ledger.symbolic("least and largest index")
def least_and_largest(offset: int) -> list[bool]:
    """i - j is at least 0 and at most t - 1; v has rows 1 to t."""
    return [0 + offset == 1, sp.expand(t - 1 + offset - t) == 0]


FORMULA = {"offset": 1, "power": 0.5}

CLAIMS = (
    # the data are the layer that is applied first
    ledger.corrected("eq-4-order", "(4), p. 6", "order in which the layers are composed",
        (r"TF(x)=P\circ(Attn_1+I)\cdots\circ(Attn_n+I)", 2),
        (r"TF(x)=P\circ(Attn_n+I)\circ\cdots\circ(Attn_1+I)\;e_x", 1),
        order_by_attention, order_by_blocks, wrong=(2,), needs="prop-2.2",
        note="Composed as printed, the innermost map Attn_n acts first, on e_x; Prop. 2.2 then "
        "finds no previous token to match. Read from left to right the order of the layers would "
        "be right but P, from d to k dimensions, would come before them."),
    ledger.corrected("eq-5-shapes", "below (4), p. 6", "shapes of the projections",
        (r"W_Q,W_K,W_V\in\mathbb R^{k\times d},\ v\in\mathbb R^{t\times d}", k),
        (r"W_Q,W_K,W_V\in\mathbb R^{d\times d},\ v\in\mathbb R^{t\times d}", d),
        shapes_by_dimensions, shapes_by_running, wrong=(k, t),
        assume="e_x is t x d as printed, and d differs from k",
        note="e W_Q needs as many rows as the stream is wide, and e W_V is added to the stream."),
    ledger.supported("eq-5-formula", "(5), p. 6",
        "masked softmax attention with relative positions on the keys",
        r"Attn(e)=\mathrm{softmax}(\mathrm{mask}(A))eW_V,\ "
        r"A_{i,j}=\frac{(e_iW_Q+v_{i-j+1})(e_jW_K)^\top}{\sqrt d}",
        FORMULA, formula_in_numbers, formula_in_rationals,
        wrong=(FORMULA | {"offset": 2}, FORMULA | {"power": 1.0}),
        assume="shapes as corrected in eq-5-shapes", needs="eq-5-shapes",
        note="A definition: what is checked is that the software implements it."),
    # the data are what is added to i - j
    ledger.proved("eq-5-index", "(5), p. 6",
        "the index i - j + 1 stays within v_1 .. v_t under the causal mask",
        r"j\le i\le t\Rightarrow i-j+1\in\{1,\dots,t\}", 1, least_and_largest, indices_of_pairs,
        wrong=(0, 2),
        note="v_1 belongs to the current token, v_2 to the one before; above the diagonal the "
        "index would not exist, so the mask has to come before the positions are looked up."),
)  # fmt: skip
