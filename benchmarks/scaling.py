"""How the cost of one gradient grows, with fitted exponents; compile, load and import times."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from benchmarks import machine, ours
from benchmarks.timing import paired

LENGTHS = (25, 50, 100, 200, 400, 1000, 2000, 5000, 10_000)
STATES = (2, 3, 4, 8, 16, 32, 64)
BATCHES = (8, 16, 32, 64, 128, 256, 512)


def _time(k: int, T: int, B: int, dtype: str, convolution: str = "auto", threads: int = 1) -> float:
    arguments = ours.problem(k, T, B, dtype)
    call = ours.gradient_call(*arguments, convolution=convolution, threads=threads)[0]
    return 1e6 * paired({"ours": call}, rounds=7, round_seconds=0.02)["ours"].median


def exponent(x, y) -> tuple[float, float]:
    """Slope of log y against log x by least squares, and its standard error."""
    a, b = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    (slope, _), residuals, *_ = np.polyfit(a, b, 1, full=True)
    variance = (residuals[0] if residuals.size else 0.0) / max(len(a) - 2, 1)
    return float(slope), float(np.sqrt(variance / ((a - a.mean()) ** 2).sum()))


def curves() -> list[dict[str, Any]]:
    """Microseconds a gradient against T, k, B and the number of threads."""
    found = []
    for dtype in ("float64", "float32"):
        for convolution, lengths in (("auto", LENGTHS), ("direct", LENGTHS[:7])):
            values = [_time(2, T, 64, dtype, convolution) for T in lengths]
            # the exponent is that of long contexts, where one term is left
            long = [T >= 400 for T in lengths]
            found.append(_curve("T", f"k=2, B=64, {dtype}, {convolution}", lengths, values, long))
        values = [_time(k, 100, 64, dtype) for k in STATES]
        found.append(_curve("k", f"T=100, B=64, {dtype}", STATES, values))
        values = [_time(2, 100, B, dtype) for B in BATCHES]
        found.append(_curve("B", f"k=2, T=100, {dtype}", BATCHES, values))
    cores = machine.describe()["cores"]
    if cores > 1:
        threads = sorted({*(2**n for n in range(cores.bit_length())), cores})
        values = [_time(2, 1000, 64 * cores, "float64", threads=n) for n in threads]
        setting = f"k=2, T=1,000, B={64 * cores}, float64"
        found.append(_curve("threads", setting, threads, values))
    return found


def _curve(variable, setting, x, y, used=None) -> dict[str, Any]:
    chosen = np.ones(len(x), bool) if used is None else np.asarray(used)
    slope, error = exponent(np.asarray(x)[chosen], np.asarray(y)[chosen])
    return {
        "variable": variable,
        "setting": setting,
        "x": list(x),
        "microseconds": [float(value) for value in y],
        "exponent": slope,
        "exponent_error": error,
    }


def start_up() -> dict[str, float]:
    """Seconds to import, to compile everything cold, and to load it from the cache, each in a
    process of its own."""
    programs = {
        "import sim": "import sim",
        "minimal model, compiled": "import sim; sim.warmup(models=('minimal',))",
        "transformer, compiled": "import sim; sim.warmup(models=('transformer',))",
        "both, from the cache": "import sim; sim.warmup()",
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        for name, program in programs.items():
            seconds = []
            for _ in range(5 if name == "import sim" else 1):
                began = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-c", program], check=True, env=environment,
                    stderr=subprocess.DEVNULL,
                )  # fmt: skip
                seconds.append(time.perf_counter() - began)
            found[name] = float(np.median(seconds))
    empty = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        empty.append(time.perf_counter() - began)
    return {name: value - float(np.median(empty)) for name, value in found.items()}
