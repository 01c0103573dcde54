"""This package's side of the comparisons."""

from __future__ import annotations

import numpy as np

import sim
from sim.learning.optimizers import SGD
from sim.task.batches import BatchStream


def problem(k: int, T: int, B: int, dtype: str, seed: int = 0):
    """Weights of moderate size and a batch (B, T + 1): what every side is given."""
    rng = np.random.default_rng(seed)
    v = (rng.normal(size=T) / T).astype(dtype)
    W = rng.normal(size=(k, k)).astype(dtype)
    tokens = sim.sample_sequences(sim.Dirichlet(k), B, T + 1, rng).tokens
    return v, W, tokens


def gradient_call(v, W, tokens, *, convolution: str = "auto", threads: int = 1):
    """A call of forward and backward, and how to read loss and gradient."""
    dtype = v.dtype.name
    kernel = sim.MinimalModel(v, W).evaluator(
        sim.CrossEntropy(), dtype=dtype, convolution=convolution, threads=threads
    )
    weight = np.full(len(tokens), 1.0 / len(tokens))

    def call():
        return kernel(tokens, weight, v, W)

    def read():
        loss, gradient = call()
        return loss, gradient.v, gradient.W

    return call, read


def training_call(
    k: int, T: int, *, batch: int = 64, dtype: str = "float64", steps: int = 64, threads: int = 1
):
    """So many whole steps: sampling, gradient, SGD."""
    learner = sim.MinimalModel.constant(T, k).online_learner(
        BatchStream(sim.Dirichlet(k), batch, T + 1, 0), sim.CrossEntropy(), SGD(1e-5),
        dtype=dtype, threads=threads,
    )  # fmt: skip
    return lambda: learner.advance(steps)


def transformer(k: int, T: int, B: int, dtype: str, seed: int = 0):
    """A transformer of the paper's size with weights of order one, and a batch."""
    model = sim.Transformer.initial(k, T, rng=seed, std=0.3, dtype=dtype)
    return model, sim.sample_sequences(sim.Dirichlet(k), B, T + 1, seed).tokens


def transformer_call(model: sim.Transformer, tokens):
    """A call of forward and backward, and how to read loss and gradients by weight."""
    kernel = model.evaluator(sim.CrossEntropy(), dtype=model.vector.dtype.name)
    weight = np.full(len(tokens), 1.0 / len(tokens))

    def call():
        return kernel(tokens, weight, model.vector)

    def read():
        loss, gradient = call()
        return loss, *model.views(gradient["parameters"]).values()

    return call, read
