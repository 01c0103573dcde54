"""The construction of Prop. 2.2 as data, run through softmax attention and through block algebra.

A projection is given by the blocks of the stream it reads and writes, the stream being (token,
previous token, output). A (k, d) matrix such as (0 I 0) is read as a (d, d) one with zero rows
below: it reads the token and writes where I stands. No other reading fits all of the printed ones.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences
from sim.models.transformer.construction import (
    AttentionWeights,
    Transformer,
    attention_layer,
    attention_scores,
    block,
    two_layer_transformer,
)

Array = NDArray[np.float64]
SIZES = ((2, 6), (3, 4))
SHARP = 30.0


class Construction(NamedTuple):
    """Blocks (read, write) of each projection; whether a begin symbol stands before x_1."""

    lag: int = 1
    K1: tuple[int, int] = (0, 0)
    V1: tuple[int, int] = (0, 1)
    Q2: tuple[int, int] = (0, 0)
    K2: tuple[int, int] = (0, 1)
    V2: tuple[int, int] = (0, 2)
    P: int = 2
    begin: bool = False
    # which of the two layers is applied first
    first: int = 1


PRINTED = Construction()
REPAIRED = PRINTED._replace(K2=(1, 0))
CORRECTED = REPAIRED._replace(begin=True)


class Counting(NamedTuple):
    """What the second layer counts: transitions into positions p < i or p <= i, and of x_1."""

    last: int = -1
    first: int = 0


def build(spec: Construction, k: int, T: int, sharp: float = SHARP) -> Transformer:
    """The weights of `spec` with score gap `sharp` = c / sqrt(d)."""
    n = k + spec.begin
    d, c = 3 * n, sharp * np.sqrt(3 * n)
    v = np.zeros((T + spec.begin, d))
    v[spec.lag : spec.lag + 1] = 1.0
    one = AttentionWeights(np.zeros((d, d)), block(n, *spec.K1, c), block(n, *spec.V1), v)
    two = AttentionWeights(
        block(n, *spec.Q2, c), block(n, *spec.K2), block(n, *spec.V2), np.zeros_like(v)
    )
    layers = (one, two) if spec.first == 1 else (two, one)
    return Transformer(layers, np.eye(d)[:n], np.eye(d)[spec.P * n : spec.P * n + k])


@cache
def outputs(spec: Construction, k: int, T: int, sharp: float = SHARP) -> Array:
    """Outputs of every sequence, (k**T, T, k), the begin symbol's own left out."""
    model = build(spec, k, T, sharp)
    prefix = [k] if spec.begin else []
    tokens = all_sequences(k, T)
    return np.array([two_layer_transformer([*prefix, *x], model)[spec.begin :] for x in tokens])


@cache
def counts(k: int, T: int, rule: Counting) -> Array:
    """Transitions from x_i to each state among positions up to i, summed literally."""
    tokens = all_sequences(k, T)
    out = np.zeros((len(tokens), T, k))
    for x, row in zip(tokens, out, strict=True):
        for i in range(T):
            for p in range(1, i + 1 + rule.last):
                row[i, x[p]] += x[p - 1] == x[i]
            row[i, x[0]] += rule.first * (x[0] == x[i])
    return out


EMPIRICAL = Counting(last=0, first=0)


def against(found: Array, count: Array) -> float:
    """Largest difference from normalised counts, where there is anything to count."""
    total = count.sum(axis=-1, keepdims=True)
    seen = total[..., 0] > 0
    return float(np.abs(found[seen] - count[seen] / total[seen]).max())


def _against_empirical(spec: Construction) -> float:
    return worst(against(outputs(spec, k, T), counts(k, T, EMPIRICAL)) for k, T in SIZES)


def run_construction(spec: Construction) -> Finding:
    return Finding(
        _against_empirical(spec), 1e-10,
        "two softmax layers on every sequence, k = 2, T = 6 and k = 3, T = 4, c / sqrt(d) = 30, "
        "at every position whose token has been left before",
    )  # fmt: skip


def run_order(first: int) -> Finding:
    """The repaired weights with the printed order of the layers."""
    residual = _against_empirical(CORRECTED._replace(first=first))
    return Finding(residual, 1e-10, "every sequence, k = 2, T = 6 and k = 3, T = 4")


def _stream(spec: Construction) -> dict[int, dict[str, sp.Expr]]:
    """Blocks of the stream at j >= 2 before layer 2, as coefficients of token and previous token.

    Layer 1 attends to the previous token alone in the limit, and adds what its W_V reads there.
    """
    stream: dict[int, dict[str, sp.Expr]] = {b: {} for b in range(3)}
    stream[0]["token"] = sp.Integer(1)
    if spec.first == 1 and spec.lag == 1 and spec.K1[0] == 0 and spec.V1[0] == 0:
        previous = stream[spec.V1[1]]
        previous["previous"] = previous.get("previous", sp.Integer(0)) + 1
    return stream


def matches(spec: Construction) -> dict[tuple[str, str], sp.Expr]:
    """Scores of layer 2 as coefficients of 1{query part at i = key part at j}."""
    if spec.Q2[1] != spec.K2[1]:
        return {}
    c = sp.Symbol("c", positive=True)
    stream = _stream(spec)
    return {
        (query, key): c * one * other
        for query, one in stream[spec.Q2[0]].items()
        for key, other in stream[spec.K2[0]].items()
    }


def construction_algebra(spec: Construction) -> Finding:
    """The limit c -> infinity for any k, T: what is matched, what is copied, what is read out."""
    matched = matches(spec)
    copied = _stream(spec)[spec.V2[0]] if spec.V2[1] == spec.P else {}
    left_over = _stream(spec)[spec.P]
    good = (
        list(matched) == [("token", "previous")]
        and copied == {"token": sp.Integer(1)}
        and left_over == {}
        # softmax over one entry: without a symbol before it, x_1 is its own previous token
        and spec.begin
    )
    return exactly(
        good,
        f"scores depend on {matched or 'nothing, so attention is uniform'}; "
        f"position 1 attends to {'the begin symbol' if spec.begin else 'itself'}",
    )


def order_algebra(first: int) -> Finding:
    return construction_algebra(CORRECTED._replace(first=first))


def layer_1_score(power: sp.Expr) -> Finding:
    """A_{i,i-1} = c d^power and 0 elsewhere."""
    residuals = []
    for k, T in SIZES:
        d, c = 3 * k, 7.0
        weights = build(PRINTED, k, T, c / np.sqrt(d)).layers[0]
        expected = np.where(np.eye(T, k=-1) == 1, c * d ** float(power), 0.0)
        visible = np.tril(np.ones((T, T), bool))
        for x in all_sequences(k, T)[:: k**2]:
            scores = attention_scores(np.eye(d)[x], weights)
            residuals.append(np.abs(scores - expected)[visible].max() / c)
    return Finding(worst(residuals), 1e-14, "scores of layer 1, c = 7, d = 6 and 9")


def layer_1_score_symbolic(power: sp.Expr) -> Finding:
    """Eq. (5) with the printed blocks: 1^T (c e, 0, 0)^T / sqrt(d)."""
    d, c = sp.symbols("d c", positive=True)
    for k in (2, 3, 5):
        ones, key = sp.ones(1, 3 * k), c * sp.Matrix([[1] + [0] * (3 * k - 1)])
        score = (ones * key.T)[0] / sp.sqrt(d)
        if sp.simplify(score - c * d**power) != 0:
            return exactly(False, f"A_(i,i-1) = {sp.sstr(score)}")
    return exactly(True, "A_(i,i-1) = c / sqrt(d), k = 2, 3, 5")


def layer_1_output(lag: int) -> Finding:
    """Output of layer 1 at i >= 2, in its three blocks, against (0, e_{x_{i-lag}}, 0)."""
    residuals = []
    for k, T in SIZES:
        weights = build(PRINTED, k, T).layers[0]
        for x in all_sequences(k, T):
            found = attention_layer(np.eye(3 * k)[x], weights)[1:]
            claimed = np.zeros_like(found)
            claimed[:, k : 2 * k] = np.eye(k)[x[1 - lag : T - lag]]
            residuals.append(np.abs(found - claimed).max())
    return Finding(worst(residuals), 1e-10, "every sequence, k = 2, T = 6 and k = 3, T = 4")


def layer_1_limit(lag: int) -> Finding:
    """The share of lag 1 in the softmax of position i >= 2, as c -> infinity."""
    gap = sp.Symbol("s", positive=True)  # c / sqrt(d)
    i = sp.Symbol("n", integer=True, nonnegative=True) + 2
    share = sp.exp(gap) / (sp.exp(gap) + i - 1)
    rest = 1 / (sp.exp(gap) + i - 1)
    limits = {1: sp.limit(share, gap, sp.oo), 0: sp.limit(rest, gap, sp.oo)}
    return exactly(limits[lag] == 1, f"shares of lag 1 and of another: {limits[1]}, {limits[0]}")
