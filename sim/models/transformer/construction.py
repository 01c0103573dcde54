"""Softmax attention with relative positions, eqs. (4)-(5), and the two layers of Prop. 2.2.

Plain NumPy on one sequence at a time: this is for looking at a construction, not for training.
Every projection is a (d, d) matrix, since it acts on the residual stream, which has width d.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks

Array = NDArray[np.float64]


class AttentionWeights(NamedTuple):
    """One head: ``W_Q, W_K, W_V (d, d)`` and relative positions ``v (T, d)``, v[0] for lag 0."""

    W_Q: Array
    W_K: Array
    W_V: Array
    v: Array


class TransformerWeights(NamedTuple):
    """Layers in the order in which they are applied, embedding and read-out.

    Attributes
    ----------
    layers : tuple of AttentionWeights
    embedding : ndarray, shape (symbols, d)
        Row i embeds symbol i.
    P : ndarray, shape (k, d)
        Read-out of eq. (4).
    """

    layers: tuple[AttentionWeights, ...]
    embedding: Array
    P: Array


def attention_scores(e: ArrayLike, weights: AttentionWeights) -> Array:
    """A of eq. (5), shape (T, T), for j <= i, and -inf where the causal mask hides j > i.

    A_ij = (e_i W_Q + v_{i-j+1}) (e_j W_K)^T / sqrt(d).
    """
    checks.instance("weights", weights, AttentionWeights, "AttentionWeights")
    stream = checks.array("e", e, (None, None))
    T, d = stream.shape
    wanted = {"W_Q": (d, d), "W_K": (d, d), "W_V": (d, d), "v": (len(weights.v), d)}
    shapes = {name: np.shape(getattr(weights, name)) for name in wanted}
    if shapes != wanted:
        raise ValueError(f"weights must have the shapes {wanted} to fit e, got {shapes}")
    if len(weights.v) < T:
        raise ValueError(f"e must have length <= {len(weights.v)}, the rows of v, got {T}")
    queries, keys = stream @ weights.W_Q, stream @ weights.W_K
    lag = np.arange(T)[:, None] - np.arange(T)
    by_position = (weights.v @ keys.T)[np.maximum(lag, 0), np.arange(T)]
    return np.where(lag >= 0, (queries @ keys.T + by_position) / np.sqrt(d), -np.inf)


def attention_layer(e: ArrayLike, weights: AttentionWeights) -> Array:
    """Attn(e) = softmax(mask(A)) e W_V of eq. (5), without the residual: (T, d) -> (T, d)."""
    scores = attention_scores(e, weights)
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return share / share.sum(axis=1, keepdims=True) @ np.asarray(e) @ weights.W_V


def two_layer_transformer(tokens: ArrayLike, model: TransformerWeights) -> Array:
    """Output of eq. (4), P (Attn_n + I) ... (Attn_1 + I) e_x, layer 1 first.

    Parameters
    ----------
    tokens : array_like of int, shape (T,)
    model : TransformerWeights
        With any number of layers.

    Returns
    -------
    ndarray, shape (T, k)
    """
    checks.instance("model", model, TransformerWeights, "TransformerWeights")
    given = checks.tokens(np.asarray(tokens)[None], len(model.embedding))[0]
    stream = model.embedding[given]
    for weights in model.layers:
        stream = stream + attention_layer(stream, weights)
    return stream @ model.P.T


def block(symbols: int, read: int, write: int, scale: float = 1.0) -> Array:
    """The (3 symbols, 3 symbols) matrix that copies one block of the stream to another."""
    place = np.outer(np.eye(3)[read], np.eye(3)[write])
    return np.asarray(np.kron(place, scale * np.eye(symbols)), dtype=np.float64)


def bigram_construction(k: int, T: int, c: float, *, begin: bool = False) -> TransformerWeights:
    """Weights of Prop. 2.2 that let two layers compute bigram frequencies as c grows.

    The stream has three blocks: the token, the token before it (written by layer 1), the output
    (written by layer 2). Layer 1 scores every token c at lag 1 and 0 elsewhere. Layer 2 scores j
    by c when the block of the previous token at j is the token at i, and copies token j.

    Parameters
    ----------
    k : int
        Number of states.
    T : int
        Longest sequence, the begin symbol not counted.
    c : float
        Sharpness; the attention is hard in the limit.
    begin : bool
        Whether a symbol k stands before every sequence. Without it position 1 attends to itself
        in layer 1 and passes for a transition from x_1 to x_1.

    Returns
    -------
    TransformerWeights
        Of width d = 3 k, or 3 (k + 1) with the begin symbol, and k outputs.
    """
    k = checks.integer("k", k, 2)
    checks.instance("begin", begin, bool, "True or False")
    length = checks.integer("T", T, 1) + begin
    checks.memory(f"a construction with k = {k}", 3 * k, 3 * k)
    checks.memory(f"a construction with T = {T}", length, 3 * k)
    c = checks.real("c", c)
    n = k + begin
    v = np.zeros((length, 3 * n))
    v[1:2] = 1.0
    first = AttentionWeights(
        np.zeros((3 * n, 3 * n)), block(n, 0, 0, c), block(n, 0, 1), v
    )  # fmt: skip
    second = AttentionWeights(
        block(n, 0, 0, c), block(n, 1, 0), block(n, 0, 2), np.zeros_like(v)
    )  # fmt: skip
    return TransformerWeights((first, second), np.eye(3 * n)[:n], np.eye(3 * n)[2 * n : 2 * n + k])
