"""The minimal model in JAX: everything in one jit."""

from __future__ import annotations

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def loss_of(parameters, tokens, fourier):
    """Mean cross-entropy over all positions; tokens (B, T + 1)."""
    v, W = parameters
    x, y = tokens[:, :-1], tokens[:, 1:]
    T = x.shape[1]
    onehot = jax.nn.one_hot(x, len(W), dtype=v.dtype)
    if fourier:
        spectrum = jnp.fft.rfft(v, 2 * T)[None, :, None]
        h = jnp.fft.irfft(jnp.fft.rfft(onehot, 2 * T, axis=1) * spectrum, 2 * T, axis=1)[:, :T]
    else:
        lag = jnp.arange(T)[:, None] - jnp.arange(T)
        h = jnp.where(lag >= 0, v[jnp.maximum(lag, 0)], 0) @ onehot
    C = jnp.cumsum(h[:, :, :, None] * onehot[:, :, None, :], axis=1)
    f = jnp.einsum("btl,btli->bti", W[x], C)
    chosen = jnp.take_along_axis(f, y[..., None], axis=2)[..., 0]
    return (jax.nn.logsumexp(f, axis=2) - chosen).mean()


def gradient_call(v, W, tokens, *, fourier: bool = False):
    """A call of forward and backward, and how to read loss and gradient."""
    evaluate = jax.jit(jax.value_and_grad(lambda p, x: loss_of(p, x, fourier)))
    parameters = (jnp.asarray(v), jnp.asarray(W))
    tokens = jnp.asarray(tokens)

    def call():
        return jax.block_until_ready(evaluate(parameters, tokens))

    def read():
        loss, (d_v, d_W) = call()
        return float(loss), d_v, d_W

    return call, read


def sample(key, B, length, k, dtype):
    """Sequences from Dirichlet chains by a scan over positions."""
    chains, first, rest = jax.random.split(key, 3)
    rows = jax.random.exponential(chains, (B, k, k), dtype)
    P = rows / rows.sum(-1, keepdims=True)
    A = jnp.eye(k, dtype=dtype) - P.swapaxes(1, 2)
    b = jnp.zeros((B, k, 1), dtype).at[:, -1].set(1.0)
    pi = jnp.linalg.solve(A.at[:, -1].set(1.0), b)[..., 0]
    x0 = (jax.random.uniform(first, (B, 1), dtype) >= pi.cumsum(-1)[:, :-1]).sum(-1)
    cumulative = P.cumsum(-1)[..., :-1]

    def advance(x, u):
        x = (u[:, None] >= cumulative[jnp.arange(B), x]).sum(-1)
        return x, x

    uniforms = jax.random.uniform(rest, (length - 1, B), dtype)
    tokens = jax.lax.scan(advance, x0, uniforms)[1]
    return jnp.concatenate([x0[None], tokens]).T


def training_call(v, W, *, batch, rate, steps=20):
    """So many whole steps in one jit: sampling, gradient, SGD."""
    T, k = len(v), len(W)
    dtype = jnp.asarray(v).dtype

    def step(parameters, key):
        tokens = sample(key, batch, T + 1, k, dtype)
        gradient = jax.grad(loss_of)(parameters, tokens, False)
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient), None

    @jax.jit
    def run(parameters, key):
        return jax.lax.scan(step, parameters, jax.random.split(key, steps))[0]

    parameters, key = (jnp.asarray(v), jnp.asarray(W)), jax.random.key(0)
    return lambda: jax.block_until_ready(run(parameters, key))
