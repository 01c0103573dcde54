"""What is trained for Figs. 5, 8, 9, 12 and 13: architectures and tasks, each from several seeds.

A grid has `variants` (options of ``python -m sim run`` by title), the number of `seeds` and the
first `seed`. Figures draw its runs, and claims are judged by their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proofs_check.experiments.experiment import Cell, Experiment, processes, runs
from proofs_check.experiments.transformers import numbers
from sim.learning.settings import RunSettings, train_configuration
from sim.runs.trajectory import Trajectory

# a run of this many records is long enough to see where strategies change
RECORDS = 100
BATCH = 64  # the default of `python -m sim run`

_THREE: dict[str, Any] = {"k": 3, "length": 100, "examples": 128_000}
_TRIGRAMS: dict[str, Any] = {"k": 2, "order": 2, "length": 200, "width": 48, "examples": 128_000}
# four times as long as with two layers
_ONE_LAYER: dict[str, Any] = {"k": 3, "length": 100, "layers": 1, "examples": 512_000}

FIG_5: dict[str, Any] = {
    "variants": {"three heads": _TRIGRAMS | {"heads": 3}, "one head": _TRIGRAMS | {"heads": 1}},
    "seeds": 2,
    "seed": 100,
}
FIG_8: dict[str, Any] = {"variants": {"k = 3": _THREE}, "seeds": 6, "seed": 100}
FIG_9: dict[str, Any] = {
    "variants": {"k = 8": {"k": 8, "length": 200, "examples": 128_000}},
    "seeds": 3,
    "seed": 100,
}
FIG_13: dict[str, Any] = {
    "variants": {
        "relative": _ONE_LAYER,
        "relative, MLP": _ONE_LAYER | {"mlp": 64},
        "absolute": _ONE_LAYER | {"positions": "absolute"},
        "absolute, MLP": _ONE_LAYER | {"positions": "absolute", "mlp": 64},
        "two states": _ONE_LAYER | {"k": 2},
    },
    "seeds": 2,
    "seed": 100,
}


def configuration(options: dict[str, Any]) -> dict[str, Any]:
    """A transformer trained in float32 with these options, as `train_configuration` takes it."""
    every = max(1, options["examples"] // (BATCH * RECORDS))
    common = {"model": "transformer", "dtype": "float32", "record_every": every}
    described = RunSettings(**(common | options)).describe()
    return {name: value for name, value in described.items() if name != "seed"}


def trained(
    grid: dict[str, Any], *, progress: bool = False, use_cache: bool = True
) -> list[list[Trajectory]]:
    """The runs of every variant, from the cache or made now."""
    variants, count = grid["variants"], grid["seeds"]
    seeds = range(grid["seed"], grid["seed"] + count)
    wanted = [
        configuration(options) | {"seed": seed} for options in variants.values() for seed in seeds
    ]
    with processes() as executor:
        made = runs(
            train_configuration, wanted, executor, progress=progress, use_cache=use_cache
        ).runs
    found = [run.trajectory for run in made]
    return [found[count * place : count * (place + 1)] for place in range(len(variants))]


def _experiment(
    name: str, title: str, variants: dict[str, Any], seeds: Sequence[int], minutes: float
) -> Experiment:
    cells = [Cell({"variant": label}, configuration(own)) for label, own in variants.items()]
    return Experiment(name, title, train_configuration, cells, seeds, numbers, minutes)


def _of_figure(name: str, title: str, grid: dict[str, Any], minutes: float) -> Experiment:
    seeds = range(grid["seed"], grid["seed"] + grid["seeds"])
    return _experiment(name, title, grid["variants"], seeds, minutes)


EXPERIMENTS = (
    _of_figure("fig-5", "transformers with three heads and with one, order two", FIG_5, 5),
    _of_figure("fig-8", "transformers, three states", FIG_8, 1),
    _of_figure("fig-9", "transformers, eight states", FIG_9, 1),
    _of_figure("fig-13", "transformers with one layer", FIG_13, 3.5),
    _experiment(
        "slow-rate", "transformers with the learning rate of App. B",
        {"3e-5": _THREE | {"learning_rate": [3e-5]}}, range(100, 102), 0.5,
    ),
    _experiment(
        "two-states", "transformers, two states", {"k = 2": _THREE | {"k": 2}},
        range(100, 112), 2,
    ),
)  # fmt: skip
