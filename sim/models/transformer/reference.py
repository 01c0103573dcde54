"""Slow NumPy reference of the transformer's forward and backward pass.

Whole batches in NumPy, one equation a line, every (T, T) matrix written out. The forward pass and
the loss are analytic where the real ones are, so that they accept complex weights: the imaginary
part of the loss along ``weights + 1j * h * direction`` is h times the slope, to machine precision,
and that is what the backward pass is tested against.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Weights = Mapping[str, Array]
Saved = dict[str, Any]

EPSILON = 1e-5  # added to the variance in a layer norm
GELU_SCALE, GELU_CUBIC = np.sqrt(2.0 / np.pi), 0.044715


class Architecture(Protocol):
    """What the reference asks of a model."""

    @property
    def layers(self) -> int: ...
    @property
    def heads(self) -> int: ...


def forward(model: Architecture, weights: Weights, tokens: Array) -> tuple[Array, list[Saved]]:
    """Logits (n, T, k) of tokens (n, T), and what each block kept for the way back."""
    T = tokens.shape[1]
    stream = weights["embedding"][tokens]
    if "positions" in weights:
        stream = stream + weights["positions"][:T]
    saved: list[Saved] = []
    for layer in range(model.layers):
        read, norm = _norm(stream, weights, f"layer{layer}.norm")
        added, attention = _attention(read, weights, f"layer{layer}.", model.heads)
        stream = stream + added
        saved.append({"norm": norm, "attention": attention})
        if f"layer{layer}.mlp_in" in weights:
            read, saved[-1]["mlp_norm"] = _norm(stream, weights, f"layer{layer}.mlp_norm")
            added, saved[-1]["mlp"] = _mlp(read, weights, f"layer{layer}.")
            stream = stream + added
    read, norm = _norm(stream, weights, "norm")
    saved.append({"norm": norm, "read": read})
    return read @ weights["readout"].T, saved


def backward(
    model: Architecture, weights: Weights, tokens: Array, saved: list[Saved], d_logits: Array
) -> dict[str, Array]:
    """Gradient in each named weight, from the loss's gradient in the logits (n, T, k)."""
    T = tokens.shape[1]
    gradient = {name: np.zeros_like(weight) for name, weight in weights.items()}
    end = saved[model.layers]
    gradient["readout"] += np.einsum("nti,ntd->id", d_logits, end["read"])
    d_stream = _norm_backward(d_logits @ weights["readout"], weights, "norm", end["norm"], gradient)
    for layer in reversed(range(model.layers)):
        kept, name = saved[layer], f"layer{layer}."
        if "mlp" in kept:
            d_read = _mlp_backward(d_stream, weights, name, kept["mlp"], gradient)
            d_stream = d_stream + _norm_backward(
                d_read, weights, name + "mlp_norm", kept["mlp_norm"], gradient
            )
        d_read = _attention_backward(d_stream, weights, name, kept["attention"], gradient)
        d_stream = d_stream + _norm_backward(d_read, weights, name + "norm", kept["norm"], gradient)
    np.add.at(gradient["embedding"], tokens, d_stream)
    if "positions" in weights:
        gradient["positions"][:T] += d_stream.sum(axis=0)
    return gradient


def attention_weights(model: Architecture, weights: Weights, tokens: Array) -> list[Array]:
    """Softmax of the masked scores, one array (n, heads, T, T) a layer."""
    _, saved = forward(model, weights, tokens)
    return [kept["attention"]["share"] for kept in saved[: model.layers]]


# --- attention, eq. (5) -----------------------------------------------------------------------


def _attention(read: Array, weights: Weights, name: str, heads: int) -> tuple[Array, Saved]:
    n, T, width = read.shape
    split = (n, T, heads, width // heads)
    query, key, value = (
        (read @ weights[name + matrix]).reshape(split) for matrix in ("query", "key", "value")
    )
    scores = np.einsum("nihc,njhc->nhij", query, key)
    causal = np.tri(T, dtype=bool)
    if name + "positions" in weights:
        v = weights[name + "positions"][:T].reshape(T, *split[2:])
        lag = np.arange(T)[:, None] - np.arange(T)
        by_lag = np.einsum("lhc,njhc->nhlj", v, key)
        scores = scores + by_lag[:, :, np.maximum(lag, 0), np.arange(T)]
    scores = scores / np.sqrt(width // heads)
    top = np.where(causal, scores.real, -np.inf).max(axis=-1, keepdims=True)
    share = np.where(causal, np.exp(np.where(causal, scores - top, 0.0)), 0.0)
    share = share / share.sum(axis=-1, keepdims=True)
    mixed = np.einsum("nhij,njhc->nihc", share, value).reshape(n, T, width)
    saved = {"read": read, "query": query, "key": key, "value": value, "share": share}
    if name + "output" in weights:
        return mixed @ weights[name + "output"], saved | {"mixed": mixed}
    return mixed, saved


def _attention_backward(
    d_added: Array, weights: Weights, name: str, saved: Saved, gradient: dict[str, Array]
) -> Array:
    query, key, value, share = (saved[part] for part in ("query", "key", "value", "share"))
    n, T, heads, size = query.shape
    if name + "output" in weights:
        gradient[name + "output"] += np.einsum("nta,ntb->ab", saved["mixed"], d_added)
        d_added = d_added @ weights[name + "output"].T
    d_mixed = d_added.reshape(n, T, heads, size)
    d_share = np.einsum("nihc,njhc->nhij", d_mixed, value)
    d_value = np.einsum("nhij,nihc->njhc", share, d_mixed)
    d_scores = share * (d_share - (share * d_share).sum(axis=-1, keepdims=True)) / np.sqrt(size)
    d_query = np.einsum("nhij,njhc->nihc", d_scores, key)
    d_key = np.einsum("nhij,nihc->njhc", d_scores, query)
    if name + "positions" in weights:
        v = weights[name + "positions"][:T].reshape(T, heads, size)
        lag, j = np.arange(T)[:, None], np.arange(T)
        d_by_lag = np.where(lag + j < T, d_scores[:, :, np.minimum(lag + j, T - 1), j], 0.0)
        d_key += np.einsum("nhlj,lhc->njhc", d_by_lag, v)
        d_v = np.einsum("nhlj,njhc->lhc", d_by_lag, key)
        gradient[name + "positions"][:T] += d_v.reshape(T, heads * size)
    d_read = np.zeros_like(saved["read"])
    for matrix, d_out in (("query", d_query), ("key", d_key), ("value", d_value)):
        flat = d_out.reshape(n, T, heads * size)
        gradient[name + matrix] += np.einsum("nta,ntb->ab", saved["read"], flat)
        d_read += flat @ weights[name + matrix].T
    return d_read


# --- layer norm and MLP -----------------------------------------------------------------------


def _norm(x: Array, weights: Weights, name: str) -> tuple[Array, Saved]:
    """Layer norm over the width, with gain and bias; the identity where the model has none."""
    if name + "_gain" not in weights:
        return x, {}
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1.0 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    unit = centred * scale
    return unit * weights[name + "_gain"] + weights[name + "_bias"], {"unit": unit, "scale": scale}


def _norm_backward(
    d_out: Array, weights: Weights, name: str, saved: Saved, gradient: dict[str, Array]
) -> Array:
    if not saved:
        return d_out
    unit, scale = saved["unit"], saved["scale"]
    gradient[name + "_gain"] += (d_out * unit).sum(axis=(0, 1))
    gradient[name + "_bias"] += d_out.sum(axis=(0, 1))
    d_unit = d_out * weights[name + "_gain"]
    along = (d_unit * unit).mean(axis=-1, keepdims=True)
    return scale * (d_unit - d_unit.mean(axis=-1, keepdims=True) - unit * along)


def _mlp(read: Array, weights: Weights, name: str) -> tuple[Array, Saved]:
    """GELU(read W_in + b_in) W_out + b_out with the tanh form of the GELU."""
    hidden = read @ weights[name + "mlp_in"] + weights[name + "mlp_in_bias"]
    bend = np.tanh(GELU_SCALE * (hidden + GELU_CUBIC * hidden**3))
    active = 0.5 * hidden * (1.0 + bend)
    saved = {"read": read, "hidden": hidden, "bend": bend, "active": active}
    return active @ weights[name + "mlp_out"] + weights[name + "mlp_out_bias"], saved


def _mlp_backward(
    d_added: Array, weights: Weights, name: str, saved: Saved, gradient: dict[str, Array]
) -> Array:
    hidden, bend = saved["hidden"], saved["bend"]
    gradient[name + "mlp_out"] += np.einsum("nth,ntd->hd", saved["active"], d_added)
    gradient[name + "mlp_out_bias"] += d_added.sum(axis=(0, 1))
    inner = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * hidden**2)
    slope = 0.5 * (1.0 + bend) + 0.5 * hidden * (1.0 - bend**2) * inner
    d_hidden = (d_added @ weights[name + "mlp_out"].T) * slope
    gradient[name + "mlp_in"] += np.einsum("ntd,nth->dh", saved["read"], d_hidden)
    gradient[name + "mlp_in_bias"] += d_hidden.sum(axis=(0, 1))
    return d_hidden @ weights[name + "mlp_in"].T


# --- losses -----------------------------------------------------------------------------------


def losses(f: Array, targets: Array, code: int, margin: float) -> tuple[Array, Array]:
    """Loss (n, T) of logits (n, T, k) for targets (n, T), and its gradient in the logits."""
    k = f.shape[-1]
    target = np.eye(k)[targets]
    chosen = (f * target).sum(axis=-1, keepdims=True)
    if code == 0:
        top = f.real.max(axis=-1, keepdims=True)
        exponentials = np.exp(f - top)
        Z = exponentials.sum(axis=-1, keepdims=True)
        return (np.log(Z) + top - chosen)[..., 0], exponentials / Z - target
    if code == 1:
        hinge = margin + f - chosen
        active = ((hinge.real >= 0) & (target == 0)).astype(float)
        slope = (active - active.sum(axis=-1, keepdims=True) * target) / k
        return (active * hinge).sum(axis=-1) / k, slope
    return ((f - target) ** 2).sum(axis=-1), 2 * (f - target)


def loss_and_gradient(
    model: Architecture,
    weights: Weights,
    tokens: Array,
    sequence_weight: Array,
    position_weight: Array,
    loss_code: int,
    margin: float,
) -> tuple[Any, dict[str, Array]]:
    """Weighted loss of tokens (n, T + 1), complex for complex weights, and its gradient."""
    context, targets = tokens[:, :-1], tokens[:, 1:]
    f, saved = forward(model, weights, context)
    value, slope = losses(f, targets, loss_code, margin)
    weight = sequence_weight[:, None] * position_weight
    d_logits = (weight[..., None] * slope).astype(f.dtype)
    return (weight * value).sum(), backward(model, weights, context, saved, d_logits)
