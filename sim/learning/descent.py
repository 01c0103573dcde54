"""SGD on fresh sequences, and full-batch gradient descent on an objective."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sim import checks
from sim.learning.control import Control, Record
from sim.learning.learners import FullBatchLearner, OnlineLearner
from sim.learning.loop import Loop
from sim.learning.objectives import Objective
from sim.learning.optimizers import Optimizer
from sim.learning.rates import Rates
from sim.learning.rule import make_optimizer
from sim.models.contracts import DTYPES
from sim.models.model import Model
from sim.models.protocol import check_protocol
from sim.provenance import describe_seed
from sim.randomness import Seed, run_streams
from sim.runs.measures import HeldOut
from sim.runs.recorder import record_steps
from sim.runs.trajectory import Trajectory
from sim.task.batches import BatchStream
from sim.task.losses import CrossEntropy, Loss, check_loss
from sim.task.priors import Prior
from sim.task.priors.prior import check_prior


def train(
    model: Model,
    prior: Prior,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: Rates | None = None,
    loss: Loss | None = None,
    optimizer: str | Optimizer | None = None,
    weight_decay: Rates = 0.0,
    clip: float | None = None,
    rng: Seed = None,
    record_every: int | None = None,
    record_at: ArrayLike | None = None,
    held_out: int = 1024,
    start: str | ArrayLike = "stationary",
    dtype: str = "float64",
    threads: int = 1,
    progress: bool = False,
    resume: Trajectory | None = None,
    on_record: Callable[[Record], Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = 60.0,
    max_seconds: float | None = None,
    about: Mapping[str, Any] | None = None,
) -> Trajectory:
    """Train on a fresh batch of sequences at every step (online SGD, Sec. 3).

    Parameters
    ----------
    model : Model
        Architecture and initial parameters; not changed.
    prior : Prior
    steps, batch_size : int
        Updates, and sequences in each.
    learning_rate : float or tuple of float, optional
        One number, or one for each array of parameters (v and W of a minimal model). If not given,
        that of the model's `defaults`.
    loss : Loss
        Cross-entropy over all positions if not given. Your own loss works with every model, but
        more slowly, in plain NumPy.
    optimizer : {"sgd", "adam", "adamw"} or Optimizer, optional
        A name, or an instance with its own settings, of which a copy is used; that of the model's
        `defaults` if not given. SGD without momentum and clipping is fastest for a minimal model.
    weight_decay : float or tuple of float
        lambda in the update w <- w - eta (grad + lambda w) of SGD, one number or one for each
        array; the decoupled decay of AdamW.
    clip : float, optional
        Largest Euclidean norm of a gradient.
    rng : None, int, SeedSequence or Generator
        Training and held-out sequences use independent streams of this seed.
    record_every : int, optional
        Steps between records (the first and last step are always recorded); if not given, chosen
        to make about 200 records, more densely at the start.
    record_at : array_like of int, optional
        Further steps to record.
    held_out : int
        Number of held-out sequences, on which the measures are computed.
    start : {"stationary", "uniform"} or array_like
        Law of the first token of training and held-out sequences.
    dtype : {"float64", "float32"}
        Of the arithmetic of training. A model that supports only one rejects the other.
    threads : int
        Threads that share the sequences of each step of a minimal model; useful for contexts of
        about 1,000 tokens or more. Results are bitwise identical for every number of threads.
    progress : bool
        Show a progress bar on stderr.
    resume : Trajectory, optional
        A run with the same settings to go on from, finished or not; `steps` counts from its
        beginning. With records at the same steps, the result is that of one run, to the bit.
    on_record : callable, optional
        Called with a `Record` (step, time, examples, loss, model) after each record; the run ends
        there if it returns something true.
    checkpoint : path-like, optional
        Folder for the state of the run, written every `checkpoint_every` seconds and when it is
        interrupted. If it holds one of this run, the run goes on from there.
    checkpoint_every : float
    max_seconds : float, optional
        End after so many seconds, with what there is.
    about : mapping, optional
        Further entries for the provenance, JSON-ready.

    Returns
    -------
    Trajectory
        Its `stopped` says why, if it did not come to its last step.

    Raises
    ------
    Diverged
        When the loss or a parameter is no longer finite; carries what was recorded.
    Interrupted
        A KeyboardInterrupt that carries what was recorded.

    Examples
    --------
    >>> import sim
    >>> model = sim.MinimalModel.constant(T=20, k=2)
    >>> run = sim.train(model, sim.Dirichlet(2), steps=10, rng=0, record_every=5)
    >>> run.step, run.v.shape
    (array([ 0,  5, 10]), (3, 20))

    Go on with a run, and stop when the loss is low enough:

    >>> longer = sim.train(
    ...     model, sim.Dirichlet(2), steps=20, rng=0, record_every=5, resume=run,
    ...     on_record=lambda record: record.loss < 0.65,
    ... )
    >>> longer.step, longer.stopped
    (array([ 0,  5, 10, 15, 20]), None)
    """
    control = Control(
        progress=progress, resume=resume, on_record=on_record, checkpoint=checkpoint,
        checkpoint_every=checkpoint_every, max_seconds=max_seconds, about=about or {},
    )  # fmt: skip
    check_protocol(model)
    check_prior(prior)
    if model.k != prior.k:
        raise ValueError(f"model and prior must agree in k, got {model.k} and {prior.k}")
    batch_size = checks.integer("batch_size", batch_size, 1)
    held_out = checks.integer("held_out", held_out, 1)
    loss = check_loss(CrossEntropy() if loss is None else loss)
    checks.one_of("dtype", dtype, DTYPES)
    threads = checks.threads(threads)
    rule = make_optimizer(
        model.defaults.optimizer if optimizer is None else optimizer, model,
        learning_rate=learning_rate, weight_decay=weight_decay, clip=clip,
    )  # fmt: skip
    streams = run_streams(rng)
    test_set = HeldOut.draw(prior, held_out, model.T, streams.held_out, start)
    stream = BatchStream(prior, batch_size, model.T + 1, streams.training, start)
    learner = model.online_learner(stream, loss, rule, dtype=dtype, threads=threads)
    if learner is None:
        learner = OnlineLearner(model, stream, loss, rule, dtype=dtype, threads=threads)
    return Loop(
        learner,
        control,
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=batch_size,
        test_set=test_set,
        parameters={
            "prior": prior.describe(),
            "loss": loss.describe(),
            "optimizer": rule.describe(),
            "dtype": dtype,
            "held_out": held_out,
            "start": start if isinstance(start, str) else np.asarray(start).tolist(),
            "seed": describe_seed(rng),
        },
    ).run()


def gradient_descent(
    model: Model,
    objective: Objective,
    *,
    steps: int,
    learning_rate: Rates | None = None,
    optimizer: str | Optimizer = "sgd",
    weight_decay: Rates = 0.0,
    clip: float | None = None,
    record_every: int | None = None,
    record_at: ArrayLike | None = None,
    test_set: HeldOut | None = None,
    progress: bool = False,
    resume: Trajectory | None = None,
    on_record: Callable[[Record], Any] | None = None,
) -> Trajectory:
    """Full-batch gradient descent on an objective, for instance the exact population loss.

    Parameters
    ----------
    model : Model
        Architecture and initial parameters; not changed.
    objective : Objective
        `Sample`, `Population`, `Bilinear` or your own `Objective`.
    steps : int
        Updates.
    learning_rate, optimizer, weight_decay, clip
        As for `train`; plain gradient descent if no optimizer is given.
    record_every, record_at, progress, resume, on_record
        As for `train`.
    test_set : HeldOut, optional
        Where predictions are measured; without it only the parameters are.

    Returns
    -------
    Trajectory
        Its loss is the objective's value.

    Raises
    ------
    Diverged
        When the objective or a parameter is no longer finite; carries what was recorded.

    Examples
    --------
    >>> import sim
    >>> exact = sim.Population(sim.Dirichlet(2), T=4, loss=sim.CrossEntropy())
    >>> model = sim.MinimalModel.constant(T=4, k=2, v=0.3)
    >>> run = sim.gradient_descent(model, exact, steps=100, learning_rate=0.1, record_every=50)
    >>> run.step, run.loss.round(3)
    (array([  0,  50, 100]), array([0.693, 0.652, 0.647]))
    """
    check_protocol(model)
    if test_set is not None:
        checks.instance("test_set", test_set, HeldOut, "a HeldOut")
    rule = make_optimizer(
        optimizer, model, learning_rate=learning_rate, weight_decay=weight_decay, clip=clip
    )
    learner = FullBatchLearner(model, objective, rule)
    return Loop(
        learner,
        Control(progress=progress, resume=resume, on_record=on_record),
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=0,
        test_set=test_set,
        parameters={"objective": objective.describe(), "optimizer": rule.describe()},
    ).run()
