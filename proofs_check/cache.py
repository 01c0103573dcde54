"""Training runs kept by what they depend on: parameters, library versions and the code itself."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import sim
from sim.trajectory import Trajectory


def cache_folder() -> Path:
    """Where results are cached: $ICL_MARKOV_CACHE, or icl-markov in the user's cache folder."""
    if "ICL_MARKOV_CACHE" in os.environ:
        return Path(os.environ["ICL_MARKOV_CACHE"])
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "icl-markov"


def cached_trajectory(
    parameters: dict[str, Any], compute: Callable[[], Trajectory], *, use: bool = True
) -> Trajectory:
    """The trajectory belonging to `parameters`, computed only if it is not in the cache.

    A cache that cannot be read or written costs time, never a result.
    """
    if not use:
        return compute()
    folder = cache_folder() / _key(parameters)
    try:
        return Trajectory.load(folder)
    except (OSError, ValueError):
        trajectory = compute()
    with suppress(OSError):
        trajectory.save(folder)
    return trajectory


def _key(parameters: dict[str, Any]) -> str:
    described = json.dumps(parameters, sort_keys=True) + _code_digest()
    return hashlib.sha256(described.encode()).hexdigest()[:24]


@cache
def _code_digest() -> str:
    """A digest of the simulation code and its libraries: changed code never meets old results."""
    digest = hashlib.sha256()
    for name in ("numpy", "numba"):
        digest.update(metadata.version(name).encode())
    root = Path(sim.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
