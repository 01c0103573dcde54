"""Prop. 2.2: two attention layers that compute bigram frequencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy as sp

from proofs_check import ledger
from proofs_check.methods import attention_construction as construction
from proofs_check.methods.attention_construction import CORRECTED, EVERY, REPAIRED, SIZES, Counting
from sim.learning.objectives import all_sequences
from sim.models.transformer.construction import attention_layer, attention_scores

Index = Any  # a number or a symbol
WITH_FIRST = Counting(last=0, first=1)  # without a begin symbol, x_1 counts as x_1 -> x_1


@ledger.enumeration("scores of layer 1, c = 7, d = 6 and 9", 1e-14)
def score_by_layer(power: sp.Expr) -> Iterator[float]:
    """A_{i,i-1} = c d^power and 0 elsewhere."""
    for k, T in SIZES:
        d, c = 3 * k, 7.0
        layer = construction.build(construction.PRINTED, k, T, c / np.sqrt(d)).layers[0]
        expected = np.where(np.eye(T, k=-1) == 1, c * d ** float(power), 0.0)
        for x in all_sequences(k, T)[:: k**2]:
            yield np.tril(np.abs(attention_scores(np.eye(d)[x], layer) - expected)).max() / c


@ledger.symbolic("eq. (5) on the printed blocks",
                 detail="any k: v_2 = 1^T against a key that is c at one of d places")  # fmt: skip
def score_by_blocks(power: sp.Expr) -> bool:
    d, place = sp.symbols("d x", integer=True, positive=True)
    c, m = sp.Symbol("c", positive=True), sp.Symbol("m", integer=True)
    product = sp.Sum(c * sp.KroneckerDelta(m, place), (m, 1, d)).doit()
    (inside, _), *_ = sp.piecewise_fold(product).args  # where 1 <= x <= d
    return bool(sp.simplify(inside / sp.sqrt(d) - c * d**power) == 0)


@ledger.enumeration("the layer on every sequence", 1e-10, EVERY)
def copies_by_layer(lag: int) -> Iterator[float]:
    """Output of layer 1 at i >= 2, in its three blocks, against (0, e_{x_{i-lag}}, 0)."""
    for k, T in SIZES:
        layer = construction.build(construction.PRINTED, k, T).layers[0]
        for x in all_sequences(k, T):
            claimed = np.pad(np.eye(k)[x[1 - lag : T - lag]], ((0, 0), (k, k)))
            yield np.abs(attention_layer(np.eye(3 * k)[x], layer)[1:] - claimed).max()


@ledger.symbolic("limit of the softmax", detail="share of a lag at position i >= 2, c -> infinity")
def copies_by_limit(lag: int) -> bool:
    gap = sp.Symbol("s", positive=True)  # c / sqrt(d)
    i = sp.Symbol("n", integer=True, nonnegative=True) + 2
    score = gap if lag == construction.PRINTED.lag else sp.Integer(0)
    return bool(sp.limit(sp.exp(score) / (sp.exp(gap) + i - 1), gap, sp.oo) == 1)


@ledger.enumeration("softmax attention on every sequence", 1e-10, EVERY)
def counts_by_attention(rule: Counting) -> list[float]:
    return [construction.error(REPAIRED, rule, *size) for size in SIZES]


@ledger.symbolic("positions that layer 2 attends to, as indicators of equal tokens",
                 detail="any k and i >= 2: the layer's sum minus the stated one, term by "
                 "term")  # fmt: skip
def counts_by_indicators(rule: Counting) -> list[bool]:
    """With M(q) = 1{x_q = x_i} and C(p) = 1{x_p = j} both sums are linear in the products M C.

    Position p weighs M of the token that layer 1 found before p: x_{p-1}, and x_1 itself at p = 1.
    The causal mask lets p = 1..i through.
    """
    M, C = sp.Function("M"), sp.Function("C")
    p, i = sp.symbols("p i", integer=True, positive=True)
    start, following = M(1) * C(1), M(p - 1) * C(p)
    layer = start + sp.Sum(following, (p, 2, i))
    stated = rule.first * start + sp.Sum(following, (p, 2, i + rule.last))
    return [construction.matches(REPAIRED) == [("token", "previous")], layer - stated == 0]


def outer(row: Index, column: Index, k: Index) -> Index:
    """1 1^T, a matrix of ones."""
    return sp.Integer(1)


def inner(row: Index, column: Index, k: Index) -> Index:
    """1^T 1, which is the number k, as a matrix."""
    return k * sp.KroneckerDelta(row, column)


@ledger.enumeration("the transformer with this read-out, a = 1.7, b = -0.6", 1e-12, EVERY)
def readout_by_attention(entry: Callable[[int, int, int], Index]) -> Iterator[float]:
    """P = (b [1 and 1^T], 0, a I) against a x + b."""
    a, b = 1.7, -0.6
    for k, T in SIZES:
        model = construction.build(REPAIRED, k, T)
        first = [[b * float(entry(row, column, k)) for column in range(k)] for row in range(k)]
        P = np.hstack([first, np.zeros((k, k)), a * np.eye(k)])
        found = construction.run(model._replace(P=P), k, T)
        yield np.abs(found - (a * construction.outputs(REPAIRED, k, T) + b)).max()


@ledger.symbolic("P applied block by block",
                 detail="a x_i + b at any state i and current token m; any k")  # fmt: skip
def readout_by_blocks(entry: Callable[[Index, Index, Index], Index]) -> bool:
    a, b, x = sp.symbols("a b x")
    i, m, k = sp.symbols("i m k", integer=True, positive=True)
    # the first block of the stream is one-hot at m, and picks column m
    return bool(sp.expand(b * entry(i, m, k) + a * x - (a * x + b)) == 0)


@ledger.enumeration("softmax attention on every sequence", 1e-10, EVERY)
def new_token_by_attention(strategy: str) -> Iterator[float]:
    for k, T in SIZES:
        new = construction.counts(k, T, WITH_FIRST).sum(axis=-1) == 0
        seen = np.cumsum(np.eye(k)[all_sequences(k, T)], axis=1) / np.arange(1, T + 1)[:, None]
        claimed = seen if strategy == "unigram" else np.full_like(seen, 1 / k)
        yield np.abs(construction.outputs(REPAIRED, k, T) - claimed)[new].max()


@ledger.symbolic("all scores of layer 2 are equal", detail="any k, i: share of each position")
def new_token_by_scores(strategy: str) -> list[bool]:
    """No match means equal scores: the average of C(p) = 1{x_p = j} over p = 1..i."""
    i, k, p = sp.symbols("i k p", integer=True, positive=True)
    C = sp.Function("C")
    whole = sp.Sum(sp.exp(sp.Integer(0)), (p, 1, i)).doit()
    found = sp.Sum(C(p), (p, 1, i)) / whole
    claimed = {"unigram": sp.Sum(C(p), (p, 1, i)) / i, "uniform": 1 / k}[strategy]
    return [construction.matches(REPAIRED) == [("token", "previous")], found - claimed == 0]


@ledger.enumeration("softmax attention, k = 2, T = 6, differences at s = 10, 15, 20, 25", 0.01)
def rate_by_attention(value: dict[str, int]) -> float:
    """Worst error times exp(rate s) at equally spaced s: a polynomial of this degree.

    Then the differences of one order more vanish against those of the order itself.
    """
    sharpness = np.array([10.0, 15.0, 20.0, 25.0])
    errors = [construction.error(REPAIRED, WITH_FIRST, *SIZES[0], s) for s in sharpness]
    scaled = errors * np.exp(value["rate"] * sharpness)
    top = np.abs(np.diff(scaled, value["power"])).min()
    return float(np.abs(np.diff(scaled, value["power"] + 1)).max() / top)


@ledger.symbolic("the sequence (1, 2, 1) to first order in E = exp(-s)")
def rate_by_expansion(value: dict[str, int]) -> float:
    """A residual and not an exact finding: one sequence bounds the worst one from below."""
    E, s = sp.symbols("E s", positive=True)
    # how much of state 1 the previous-token block holds at positions 2, 3
    held = (1 / (1 + E), 2 * E / (1 + 2 * E))
    # softmax weights over that of position 1; exp(-s) E^0 is E itself at position 3
    weights = (sp.Integer(1), sp.exp(s * (held[0] - 1)), E * sp.exp(s * held[1]))
    error = weights[1] / sum(weights) - sp.Rational(1, 2)
    orders = (sp.simplify(sp.diff(error, E, n).subs(E, 0)) for n in range(4))
    rate, leading = next((n, x) for n, x in enumerate(orders) if x != 0)
    return float(value != {"power": sp.degree(leading, s), "rate": rate})


ONE_HOT = "d = 3k, one-hot embeddings in the first block"
BLOCKS = (ONE_HOT, "printed (k, d) projections read the token and write the block where I stands")
FIXED = (ONE_HOT, "layer 2 matches the block of the previous token, as corrected in prop-2.2")

CLAIMS = (
    # in REPAIRED position 1 attends to itself
    ledger.corrected("prop-2.2", "Prop. 2.2, pp. 6-7",
        "two attention layers approach the empirical bigram frequencies",
        (r"v^{(1)}=\delta_21^\top,\ W_Q^{(1)}=0,\ "
         r"W_K^{(1)}=(cI\ 0\ 0),\ W_V^{(1)}=(0\ I\ 0);\ v^{(2)}=0,\ W_Q^{(2)}=(cI\ 0\ 0),\ "
         r"W_K^{(2)}=(0\ I\ 0),\ W_V^{(2)}=(0\ 0\ I);\ P=(0\ 0\ I)\ \Rightarrow\ TF(x)_{i,j}"
         r"\to\frac{\#\{p\le i:x_{p-1}=x_i,x_p=j\}}{\#\{p\le i:x_{p-1}=x_i\}}\quad(c\to\infty)",
         construction.PRINTED),
        (r"W_K^{(2)}=\begin{pmatrix}0&0&0\\I&0&0\\0&0&0\end{pmatrix},\ \text{all others }(d\times "
         r"d)\text{ with zero rows below, and a begin symbol before }x_1\text{ (}d=3(k+1)\text{)}",
         CORRECTED), construction.by_blocks, construction.by_attention,
        wrong=(REPAIRED, CORRECTED._replace(K2=(0, 1)), CORRECTED._replace(V2=(2, 2)),
               CORRECTED._replace(lag=2), CORRECTED._replace(P=0)),
        assume=(*BLOCKS, "positions i whose token has been left before"), needs="eq-5-shapes",
        note="The proposition is right, its weights are not. As printed the queries of layer "
        "2 stand in block 1 and the keys in block 2, so that all scores are 0 and the output is "
        "the unigram frequency. (Read as d x k the queries and keys match, but then W_V of either "
        "layer reads an empty block.) Besides, position 1 attends to itself in layer 1 and counts "
        "as a transition x_1 -> x_1: see prop-2.2-count. A begin symbol makes it exact."),
    ledger.corrected("prop-2.2-layer-1-score", "proof of Prop. 2.2, p. 6",
        "score of the previous token in layer 1",
        (r"A_{i,i-1}=c,\ A_{i,j}=0\ (j\ne i-1)", sp.Integer(0)),
        (r"A_{i,i-1}=\frac c{\sqrt d},\ A_{i,j}=0\ (j\ne i-1)", -sp.Rational(1, 2)),
        score_by_blocks, score_by_layer, wrong=(sp.Rational(1, 2), -sp.Integer(1)), assume=BLOCKS,
        note="The data are the power of d. The factor 1/sqrt(d) of (5) is left out; the limit c -> "
        "infinity is not affected."),
    # the data are the lag
    ledger.proved("prop-2.2-layer-1", "proof of Prop. 2.2, p. 6",
        "layer 1 copies the previous token, from position 2 on",
        r"\lim_{c\to\infty}Attn^{(1)}(e_x)_i=(0\ \ e_{x_{i-1}}\ \ 0)",
        1, copies_by_limit, copies_by_layer, wrong=(0,), assume=(*BLOCKS, "i >= 2"),
        note="At i = 1 there is no previous token and the softmax has one entry: the output is (0 "
        "e_{x_1} 0)."),
    ledger.corrected("prop-2.2-count", "proof of Prop. 2.2, p. 7", "what the second layer counts",
        (r"Attn^{(2)}_{i,j}\propto\#\{p<i:\ x_p=j,\ x_{p-1}=x_i\}", Counting(last=-1, first=0)),
        (r"Attn^{(2)}_{i,j}\propto\#\{2\le p\le i:\ x_p=j,\ x_{p-1}=x_i\}+1\{x_1=x_i=j\}",
         WITH_FIRST), counts_by_indicators, counts_by_attention,
        wrong=(Counting(last=0, first=0), Counting(last=-1, first=1)), assume=FIXED,
        needs="prop-2.2-layer-1",
        note="The transition into the current position is counted too (p <= i), as bigram "
        "statistics need it; and x_1, its own previous token in layer 1, adds one transition x_1 "
        "-> x_1. The extra count is one among N, so it fades as 1/N."),
    ledger.corrected("prop-2.2-footnote", "footnote 1, p. 7",
        "read-out that makes a x + b of the output x",
        (r"P=(b1^\top1\ \ 0\ \ aI)\ \Rightarrow\ ax+b", inner),
        (r"P=(b11^\top\ \ 0\ \ aI)\ \Rightarrow\ ax+b", outer),
        readout_by_blocks, readout_by_attention, wrong=(inner,), assume=FIXED,
        note="With columns 1 as in v^(1) = delta_2 1^T, 1^T 1 is the number k, and b k I would "
        "favour the current token. Under softmax and cross-entropy a constant b has no effect."),
    ledger.proved("x-construction-new-token", "beyond the paper",
        "at a token not left before the construction predicts unigram frequencies",
        r"N_{x_i}=0,\ x_1\ne x_i\ \Rightarrow\ TF(x)_{i,j}\to\frac1i\#\{p\le i:x_p=j\}",
        "unigram", new_token_by_scores, new_token_by_attention, wrong=("uniform",), assume=FIXED,
        needs="prop-2.2-count", note="Where the empirical bigram frequencies are 0/0."),
    ledger.supported("x-construction-rate", "beyond the paper",
        "how fast the construction approaches its limit as c grows",
        r"\max_{x,i,j}|TF(x)_{i,j}-\text{limit}|=\Theta(s\,e^{-s}),\quad s=\frac c{\sqrt d}",
        {"power": 1, "rate": 1}, rate_by_expansion, rate_by_attention,
        wrong=({"power": 0, "rate": 1}, {"power": 1, "rate": 2}), assume=FIXED, needs="prop-2.2",
        note="The order is proved from below by one sequence and measured for the worst one. The "
        "factor s: what leaks past layer 1 is multiplied by s in the scores of layer 2."),
)  # fmt: skip
