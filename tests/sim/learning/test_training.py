"""The compiled training loop against plain steps, and the streams of batches it draws."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import sim
from sim.kernels import last_token, training
from sim.kernels._jit import jit
from sim.kernels._philox import philox, uniforms
from sim.kernels.barrier import STRIDE, wait
from sim.models.minimal.learner import FusedLearner
from sim.task import reference
from sim.task.batches import BatchStream


@jit
def _philox(key, counters):
    philox(key, counters, counters.shape[0] // 4)


@jit
def _uniforms(key, step, members, out):
    uniforms(key, step, members, np.empty(4 * len(members), np.uint64), out)


def test_philox_gives_the_published_numbers():
    """Known answers of the authors' library for Philox-4x32-10."""
    cases = [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ]
    for counter, key, expected in cases:
        # three columns: the middle one is the case
        counters = np.array([[7, c, 9] for c in counter], np.uint64).ravel()
        _philox(np.array(key, np.uint64), counters)
        assert " ".join(f"{c:08x}" for c in counters.reshape(4, 3)[:, 1]) == expected


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_uniform_numbers_depend_on_their_counter_alone(dtype):
    key = np.array([1, 2], np.uint64)
    members = np.array([5, 0, 3])
    out = np.empty(3 * 10, dtype)
    _uniforms(key, 2**40 + 1, members, out)
    assert (out >= 0).all()
    assert (out < 1).all()
    for column, member in enumerate(members):
        alone = np.empty(7, dtype)
        _uniforms(key, 2**40 + 1, np.array([member]), alone)
        assert np.array_equal(out.reshape(10, 3)[:7, column], alone)
    others = [np.empty(30, dtype) for _ in range(3)]
    _uniforms(key, 1, members, others[0])  # the upper half of the step counts
    _uniforms(key, 2**40 + 2, members, others[1])
    _uniforms(np.array([1, 3], np.uint64), 2**40 + 1, members, others[2])
    for other in others:
        assert not (other == out).any()


def test_uniform_numbers_are_uniform():
    out = np.empty(400_000)
    _uniforms(np.array([3, 4], np.uint64), 0, np.arange(4), out)
    for power in (1, 2, 3):
        error = 5 * np.sqrt(1 / (2 * power + 1) / len(out))
        assert (out**power).mean() == pytest.approx(1 / (power + 1), abs=error)
    grid = out.reshape(-1, 4)
    assert np.abs(np.corrcoef(grid.T) - np.eye(4)).max() < 5 / np.sqrt(len(grid))
    assert abs(np.corrcoef(grid[:-1, 0], grid[1:, 0])[0, 1]) < 5 / np.sqrt(len(grid))


@pytest.mark.parametrize(
    "prior",
    [sim.Dirichlet(2), sim.Dirichlet(3), sim.Dirichlet(5), sim.Dirichlet(2, order=2)],
    ids=lambda prior: f"k={prior.k}, order {prior.order}",
)
def test_stream_draws_the_chains_it_names(prior):
    """Transition frequencies over many batches against the mean of the prior, 1/k, and starts."""
    stream = BatchStream(prior, 256, 40, 0)
    tokens = np.concatenate([stream.tokens(step) for step in range(40)])
    assert tokens.min() == 0
    assert tokens.max() == prior.k - 1
    block = stream.block(39)
    index = 39 - block.first_step
    chain = block.transition[index]
    # the log likelihood per token of the last batch is minus its chains' entropy rate, on average
    place = prior.k ** np.arange(prior.order - 1, -1, -1)
    last = tokens[-256:]
    surprise = 0.0
    entropy = 0.0
    rows = np.arange(256)
    for t in range(prior.order, 40):
        p = chain[rows, last[:, t - prior.order : t] @ place]
        surprise -= np.log(p[rows, last[:, t]]).mean()
        entropy -= (p * np.log(p)).sum(axis=1).mean()
    assert surprise == pytest.approx(entropy, rel=0.05)
    first = np.bincount(tokens[:, 0], minlength=prior.k) / len(tokens)
    assert first == pytest.approx(1 / prior.k, abs=0.02)


@pytest.mark.parametrize(("k", "order"), [(2, 1), (3, 1), (2, 3)])
def test_draw_is_the_reference_on_the_same_uniform_numbers(k, order):
    rng, key = np.random.default_rng(k), np.array([5, 6], np.uint64)
    n, length, S = 4, 12, k**order
    transition, initial = rng.dirichlet(np.ones(k), (n, S)), rng.dirichlet(np.ones(S), n)
    found = np.empty((n, length), np.int32)
    training.draw(order, transition, initial, key, 9, found)
    numbers = np.empty(length * n)
    _uniforms(key, 9, np.arange(n), numbers)
    used = numbers.reshape(length, n).T[:, : length - order + 1]
    assert np.array_equal(found, reference.sample(transition, initial, used, order, length))


def test_stream_does_not_depend_on_what_is_asked_for():
    one, two = (BatchStream(sim.Dirichlet(3), 7, 12, 5) for _ in range(2))
    wanted = [0, 3, 300]
    found = [one.tokens(step) for step in range(301)]
    for step in wanted:
        assert np.array_equal(two.tokens(step), found[step])


def plain_steps(model, prior, steps, loss, rate, batch, rng):
    """SGD written out: tokens of the stream, gradient of the batch, update."""
    stream = BatchStream(prior, batch, model.T + 1, rng)
    v, W = model.v.copy(), model.W.copy()
    losses = []
    for step in range(steps):
        value, gradient = sim.loss_and_gradient(
            model.with_parameters(v, W), stream.tokens(step), loss
        )
        losses.append(value)
        v, W = v - rate * gradient.v, W - rate * gradient.W
    return v, W, losses


@pytest.mark.parametrize("first_layer", ["linear", "softmax"])
@pytest.mark.parametrize(
    "prior",
    [sim.Dirichlet(2), sim.Dirichlet(3), sim.Dirichlet(6), sim.Dirichlet(2, order=2)],
    ids=lambda prior: f"k={prior.k}, order {prior.order}",
)
def test_compiled_loop_is_the_plain_loop(prior, first_layer):
    """Vector and scalar drawing, batches that fill no vector, blocks of chains that end between."""
    model = sim.MinimalModel.constant(9, prior.k, v=0.1, W=0.05, first_layer=first_layer)
    loss = sim.CrossEntropy()
    v, W, losses = plain_steps(model, prior, 70, loss, 0.05, 37, 3)
    learner = FusedLearner(model, BatchStream(prior, 37, 10, 3), loss, ((0.05, 0.05), (0.0, 0.0)))
    assert learner.recorded_loss() == losses[0]
    assert learner.advance(70) == 70
    assert learner.model.v == pytest.approx(v, rel=1e-12, abs=1e-14)
    assert pytest.approx(W, rel=1e-12, abs=1e-14) == learner.model.W
    assert learner.recorded_loss() == pytest.approx(np.mean(losses), rel=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("first_layer", ["linear", "softmax"])
def test_threads_change_no_bit(dtype, first_layer):
    model = sim.MinimalModel.constant(20, 3, v=0.1, W=0.05, first_layer=first_layer)
    runs = [
        sim.train(model, sim.Dirichlet(3), steps=20, batch_size=100, rng=0, held_out=8,
                  learning_rate=0.01, dtype=dtype, threads=threads)
        for threads in (1, 2, 5)
    ]  # fmt: skip
    for run in runs[1:]:
        assert np.array_equal(run.v, runs[0].v)
        assert np.array_equal(run.W, runs[0].W)
        assert np.array_equal(run.loss, runs[0].loss)


def test_threads_that_diverge_do_so_together():
    model = sim.MinimalModel.constant(20, 2, v=1.0, W=1.0)
    found = []
    for threads in (1, 3):
        with pytest.raises(sim.Diverged) as failure:
            sim.train(model, sim.Dirichlet(2), steps=500, batch_size=100, rng=0, held_out=8,
                      learning_rate=1e5, threads=threads)  # fmt: skip
        found.append(str(failure.value))
    assert found[0] == found[1]


def test_a_thread_that_never_comes_is_not_waited_for():
    """Its fellow workers would spin for ever."""
    stream = BatchStream(sim.Dirichlet(2), 64, 9, 0)
    learner = FusedLearner(
        sim.MinimalModel.constant(8, 2), stream, sim.CrossEntropy(), ((1e-3, 1e-3), (0.0, 0.0)),
        threads=2,
    )  # fmt: skip
    learner._pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        learner.advance(5)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_whoever_arrives_early_at_the_barrier_waits(threads):
    """Each worker writes its turn and after the barrier finds everybody's."""
    turns = np.zeros(threads * STRIDE, np.int64)
    written = np.zeros((2, threads), np.int64)
    with ThreadPoolExecutor(threads) as pool:
        wrong = list(pool.map(lambda n: write_and_wait(turns, n, written, 3000), range(threads)))
    assert wrong == [0] * threads
    assert np.array_equal(turns[::STRIDE], [3000] * threads)


@jit(cache=False)
def write_and_wait(turns, worker, written, number):
    """How often another's entry was not there after the barrier."""
    wrong = 0
    for turn in range(1, number + 1):
        written[turn % 2, worker] = turn
        wait(turns, worker, turn)
        for other in range(written.shape[1]):
            wrong += written[turn % 2, other] != turn
    return wrong


def test_records_change_no_bit():
    model = sim.MinimalModel.constant(12, 2)
    options = {"steps": 150, "batch_size": 9, "rng": 1, "held_out": 8}
    often = sim.train(model, sim.Dirichlet(2), record_every=1, **options)
    seldom = sim.train(model, sim.Dirichlet(2), record_at=[77], record_every=150, **options)
    assert np.array_equal(seldom.step, [0, 77, 150])
    assert np.array_equal(seldom.v, often.v[seldom.step])
    # a record's loss is the mean since the one before
    assert seldom.loss[2] == pytest.approx(often.loss[78:].mean(), rel=1e-12)
    assert seldom.loss[0] == often.loss[0] == often.loss[1]


def test_single_precision_follows_double():
    model = sim.MinimalModel.constant(40, 2, v=0.02)
    single, double = (
        sim.train(model, sim.Dirichlet(2), steps=100, rng=0, dtype=dtype, held_out=64)
        for dtype in ("float32", "float64")
    )
    scale = np.abs(double.v).max()
    assert 1e-9 * scale < np.abs(single.v - double.v).max() < 1e-4 * scale


def test_balance_drift_is_what_the_steps_add():
    model = sim.MinimalModel.constant(20, 3, v=0.1, W=0.05)
    run = sim.train(model, sim.Dirichlet(3), steps=200, learning_rate=0.02, rng=0, held_out=8)
    drift = run.measures["balance"] - run.measures["balance"][0]
    assert np.abs(drift).max() > 1e-6
    assert run.measures["balance_drift"] == pytest.approx(drift, abs=1e-12)
    for other in ({"learning_rate": (0.02, 0.01)}, {"weight_decay": 0.1}):
        run = sim.train(model, sim.Dirichlet(3), steps=2, rng=0, held_out=8, **other)
        assert "balance_drift" not in run.measures


def test_divergence_is_told_at_its_step_and_keeps_the_records():
    model = sim.MinimalModel.constant(50, 2, v=0.5, W=0.5)
    with pytest.raises(sim.Diverged) as caught:
        sim.train(model, sim.Dirichlet(2), steps=100, learning_rate=1e3, rng=0, record_every=1,
                  loss=sim.Squared())  # fmt: skip
    kept = caught.value.trajectory
    assert kept.step[-1] == caught.value.step - 1
    assert np.isfinite(kept.v).all()
    with pytest.raises(sim.Diverged):  # beyond the range of the softmax
        sim.train(sim.MinimalModel(np.linspace(0, 600, 50), np.ones((2, 2)), "softmax"),
                  sim.Dirichlet(2), steps=100, learning_rate=1e6, rng=0)  # fmt: skip


@pytest.mark.parametrize("k", [2, 3])
def test_pair_counts_equal_the_reference(k):
    tokens = np.random.default_rng(0).integers(0, k, (5, 11)).astype(np.int32)
    size = -(-k * k // last_token.TILE) * last_token.TILE
    out = np.full((5, size, 11), np.nan)
    last_token.pair_counts(tokens, np.empty((k, 11)), out)
    assert np.array_equal(out[:, : k * k].reshape(5, k, k, 11), reference.pair_counts(tokens, k))


@pytest.mark.parametrize("normalize", ["none", "length"])
@pytest.mark.parametrize("first_layer", ["linear", "softmax"])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_measures_of_many_models_are_those_of_each(k, first_layer, normalize):
    """Against NumPy on the logits of the model, for more models than a vector has lanes."""
    rng = np.random.default_rng(k)
    test_set = sim.HeldOut.draw(sim.Dirichlet(k), 13, 21, 0)
    models = [
        sim.MinimalModel(rng.normal(size=21) / 9, rng.normal(size=(k, k)), first_layer, normalize)
        for _ in range(11)
    ]
    weights = {name: np.stack([getattr(model, name) for model in models]) for name in ("v", "W")}
    together = test_set.evaluate_all(models[0], weights)
    for index, model in enumerate(models):
        scores = sim.logits(model, test_set.context)[:, -1]
        log_model = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        laws = {"kl_truth": test_set.truth} | {
            f"kl_{name}": law for name, law in test_set.predictions.items()
        }
        assert together.keys() == laws.keys()
        for name, law in laws.items():
            expected = (law * (np.log(law) - log_model)).sum(axis=1).mean()
            assert together[name][index] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_kernel_setting_refuses_unknown_choices():
    model = sim.MinimalModel.constant(5, 2)
    with pytest.raises(ValueError, match="dtype must be one of float64, float32, got 'float16'"):
        model.evaluator(sim.CrossEntropy(), dtype="float16")
    with pytest.raises(ValueError, match="convolution must be one of auto, direct, fourier"):
        model.evaluator(sim.CrossEntropy(), convolution="fft")
    with pytest.raises(ValueError, match="threads must be an integer >= 1, got 0"):
        sim.train(model, sim.Dirichlet(2), steps=1, threads=0)
