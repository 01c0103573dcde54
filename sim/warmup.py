"""Compiling everything beforehand, so that no later run waits for it."""

from __future__ import annotations

import time

import numpy as np

from sim import strategies
from sim.descent import train
from sim.losses import CrossEntropy
from sim.minimal import MinimalModel, logits, loss_and_gradient
from sim.priors import Dirichlet
from sim.sequences import sample_sequences
from sim.settings import DTYPES, MOST_UNROLLED


def warmup(dtypes: tuple[str, ...] = DTYPES[:1]) -> float:
    """Compile the kernels for k = 2, 3 and for any other k, or load them from the cache.

    Call it once before starting several processes: they then load what is compiled instead of
    all compiling the same.

    Parameters
    ----------
    dtypes : tuple of {"float64", "float32"}

    Returns
    -------
    float
        Seconds it took.
    """
    began = time.perf_counter()
    for k in range(2, MOST_UNROLLED + 2):
        model, prior = MinimalModel.constant(4, k), Dirichlet(k)
        tokens = sample_sequences(prior, 1, 5, 0).tokens
        logits(model, tokens[:, :-1])
        loss_and_gradient(model, tokens, CrossEntropy())
        strategies.bigram(tokens, k)
        for dtype in dtypes:
            train(model, prior, steps=1, batch_size=1, held_out=1, dtype=dtype, rng=0)
    strategies.bayes(np.zeros((1, 2), dtype=np.int32), Dirichlet(2))
    return time.perf_counter() - began
