"""Which learner a model learns by on fresh batches, and what it takes where nothing is said."""

from __future__ import annotations

from typing import Any

from sim import checks
from sim.learning.learners import Learner, OnlineLearner, Rate
from sim.learning.multihead_learner import MultiHeadLearner
from sim.learning.transformer_learner import TransformerLearner, optimizer_by_name
from sim.models.minimal.settings import DTYPES
from sim.models.models import Model
from sim.models.multihead.model import MultiHeadModel
from sim.models.transformer.model import Transformer
from sim.task.batches import BatchStream
from sim.task.losses import Loss

DEFAULT_RATES = {"minimal": 2e-3, "multihead": 2e-3, "transformer": 1e-3}
DEFAULT_OPTIMIZERS = {"minimal": "sgd", "multihead": "sgd", "transformer": "adamw"}


def online_learner(
    model: Model,
    stream: BatchStream,
    loss: Loss,
    *,
    learning_rate: Rate | None,
    optimizer: str | None,
    weight_decay: Rate,
    clip: float | None,
    dtype: str,
    threads: int,
) -> tuple[Learner, Any]:
    """The learner, and its update rule as JSON-ready data; arguments are those of `train`.

    Raises
    ------
    ValueError
        For what the model cannot do: other rules than SGD and clipping without a transformer,
        threads and float32 with several heads, threads with a transformer.
    """
    kind = model.describe()["model"]
    rate = DEFAULT_RATES[kind] if learning_rate is None else learning_rate
    rule = DEFAULT_OPTIMIZERS[kind] if optimizer is None else optimizer
    checks.one_of("dtype", dtype, DTYPES)
    checks.integer("threads", threads, 1)
    if kind != "minimal" and threads != 1:
        raise ValueError(f"threads must be 1 for a {kind} model, got {threads}")
    if isinstance(model, Transformer):
        model = model.astype(dtype)
        updates = optimizer_by_name(rule, model, rate, weight_decay, clip)
        return TransformerLearner(model, stream, loss, updates), updates.describe()
    checks.one_of("optimizer", rule, ("sgd",))
    if clip is not None:
        raise ValueError(f"clip must be left out for a {kind} model, got {clip}")
    steps = {"learning_rate": rate, "weight_decay": weight_decay}
    if isinstance(model, MultiHeadModel):
        checks.one_of("dtype", dtype, DTYPES[:1])
        return MultiHeadLearner(model, stream, loss, **steps), rule
    return OnlineLearner(model, stream, loss, dtype=dtype, threads=threads, **steps), rule
