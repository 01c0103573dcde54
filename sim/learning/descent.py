"""Learning in steps: SGD on fresh sequences and full-batch gradient descent on an objective."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from sim import checks
from sim.learning.clock import flow_time
from sim.learning.learners import FullBatchLearner, Learner, Rate
from sim.learning.objectives import Objective
from sim.learning.online import online_learner
from sim.models.models import Layered, Model, check_model
from sim.provenance import describe_seed, provenance
from sim.randomness import Seed, streams
from sim.runs.measures import HeldOut
from sim.runs.recorder import Recorder, record_steps
from sim.runs.trajectory import Trajectory
from sim.task.batches import BatchStream
from sim.task.losses import CrossEntropy, Loss
from sim.task.priors import Prior

BAR_STEPS = 256  # updates between movements of the progress bar


class Diverged(RuntimeError):
    """Training left the finite numbers.

    Attributes
    ----------
    step : int
        The update that failed.
    trajectory : Trajectory
        Everything recorded before it.
    """

    def __init__(self, step: int, value: float, rate: Rate, trajectory: Trajectory) -> None:
        super().__init__(
            f"training diverged at step {step} (loss {value:g}): use a learning_rate below {rate}; "
            f"{len(trajectory)} records up to step {trajectory.step[-1]} are kept"
        )
        self.step = step
        self.trajectory = trajectory


def train(
    model: Model,
    prior: Prior,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: Rate | None = None,
    loss: Loss | None = None,
    optimizer: str | None = None,
    weight_decay: Rate = 0.0,
    clip: float | None = None,
    rng: Seed = None,
    record_every: int | None = None,
    record_at: ArrayLike | None = None,
    held_out: int = 1024,
    start: str | ArrayLike = "stationary",
    dtype: str = "float64",
    threads: int = 1,
    progress: bool = False,
) -> Trajectory:
    """Train on a fresh batch of sequences at every step (online SGD, Sec. 3).

    Parameters
    ----------
    model : MinimalModel, MultiHeadModel or Transformer
        Architecture and initial weights; not changed.
    prior : Prior
    steps, batch_size : int
        Updates, and sequences in each.
    learning_rate : float or (float, float)
        One number; but for a transformer also one for v and one for W. If not given
        `DEFAULT_RATES`.
    loss : Loss
        Cross-entropy over all positions if not given.
    optimizer : {"sgd", "adam", "adamw"}
        A transformer learns by any, AdamW if not given; the others by SGD.
    weight_decay : float or (float, float)
        lambda in the update w <- w - eta (grad + lambda w), for v and W; the decoupled decay of
        AdamW.
    clip : float, optional
        Largest Euclidean norm of a transformer's gradient.
    rng : None, int, SeedSequence or Generator
        Training and held-out sequences use independent streams of this seed.
    record_every : int, optional
        Record each so many steps (and the first and last); about 200 records if not given.
    record_at : array_like of int, optional
        Further steps to record.
    held_out : int
        Sequences on which measures are taken.
    start : {"stationary", "uniform"} or array_like
        Law of the first token of training and held-out sequences.
    dtype : {"float64", "float32"}
        Of the arithmetic of training; with several heads always float64.
    threads : int
        Threads that share out the sequences of a minimal model's step; pays from contexts of about
        1,000 tokens on. The result has the same bits for every number.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Trajectory

    Raises
    ------
    Diverged
        When the loss or a weight is no longer finite; carries what was recorded.
    """
    check_model(model)
    checks.instance("prior", prior, Prior, "a prior such as Dirichlet(k)")
    if model.k != prior.k:
        raise ValueError(f"model and prior must agree in k, got {model.k} and {prior.k}")
    checks.integer("batch_size", batch_size, 1)
    loss = CrossEntropy() if loss is None else loss
    training, testing = streams(rng, 2)
    test_set = HeldOut.draw(prior, checks.integer("held_out", held_out, 1), model.T, testing, start)
    stream = BatchStream(prior, batch_size, model.T + 1, training, start)
    learner, rule = online_learner(
        model, stream, loss, learning_rate=learning_rate, optimizer=optimizer,
        weight_decay=weight_decay, clip=clip, dtype=dtype, threads=threads,
    )  # fmt: skip
    return _descend(
        learner,
        steps=steps,
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=batch_size,
        test_set=test_set,
        progress=progress,
        parameters={
            "prior": prior.describe(),
            "loss": loss.describe(),
            "optimizer": rule,
            "dtype": dtype,
            "held_out": held_out,
            "start": start if isinstance(start, str) else np.asarray(start).tolist(),
            "seed": describe_seed(rng),
        },
    )


def gradient_descent(
    model: Layered,
    objective: Objective,
    *,
    steps: int,
    learning_rate: Rate,
    weight_decay: Rate = 0.0,
    record_every: int | None = None,
    record_at: ArrayLike | None = None,
    test_set: HeldOut | None = None,
    progress: bool = False,
) -> Trajectory:
    """Full-batch gradient descent on an objective, for instance the exact population loss.

    Parameters are those of `train`; measures of the predictions are taken on `test_set` if there
    is one. The recorded loss is the objective's value.

    Raises
    ------
    Diverged
        When the objective or a weight is no longer finite; carries what was recorded.
    """
    learner = FullBatchLearner(
        model, objective, learning_rate=learning_rate, weight_decay=weight_decay
    )
    return _descend(
        learner,
        steps=steps,
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=0,
        test_set=test_set,
        progress=progress,
        parameters={"objective": objective.describe(), "optimizer": "gradient descent"},
    )


def _descend(
    learner: Learner,
    *,
    steps: int,
    records: NDArray[np.int64],
    batch_size: int,
    test_set: HeldOut | None,
    progress: bool,
    parameters: dict[str, Any],
) -> Trajectory:
    """The loop shared by all ways of learning: advance to the next record, record."""
    began = time.perf_counter()
    rates = learner.learning_rate
    parameters |= {
        "model": learner.model.describe(),
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": list(rates),
        "weight_decay": list(learner.weight_decay),
    }
    recorder = Recorder(learner.model, test_set)

    def finish() -> Trajectory:
        trajectory = recorder.trajectory()
        seconds = time.perf_counter() - began
        trajectory.provenance = provenance(**parameters) | {"seconds": seconds}
        return trajectory

    bar = tqdm(total=steps, unit="step", disable=not progress, leave=False, mininterval=0.2)
    # a run on its way to divergence overflows; that is noticed and reported below
    with bar, np.errstate(over="ignore", invalid="ignore", under="ignore"):
        step = 0
        for due, time_due in zip(records.tolist(), flow_time(records, rates), strict=True):
            while step < due:
                wanted = min(due - step, BAR_STEPS)
                done = learner.advance(wanted)
                step += done
                bar.update(done)
                if done < wanted:
                    rate = rates[0] if rates[0] == rates[1] else rates
                    raise Diverged(step + 1, learner.last_loss, rate, finish())
            recorder.add(
                learner.weights,
                learner.recorded_loss(),
                step=step,
                time=float(time_due),
                examples=step * batch_size,
                **learner.measures(),
            )
    return finish()
