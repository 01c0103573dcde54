"""Attention maps of a transformer, and scores of its previous-token and induction heads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim import checks
from sim.kernels.transformer import EPSILON
from sim.models.transformer.passes import Architecture, attention_maps, check_attention

__all__ = ["attention_maps", "induction_score", "positional_encoding", "previous_token_score"]

Array = NDArray[np.floating[Any]]


def positional_encoding(model: Architecture, layer: int = 0) -> Array:
    """Effective positional encoding of a layer: softmax over lags, averaged over the states.

    The positional part of eq. (5), v_{i-j+1} (e_j W_K)^T / sqrt(c), is how much the lag alone adds
    to the score of a key. For the key of each state's embedding, as layer 1 sees it, take the
    softmax over the lags, then average over states. This is what the middle column of Figs. 3 and
    12 shows, "averaged over all tokens".

    Parameters
    ----------
    model : Transformer
        With relative positions.
    layer : int
        0 for the paper's layer 1. The input of deeper layers is more than the embedding; for them
        this is the encoding for a key made from the embedding alone.

    Returns
    -------
    ndarray, shape (heads, length)
        Entry [h, 0] belongs to the current token, [h, 1] to the one before it.
    """
    check_attention(model)
    if model.positions != "relative":
        raise ValueError(f"model must have relative positions, got {model.positions}")
    check_layer(model, layer)
    split = (-1, model.heads, model.width // model.heads)
    read = model["embedding"]
    if model.layer_norm:
        scale = 1.0 / np.sqrt(read.var(axis=1, keepdims=True) + EPSILON)
        unit = (read - read.mean(axis=1, keepdims=True)) * scale
        read = unit * model[f"layer{layer}.norm_gain"] + model[f"layer{layer}.norm_bias"]
    keys = (read @ model[f"layer{layer}.key"]).reshape(split)
    v = model[f"layer{layer}.positions"].reshape(split)
    scores = np.einsum("lhc,shc->shl", v, keys) / np.sqrt(split[-1])
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (share / share.sum(axis=-1, keepdims=True)).mean(axis=0)


def previous_token_score(model: Architecture, tokens: ArrayLike, layer: int = 0) -> Array:
    """Mean attention to the token before, over the positions that have one: (heads,).

    1 for the first layer of Prop. 2.2 in the limit c to infinity.
    """
    check_layer(model, layer)
    maps = attention_maps(model, tokens)[layer]
    if maps.shape[-1] < 2:
        raise ValueError("tokens must have length >= 2, got 1: no token has one before it")
    return np.diagonal(maps, offset=-1, axis1=-2, axis2=-1).mean(axis=(0, -1))


def induction_score(model: Architecture, tokens: ArrayLike, layer: int = 1) -> Array:
    """Mean attention mass on tokens that follow earlier occurrences of the current token: (heads,).

    The mass of position i is that on all j <= i with x_{j-1} = x_i; the mean is over positions
    with at least one such j. 1 for the second layer of Prop. 2.2 in the limit, which reads the
    bigram counts of x_i; attending evenly gives the share of such j.
    """
    check_layer(model, layer)
    maps = attention_maps(model, tokens)[layer]
    x = np.asarray(tokens)
    follows = np.zeros((*x.shape, x.shape[1]), dtype=bool)
    follows[:, :, 1:] = x[:, :, None] == x[:, None, :-1]
    follows &= np.tri(x.shape[1], dtype=bool)
    counted = np.asarray(follows.any(axis=-1))
    if not counted.any():
        raise ValueError("tokens must repeat within a sequence, got none that occurred before")
    mass = (maps * follows[:, None]).sum(axis=-1)
    return (mass * counted[:, None]).sum(axis=(0, 2)) / counted.sum()


def check_layer(model: Architecture, layer: int) -> None:
    """Refuse a layer that the model does not have; the first is 0."""
    check_attention(model)
    if checks.integer("layer", layer, 0) >= model.layers:
        raise ValueError(f"layer must be below {model.layers}, got {layer}")
