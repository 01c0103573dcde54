"""Several heads on chains of order two: runs of SGD, and how long weights take to double."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import sim
from sim.task.losses import Loss
from theory.ngrams.origin import ngram_escape, ngram_kernel, relabelled

Array = NDArray[np.float64]
ENTROPY = sim.CrossEntropy()
SHORT, HEADS = 5, (1, 2, 3)
FLOW_TIME = 180.0


def started(T: int, heads: int) -> sim.MultiHeadModel:
    """The model all runs begin with, every weight 0.2."""
    return sim.MultiHeadModel.constant(T, 2, heads, v=0.2, W=0.2, normalize="length")


def learn(
    heads: int,
    seed: int,
    *,
    length: int,
    steps: int,
    batch_size: int,
    held_out: int,
    progress: bool = False,
) -> sim.Trajectory:
    """SGD on chains of order two, over the flow time in which two heads pass all stages."""
    return sim.train(
        started(length, heads), sim.Dirichlet(2, order=2), steps=steps, batch_size=batch_size,
        learning_rate=FLOW_TIME / steps, held_out=held_out, rng=seed, progress=progress,
    )  # fmt: skip


@cache
def chains() -> Array:
    """A set of order-two chains that is closed under relabelling the two states."""
    return relabelled(sim.prior_quadrature(sim.Dirichlet(2, order=2), 8).transition)


@cache
def kernel(heads: int) -> Array:
    """The form B of the loss at the origin, averaged over `chains`."""
    return ngram_kernel(SHORT, chains(), heads=heads)


def objective(loss: Loss) -> sim.Sample:
    """The population loss over the same chains, as `sim` enumerates it."""
    found = sim.Population(sim.Dirichlet(2, order=2), SHORT, loss, nodes=8)
    # the sequences are in lexicographic order: relabelling two states reverses it
    return sim.Sample(found.tokens, 2, loss, (found.weights + found.weights[::-1]) / 2)


def norm(v: Array, W: Array) -> Array:
    """Of all weights, (r,), from v (r, H, T) and W (r, H, k, k)."""
    return np.asarray(np.sqrt((v**2).sum(axis=(1, 2)) + (W**2).sum(axis=(1, 2, 3))))


def doubling_time(heads: int, size: float, loss: Loss) -> tuple[float, float]:
    """Flow time in which weights of norm `size` double, measured and predicted."""
    rng = np.random.default_rng(3)
    v = 0.3 + np.abs(rng.normal(size=(heads, SHORT)))
    W = 0.3 + np.abs(rng.normal(size=(heads, 2, 2)))
    v, W = (part * size / float(norm(v[None], W[None])[0]) for part in (v, W))
    predicted = ngram_escape(kernel(heads), v, W, 2 * size).time
    run = sim.gradient_flow(
        sim.MultiHeadModel(v, W), objective(loss), t_span=(0.0, predicted),
        t_eval=[0.0, predicted * (1 - 1e-4), predicted], rtol=1e-9, atol=1e-13,
    )  # fmt: skip
    # where it would have doubled, from the rate at the end: the two differ by less than 1e-4
    growth = np.log(norm(run.v, run.W) / size)
    rate = (growth[2] - growth[1]) / (predicted * 1e-4)
    return predicted + (np.log(2) - growth[2]) / rate, predicted


def doubling_times(sizes: list[float], *, progress: bool = False) -> dict[str, Array]:
    """Of cross-entropy flow, ``measured`` and ``predicted``, each of shape (HEADS, sizes)."""
    found = np.array([
        [doubling_time(heads, size, ENTROPY) for size in sizes]
        for heads in tqdm(HEADS, desc="flows", disable=not progress, leave=False)
    ])  # fmt: skip
    return {"measured": found[..., 0], "predicted": found[..., 1]}
