"""Training with and without chains that unigrams solve, in small; verdicts on made-up times."""

import numpy as np
import pytest

from proofs_check import weaknesses
from proofs_check.claims.beyond.stages import unigram_delay as x_unigram_delay
from proofs_check.claims.beyond.stages.unigram_delay import CLAIMS
from proofs_check.experiments import unigram_delay
from proofs_check.ledger import Verdict, judge
from sim.task.batches import BatchStream

MADE_UP = {
    ("minimal", "added"): [0.78, 0.79, 0.8, 0.79, 0.79, 0.8],
    ("transformer", "added"): [1.2, 1.4, 2.0, 2.2, 2.6, 3.0],
    ("minimal", "replaced"): [1.04, 1.04, 1.05, 1.05, 1.06, 1.07],
    ("transformer", "replaced"): [1.1, 1.5, 2.2, 2.5, 2.7, np.inf],
}


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setattr(
        x_unigram_delay, "delays", lambda model, slower, _: np.array(MADE_UP[model, slower])
    )


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_follows_from_the_ratios(claim, made_up):
    assert judge(claim).verdict == Verdict.SUPPORTED
    assert not weaknesses(claim)


def test_an_arm_trains_and_is_late_if_it_never_gets_there():
    done = unigram_delay.train_arm({"model": "minimal", "arm": "added", "seed": 0, "steps": 20})
    assert done == {"steps_to_level": np.inf}


def test_all_arms_are_given_the_same_doubly_stochastic_sequences():
    streams = {
        arm: BatchStream(unigram_delay.batches(arm, 3), unigram_delay.batches(arm, 3).size, 9, 7)
        for arm in unigram_delay.ARMS
    }
    for step in (0, 1, 70, 300):  # the blocks of arms differ in length
        tokens = {arm: stream.tokens(step) for arm, stream in streams.items()}
        for arm in ("added", "full", "replaced"):
            np.testing.assert_array_equal(tokens[arm][:48], tokens["alone"])
        np.testing.assert_array_equal(tokens["added"], tokens["replaced"])
        assert (tokens["full"][48:] != tokens["replaced"][48:]).any()
    chains = unigram_delay.batches("added", 3).sample(128).reshape(2, 64, 4, 4)
    np.testing.assert_allclose(chains[:, :48].sum(axis=2), 1.0)
    assert (np.ptp(chains[:, 48:], axis=2) == 0).all()
    assert (np.ptp(chains[:, :48], axis=2) > 0).any(axis=2).all()


def test_what_is_added_does_not_make_the_rest_count_less(monkeypatch):
    """Batches and rates: a doubly stochastic sequence moves the weights by rate / batch."""
    seen = {}

    def train(model, prior, *, batch_size, learning_rate, **_):
        seen[arm] = learning_rate / batch_size
        raise ArithmeticError

    monkeypatch.setattr(unigram_delay.sim, "train", train)
    for arm in unigram_delay.ARMS:
        with pytest.raises(ArithmeticError):
            unigram_delay.train_arm({"model": "minimal", "arm": arm, "seed": 0})
    assert seen["added"] == pytest.approx(seen["alone"], rel=1e-12)
    assert seen["replaced"] == seen["full"]
