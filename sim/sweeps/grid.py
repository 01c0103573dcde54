"""The configurations of a grid, their file names and their seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from sim.files import canonical, digest
from sim.messages import shown

Configuration = dict[str, Any]
# columns of a sweep's table that are neither configuration nor result
RESERVED = ("error", "kept")

Grid = Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]]


def expand(grid: Grid, seed: int) -> list[Configuration]:
    """The configurations of a grid, each with a seed.

    Parameters
    ----------
    grid : mapping of str to sequence, or iterable of mappings
        Values by name, whose Cartesian product is taken with the last name running fastest; or
        the configurations themselves.
    seed : int
        A configuration without an entry ``seed`` gets one derived from this number and from its
        own entries: it does not depend on what else is in the grid, nor on the order.

    Raises
    ------
    TypeError, ValueError
        If a value is not plain data, or the grid is empty or holds a configuration twice.
    """
    configurations = []
    for given in _product(grid) if isinstance(grid, Mapping) else _listed(grid):
        entries = {_name(name): plain(f"grid {name}", value) for name, value in given.items()}
        if "seed" not in entries:
            entries["seed"] = _derived_seed(entries, seed)
        configurations.append(entries)
    if not configurations:
        raise ValueError("grid must hold at least one configuration, got none")
    seen: set[str] = set()
    for configuration in configurations:
        described = canonical(configuration)
        if described in seen:
            raise ValueError(f"grid must not hold a configuration twice, got {configuration} again")
        seen.add(described)
    return configurations


def plain(name: str, value: Any) -> Any:
    """`value` as JSON knows it, NumPy's scalars and arrays included; anything else is refused."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(name, entry) for entry in value]
    raise TypeError(f"{name} must hold numbers, strings or lists of them, got {shown(value)}")


def _product(grid: Mapping[str, Sequence[Any]]) -> Iterable[Configuration]:
    for name, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
            raise TypeError(f"grid {name} must be a sequence of values, got {shown(values)}")
    return (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))


def _listed(grid: Any) -> Iterable[Mapping[str, Any]]:
    allowed = "grid must be a mapping of names to values, or configurations (mappings)"
    if not isinstance(grid, Iterable):
        raise TypeError(f"{allowed}, got {shown(grid)}")
    for given in grid:
        if not isinstance(given, Mapping):
            raise TypeError(f"{allowed}, got an entry {shown(given)}")
        yield given


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"grid must name its entries by strings, got {shown(name)}")
    if name in RESERVED:
        raise ValueError(
            f"grid must not have an entry named {' or '.join(RESERVED)}, got {shown(name)}"
        )
    return name


def _derived_seed(entries: Configuration, seed: int) -> int:
    # 63 bits: a nonnegative int64, so that a column of seeds is one of integers
    return int(digest([seed, entries])[:16], 16) >> 1
