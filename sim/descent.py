"""Learning in steps: SGD on fresh sequences and full-batch gradient descent on an objective."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from sim import checks
from sim.clock import flow_time, layer_decays, layer_rates
from sim.losses import CrossEntropy, Loss
from sim.measures import HeldOut
from sim.minimal import Gradient, LossGradient, MinimalModel, announce_compilation
from sim.objectives import Objective
from sim.priors import Prior
from sim.provenance import describe_seed, provenance
from sim.randomness import Seed, streams
from sim.sequences import sample_sequences
from sim.trajectory import Recorder, Trajectory, record_steps

Array = NDArray[np.float64]
Rate = float | tuple[float, float]

OPTIMIZERS = ("sgd",)


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
    model: MinimalModel,
    prior: Prior,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: Rate = 2e-3,
    loss: Loss | None = None,
    optimizer: str = "sgd",
    weight_decay: Rate = 0.0,
    rng: Seed = None,
    record_every: int | None = None,
    record_at: ArrayLike | None = None,
    held_out: int = 1024,
    start: str | ArrayLike = "stationary",
    progress: bool = False,
) -> Trajectory:
    """Train on a fresh batch of sequences at every step (online SGD, Sec. 3).

    Parameters
    ----------
    model : MinimalModel
        Architecture and initial weights; not changed.
    prior : Prior
    steps, batch_size : int
        Updates, and sequences in each.
    learning_rate : float or (float, float)
        One number, or one for v and one for W.
    loss : Loss
        Cross-entropy over all positions if not given.
    optimizer : {"sgd"}
    weight_decay : float or (float, float)
        lambda in the update w <- w - eta (grad + lambda w), for v and W.
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
    checks.instance("model", model, MinimalModel, "a MinimalModel")
    checks.instance("prior", prior, Prior, "a prior such as Dirichlet(k)")
    if model.k != prior.k:
        raise ValueError(f"model and prior must agree in k, got {model.k} and {prior.k}")
    checks.integer("batch_size", batch_size, 1)
    checks.one_of("optimizer", optimizer, OPTIMIZERS)
    loss = CrossEntropy() if loss is None else loss
    training, testing = streams(rng, 2)
    test_set = HeldOut.draw(prior, checks.integer("held_out", held_out, 1), model.T, testing, start)
    kernel = LossGradient(model, loss)
    weight = np.full(batch_size, 1.0 / batch_size)

    def fresh_batch(v: Array, W: Array) -> tuple[float, Gradient]:
        batch = sample_sequences(prior, batch_size, model.T + 1, training, start)
        return kernel(batch.tokens, weight, v, W)

    return _descend(
        model,
        fresh_batch,
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=batch_size,
        test_set=test_set,
        held_out_loss=loss,
        progress=progress,
        parameters={
            "prior": prior.describe(),
            "loss": loss.describe(),
            "optimizer": optimizer,
            "held_out": held_out,
            "start": start if isinstance(start, str) else np.asarray(start).tolist(),
            "seed": describe_seed(rng),
        },
    )


def gradient_descent(
    model: MinimalModel,
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
    return _descend(
        model,
        objective.bind(model),
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        records=record_steps(checks.integer("steps", steps, 1), record_every, record_at),
        batch_size=0,
        test_set=test_set,
        held_out_loss=None,
        progress=progress,
        parameters={"objective": objective.describe(), "optimizer": "gradient descent"},
    )


def _descend(
    model: MinimalModel,
    gradient_at: Callable[[Array, Array], tuple[float, Gradient]],
    *,
    steps: int,
    learning_rate: Rate,
    weight_decay: Rate,
    records: NDArray[np.int64],
    batch_size: int,
    test_set: HeldOut | None,
    held_out_loss: Loss | None,
    progress: bool,
    parameters: dict[str, Any],
) -> Trajectory:
    """The loop shared by SGD and full-batch descent."""
    began = time.perf_counter()
    eta_v, eta_W = layer_rates(learning_rate)
    decay_v, decay_W = layer_decays(weight_decay)
    parameters |= {
        "model": model.describe(),
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": [eta_v, eta_W],
        "weight_decay": [decay_v, decay_W],
    }
    v, W = model.v.copy(), model.W.copy()
    recorder = Recorder(test_set, held_out_loss)
    due = set(records.tolist())

    def finish() -> Trajectory:
        seconds = time.perf_counter() - began
        return recorder.trajectory(provenance(**parameters) | {"seconds": seconds})

    if progress:
        announce_compilation()
    bar = tqdm(total=steps, unit="step", disable=not progress, leave=False, mininterval=0.2)
    # a run on its way to divergence overflows; that is noticed and reported below
    with bar, np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for step in range(steps + 1):
            value, gradient = gradient_at(v, W)
            if step in due:
                time_now = float(flow_time(step, (eta_v, eta_W)))
                weights = model.with_weights(v, W)
                recorder.add(weights, value, step=step, time=time_now, examples=step * batch_size)
            if step == steps:
                break
            v -= eta_v * (gradient.v + decay_v * v)
            W -= eta_W * (gradient.W + decay_W * W)
            # one sum of squares is not finite as soon as any weight is not
            if not np.isfinite(value + v @ v + (W * W).sum()):
                raise Diverged(step + 1, value, learning_rate, finish())
            bar.update()
    return finish()
