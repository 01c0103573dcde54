"""Claims about trained transformers: their routes on runs made up for the purpose."""

from dataclasses import replace

import numpy as np
import pytest

import sim
from proofs_check.claims.sec3_training import learning, two_states
from proofs_check.experiments.transformers import middles, stage_names, use_of_history, use_of_order
from proofs_check.ledger import Verdict, judge
from proofs_check.ledger.scrutiny import weaknesses
from sim.runs.trajectory import Trajectory

CLAIMS = (*learning.CLAIMS, *two_states.CLAIMS)
BY_ID = {claim.id: claim for claim in CLAIMS}
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


STATED = {"stages": THREE, "misses": 0}
BIGRAMS = {"best": "bigram", "history": 1, "misses": 0}


def find(route, stated, *runs):
    """What a route finds on runs made up here."""
    return route.given(runs=lambda _: list(runs)).find(stated)


def on_runs(claim, *runs):
    """The claim, judged by runs made up here."""
    routes = tuple(route.given(runs=lambda _: list(runs)) for route in claim.routes)
    return replace(claim, routes=routes)


@pytest.mark.parametrize(
    "route", [learning.stages, learning.order, learning.heads], ids=lambda route: route.kind
)
@pytest.mark.parametrize(
    ("stated", "runs", "residual"),
    [
        (THREE, [THREE, THREE], 0),
        (THREE, [THREE, THREE[:2]], 1),
        (THREE[:2], [THREE[:2]], 0),
        (THREE[:2], [THREE], 1),
        (THREE, [THREE[::2]], 1),
    ],
    ids=["good", "one stays", "stays as stated", "goes on", "a stage is left out"],
)
def test_runs_with_other_stages_are_counted(route, stated, runs, residual):
    found = find(route, {"stages": stated, "misses": 0}, *map(run, runs))
    assert found.residual == residual
    assert found.holds == (residual == 0)


def test_times_are_those_of_all_runs_and_levels_those_of_each():
    """Who never gets there counts as never; a harder test set makes no model worse."""
    hard = run(THREE)
    hard.baselines.update({name: 2 * level for name, level in LEVELS.items()})
    hard.measures["kl_truth"] = 2 * hard.measures["kl_truth"]
    detail = find(learning.stages, STATED, run(THREE), hard).detail
    assert "final KL over that of bigrams 1.000 (1.000 to 1.000)" in detail
    detail = find(learning.stages, STATED, run(THREE), run(THREE[:2]), run(THREE[:2])).detail
    assert "bigram from inf" in detail


def test_a_run_that_stops_half_way_is_no_bigram_model():
    runs = run(THREE), run(THREE, final=0.09)
    assert find(learning.stages, STATED, *runs).residual == 1
    assert find(learning.stages, STATED | {"misses": 1}, *runs).holds


@pytest.mark.parametrize("name", ["previous_token", "induction"])
def test_one_head_without_the_other_is_no_circuit(name):
    half = run(THREE)
    half.measures[name][:] = half.measures[name][0]
    assert find(learning.heads, STATED, run(THREE), half).residual == 1
    early = run(THREE)
    early.measures[name][10:] = 0.9
    assert find(learning.heads, STATED, early).residual == 1


def test_better_than_stated_is_seen():
    good, bad = (run(THREE, final=value) for value in (0.03, 0.03))
    bad.measures["kl_truth"][-10:] = 0.01
    assert find(learning.not_beyond, BIGRAMS, good).holds
    assert not find(learning.not_beyond, BIGRAMS, bad).holds
    assert not find(learning.not_beyond, BIGRAMS | {"best": "unigram"}, good).holds


def test_use_of_history_decides_between_bigrams_and_trigrams():
    assert find(learning.history, BIGRAMS, run(THREE)).holds
    assert not find(learning.history, BIGRAMS | {"history": 2}, run(THREE)).holds


@pytest.mark.parametrize("id", ["fig-8", "fig-9", "fig-13", "fig-12"])
def test_the_verdict_follows_from_the_runs(id):
    """The claim's own statement, on runs that do what it says and on others."""
    claim = BY_ID[id]
    stated = claim.printed.value["stages"]
    other = THREE[:2] if stated == THREE else THREE
    good, bad = (on_runs(claim, *[run(names)] * 3) for names in (stated, other))
    assert judge(good).verdict == Verdict.SUPPORTED
    assert not weaknesses(good)
    assert judge(bad).verdict == Verdict.REFUTED


def test_the_learning_rate_is_corrected_if_only_one_of_the_two_learns():
    learnt, slow = [run(THREE)] * 3, [run(THREE[:1])] * 3
    claim = BY_ID["text-B-learning-rate"]
    routes = tuple(
        route.given(runs=lambda stated: learnt if stated["rate"] == 1e-3 else slow)
        for route in claim.routes
    )
    tried = replace(claim, routes=routes)
    assert judge(tried).verdict == Verdict.CORRECTED
    assert not weaknesses(tried)


def test_single_heads_are_bigram_models():
    tried = on_runs(BY_ID["text-3.3-single-head"], run(THREE))
    assert judge(tried).verdict == Verdict.SUPPORTED
    assert not weaknesses(tried)


def test_all_of_them_are_experiments_and_have_wrong_values():
    assert all(claim.minutes > 0 and claim.wrong for claim in CLAIMS)


def two_kinds(kinds):
    """Runs on two states whose first layer attends to the token before, avoids it, or neither."""
    scores = {"attend": (0.7, 1.8), "avoid": (1e-5, 3.5), "neither": (0.15, 2.6)}
    runs = []
    for kind in kinds:
        learnt = run(THREE)
        learnt.measures["previous_token"][-1] = scores[kind][0]
        learnt.measures["kl_truth"][-1] = scores[kind][1] * learnt.baselines["bigram"]
        runs.append(learnt)
    return runs


def test_two_ways_on_two_states_are_told_apart():
    claim = BY_ID["x-two-states-heads"]
    seen = on_runs(claim, *two_kinds(["attend"] * 5 + ["avoid"] * 4 + ["neither"]))
    assert judge(seen).verdict == Verdict.SUPPORTED
    assert not weaknesses(seen)
    assert judge(on_runs(claim, *two_kinds(["attend"] * 10))).verdict == Verdict.REFUTED
