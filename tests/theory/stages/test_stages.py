"""Reduced flow and predicted stages: conservation, linear start, stages, refusals."""

import numpy as np
import pytest

import theory
from theory.commands.main import main


def test_flow_conserves_the_balance_and_lowers_the_loss():
    model = theory.ExpectedCounts(12, T=12, nodes=8)
    flow = theory.reduced_flow(model, 0.1, 0.05, np.full(12, 0.1), stop=4.0, rtol=1e-9)
    diagonal, off = flow.alpha + flow.beta, flow.alpha
    balance = 2 * diagonal**2 + 2 * off**2 - (flow.v**2).sum(axis=1)
    np.testing.assert_allclose(balance, balance[0], atol=1e-6)
    assert np.all(np.diff(flow.loss) < 1e-9)


def test_small_weights_leave_the_origin_at_the_rate_of_the_kernel():
    # expected counts miss what x_p tells about its neighbours, a part 1/T of the kernel
    errors = []
    for T in (40, 80, 160):
        model = theory.ExpectedCounts(T, T=T, nodes=8)
        rate = theory.modes(T).singular_values[0]
        flow = theory.reduced_flow(model, 0.0, 0.0, np.full(T, 1e-8), stop=8 / rate, rtol=1e-9)
        size = np.log(np.linalg.norm(flow.v, axis=1) / np.linalg.norm(flow.v[0]))[-10:]
        found = (size[-1] - size[0]) / (flow.time[-1] - flow.time[-10])
        errors.append(abs(found / rate - 1))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.05


def test_stages_come_in_order_and_a_smaller_start_is_later():
    first, second = (theory.predict_stages(20, init=init, nodes=6) for init in (0.02, 0.002))
    assert 0 < first.unigram < first.bigram
    assert second.unigram > first.unigram
    assert first.unigram_linear < first.unigram


def test_flow_ends_as_soon_as_a_strategy_leads():
    model = theory.ExpectedCounts(30, T=30, nodes=8)
    start = np.full(30, 0.02)
    whole = theory.reduced_flow(model, 0.0, 0.0, start, stop=6.0, records=800)
    early = theory.reduced_flow(model, 0.0, 0.0, start, stop=6.0, until="unigram", records=400)
    assert early.time[-1] < 0.2 * whole.time[-1]
    when = {name: begin for name, begin, _ in whole.stages()}["unigram"]
    assert early.stages()[-1][0] == "unigram"
    assert early.stages()[-1][1] == pytest.approx(when, rel=1e-3)
    assert early.distances["unigram"][-1] < early.distances["uniform"][-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"v": np.ones(3)}, r"v must have shape \(5,\), got \(3,\)"),
        ({"lead": -1.0}, "lead must be finite and >= 0, got -1.0"),
        ({"until": "trigram"}, "until must be one of"),
        ({"first": 2.0}, "first must be below stop = 1, got 2"),
    ],
)
def test_a_flow_that_makes_no_sense_is_refused(arguments, words):
    model = theory.ExpectedCounts(5, T=5, nodes=4)
    with pytest.raises(ValueError, match=words):
        theory.reduced_flow(model, 0.0, 0.0, **({"v": np.ones(5), "stop": 1.0} | arguments))


def test_three_states_come_with_an_error_that_holds():
    rough, fine = (
        theory.predict_stages(6, k=3, nodes=nodes, seed=seed, closure="expected")
        for nodes, seed in ((32, 1), (256, 2))
    )
    for stage in ("unigram", "bigram"):
        error = getattr(rough, f"{stage}_error")
        assert error > 2 * getattr(fine, f"{stage}_error") > 0
        assert abs(getattr(rough, stage) - getattr(fine, stage)) < 5 * error


def test_fluctuating_counts_delay_the_second_stage_by_what_the_error_foresees():
    first, second = (theory.predict_stages(25, closure=closure, nodes=6)
                     for closure in ("expected", "fluctuating"))  # fmt: skip
    x = second.bigram / first.bigram - 1
    assert 0.05 < x < 0.12
    assert second.bigram_error == pytest.approx(second.bigram * x * (x + 0.2), rel=1e-6)
    assert abs(second.unigram / first.unigram - 1) < 0.05
    assert second.unigram_counted < second.unigram
    assert second.bigram_counted > second.bigram
    assert first.bigram_counted is None
    assert first.bigram_error == 0


def test_fluctuations_of_three_states_are_those_of_a_part_of_the_net(monkeypatch):
    # with as many chains for the fluctuations as in the net nothing is extrapolated
    times = []
    for size in (16, 64):
        monkeypatch.setattr("theory.stages.chain_flows._SUBSET", (256, size))
        found = theory.predict_stages(6, k=3, nodes=64, replicates=2, seed=3)
        times.append([found.unigram_counted, found.bigram_counted])
    assert times[0] == pytest.approx(times[1], rel=0.05)
    assert times[0] != times[1]


def test_a_prior_that_is_not_symmetric_is_the_limit_of_symmetric_ones():
    # both coordinates, of two numbers and of all entries of W, describe the same flow
    chains = np.array([[[0.8, 0.2], [0.4, 0.6]], [[0.6, 0.4], [0.2, 0.8]]])
    symmetric = theory.predict_stages(12, prior=([1.0, 1.0], chains), init=0.1)
    tilted = theory.predict_stages(12, prior=([1.0, 1.0 + 1e-6], chains), init=0.1)
    for name in ("unigram", "bigram", "bigram_counted"):
        assert getattr(tilted, name) == pytest.approx(getattr(symmetric, name), rel=1e-5)


def test_where_pi_is_uniform_there_is_no_unigram_stage():
    found = theory.predict_stages(12, prior="doubly_stochastic", nodes=8)
    assert found.unigram is None
    assert found.bigram > 0
    assert found.regime == "no unigram stage"


def test_command_prints_every_number_with_its_source(capsys):
    assert main(["stages", "--prior", "dirichlet", "--length", "16"]) == 0
    out = capsys.readouterr().out
    assert "unigram from" in out
    assert "bigram, as counted" in out
    assert "in brackets the error in the last digits, from the next order" in out
    assert out.count("theory.") == 7


def test_command_by_expected_counts_has_no_counted_strategies(capsys):
    arguments = ["stages", "--length", "6", "--closure", "expected"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "as counted" not in out
    assert "in brackets" not in out


def test_the_margin_loss_has_stages_but_no_largest_learning_rate(capsys):
    found = theory.predict_stages(10, loss="margin", nodes=6)
    assert 0 < found.unigram < found.bigram
    assert found.stable_rate is None
    assert main(["stages", "--length", "10", "--loss", "margin"]) == 0
    assert "learning rate below     undefined" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"T": 0}, "T must be an integer >= 1, got 0"),
        ({"T": 5, "init": 0.0}, "init must be a finite number > 0, got 0.0"),
        ({"T": 5, "k": 3, "replicates": 1}, "replicates must be an integer >= 2, got 1"),
        ({"T": 5, "loss": "squared"}, "loss must be one of cross_entropy, margin"),
        ({"T": 5, "closure": "none"}, "closure must be one of fluctuating, expected"),
        ({"T": 5, "loss": "margin", "closure": "fluctuating"}, "closure must be expected for the"),
    ],
)
def test_bad_input_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        theory.predict_stages(**arguments)
