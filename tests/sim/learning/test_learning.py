"""Descent, flow and objectives: orders of convergence, invariants and what is kept on failure."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import sim
from sim.randomness import streams
from sim.task.batches import BatchStream

START = sim.MinimalModel([0.3, 0.2, 0.25, 0.1], [[0.3, 0.1], [0.0, 0.2]])


def _population(T=4, loss=None, k=2):
    return sim.Population(sim.Dirichlet(k), T, loss or sim.CrossEntropy(), nodes=16)


def test_population_loss_is_the_mean_over_many_samples():
    value, gradient = _population().bind(START)(START.v, START.W)
    tokens = sim.sample_sequences(sim.Dirichlet(2), 100_000, 5, 0).tokens
    sampled, sampled_gradient = sim.loss_and_gradient(START, tokens, sim.CrossEntropy())
    assert sampled == pytest.approx(value, abs=4e-3)
    np.testing.assert_allclose(sampled_gradient.W, gradient.W, atol=4e-3)


def test_population_quadrature_has_converged():
    values = [
        sim.Population(sim.Dirichlet(2), 6, sim.CrossEntropy(), nodes=nodes).weights
        for nodes in (12, 40)
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


def test_sample_weights_count():
    tokens = [[0, 1, 1, 0, 1], [1, 0, 0, 1, 0]]
    parts = [sim.Sample([x], 2, sim.Squared()).bind(START)(START.v, START.W)[0] for x in tokens]
    whole = sim.Sample(tokens, 2, sim.Squared(), [0.25, 0.75]).bind(START)(START.v, START.W)[0]
    assert whole == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])


def test_gradient_descent_follows_the_flow_to_first_order():
    time = 4.0
    flow = sim.gradient_flow(START, _population(), t_span=(0, time), rtol=1e-11, atol=1e-13)
    errors = []
    for steps in (40, 80, 160, 320):
        run = sim.gradient_descent(
            START, _population(), steps=steps, learning_rate=time / steps, record_every=steps
        )
        assert run.time[-1] == pytest.approx(time)
        errors.append(np.abs(run.W[-1] - flow.W[-1]).max())
    order = np.polyfit(np.log([40, 80, 160, 320]), np.log(errors), 1)[0]
    assert order == pytest.approx(-1.0, abs=0.05)


@pytest.mark.parametrize("loss", [sim.CrossEntropy(), sim.Squared(at="last")], ids=repr)
def test_flow_conserves_the_balance_and_lowers_the_loss(loss):
    run = sim.gradient_flow(START, _population(loss=loss), t_span=(0, 30))
    assert np.ptp(run.measures["balance"]) < 1e-6
    assert (np.diff(run.loss) < 1e-12).all()
    assert run.loss[-1] < run.loss[0] - 0.01


def test_softmax_first_layer_does_not_conserve_the_balance():
    model = sim.MinimalModel(START.v, START.W, "softmax")
    run = sim.gradient_flow(model, _population(), t_span=(0, 30))
    assert np.ptp(run.measures["balance"]) > 1e-3


def test_flow_with_two_rates_conserves_the_weighted_balance():
    run = sim.gradient_flow(START, _population(), t_span=(0, 20), rates=(0.5, 2.0), rtol=1e-10)
    weighted = (run.W**2).sum(axis=(1, 2)) / 2.0 - (run.v**2).sum(axis=1) / 0.5
    assert np.ptp(weighted) < 1e-7


def test_weight_decay_makes_the_balance_decay():
    run = sim.gradient_flow(START, _population(), t_span=(0, 3), weight_decay=0.2, rtol=1e-10)
    expected = run.measures["balance"][0] * np.exp(-2 * 0.2 * run.time)
    np.testing.assert_allclose(run.measures["balance"], expected, atol=1e-8)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "LSODA"])
def test_integrators_agree(method):
    ends = [
        sim.gradient_flow(START, _population(), t_span=(0, 5), method=name, rtol=1e-9).W[-1]
        for name in (method, "DOP853")
    ]
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)


def test_bilinear_flow_of_one_lag_is_a_hyperbola():
    # T = 1, K = I: dv/dt = tr W, dW/dt = v I; from W = 0, v = 1: v = cosh(sqrt(2) t)
    model = sim.MinimalModel([1.0], np.zeros((2, 2)))
    run = sim.gradient_flow(model, sim.Bilinear(np.eye(2)[None]), t_span=(0, 2), rtol=1e-11)
    np.testing.assert_allclose(run.v[:, 0], np.cosh(np.sqrt(2) * run.time), rtol=1e-8)


def test_training_is_reproducible_and_streams_are_independent():
    def run(**options):
        call = {"steps": 20, "batch_size": 8, "rng": 5, "held_out": 50, "record_every": 5} | options
        return sim.train(sim.MinimalModel.constant(10, 3), sim.Dirichlet(3), **call)

    first, again = run(), run()
    for name in ("v", "W", "loss"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.W, run(rng=6).W)
    # the size of the test set and the schedule of records leave training alone
    np.testing.assert_array_equal(first.W, run(held_out=60).W)
    np.testing.assert_array_equal(first.W[-1], run(record_every=20).W[-1])
    np.testing.assert_array_equal(first.W, run(rng=np.random.SeedSequence(5)).W)


def test_one_training_step_is_the_gradient_of_its_batch():
    model = sim.MinimalModel.constant(6, 2, v=0.1, W=0.2)
    rates, decays = (0.3, 0.1), (0.01, 0.02)
    run = sim.train(model, sim.Dirichlet(2), steps=1, batch_size=4, learning_rate=rates,
                    weight_decay=decays, rng=9, held_out=3)  # fmt: skip
    tokens = BatchStream(sim.Dirichlet(2), 4, 7, streams(9, 2)[0]).tokens(0)
    gradient = sim.loss_and_gradient(model, tokens, sim.CrossEntropy())[1]
    np.testing.assert_allclose(run.v[-1], 0.1 - 0.3 * (gradient.v + 0.01 * 0.1), rtol=1e-14)
    np.testing.assert_allclose(run.W[-1], 0.2 - 0.1 * (gradient.W + 0.02 * 0.2), rtol=1e-14)
    assert run.examples.tolist() == [0, 4]
    assert run.time[-1] == pytest.approx(np.sqrt(0.3 * 0.1))


def test_records_are_taken_when_asked():
    model = sim.MinimalModel.constant(5, 2)
    run = sim.train(model, sim.Dirichlet(2), steps=10, batch_size=2, rng=0, held_out=4,
                    record_every=4, record_at=[1, 7])  # fmt: skip
    assert run.step.tolist() == [0, 1, 4, 7, 8, 10]
    assert set(run.measures) >= {"kl_truth", "kl_uniform", "kl_unigram", "kl_bigram", "balance"}


def test_training_learns_bigrams_on_two_states():
    run = sim.train(sim.MinimalModel.constant(30, 2), sim.Dirichlet(2), steps=1500, rng=0,
                    learning_rate=0.02, held_out=500)  # fmt: skip
    assert run.v[-1].argmax() == 1
    assert run.measures["W_diagonal"][-1] > run.measures["W_off_diagonal"][-1] + 0.1
    assert run.measures["kl_truth"][-1] < run.baselines["unigram"]


def test_divergence_says_when_and_keeps_the_records():
    model = sim.MinimalModel.constant(30, 2, v=0.1, W=0.1)
    with pytest.raises(sim.Diverged, match=r"training diverged at step \d+ .*are kept") as caught:
        sim.train(model, sim.Dirichlet(2), steps=500, learning_rate=50.0, rng=0, held_out=10,
                  loss=sim.Squared(), record_every=1)  # fmt: skip
    kept = caught.value.trajectory
    assert 0 < caught.value.step <= 500
    assert np.isfinite(kept.v).all()
    assert kept.step[-1] < caught.value.step


def test_flow_that_explodes_keeps_the_records():
    model = sim.MinimalModel([1.0], np.eye(2))
    # with negative rates forbidden, a kernel of size 1e3 overflows in time 1
    with pytest.raises(sim.FlowFailed, match="gradient flow stopped at time") as caught:
        sim.gradient_flow(model, sim.Bilinear(1e3 * np.eye(2)[None]), t_span=(0, 2))
    assert len(caught.value.trajectory) >= 1


def test_flow_along_a_kink_ends_and_keeps_the_records():
    """With Delta = 1 hinges switch before time 8, and the gradient jumps from step to step."""
    start = sim.MinimalModel.constant(6, 2, v=0.3, W=0.1)
    margin = sim.Population(sim.Dirichlet(2), 6, sim.Margin(1.0))
    words = r"gradient flow stopped at time 7\.\d+: max_evaluations = 4000 were used up"
    with pytest.raises(sim.FlowFailed, match=words) as caught:
        sim.gradient_flow(start, margin, t_span=(0, 50), max_evaluations=4000)
    kept = caught.value.trajectory
    assert kept.time.tolist() == pytest.approx(np.arange(0.0, 7.6, 0.5))
    assert kept.provenance["parameters"]["evaluations"] == 4000
    # up to there it is the flow that one gets by asking for no more
    short = sim.gradient_flow(start, margin, t_span=(0, 7.5), t_eval=kept.time)
    np.testing.assert_allclose(kept.v, short.v, rtol=1e-6)


@pytest.mark.parametrize("method", ["DOP853", "RK45", "RK23", "Radau", "BDF", "LSODA"])
def test_flow_is_that_of_solve_ivp(method):
    """The same solver driven by scipy's own loop, bit for bit."""
    start, objective = START, _population()
    evaluate = objective.bind(start)

    def velocity(t, y):
        gradient = evaluate(y[: start.T], y[start.T :].reshape(2, 2))[1]
        return -np.concatenate([gradient.v, gradient.W.ravel()])

    times = np.array([0.0, 0.1, 0.15, 3.0, 4.0])
    options = {"method": method, "rtol": 1e-6, "atol": 1e-8, "t_eval": times}
    run = sim.gradient_flow(start, objective, t_span=(0, 5), **options)
    reference = solve_ivp(velocity, (0, 5), np.concatenate([start.v, start.W.ravel()]), **options)
    np.testing.assert_array_equal(run.time, times)
    np.testing.assert_array_equal(run.v[1:].T, reference.y[: start.T, 1:])
    np.testing.assert_array_equal(run.W[0], start.W)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps must be an integer >= 1, got 0"),
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be a finite number >= 0, got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive for at least one"),
        ({"learning_rate": (0.1, 0.1, 0.1)}, "learning_rate must be one number or a pair"),
        ({"weight_decay": float("nan")}, "weight_decay must be a finite number >= 0, got nan"),
        ({"optimizer": "lion"}, "optimizer must be one of sgd, adam, adamw, got 'lion'"),
        ({"record_every": 0}, "record_every must be an integer >= 1"),
        ({"record_at": [11]}, r"record_at must hold integers in 0..10"),
        ({"held_out": 0}, "held_out must be an integer >= 1"),
        ({"loss": "ce"}, r"loss must be a CrossEntropy\(\), .* got 'ce'"),
        ({"start": "end"}, "start must be one of stationary, uniform"),
    ],
)
def test_training_refusals(options, words):
    call = {"steps": 10, "rng": 0, "held_out": 3, "batch_size": 2} | options
    with pytest.raises((ValueError, TypeError), match=words):
        sim.train(sim.MinimalModel.constant(5, 2), sim.Dirichlet(2), **call)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sim.train(START, "dirichlet", steps=1), "prior must be a prior such as"),
        (lambda: sim.train("model", sim.Dirichlet(2), steps=1), "model must be a MinimalModel"),
        (lambda: sim.train(START, sim.Dirichlet(3), steps=1), "model and prior must agree in k"),
        (
            lambda: sim.gradient_flow(START, _population(3), t_span=(0, 1)),
            "model must have k = 2 and T = 3 to fit the objective",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(1, 0)),
            "t_span must be an increasing pair",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), rtol=-1.0),
            "rtol must be a finite number > 0, got -1",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), rates=-1.0),
            "rates must be a finite number >= 0, got -1",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), max_evaluations=0),
            "max_evaluations must be an integer >= 1, got 0",
        ),
        (
            lambda: sim.gradient_flow(START, "loss", t_span=(0, 1)),
            "objective must be a Sample, Population or Bilinear objective, .* got 'loss'",
        ),
        (
            lambda: sim.gradient_descent(START, "loss", steps=1, learning_rate=0.1),
            "objective must be a Sample, Population or Bilinear objective, .* got 'loss'",
        ),
        (
            lambda: sim.gradient_flow(START, sim.Bilinear, t_span=(0, 1)),
            "objective must be a Sample, Population or Bilinear objective, .* got <class",
        ),
        (
            lambda: sim.gradient_flow("model", _population(), t_span=(0, 1)),
            "model must be a MinimalModel, a MultiHeadModel, .* got 'model'",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), test_set="held out"),
            "test_set must be a HeldOut, got 'held out'",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), method="Euler"),
            "method must be one of RK45",
        ),
        (
            lambda: sim.gradient_flow(START, _population(), t_span=(0, 1), t_eval=[0, 2]),
            "t_eval must increase inside t_span",
        ),
        (
            lambda: sim.Bilinear(np.ones((4, 2, 3))).bind(START),
            r"kernel must have shape \(T, k, k\)",
        ),
        (
            lambda: sim.Bilinear(np.ones((4, 2, 2))).bind(
                sim.MinimalModel(START.v, START.W, normalize="length")
            ),
            "the bilinear regime needs",
        ),
        (lambda: sim.Sample([[0, 1]], 2, sim.Squared(), [0.5]), "weights must be nonnegative"),
        (lambda: sim.Population("flat", 4, sim.Squared()), "prior must be a prior such as"),
        (lambda: sim.Sample([[0, 1]], 2, sim.Squared), "loss must be a CrossEntropy"),
        (
            lambda: sim.train(START, sim.Dirichlet(2), steps=1, loss=sim.Squared),
            r"loss must be a CrossEntropy\(\), .* got <class",
        ),
        (
            lambda: sim.Population(sim.Dirichlet(2), 10**5, sim.Squared()),
            r"got k\*\*\(T \+ 1\) = 2",
        ),
        (lambda: sim.Population(sim.Dirichlet(2), 40, sim.Squared()), "at most 1048576 sequences"),
    ],
)
def test_objective_and_flow_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
