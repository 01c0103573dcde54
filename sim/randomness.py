"""Turn a seed or generator into independent random streams."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.messages import shown

Seed = None | int | np.random.SeedSequence | np.random.Generator


def generator(rng: Seed) -> np.random.Generator:
    """A generator from None, an integer, a SeedSequence, or a Generator (returned as it is)."""
    if isinstance(rng, bool) or not isinstance(
        rng, None | int | np.integer | np.random.SeedSequence | np.random.Generator
    ):
        raise TypeError(
            f"rng must be None, an integer, a SeedSequence or a Generator, got {shown(rng)}"
        )
    if isinstance(rng, int | np.integer) and rng < 0:
        raise ValueError(f"rng must be a nonnegative integer seed, got {rng}")
    return np.random.default_rng(rng)


def streams(rng: Seed, count: int) -> list[np.random.Generator]:
    """`count` independent generators derived from one seed.

    The same seed always gives the same streams: a SeedSequence is not advanced by being used
    here, whereas a Generator is (its children differ from call to call).
    """
    if isinstance(rng, np.random.Generator):
        return list(rng.spawn(count))
    if isinstance(rng, np.random.SeedSequence):
        root = rng
    else:
        generator(rng)  # refuses what is not a seed
        root = np.random.SeedSequence(rng)
    return [
        np.random.default_rng(
            np.random.SeedSequence(entropy=root.entropy, spawn_key=(*root.spawn_key, index))
        )
        for index in range(count)
    ]


class RunStreams(NamedTuple):
    """The independent random streams of a training run."""

    training: np.random.Generator
    held_out: np.random.Generator


def run_streams(rng: Seed) -> RunStreams:
    """Streams for the training and the held-out sequences of a run, from its seed.

    Whoever draws the held-out sequences of a run again takes them from here.
    """
    return RunStreams(*streams(rng, 2))
