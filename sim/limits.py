"""Limits of memory and of threads, which environment variables raise or lower."""

from __future__ import annotations

import math
import os

MEMORY = "ICL_MARKOV_MAX_MEMORY"  # GiB
THREADS = "ICL_MARKOV_MAX_THREADS"


def refuse_memory(what: str, power: float) -> None:
    """Raise ValueError if `what`, 2**`power` bytes, is beyond the memory that may be used.

    Sizes are given as powers of two because k**order may be beyond any float.
    """
    limit = _given(MEMORY)
    allowed = _physical_memory() if limit is None else limit * 2**30
    if power <= math.log2(allowed):
        return
    needed = _gibibytes(2 ** (power - 30)) if power < 1000 else f"2**{power:.0f} bytes"
    size = _gibibytes(allowed / 2**30)
    reason = f"this machine has {size}" if limit is None else f"{MEMORY} is {size}"
    raise ValueError(f"{what} would need {needed} of memory, and {reason}")


def most_threads() -> int:
    """Threads or processes that may be started."""
    limit = _given(THREADS)
    return max(64, 8 * (os.cpu_count() or 1)) if limit is None else int(limit)


def _given(name: str) -> float | None:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not 0 < value < math.inf:
        raise ValueError(f"{name} must be a finite number > 0, got {text!r}")
    return value


def _gibibytes(size: float) -> str:
    return f"{size:,.0f} GiB" if 1000 <= size < 1e6 else f"{size:.3g} GiB"


def _physical_memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        # not told on this system: what no machine has
        return 2.0**50
