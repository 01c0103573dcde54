import numpy as np
import pytest

import sim
from sim.__main__ import main
from sim.learning.settings import held_out_sequences


def _model(k, T, order):
    if order == 1:
        return sim.MinimalModel(0.3 * np.eye(T)[1], np.eye(k))
    return sim.MultiHeadModel.counting(T, k, 2, 2)


@pytest.mark.parametrize(("k", "T", "order"), [(2, 6, 1), (3, 9, 1), (2, 7, 2)])
def test_last_position_is_what_held_out_sequences_tell(k, T, order):
    batch = sim.sample_sequences(sim.Dirichlet(k, order=order), 40, T + 1, 0)
    model = _model(k, T, order)
    found, wanted = sim.distances_by_position(model, batch), sim.HeldOut(batch)
    measures = wanted.evaluate(model)
    assert found.kl_truth[-1] == pytest.approx(measures["kl_truth"], rel=1e-12)
    for name, level in wanted.baselines.items():
        assert found.baselines[name][-1] == pytest.approx(level, rel=1e-12)
        assert found.kl[name][-1] == pytest.approx(measures[f"kl_{name}"], rel=1e-9, abs=1e-14)


def test_every_position_by_hand():
    k, T = 2, 5
    batch = sim.sample_sequences(sim.Dirichlet(k, order=2), 7, T + 1, 1)
    model = _model(k, T, 2)
    found = sim.distances_by_position(model, batch)
    assert np.isnan(found.kl_truth[0])
    assert not np.isnan(found.kl_truth[1:]).any()
    for p in range(1, T):
        total, uniform = 0.0, 0.0
        for x, P in zip(batch.tokens, batch.transition, strict=True):
            truth = P[2 * x[p - 1] + x[p]]
            f = sim.logits(model, x[None, : p + 1])[0, -1]
            share = np.exp(f) / np.exp(f).sum()
            total += np.sum(truth * np.log(truth / share)) / 7
            uniform += np.sum(truth * np.log(2 * truth)) / 7
        assert found.kl_truth[p] == pytest.approx(total, rel=1e-12)
        assert found.baselines["uniform"][p] == pytest.approx(uniform, rel=1e-12)


def test_counting_needs_tokens():
    """The add-one bigram rule comes nearer to the truth with every token it has seen."""
    batch = sim.sample_sequences(sim.Dirichlet(2), 4000, 41, 2)
    levels = sim.distances_by_position(_model(2, 40, 1), batch).baselines["bigram"]
    assert (np.diff(levels[[0, 2, 5, 10, 20, 39]]) < 0).all()


def test_command_line_draws_positions_on_the_sequences_of_the_run(tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["run", "--k", "2", "--length", "9", "--steps", "30", "--held-out", "33"]
    assert main([*arguments, "--quiet", "--out", str(out)]) == 0
    run = sim.Trajectory.load(out)
    batch = held_out_sequences(run)
    assert sim.HeldOut(batch).baselines == run.baselines
    assert main(["plot", str(out), "--positions", "--venue", "icml"]) == 0
    assert (out / "positions.pdf").exists()
    run.provenance.pop("configuration")
    run.save(out)
    capsys.readouterr()
    assert main(["plot", str(out), "--positions"]) == 2
    assert "the run does not say what it was drawn from" in capsys.readouterr().err


def test_refuses_what_is_no_batch():
    with pytest.raises(TypeError, match="batch must be a SequenceBatch"):
        sim.distances_by_position(_model(2, 5, 1), np.zeros((3, 6), int))
