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
    """Compare all sides with the plain definition and refuse to go on if one differs.

    The definition is that of `sim.models.minimal.reference`.

    Raises
    ------
    AssertionError
        Naming what differs.
    """
    from sim.models.minimal import reference as minimal_reference

    found = []
    for k, T, B in ((2, 20, 5), (3, 33, 19)):
        for dtype in TOLERANCE:
            v, W, tokens = ours.problem(k, T, B, dtype)
            value, d_lag, _, d_W = minimal_reference.loss_and_gradient(
                tokens, np.full(B, 1 / B), v, np.ones(T), np.ones(T), np.full(T, 1 / T), W, 0, 0.0
            )
            for name, read in peers(v, W, tokens, quick=quick):
                difference = relative_difference(read(), (value, d_lag, d_W))
                found.append(Agreement(name, k, T, dtype, difference))
    found += list(_transformers(quick=quick))
    wrong = [entry for entry in found if not entry.holds]
    if wrong:
        raise AssertionError(f"not the same mathematics, so nothing is timed: {wrong}")
    return found


def _transformers(*, quick: bool):
    """The transformer's kernels, and PyTorch's, against the plain reference in float64."""
    from sim.models.transformer import reference as transformer_reference

    for dtype in TOLERANCE:
        model, tokens = ours.transformer(3, 20, 19, dtype)
        plain = model.astype("float64")
        value, gradient = transformer_reference.loss_and_gradient(
            plain, plain.views(), tokens, np.full(19, 1 / 19), np.full(20, 1 / 20), 0, 0.0
        )
        expected = (value, *gradient.values())
        readers = {"ours, transformer": ours.transformer_call(model, tokens)[1]}
        try:
            from benchmarks.peers import torch_transformer
        except ModuleNotFoundError:
            pass
        else:
            eager = torch_transformer.gradient_call(model, tokens)[1]
            readers["PyTorch eager, transformer"] = eager
            if not quick:
                compiled = torch_transformer.gradient_call(model, tokens, compiled=True)[1]
                readers["torch.compile, transformer"] = compiled
        for name, read in readers.items():
            yield Agreement(name, 3, 20, dtype, relative_difference(read(), expected))
