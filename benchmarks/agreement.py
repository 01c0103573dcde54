"""Before anything is timed: every side computes the same loss and the same gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks import ours

TOLERANCE = {"float64": 1e-12, "float32": 1e-4}


class Agreement(NamedTuple):
    """Largest difference in loss and gradient, relative to the largest entry."""

    peer: str
    k: int
    T: int
    dtype: str
    difference: float

    @property
    def holds(self) -> bool:
        """Whether it is within the tolerance of the dtype."""
        return bool(self.difference <= TOLERANCE[self.dtype])


def relative_difference(found, expected) -> float:
    """Over loss, d_v and d_W."""
    return max(
        float(np.max(np.abs(np.asarray(a, float) - np.asarray(b, float))) / np.max(np.abs(b)))
        for a, b in zip(found, expected, strict=True)
    )


def peers(v, W, tokens, *, quick: bool):
    """Readers of loss and gradient of all sides that are installed."""
    from benchmarks.peers import numpy_model

    yield "ours, direct", ours.gradient_call(v, W, tokens, convolution="direct")[1]
    yield "ours, fourier", ours.gradient_call(v, W, tokens, convolution="fourier")[1]
    yield "NumPy", lambda: numpy_model.loss_and_gradient(tokens, v, W)
    try:
        from benchmarks.peers import torch_model
    except ModuleNotFoundError:
        pass
    else:
        yield "PyTorch eager", torch_model.gradient_call(v, W, tokens)[1]
        yield "PyTorch FFT", torch_model.gradient_call(v, W, tokens, fourier=True)[1]
        if not quick:
            yield "torch.compile", torch_model.gradient_call(v, W, tokens, compiled=True)[1]
    try:
        from benchmarks.peers import jax_model
    except ModuleNotFoundError:
        pass
    else:
        yield "JAX", jax_model.gradient_call(v, W, tokens)[1]
        yield "JAX FFT", jax_model.gradient_call(v, W, tokens, fourier=True)[1]


def check(*, quick: bool = False) -> list[Agreement]:
    """Compare all sides with the plain definition, `sim.twins`, and refuse to go on if one differs.

    Raises
    ------
    AssertionError
        Naming what differs.
    """
    from sim import twins

    found = []
    for k, T, B in ((2, 20, 5), (3, 33, 19)):
        for dtype in TOLERANCE:
            v, W, tokens = ours.problem(k, T, B, dtype)
            value, d_lag, _, d_W = twins.loss_and_gradient(
                tokens, np.full(B, 1 / B), v, np.ones(T), np.ones(T), np.full(T, 1 / T), W, 0, 0.0
            )
            for name, read in peers(v, W, tokens, quick=quick):
                difference = relative_difference(read(), (value, d_lag, d_W))
                found.append(Agreement(name, k, T, dtype, difference))
    wrong = [entry for entry in found if not entry.holds]
    if wrong:
        raise AssertionError(f"not the same mathematics, so nothing is timed: {wrong}")
    return found
