"""What is trained for Figs. 5, 8, 9 and 13: architectures and tasks, each from several seeds.

A grid has `variants` (options of ``python -m sim run`` by title), the number of `seeds` and the
first `seed`. Figures draw its runs, and claims are judged by them.
"""

from __future__ import annotations

from typing import Any

from proofs_check.experiments.transformers import runs
from sim.runs.trajectory import Trajectory

_TRIGRAMS: dict[str, Any] = {"k": 2, "order": 2, "length": 200, "width": 48, "examples": 128_000}
# eight times as long as with two layers
_ONE_LAYER: dict[str, Any] = {"k": 3, "length": 100, "layers": 1, "examples": 1_024_000}

FIG_5: dict[str, Any] = {
    "variants": {"three heads": _TRIGRAMS | {"heads": 3}, "one head": _TRIGRAMS | {"heads": 1}},
    "seeds": 3,
    "seed": 0,
}
FIG_8: dict[str, Any] = {
    "variants": {"k = 3": {"k": 3, "length": 100, "examples": 128_000}},
    "seeds": 10,
    "seed": 0,
}
FIG_9: dict[str, Any] = {
    "variants": {"k = 8": {"k": 8, "length": 200, "examples": 128_000}},
    "seeds": 3,
    "seed": 0,
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
    "seed": 0,
}


def trained(
    grid: dict[str, Any], *, progress: bool = False, use_cache: bool = True
) -> list[list[Trajectory]]:
    """The runs of every variant, from the cache or made now."""
    variants, count = grid["variants"], grid["seeds"]
    experiment = runs(count, *variants.values(), first=grid["seed"])
    made = experiment.runs(progress=progress, use_cache=use_cache).runs
    found = [run.trajectory for run in made]
    return [found[count * place : count * (place + 1)] for place in range(len(variants))]
