"""Paired timing: contestants take turns, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds a call in each round, and over how many calls a round averages."""

    seconds: tuple[float, ...]
    calls: int

    @property
    def median(self) -> float:
        """Median over the rounds, in seconds."""
        return float(np.median(self.seconds))

    @property
    def quartiles(self) -> tuple[float, float]:
        """First and third quartile over the rounds, in seconds."""
        low, high = np.quantile(self.seconds, [0.25, 0.75])
        return float(low), float(high)


def paired(
    contestants: Mapping[str, Call],
    *,
    rounds: int = 15,
    round_seconds: float = 0.05,
    units: Mapping[str, int] | None = None,
) -> dict[str, Timing]:
    """Time contestants in turns.

    Each is called once beforehand, to compile and to warm its caches, and then as often in a round
    as fills `round_seconds`.

    Parameters
    ----------
    contestants : mapping of str to callable
    rounds : int
    round_seconds : float
        Least time of one contestant's turn, so that the clock's grain does not count.
    units : mapping of str to int, optional
        Units of work in a call, where that is not one: seconds are given for one unit.

    Returns
    -------
    dict of str to Timing
    """
    calls = {}
    for name, call in contestants.items():
        call()
        began = time.perf_counter()
        call()
        took = time.perf_counter() - began
        calls[name] = max(1, round(round_seconds / max(took, 1e-9)))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            began = time.perf_counter()
            for _ in range(calls[name]):
                call()
            took = time.perf_counter() - began
            seconds[name].append(took / calls[name] / (units or {}).get(name, 1))
    return {name: Timing(tuple(values), calls[name]) for name, values in seconds.items()}


def ratio(slow: Timing, fast: Timing) -> tuple[float, float, float]:
    """How many times faster: the median over rounds of the paired ratio, and its quartiles."""
    values = np.asarray(slow.seconds) / np.asarray(fast.seconds)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)
