"""What the timings were taken on, and what it could do at best."""

from __future__ import annotations

import os
import platform
import resource
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import paired
from sim.kernels._jit import jit
from sim.kernels._vector import fma, hsum, lanes, load

PACKAGES = ("numpy", "scipy", "numba", "torch", "jax")


def describe() -> dict[str, Any]:
    """Processor, cores, vector extensions and versions; nothing that names one machine."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    lines = dict(
        (part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line
    )
    flags = lines.get("flags", "").split()
    widest = [name for name in ("sse2", "avx", "avx2", "avx512f") if name in flags]
    return {
        "processor": lines.get("model name", platform.processor() or platform.machine()),
        "cores": os.cpu_count(),
        "vectors": widest[-1] if widest else "unknown",
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def peak_memory_mib() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@jit
def fma_chain(numbers, repeats):
    """Six independent chains of multiply-adds in registers: the most the units can do."""
    L = lanes(numbers)
    x, y = load(numbers, 0), load(numbers, L)
    a, b, c = load(numbers, 0), load(numbers, L), load(numbers, 2 * L)
    d, e, f = load(numbers, 3 * L), load(numbers, 4 * L), load(numbers, 5 * L)
    for _ in range(repeats):
        a, b, c = fma(x, y, a), fma(x, y, b), fma(x, y, c)
        d, e, f = fma(x, y, d), fma(x, y, e), fma(x, y, f)
    return hsum(a + b + c + d + e + f)


def fma_call(dtype: str, repeats: int = 20_000):
    """A contestant for `paired`, and the scalar multiply-adds in one call of it."""
    numbers = np.full(128, 1e-3, dtype)
    return (lambda: fma_chain(numbers, repeats)), 6 * repeats * (64 // np.dtype(dtype).itemsize)


def fma_rate(dtype: str = "float64") -> float:
    """Scalar multiply-adds a second of one core, measured."""
    call, number = fma_call(dtype)
    return number / min(paired({"fma": call}, rounds=9)["fma"].seconds)


def necessary_operations(k: int, T: int, B: int) -> int:
    """Multiply-adds of the direct form, forward and backward: two triangles for k - 1 states.

    What stands outside the two convolutions costs O(T k^2) a sequence and is left out, so that a
    kernel at the limit would have to do all of that for nothing.
    """
    return 2 * B * (k - 1) * (T * (T + 1) // 2)
