"""Compiling everything beforehand, so that no later run waits for it."""

from __future__ import annotations

import time

import numpy as np

from sim import checks
from sim.learning.descent import train
from sim.models.minimal.model import MinimalModel, logits, loss_and_gradient
from sim.models.minimal.settings import DTYPES, MOST_UNROLLED
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer.model import Transformer
from sim.task import strategies
from sim.task.losses import CrossEntropy
from sim.task.priors import Dirichlet
from sim.task.sequences import sample_sequences

MODELS = ("minimal", "multihead", "transformer")


def warmup(dtypes: tuple[str, ...] = DTYPES[:1], models: tuple[str, ...] = MODELS) -> float:
    """Compile the kernels, or load them from the cache.

    Call it once before starting several processes: they then load what is compiled instead of
    all compiling the same.

    Parameters
    ----------
    dtypes : tuple of {"float64", "float32"}
    models : tuple of {"minimal", "multihead", "transformer"}
        The minimal model's kernels come for k = 2, 3 and for any other k; the transformer's are
        the same for every architecture and take about as long as all of those.

    Returns
    -------
    float
        Seconds it took.
    """
    began = time.perf_counter()
    for name in models:
        checks.one_of("models", name, MODELS)
    for dtype in dtypes:
        checks.one_of("dtypes", dtype, DTYPES)
    if "minimal" in models:
        _minimal(dtypes)
    if "multihead" in models:
        several = MultiHeadModel.constant(4, 2, 2)
        train(several, Dirichlet(2, order=2), steps=1, batch_size=1, held_out=1, rng=0)
    if "transformer" in models:
        for dtype in dtypes:
            model = Transformer.initial(2, 4, rng=0)
            train(model, Dirichlet(2), steps=1, batch_size=1, held_out=1, dtype=dtype, rng=0)
    return time.perf_counter() - began


def _minimal(dtypes: tuple[str, ...]) -> None:
    for k in range(2, MOST_UNROLLED + 2):
        model, prior = MinimalModel.constant(4, k), Dirichlet(k)
        tokens = sample_sequences(prior, 1, 5, 0).tokens
        logits(model, tokens[:, :-1])
        loss_and_gradient(model, tokens, CrossEntropy())
        strategies.bigram(tokens, k)
        for dtype in dtypes:
            train(model, prior, steps=1, batch_size=1, held_out=1, dtype=dtype, rng=0)
    strategies.bayes(np.zeros((1, 2), dtype=np.int32), Dirichlet(2))
