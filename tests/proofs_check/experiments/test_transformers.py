"""What is measured of trained transformers, on runs of models that predict as strategies do."""

import numpy as np
import pytest

import sim
from proofs_check.experiments.transformers import (
    middles,
    numbers,
    stage_names,
    use_of_history,
    use_of_order,
)
from sim.runs.trajectory import Trajectory

THREE = ("uniform", "unigram", "bigram")
LEVELS = {"uniform": 0.3, "unigram": 0.2, "bigram": 0.03}
T, K = 60, 2


def model(kind):
    """Minimal models that predict as the strategies do, or as sharply."""
    if kind == "uniform":
        return sim.MinimalModel.constant(T, K, v=0.0)
    if kind == "unigram":  # the first layer looks at the token itself, the second at everything
        return sim.MinimalModel(np.eye(T)[0], np.full((K, K), 0.04))
    return sim.MinimalModel(np.eye(T)[1], 0.08 * np.eye(K))


def run(names, final=None):
    """A run that is at each of the strategies in turn, ten records each."""
    kinds = np.repeat(names, 10)
    models = [model(kind) for kind in kinds]
    measures = {f"kl_{name}": np.where(kinds == name, 0.01, 0.1) for name in LEVELS}
    measures["kl_truth"] = np.array([LEVELS[kind] for kind in kinds])
    measures["previous_token"] = np.where(kinds == "bigram", 0.6, 0.05)
    measures["induction"] = np.where(kinds == "bigram", 0.8, 0.4)
    measures["kl_truth"][-1] = LEVELS[names[-1]] if final is None else final
    index = np.arange(len(kinds))
    return Trajectory(
        step=index, time=index * 1e-3, examples=64 * index, loss=np.ones(len(kinds)),
        parameters={name: np.stack([getattr(m, name) for m in models]) for name in ("v", "W")},
        measures=measures, baselines=dict(LEVELS),
        provenance={
            "parameters": {"model": models[0].describe()},
            "configuration": {"k": K, "order": 1, "length": T},
        },
    )  # fmt: skip


def test_stages_are_named_once_and_their_middles_found():
    learnt = run(THREE)
    assert stage_names(learnt) == THREE
    places = middles(learnt)
    assert places["bigram"] == 29
    assert 3 <= places["uniform"] <= 6
    assert 13 <= places["unigram"] <= 16


def test_only_counting_successors_uses_the_order():
    learnt = run(THREE)
    assert use_of_order(learnt, 0) == pytest.approx(0.0, abs=1e-12)
    assert use_of_order(learnt, 15) == pytest.approx(0.0, abs=1e-12)
    assert use_of_order(learnt, 29) > 0.4


def test_trigrams_alone_use_the_token_before_the_last(monkeypatch):
    learnt = run(THREE)
    assert 0 < use_of_history(learnt) < 0.1
    monkeypatch.setattr(sim, "logits", lambda _, x: np.log(sim.strategies.ngram(x, K, 2)))
    assert use_of_history(learnt) == pytest.approx(1.0)


def test_numbers_are_those_of_the_middle_of_each_stage_and_of_the_end():
    learnt = run(THREE, final=0.04)
    found = numbers(learnt)
    assert found["stages"] == "uniform unigram bigram"
    assert found["end"] == 0.04
    assert found["late"] == pytest.approx(0.031)
    assert found["level_unigram"] == 0.2
    assert found["uniform_from"] == 0.0
    assert 9 * 64 <= found["unigram_from"] <= 10 * 64 < found["bigram_from"] <= 20 * 64
    for name in THREE:
        place = middles(learnt)[name]
        assert found[f"use_of_order_{name}"] == use_of_order(learnt, place)
    assert found["previous_token_end"] == 0.6
    assert found["previous_token_rise_unigram"] == 0.0
    assert found["induction_rise_bigram"] == pytest.approx((0.8 - 0.4) / (1 - 0.4))
    assert "use_of_history" not in found


def test_a_stage_that_is_left_out_has_no_numbers():
    found = numbers(run(("uniform", "bigram")))
    assert found["stages"] == "uniform bigram"
    assert found["unigram_from"] == np.inf
    assert np.isnan(found["use_of_order_unigram"])
    assert np.isnan(found["induction_rise_unigram"])


def test_the_use_of_history_is_measured_on_chains_of_order_two():
    learnt = run(THREE)
    learnt.provenance["configuration"]["order"] = 2
    assert numbers(learnt)["use_of_history"] == use_of_history(learnt)
