"""The minimal model in PyTorch: eager and compiled, and the usual training loop."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

torch.set_num_threads(1)


class MinimalModel(nn.Module):
    """Eq. (8) with a Toeplitz matrix of v, or with an FFT."""

    def __init__(self, v, W, fourier: bool = False):
        super().__init__()
        self.v, self.W = nn.Parameter(torch.tensor(v)), nn.Parameter(torch.tensor(W))
        self.fourier = fourier
        T = len(v)
        lag = torch.arange(T)[:, None] - torch.arange(T) if not fourier else torch.zeros(1, 1)
        self.register_buffer("lag", lag.clamp(min=0).long())
        self.register_buffer("causal", lag >= 0)

    def forward(self, x):
        onehot = functional.one_hot(x, len(self.W)).to(self.v.dtype)
        T = x.shape[1]
        if self.fourier:
            spectrum = torch.fft.rfft(self.v, 2 * T)[None, :, None]
            h = torch.fft.irfft(torch.fft.rfft(onehot, 2 * T, dim=1) * spectrum, 2 * T, dim=1)
            h = h[:, :T]
        else:
            h = torch.where(self.causal, self.v[self.lag], 0.0) @ onehot
        C = torch.cumsum(h[:, :, :, None] * onehot[:, :, None, :], dim=1)
        return torch.einsum("btl,btli->bti", self.W[x], C)


def loss_of(model, tokens):
    """Mean cross-entropy over all positions; tokens (B, T + 1)."""
    f = model(tokens[:, :-1])
    return functional.cross_entropy(f.reshape(-1, f.shape[-1]), tokens[:, 1:].reshape(-1))


def gradient_call(v, W, tokens, *, compiled: bool = False, fourier: bool = False):
    """A call of forward and backward, and how to read loss and gradient."""
    model = MinimalModel(v, W, fourier)
    tokens = torch.as_tensor(tokens, dtype=torch.long)
    evaluate = torch.compile(loss_of) if compiled else loss_of

    def call():
        model.zero_grad(set_to_none=True)
        loss = evaluate(model, tokens)
        loss.backward()
        return loss

    def read():
        loss = call()
        return loss.item(), model.v.grad.numpy(), model.W.grad.numpy()

    return call, read


def sample_vectorised(B, length, k, dtype):
    """Sequences from Dirichlet chains, all of a batch advanced by one token at a time."""
    rows = torch.distributions.Exponential(torch.ones((), dtype=dtype)).sample((B, k, k))
    P = rows / rows.sum(-1, keepdim=True)
    pi = stationary(P)
    uniforms = torch.rand(length, B, 1, dtype=dtype)
    tokens = torch.empty(B, length, dtype=torch.long)
    tokens[:, 0] = (uniforms[0] >= pi.cumsum(-1)[:, :-1]).sum(-1)
    cumulative = P.cumsum(-1)[..., :-1]
    index = torch.arange(B)
    for t in range(1, length):
        tokens[:, t] = (uniforms[t] >= cumulative[index, tokens[:, t - 1]]).sum(-1)
    return tokens


def stationary(P):
    """Stationary distributions (B, k) by a linear solve."""
    B, k, _ = P.shape
    A = torch.eye(k, dtype=P.dtype) - P.transpose(1, 2)
    A[:, -1] = 1.0
    b = torch.zeros(B, k, 1, dtype=P.dtype)
    b[:, -1] = 1.0
    return torch.linalg.solve(A, b)[..., 0]


def compiled_step(v, W, *, batch, rate):
    """A whole step: vectorised sampler, compiled loss, SGD."""
    model = MinimalModel(v, W)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    evaluate = torch.compile(loss_of)
    T, k = len(v), len(W)

    def call():
        tokens = sample_vectorised(batch, T + 1, k, model.v.dtype)
        optimizer.zero_grad(set_to_none=True)
        evaluate(model, tokens).backward()
        optimizer.step()

    return call


class ChainDataset(IterableDataset):
    """Endless batches, each drawn token by token with `torch.multinomial`."""

    def __init__(self, batch, length, k):
        self.batch, self.length, self.k = batch, length, k

    def __iter__(self):
        dirichlet = torch.distributions.Dirichlet(torch.ones(self.k))
        while True:
            P = dirichlet.sample((self.batch, self.k))
            tokens = [torch.multinomial(stationary(P).clamp(min=0), 1)]
            for _ in range(self.length - 1):
                row = P[torch.arange(self.batch), tokens[-1][:, 0]]
                tokens.append(torch.multinomial(row, 1))
            yield torch.cat(tokens, dim=1)


def research_step(v, W, *, batch, rate):
    """A whole step of the usual loop: data loader, eager model, optimizer."""
    model = MinimalModel(v, W)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    loader = iter(DataLoader(ChainDataset(batch, len(v) + 1, len(W)), batch_size=None))

    def call():
        optimizer.zero_grad()
        loss_of(model, next(loader)).backward()
        optimizer.step()

    return call
