"""The kernels against their twins, and the vector layer against NumPy."""

import functools
import math
import operator
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from sim import twins
from sim.kernels import minimal
from sim.kernels._elementary import vexp, vlog
from sim.kernels._jit import CACHE, has_compiled, jit
from sim.kernels._vector import LANES, fma, hsum, load, select, store, transpose, vmax

LOSSES = {"cross entropy": 0, "margin": 1, "squared": 2}


def problem(k, T, n, seed=0, weight="random"):
    """Arguments of `loss_and_gradient` up to W."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, k, (n, T + 1)).astype(np.int32)
    position_weight = rng.random(T)
    if weight == "uniform":
        position_weight = np.full(T, 1 / T)
    if weight == "last":
        position_weight = np.eye(T)[-1]
    if weight == "runs":  # equal neighbours and zeros
        position_weight = rng.integers(0, 3, T) / T
    lag_weight, row_scale = rng.normal(size=T), rng.normal(size=T)
    return [tokens, rng.random(n), lag_weight, row_scale, rng.random(T), position_weight,
            rng.normal(size=(k, k))]  # fmt: skip


def run(arguments, code=0, margin=0.7):
    """Value and gradients of the kernel, from output arrays full of rubbish."""
    T, k = len(arguments[2]), len(arguments[6])
    outputs = [np.full(T, np.nan), np.full(T, np.nan), np.full((k, k), np.nan)]
    value = minimal.loss_and_gradient(*arguments, code, margin, *outputs)
    return value, *outputs


def relative(a, b):
    """Largest difference, relative to the largest entry of b."""
    return np.max(np.abs(np.asarray(a) - b)) / max(np.max(np.abs(b)), 1e-300)


def assert_equal_to_twin(arguments, code, margin=0.7):
    expected = twins.loss_and_gradient(*arguments, code, margin)
    for name, a, b in zip(("value", "lag", "row", "W"), run(arguments, code, margin), expected,
                          strict=True):  # fmt: skip
        if np.any(b):
            assert relative(a, b) <= 1e-12, name
        else:
            assert not np.any(a), name


# --- the kernels --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("k", [2, 3, 5, 17])
@pytest.mark.parametrize("T", [1, 2, 7, 8, 9, 33, 100])
def test_equals_twin(k, T, code):
    sizes = (1, 7, 8, 9) if T < 33 else (9,)
    weights = ("random", "uniform", "last", "runs") if T < 100 else ("runs",)
    for seed, n in enumerate(sizes):
        for weight in weights:
            assert_equal_to_twin(problem(k, T, n, seed, weight), code)


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_equals_twin_on_a_full_batch(k, code):
    assert_equal_to_twin(problem(k, 33, 64), code)


@pytest.mark.parametrize("k", [2, 3, 5, 17])
@pytest.mark.parametrize("n", [1, 7, 8, 9])
def test_logits_equal_twin(k, n):
    for T in (1, 2, 7, 8, 9, 16, 17, 33, 100):
        tokens, _, u, r, s, _, W = problem(k, T, n)
        out = np.full((n, T, k), np.nan)
        minimal.logits(np.ascontiguousarray(tokens[:, :T]), u, r, s, W, out)
        assert relative(out, twins.logits(tokens[:, :T], u, r, s, W)) <= 1e-12


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
def test_twin_gradient_is_the_derivative(code):
    arguments = problem(3, 7, 5)
    gradients = twins.loss_and_gradient(*arguments, code, 0.7)[1:]
    for place, gradient in zip((2, 3, 6), gradients, strict=True):
        for index in np.ndindex(gradient.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = [np.array(a) for a in arguments]
                moved[place][index] += step
                values.append(twins.loss_and_gradient(*moved, code, 0.7)[0])
            slope = (values[0] - values[1]) / 2e-6
            assert slope == pytest.approx(gradient[index], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_constant_sequences(k):
    arguments = problem(k, 33, 8)
    arguments[0][:] = np.arange(8)[:, None] % k
    for code in LOSSES.values():
        assert_equal_to_twin(arguments, code)


def test_hinge_at_the_corner_is_active():
    arguments = problem(3, 9, 8)
    arguments[6][:] = 0.0
    for code in LOSSES.values():
        assert_equal_to_twin(arguments, code, margin=0.0)
    assert_equal_to_twin(arguments, 1, margin=1)  # an integer is a margin too


@pytest.mark.parametrize("k", [2, 3, 5])
def test_repeated_calls_give_equal_bits(k):
    arguments = problem(k, 100, 61)
    first = run(arguments)
    for _ in range(5):
        for a, b in zip(first, run(arguments), strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
def test_permuted_batch_gives_the_same_result(code):
    arguments = problem(3, 33, 61)
    order = np.random.default_rng(1).permutation(61)
    permuted = [arguments[0][order], arguments[1][order], *arguments[2:]]
    for a, b in zip(run(arguments, code), run(permuted, code), strict=True):
        assert relative(a, b) <= 1e-12


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_nan_in_W_reaches_the_loss(k, code):
    arguments = problem(k, 33, 9)
    arguments[6][1, 0] = np.nan
    assert np.isnan(run(arguments, code)[0])


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
def test_sequences_of_weight_zero_contribute_nothing(code):
    k, T = 4, 20
    arguments = problem(k, T, 11)
    keep = np.arange(11) % 3 != 0
    arguments[0][keep] %= 3  # state 3, whose W is inf, stands only in sequences of weight zero
    arguments[0][~keep] = 3
    arguments[1][~keep] = 0.0
    arguments[6][3] = np.inf
    few = [arguments[0][keep], arguments[1][keep], *arguments[2:]]
    value, d_lag, d_row, d_W = run(arguments, code)
    assert np.isfinite(value)
    for a, b in zip((value, d_lag, d_row, d_W), run(few, code), strict=True):
        assert np.array_equal(a, b, equal_nan=True)
    arguments[1][:] = 0.0
    assert all(not np.any(a) for a in run(arguments, code))


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
def test_positions_of_weight_zero_contribute_nothing(code):
    arguments = problem(3, 20, 9)
    arguments[5][7] = 0.0
    expected = run(arguments, code)
    arguments[4][7] = np.inf
    for a, b in zip(run(arguments, code), expected, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_huge_logits_stay_finite(k):
    arguments = problem(k, 33, 9)
    arguments[4][:] = 1.0
    largest = np.abs(twins.logits(arguments[0][:, :-1], *arguments[2:5], arguments[6])).max()
    arguments[6] *= 1e4 / largest
    assert all(np.all(np.isfinite(a)) for a in run(arguments))
    assert_equal_to_twin(arguments, 0)


@pytest.mark.skipif(not CACHE, reason="the cache is switched off")
def test_cached_code_is_used_by_the_next_process():
    """The vector type survives pickling: a fresh process compiles nothing."""
    program = (
        "import sim; from sim.kernels import minimal as kernels;"
        "model = sim.MinimalModel.constant(3, 2);"
        "sim.loss_and_gradient(model, [[0, 1, 1, 0]], sim.CrossEntropy());"
        "sim.logits(model, [[0, 1, 1]]);"
        "stats = [kernels.loss_and_gradient.stats, kernels.logits.stats];"
        "assert all(sum(s.cache_hits.values()) == 1 and not s.cache_misses for s in stats), stats"
    )
    run(problem(3, 9, 8))
    test_logits_equal_twin(2, 1)
    # the same files as here, whatever lies in the working directory
    environment = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    subprocess.run([sys.executable, "-P", "-c", program], check=True, env=environment)


def test_compilation_is_announced_only_before_the_first_call():
    @jit(cache=False)
    def fresh(x):
        return x + 1.0

    assert not has_compiled(fresh)
    fresh(1.0)
    assert has_compiled(fresh)
    run(problem(2, 3, 1))
    assert has_compiled(minimal.loss_and_gradient)


# --- the vector layer ---------------------------------------------------------------------------


@jit
def _apply(which, x, out):
    for i in range(0, len(x), LANES):
        a = load(x, i)
        store(out, i, vexp(a) if which == 0 else vlog(a))


@jit
def _hsum(x):
    return hsum(load(x, 0))


@jit
def _mixed(x, y, out):
    a, b = load(x, 0), load(y, 0)
    store(out, 0, a + b)
    store(out, 8, a - b)
    store(out, 16, a * 3.0)
    store(out, 24, 1.0 / b)
    store(out, 32, fma(a, b, b))
    store(out, 40, select((a > b) & (b != 0.0), a, b))
    store(out, 48, vmax(a, b))
    a += b
    store(out, 56, a)


@jit
def _transpose(x, out):
    transpose(x, 3, 10, out, 1, 8)


def elementary(which, x):
    """vexp (0) or vlog (1) of an array of any length."""
    x = np.asarray(x, float)
    padded = np.concatenate([x, np.ones(-len(x) % LANES)])
    out = np.empty_like(padded)
    _apply(which, padded, out)
    return out[: len(x)]


def ulps(a, b):
    return np.max(np.abs(a - b) / np.spacing(np.abs(b)))


def test_vexp_is_within_two_ulp():
    rng = np.random.default_rng(0)
    for low, high in ((-708.39, 709.78), (-1, 1), (-1e-8, 1e-8), (-40, 0)):
        x = rng.uniform(low, high, 100_000)
        assert ulps(elementary(0, x), np.exp(x)) <= 2


def test_vexp_at_the_edges():
    x = [0.0, -0.0, math.inf, -math.inf, math.nan, 709.79, 1e300, -708.4, -745.2, -1e300]
    expected = [1.0, 1.0, math.inf, 0.0, math.nan, math.inf, math.inf, 0.0, 0.0, 0.0]
    assert np.array_equal(elementary(0, x), expected, equal_nan=True)
    edges = np.array([709.782712893384, -708.3964185322641])
    assert ulps(elementary(0, edges), np.exp(edges)) <= 2
    payload = np.array([0xFFF8000000000123, 0x7FF8000000000FFF], np.uint64).view(float)
    assert np.isnan(elementary(0, payload)).all()


def test_vlog_is_within_two_ulp():
    rng = np.random.default_rng(0)
    for x in (np.exp(rng.uniform(-708, 709, 100_000)), rng.uniform(0.5, 2, 100_000)):
        assert ulps(elementary(1, x), np.log(x)) <= 2


def test_vlog_at_the_edges():
    x = [1.0, math.inf, math.nan, -1.0, 0.0, -math.inf]
    expected = [0.0, math.inf, math.nan, math.nan, math.nan, math.nan]
    assert np.array_equal(elementary(1, x), expected, equal_nan=True)


def test_hsum_adds_from_the_left():
    for seed in range(100):
        x = np.random.default_rng(seed).normal(size=8) * 10.0 ** np.arange(8)
        # the built-in sum compensates from Python 3.12 on
        assert _hsum(x) == functools.reduce(operator.add, x.tolist())


def test_operators():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=8), rng.normal(size=8)
    out = np.empty(64)
    _mixed(x, y, out)
    rows = out.reshape(8, 8)
    expected = [
        x + y,
        x - y,
        x * 3,
        1 / y,
        x * y + y,
        np.where(x > y, x, y),
        np.maximum(x, y),
        x + y,
    ]
    for row, (a, b) in enumerate(zip(rows, expected, strict=True)):
        assert relative(a, b) <= 1e-15 if row == 4 else np.array_equal(a, b)


def test_transpose():
    x = np.random.default_rng(0).normal(size=100)
    out = np.zeros(70)
    _transpose(x, out)
    block = np.array([x[3 + 10 * i : 11 + 10 * i] for i in range(8)])
    assert np.array_equal(out[1:65].reshape(8, 8), block.T)
