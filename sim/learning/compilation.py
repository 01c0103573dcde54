"""Compile all kernels in advance, so that later runs do not wait for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim import checks
from sim.learning.descent import train
from sim.models.calls import logits, loss_and_gradient
from sim.models.contracts import DTYPES
from sim.models.registry import MODELS
from sim.task import strategies
from sim.task.losses import CrossEntropy
from sim.task.priors import Dirichlet
from sim.task.sequences import sample_sequences


def warmup(dtypes: Sequence[str] = DTYPES[:1], models: Sequence[str] | None = None) -> float:
    """Compile the kernels, or load them from the cache.

    Call it once before starting several processes: they then load the compiled kernels instead of
    each compiling them again.

    Parameters
    ----------
    dtypes : sequence of {"float64", "float32"}
    models : sequence of str, optional
        Names of models; all that are registered if not given. The minimal model's kernels come for
        k = 2, 3 and for any other k; the transformer's are the same for every architecture and
        take about as long as all of those.

    Returns
    -------
    float
        Seconds it took.
    """
    began = time.perf_counter()
    checks.instance("dtypes", dtypes, Sequence, "a sequence of names")
    if models is not None:
        checks.instance("models", models, Sequence, "a sequence of names")
    chosen = [checks.one_of("models", name, MODELS) for name in (models or MODELS)]
    for dtype in dtypes:
        checks.one_of("dtypes", dtype, DTYPES)
    for name in chosen:
        for model in MODELS[name].compiled_examples():
            prior = Dirichlet(model.k)
            tokens = sample_sequences(prior, 1, model.T + 1, 0).tokens
            logits(model, tokens[:, :-1])
            loss_and_gradient(model, tokens, CrossEntropy())
            strategies.bigram(tokens, model.k)
            for dtype in dtypes:
                _train(model, prior, dtype)
    strategies.bayes(np.zeros((1, 2), dtype=np.int32), Dirichlet(2))
    return time.perf_counter() - began


def _train(model: Any, prior: Dirichlet, dtype: str) -> None:
    try:
        model.evaluator(CrossEntropy(), dtype=dtype)
    except ValueError:  # a model that computes in the other precision only
        return
    train(model, prior, steps=1, batch_size=1, held_out=1, dtype=dtype, rng=0)
