"""The attention-only transformer in PyTorch, one head a layer, relative positions, layer norms."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.torch_model import loss_of


class Attention(nn.Module):
    """Eq. (5): scores from keys and relative positions, values of the tokens."""

    def __init__(self, width, length):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        for name in ("query", "key", "value"):
            setattr(self, name, nn.Linear(width, width, bias=False))
        self.positions = nn.Parameter(torch.empty(length, width))
        place = torch.arange(length)
        lag = place[:, None] - place
        self.register_buffer("lag", lag.clamp(min=0))
        self.register_buffer("future", lag < 0)

    def forward(self, stream):
        T, width = stream.shape[1:]
        read = self.norm(stream)
        query, key, value = self.query(read), self.key(read), self.value(read)
        by_lag = key @ self.positions[:T].T  # (n, j, lag)
        lag = self.lag[:T, :T].T.expand(len(stream), T, T)
        scores = query @ key.transpose(1, 2) + by_lag.gather(2, lag).transpose(1, 2)
        scores = (scores / width**0.5).masked_fill(self.future[:T, :T], -torch.inf)
        return functional.softmax(scores, dim=-1) @ value


class Transformer(nn.Module):
    """Residual stream of attention layers with a norm before the read-out."""

    def __init__(self, k, length, width, layers):
        super().__init__()
        self.embedding = nn.Embedding(k, width)
        self.layers = nn.ModuleList(Attention(width, length) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.readout = nn.Linear(width, k, bias=False)

    def forward(self, x):
        stream = self.embedding(x)
        for layer in self.layers:
            stream = stream + layer(stream)
        return self.readout(self.norm(stream))


def _named(model: Transformer):
    """Parameters by the names of `sim.Transformer`, and whether they are transposed there."""
    yield "embedding", model.embedding.weight, False
    for number, layer in enumerate(model.layers):
        prefix = f"layer{number}."
        yield prefix + "norm_gain", layer.norm.weight, False
        yield prefix + "norm_bias", layer.norm.bias, False
        for name in ("query", "key", "value"):
            yield prefix + name, getattr(layer, name).weight, True
        yield prefix + "positions", layer.positions, False
    yield "norm_gain", model.norm.weight, False
    yield "norm_bias", model.norm.bias, False
    yield "readout", model.readout.weight, False


def gradient_call(reference, tokens, *, compiled: bool = False):
    """Forward and backward of the weights of a `sim.Transformer`, and how to read the result."""
    dtype = torch.float32 if reference.vector.dtype == "float32" else torch.float64
    model = Transformer(reference.k, reference.length, reference.width, reference.layers).to(dtype)
    with torch.no_grad():
        for name, parameter, transposed in _named(model):
            value = torch.tensor(reference[name])
            parameter.copy_(value.T if transposed else value)
    tokens = torch.as_tensor(tokens, dtype=torch.long)
    evaluate = torch.compile(loss_of) if compiled else loss_of

    def call():
        model.zero_grad(set_to_none=True)
        loss = evaluate(model, tokens)
        loss.backward()
        return loss

    def read():
        loss = call().item()
        gradients = [
            (parameter.grad.T if transposed else parameter.grad).numpy()
            for _, parameter, transposed in _named(model)
        ]
        return loss, *gradients

    return call, read
