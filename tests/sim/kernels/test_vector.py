"""The vector layer and its elementary functions against NumPy, in both dtypes."""

import functools
import math
import operator

import numpy as np
import pytest

from sim.kernels._elementary import vexp, vexp_falling, vlog
from sim.kernels._jit import jit
from sim.kernels._vector import fma, hsum, lanes, load, select, splat, spread, store, vabs, vmax

DTYPES = [np.float64, np.float32]


@jit
def _apply(which, x, out):
    for i in range(0, len(x), lanes(x)):
        a = load(x, i)
        if which == 2:
            store(out, i, vexp_falling(a))
        else:
            store(out, i, vexp(a) if which == 0 else vlog(a))


@jit
def _hsum(x):
    return hsum(load(x, 0))


@jit
def _mixed(x, y, out):
    L = lanes(x)
    a, b = load(x, 0), load(y, 0)
    store(out, 0, a + b)
    store(out, L, a - b)
    store(out, 2 * L, a * 3.0)
    store(out, 3 * L, 1.0 / b)
    store(out, 4 * L, fma(a, b, b))
    store(out, 5 * L, select((a > b) & (b != 0.0), a, b))
    store(out, 6 * L, vmax(a, b))
    store(out, 10 * L, vabs(a))
    a += b
    store(out, 7 * L, a)
    store(out, 8 * L, fma(0.1, b, splat(0.1, b)))
    store(out, 9 * L, spread(x, 3))


def elementary(which, x, dtype=np.float64):
    """vexp (0), vlog (1) or vexp_falling (2) of an array of any length."""
    x = np.asarray(x, dtype)
    padded = np.concatenate([x, np.ones(-len(x) % 16, dtype)])
    out = np.empty_like(padded)
    _apply(which, padded, out)
    return out[: len(x)]


def ulps(a, b):
    """Largest distance of a from the float64 array b, in units of a's dtype."""
    return np.max(np.abs(a.astype(float) - b) / np.spacing(np.abs(b).astype(a.dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_lanes_fill_64_bytes(dtype):
    assert jit(lambda x: lanes(x), cache=False)(np.zeros(16, dtype)) == 64 // dtype().itemsize


@pytest.mark.parametrize("dtype", DTYPES)
def test_vexp_is_within_two_ulp(dtype):
    rng = np.random.default_rng(0)
    widest = (-708.39, 709.78) if dtype == np.float64 else (-87.3, 88.7)
    for low, high in (widest, (-1, 1), (-1e-8, 1e-8), (-40, 0)):
        x = rng.uniform(low, high, 100_000).astype(dtype)
        assert ulps(elementary(0, x, dtype), np.exp(x.astype(float))) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_vexp_at_the_edges(dtype):
    x = [0.0, -0.0, math.inf, -math.inf, math.nan, 709.79, 1e30, -708.4, -745.2, -1e30]
    expected = [1.0, 1.0, math.inf, 0.0, math.nan, math.inf, math.inf, 0.0, 0.0, 0.0]
    assert np.array_equal(elementary(0, x, dtype), expected, equal_nan=True)


def test_vexp_at_the_last_normal_numbers():
    for dtype, edges in (
        (np.float64, [709.782712893384, -708.3964185322641]),
        (np.float32, [88.7228, -87.3365]),
    ):
        x = np.array(edges, dtype)
        assert ulps(elementary(0, x, dtype), np.exp(x.astype(float))) <= 2


@pytest.mark.parametrize("which", [0, 2])
def test_vexp_keeps_any_nan(which):
    payload = np.array([0xFFF8000000000123, 0x7FF8000000000FFF], np.uint64).view(float)
    assert np.isnan(elementary(which, payload)).all()
    payload = np.array([0xFFC00123, 0x7FC00FFF], np.uint32).view(np.float32)
    assert np.isnan(elementary(which, payload, np.float32)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_vexp_falling_is_vexp_where_it_may_be_used(dtype):
    lowest = -708.39 if dtype == np.float64 else -87.3
    x = np.append(np.random.default_rng(0).uniform(lowest, 0, 9999), [0.0, -0.0]).astype(dtype)
    assert np.array_equal(elementary(2, x, dtype), elementary(0, x, dtype))
    beyond = elementary(2, [-710.0, -1e30, -math.inf], dtype)
    assert np.all((beyond > 0) & (beyond < 1.1 * np.finfo(dtype).tiny))


@pytest.mark.parametrize("dtype", DTYPES)
def test_vlog_is_within_two_ulp(dtype):
    rng = np.random.default_rng(0)
    widest = (-708, 709) if dtype == np.float64 else (-87, 88)
    for x in (np.exp(rng.uniform(*widest, 100_000)), rng.uniform(0.5, 2, 100_000)):
        x = x.astype(dtype)
        assert ulps(elementary(1, x, dtype), np.log(x.astype(float))) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_vlog_at_the_edges(dtype):
    x = [1.0, math.inf, math.nan, -1.0, 0.0, -math.inf]
    expected = [0.0, math.inf, math.nan, math.nan, math.nan, math.nan]
    assert np.array_equal(elementary(1, x, dtype), expected, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hsum_adds_from_the_left(dtype):
    L = 64 // dtype().itemsize
    for seed in range(100):
        x = (np.random.default_rng(seed).normal(size=L) * 10.0 ** np.arange(L)).astype(dtype)
        # the built-in sum compensates from Python 3.12 on
        assert _hsum(x) == functools.reduce(operator.add, list(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_operators(dtype):
    L = 64 // dtype().itemsize
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, L)).astype(dtype)
    out = np.empty(11 * L, dtype)
    _mixed(x, y, out)
    tenth = dtype(0.1)
    expected = [
        x + y,
        x - y,
        x * dtype(3),
        dtype(1) / y,
        x * y + y,
        np.where(x > y, x, y),
        np.maximum(x, y),
        x + y,
        tenth * y + tenth,
        np.full(L, x[3]),
        np.abs(x),
    ]
    for row, (a, b) in enumerate(zip(out.reshape(11, L), expected, strict=True)):
        if row in (4, 8):  # fused where the machine can
            assert np.max(np.abs(a - b)) <= 2 * np.finfo(dtype).eps * np.max(np.abs(b))
        else:
            assert np.array_equal(a, b)
