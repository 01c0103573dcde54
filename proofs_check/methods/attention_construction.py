"""The construction of Prop. 2.2: its weights, run through softmax attention and block algebra.

A projection is given by the blocks of the stream it reads and writes, the stream being (token,
previous token, output). A (k, d) matrix such as (0 I 0) is read as a (d, d) one with zero rows
below: it reads the token and writes where I stands. No other reading fits all of the printed ones.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from proofs_check import ledger
from sim.learning.objectives import all_sequences
from sim.models.transformer.construction import (
    AttentionWeights,
    TransformerWeights,
    block,
    two_layer_transformer,
)

SIZES = ((2, 6), (3, 4))
EVERY = "every sequence, k = 2, T = 6 and k = 3, T = 4"
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
    first: int = 1  # which of the two layers is applied first


PRINTED = Construction()
REPAIRED = PRINTED._replace(K2=(1, 0))
CORRECTED = REPAIRED._replace(begin=True)


class Counting(NamedTuple):
    """What the second layer counts: transitions into positions p < i or p <= i, and of x_1."""

    last: int = -1
    first: int = 0


EMPIRICAL = Counting(last=0)


def build(spec: Construction, k: int, T: int, sharp: float = SHARP) -> TransformerWeights:
    """The weights of `spec` with score gap `sharp` = c / sqrt(d)."""
    n = k + spec.begin
    d, c = 3 * n, sharp * np.sqrt(3 * n)
    v = np.zeros((T + spec.begin, d))
    v[spec.lag : spec.lag + 1] = 1.0
    Q2, K2, V2 = block(n, *spec.Q2, c), block(n, *spec.K2), block(n, *spec.V2)
    one = AttentionWeights(np.zeros((d, d)), block(n, *spec.K1, c), block(n, *spec.V1), v)
    two = AttentionWeights(Q2, K2, V2, np.zeros_like(v))
    layers = (one, two) if spec.first == 1 else (two, one)
    return TransformerWeights(layers, np.eye(d)[:n], np.eye(d)[spec.P * n : spec.P * n + k])


def run(model: TransformerWeights, k: int, T: int, begin: bool = False) -> np.ndarray:
    """Outputs of every sequence, (k**T, T, k), the begin symbol's own left out."""
    sequences = [[k] * begin + x for x in all_sequences(k, T).tolist()]
    return np.array([two_layer_transformer(x, model) for x in sequences])[:, begin:]


@cache
def outputs(spec: Construction, k: int, T: int, sharp: float = SHARP) -> np.ndarray:
    return run(build(spec, k, T, sharp), k, T, spec.begin)


@cache
def counts(k: int, T: int, rule: Counting) -> np.ndarray:
    """Transitions from x_i to each state among positions up to i, summed literally."""
    tokens = all_sequences(k, T)
    out = np.zeros((len(tokens), T, k))
    for x, row in zip(tokens, out, strict=True):
        for i in range(T):
            for p in range(1, i + 1 + rule.last):
                row[i, x[p]] += x[p - 1] == x[i]
            row[i, x[0]] += rule.first * (x[0] == x[i])
    return out


def error(spec: Construction, rule: Counting, k: int, T: int, sharp: float = SHARP) -> float:
    """Largest difference of outputs and normalised counts, where there is anything to count."""
    count = counts(k, T, rule)
    total = count.sum(axis=-1, keepdims=True)
    seen = total[..., 0] > 0
    return float(np.abs(outputs(spec, k, T, sharp)[seen] - count[seen] / total[seen]).max())


@ledger.enumeration("softmax attention on every sequence", 1e-10, f"{EVERY}, c / sqrt(d) = 30")
def by_attention(spec: Construction) -> list[float]:
    return [error(spec, EMPIRICAL, *size) for size in SIZES]


@ledger.enumeration("Prop. 2.2's layers in this order", 1e-10, EVERY)
def order_by_attention(first: int) -> list[float]:
    return [error(CORRECTED._replace(first=first), EMPIRICAL, *size) for size in SIZES]


def _stream(spec: Construction) -> list[list[str]]:
    """What each block of the stream holds at j >= 2 before layer 2.

    Layer 1 attends to the previous token alone in the limit, and adds what its W_V reads there.
    """
    stream: list[list[str]] = [["token"], [], []]
    if spec.first == 1 and spec.lag == 1 and spec.K1[0] == 0 and spec.V1[0] == 0:
        stream[spec.V1[1]].append("previous")
    return stream


def matches(spec: Construction) -> list[tuple[str, str]]:
    """Pairs of which layer 2 scores 1{query part at i = key part at j} by c."""
    stream = _stream(spec)
    pairs = list(product(stream[spec.Q2[0]], stream[spec.K2[0]]))
    return pairs if spec.Q2[1] == spec.K2[1] else []


@ledger.symbolic("blocks read and written, c -> infinity")
def by_blocks(spec: Construction) -> ledger.Finding:
    """The limit c -> infinity for any k, T: what is matched, what is copied, what is read out."""
    matched, stream = matches(spec), _stream(spec)
    bigrams = matched == [("token", "previous")]
    copied = spec.V2[1] == spec.P and stream[spec.V2[0]] == ["token"] and not stream[spec.P]
    # softmax over one entry: without a symbol before it, x_1 is its own previous token
    return ledger.exactly(
        bigrams and copied and spec.begin,
        f"scores depend on {matched or 'nothing, so attention is uniform'}; "
        f"position 1 attends to {'the begin symbol' if spec.begin else 'itself'}",
    )


@ledger.symbolic("blocks each layer reads")
def order_by_blocks(first: int) -> ledger.Finding:
    return by_blocks.find(CORRECTED._replace(first=first))
