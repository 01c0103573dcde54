"""The kernels of the minimal model against their references."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.kernels import fourier, minimal
from sim.kernels._jit import CACHE
from sim.models.minimal import reference
from sim.models.minimal.settings import unrolled_states

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


def run(arguments, code=0, margin=0.7, *, convolution="direct", dtype="float64"):
    """Value and gradients of the kernel, all chunks added up."""
    tokens, *floats = arguments
    weights, u, r, scale, position_weight, W = (np.asarray(a, dtype) for a in floats)
    T, k = len(u), len(W)
    twist, roots = np.empty((0, 2), dtype), np.empty((0, 6), dtype)
    if convolution == "fourier":
        twist, roots = fourier.tables(fourier.transform_length(T), np.dtype(dtype))
    chunks = max(1, -(-np.count_nonzero(weights) // minimal.CHUNK))
    partial = np.full((chunks, minimal.partial_size(T, k)), np.nan, dtype)
    setting = minimal.Setting(
        unrolled_states(k), True, scale, position_weight, code, margin, twist, roots
    )
    minimal.chunk_gradients(
        setting, tokens, weights, u, r, W, minimal.CHUNK, 0, chunks, partial, np.empty(0)
    )
    total = partial.sum(axis=0)
    return total[-1], total[:T], total[T : 2 * T], total[2 * T : -1].reshape(k, k)


def relative(a, b):
    """Largest difference, relative to the largest entry of b."""
    return np.max(np.abs(np.asarray(a) - b)) / max(np.max(np.abs(b)), 1e-300)


def assert_equal_to_the_reference(arguments, code, margin=0.7, tolerance=1e-12, **options):
    expected = reference.loss_and_gradient(*arguments, code, margin)
    for name, a, b in zip(("value", "lag", "row", "W"), run(arguments, code, margin, **options),
                          expected, strict=True):  # fmt: skip
        if np.any(b):
            assert relative(a, b) <= tolerance, name
        else:
            assert not np.any(a), name


# --- the kernels --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("k", [2, 3, 5, 17])
@pytest.mark.parametrize("T", [1, 2, 7, 8, 9, 33, 100])
def test_equals_the_reference(k, T, code):
    sizes = (1, 7, 8, 9) if T < 33 else (9,)
    weights = ("random", "uniform", "last", "runs") if T < 100 else ("runs",)
    for seed, n in enumerate(sizes):
        for weight in weights:
            assert_equal_to_the_reference(problem(k, T, n, seed, weight), code)


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("k", [2, 3, 5])
def test_equals_the_reference_on_a_full_batch(k, code):
    for convolution in ("direct", "fourier"):
        assert_equal_to_the_reference(problem(k, 33, 64), code, convolution=convolution)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("T", [1, 2, 3, 4, 5, 8, 16, 17, 32, 33, 64, 65, 100])
def test_fourier_equals_the_reference(k, T):
    """Lengths N = 4 to 128 end in a pass by four or by two; rows behind T are zeros."""
    assert_equal_to_the_reference(problem(k, T, 9), 0, convolution="fourier")


@pytest.mark.parametrize("T", [256, 300, 700, 1500])
def test_long_fourier_equals_direct(T):
    """Transforms longer than a block, N = 256 to 2048."""
    arguments = problem(3, T, 3)
    direct = run(arguments)
    for a, b in zip(run(arguments, convolution="fourier"), direct, strict=True):
        assert relative(a, b) <= 1e-12


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("convolution", ["direct", "fourier"])
@pytest.mark.parametrize("k", [2, 5])
def test_single_precision_equals_the_reference_to_its_rounding(k, convolution, code):
    """Sixteen lanes: full groups, a free lane, and a batch of one."""
    for n in (1, 15, 16, 17, 40):
        arguments = problem(k, 33, n)
        arguments[6] /= 33  # moderate logits, so that no rounding is amplified
        options = {"convolution": convolution, "dtype": "float32"}
        assert_equal_to_the_reference(arguments, code, tolerance=2e-5, **options)


@pytest.mark.parametrize("k", [2, 3, 5, 17])
@pytest.mark.parametrize("n", [1, 7, 8, 9])
def test_logits_equal_the_reference(k, n):
    for T in (1, 2, 7, 8, 9, 16, 17, 33, 100):
        tokens, _, u, r, s, _, W = problem(k, T, n)
        out = np.full((n, T, k), np.nan)
        minimal.logits(unrolled_states(k), np.ascontiguousarray(tokens[:, :T]), u, r, s, W, out)
        assert relative(out, reference.logits(tokens[:, :T], u, r, s, W)) <= 1e-12


@pytest.mark.parametrize("code", LOSSES.values(), ids=LOSSES)
def test_gradient_of_the_reference_is_the_derivative(code):
    arguments = problem(3, 7, 5)
    gradients = reference.loss_and_gradient(*arguments, code, 0.7)[1:]
    for place, gradient in zip((2, 3, 6), gradients, strict=True):
        for index in np.ndindex(gradient.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = [np.array(a) for a in arguments]
                moved[place][index] += step
                values.append(reference.loss_and_gradient(*moved, code, 0.7)[0])
            slope = (values[0] - values[1]) / 2e-6
            assert slope == pytest.approx(gradient[index], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_constant_sequences(k):
    arguments = problem(k, 33, 8)
    arguments[0][:] = np.arange(8)[:, None] % k
    for code in LOSSES.values():
        assert_equal_to_the_reference(arguments, code)


def test_hinge_at_the_corner_is_active():
    arguments = problem(3, 9, 8)
    arguments[6][:] = 0.0
    for code in LOSSES.values():
        assert_equal_to_the_reference(arguments, code, margin=0.0)


def test_an_integer_margin_reaches_the_kernel_as_a_float():
    # as an integer it would make every kernel compile once more
    assert isinstance(sim.Margin(1).compiled[1], float)


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
    largest = np.abs(reference.logits(arguments[0][:, :-1], *arguments[2:5], arguments[6])).max()
    arguments[6] *= 1e4 / largest
    assert all(np.all(np.isfinite(a)) for a in run(arguments))
    assert_equal_to_the_reference(arguments, 0)


@pytest.mark.skipif(not CACHE, reason="the cache is switched off")
def test_cached_code_is_used_by_the_next_process():
    """The vector type survives pickling: a fresh process compiles nothing."""
    program = (
        "import sim; from sim.kernels import minimal as kernels;"
        "model = sim.MinimalModel.constant(3, 2);"
        "sim.loss_and_gradient(model, [[0, 1, 1, 0]], sim.CrossEntropy());"
        "sim.logits(model, [[0, 1, 1]]);"
        "stats = [kernels.chunk_gradients.stats, kernels.logits.stats];"
        "assert all(sum(s.cache_hits.values()) == 1 and not s.cache_misses for s in stats), stats"
    )
    run(problem(3, 9, 8))
    test_logits_equal_the_reference(2, 1)
    # the same files as here, whatever lies in the working directory
    environment = os.environ | {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    subprocess.run([sys.executable, "-P", "-c", program], check=True, env=environment)


@pytest.mark.skipif(not CACHE, reason="the cache is switched off")
def test_processes_that_compile_at_the_same_time_do_not_disturb_each_other(tmp_path):
    """Four start on an empty cache together; whoever comes later compiles nothing."""
    program = (
        "import sys, numpy as np; from sim.kernels import counts;"
        "out = np.empty((1, 2));"
        "counts.last_ngram(np.array([[0, 1, 1, 0]], np.int32), 2, 1, 1.0, out);"
        "assert np.array_equal(out, [[1 / 3, 2 / 3]]), out;"
        "print(sum(counts.last_ngram.stats.cache_misses.values()))"
    )
    paths = {"PYTHONPATH": str(Path(sim.__file__).parents[1]), "NUMBA_CACHE_DIR": str(tmp_path)}
    command, environment = [sys.executable, "-P", "-c", program], os.environ | paths
    together = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for _ in range(4)
    ]
    assert [process.communicate()[0].strip() for process in together].count(b"1") >= 1
    assert not any(process.returncode for process in together)
    later = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert (later.stdout, later.stderr) == ("0\n", "")


COUNT = (
    "import numpy as np; from sim.kernels import counts;"
    "out = np.empty((1, 2));"
    "counts.last_ngram(np.array([[0, 1, 1, 0]], np.int32), 2, 1, 1.0, out);"
    "assert np.array_equal(out, [[1 / 3, 2 / 3]]), out;"
    "print(sum(counts.last_ngram.stats.cache_misses.values()))"
)


def _count(**environment):
    paths = {"PYTHONPATH": str(Path(sim.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-P", "-c", COUNT], env=os.environ | paths | environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout.strip(), done.stderr


@pytest.mark.skipif(not CACHE, reason="the cache is switched off")
def test_a_damaged_cache_is_compiled_again(tmp_path):
    folder = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert _count(**folder)[0] == "1"
    for suffix in ("nbi", "nbc"):
        [path] = tmp_path.rglob(f"*last_ngram*.{suffix}")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
        assert _count(**folder)[0] == "1"
    path.write_bytes(content[:100])
    assert _count(**folder)[0] == "1"
    assert _count(**folder) == ("0", "")


def test_without_a_folder_for_the_cache_there_is_one_sentence():
    # what Numba finds for somebody without a home, on an installation that is read-only
    _, said = _count(NUMBA_CACHE_LOCATOR_CLASSES="ZipCacheLocator")
    assert said.startswith("warning: no folder for compiled kernels can be written")
    assert said.count("\n") == (2 if "compiling the kernels" in said else 1)
