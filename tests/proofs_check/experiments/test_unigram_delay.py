"""Training with and without chains that unigrams solve, in small."""

import numpy as np
import pytest

from proofs_check.experiments import unigram_delay
from sim.task.batches import BatchStream

BASE = {"model": "minimal", "optimizer": "sgd", "k": 4, "rate": 2e-3, "seed": 0}


def test_an_arm_trains_and_is_late_if_it_never_gets_there():
    done = unigram_delay.train_arm(BASE | {"arm": "signal", "updates": 20})
    assert done == {"updates_to_level": np.inf}


def test_the_time_to_the_level_lies_between_records():
    step, loss = np.array([0, 10, 20, 30]), np.array([1.0, 0.8, 0.4, 0.5])
    assert unigram_delay._falls_below(step, loss, 0.5) == pytest.approx(17.5)
    assert unigram_delay._falls_below(step, loss, 0.3) == np.inf


def test_adamw_is_slowed_by_the_signal_and_by_nothing_else():
    """The experiment in small: two states more quickly than four."""
    setting = BASE | {"optimizer": "adamw", "k": 2, "rate": 5e-3, "updates": 150}
    times = {
        arm: unigram_delay.train_arm(setting | {"arm": arm})["updates_to_level"]
        for arm in unigram_delay.ARMS
    }
    assert times["signal"] > 1.2 * times["alone"]
    assert times["control"] == pytest.approx(times["alone"], rel=0.1)


def test_all_arms_are_given_the_same_doubly_stochastic_sequences():
    made = {arm: unigram_delay.batches(arm, 4, 3) for arm in unigram_delay.ARMS}
    streams = {arm: BatchStream(prior, prior.size, 9, 7) for arm, prior in made.items()}
    for step in (0, 1, 70, 300):  # the blocks of arms differ in length
        tokens = {arm: stream.tokens(step) for arm, stream in streams.items()}
        for arm in ("signal", "control"):
            np.testing.assert_array_equal(tokens[arm][:48], tokens["alone"])
        assert (tokens["signal"][48:] != tokens["control"][48:]).any()
    for arm in ("signal", "control"):
        chains = unigram_delay.batches(arm, 4, 3).sample(128).reshape(2, 64, 4, 4)
        np.testing.assert_allclose(chains[:, :48].sum(axis=2), 1.0)
        assert (np.ptp(chains[:, 48:], axis=2) == 0).all()
        assert (np.ptp(chains[:, 48:], axis=3) > 0).any() == (arm == "signal")


def test_what_is_added_does_not_make_the_rest_count_less(monkeypatch):
    """With SGD a doubly stochastic sequence moves the weights by the rate over the batch."""
    seen = {}

    def train(model, prior, *, batch_size, learning_rate, optimizer, **_):
        seen[arm, optimizer] = learning_rate, batch_size
        raise ArithmeticError

    monkeypatch.setattr(unigram_delay.sim, "train", train)
    for optimizer in ("sgd", "adamw"):
        for arm in unigram_delay.ARMS:
            with pytest.raises(ArithmeticError):
                configuration = BASE | {"optimizer": optimizer, "arm": arm, "updates": 9}
                unigram_delay.train_arm(configuration)
    alone, *more = (rate / size for rate, size in (seen[arm, "sgd"] for arm in unigram_delay.ARMS))
    assert more == pytest.approx([alone, alone], rel=1e-12)
    assert len({seen[arm, "adamw"][0] for arm in unigram_delay.ARMS}) == 1
