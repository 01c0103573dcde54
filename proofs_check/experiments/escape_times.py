"""Runs of SGD that leave the origin, and when their weights reach a size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import sim
import theory
from sim.task.losses import Loss

Array = NDArray[np.float64]
LOSSES: dict[str, Loss] = {"cross-entropy": sim.CrossEntropy(), "margin": sim.Margin(1.0)}


def crossing(time: Array, size: Array, threshold: float) -> float:
    """When `size` first exceeds the threshold, by exponential interpolation between records."""
    above = int(np.argmax(size > threshold))
    if size[above] <= threshold or above == 0:
        raise ValueError("the weights did not cross the threshold within the run")
    before, after = np.log(size[above - 1 : above + 1])
    share = (np.log(threshold) - before) / (after - before)
    return float(time[above - 1] + share * (time[above] - time[above - 1]))


def escape_runs(
    length: int,
    scales: list[float],
    threshold: float,
    beyond: float,
    steps: int,
    batch_size: int,
    runs: int,
    seed: int,
    *,
    progress: bool = False,
) -> dict[str, Array]:
    """SGD with either loss from v = c 1, W = 0 for every c, over `beyond` escape times.

    Returns
    -------
    dict of str to ndarray
        ``time``, shape (scales, records), in flow time; ``size``, the norm of W, shape (scales,
        losses, runs, records).
    """
    kernel = theory.population_kernel(length)
    seeds = np.random.SeedSequence(seed).spawn(runs)
    times, sizes = [], []
    for c in tqdm(scales, disable=not progress, leave=False):
        stop = beyond * theory.escape_time(length, c, threshold, kernel=kernel)
        made = [
            [
                sim.train(
                    sim.MinimalModel.constant(length, 2, v=c, W=0.0), sim.Dirichlet(2),
                    steps=steps, loss=loss, batch_size=batch_size, learning_rate=stop / steps,
                    rng=own, record_every=2, held_out=1,
                )
                for own in seeds
            ]
            for loss in LOSSES.values()
        ]  # fmt: skip
        times.append(made[0][0].time)
        sizes.append([[np.linalg.norm(run.W, axis=(1, 2)) for run in row] for row in made])
    return {"time": np.array(times), "size": np.array(sizes)}
