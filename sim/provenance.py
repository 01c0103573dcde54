"""Record how a result was produced: versions, parameters, command, time."""

from __future__ import annotations

import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from sim.randomness import Seed

PACKAGES = ("icl-markov", "numpy", "scipy", "numba")


def provenance(**parameters: Any) -> dict[str, Any]:
    """A JSON-ready record of this run; `parameters` say what was run."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": _command(sys.argv),
        "versions": {"python": platform.python_version()}
        | {package: installed_version(package) for package in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "parameters": parameters,
    }


def describe_seed(rng: Seed) -> Any:
    """What the user passed as a seed, as far as it can be written down."""
    if isinstance(rng, np.random.SeedSequence):
        entropy: Any = rng.entropy
        if isinstance(entropy, int | np.integer):
            entropy = int(entropy)
        return {"entropy": entropy, "spawn_key": [int(key) for key in rng.spawn_key]}
    if isinstance(rng, int | np.integer):
        return int(rng)
    return None if rng is None else type(rng).__name__


def _command(argv: list[str]) -> str:
    """What was typed, as far as it can be told.

    ``icl-markov sim run --k 3``, ``python -m sim run --k 3``, or a script with its arguments.
    """
    program = Path(argv[0])
    if program.name == "__main__.py":
        return shlex.join(["python", "-m", program.parent.name, *argv[1:]])
    return shlex.join([program.name, *argv[1:]])


def installed_version(package: str) -> str:
    """The version of a distribution, or "not installed"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


VERSION = f"icl-markov {installed_version('icl-markov')}"
