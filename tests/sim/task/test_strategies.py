import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.learning.objectives import all_sequences
from sim.task import reference, strategies


@given(
    st.integers(2, 4), st.integers(0, 3), st.floats(0.1, 3.0), st.integers(1, 12),
    st.integers(0, 10**6),
)  # fmt: skip
def test_ngram_counts_agree_with_the_reference(k, order, alpha, T, seed):
    tokens = np.random.default_rng(seed).integers(0, k, (4, T))
    found = strategies.ngram(tokens, k, order, alpha)
    np.testing.assert_allclose(found, reference.ngram(tokens, k, order, alpha), atol=1e-14)
    np.testing.assert_allclose(found.sum(axis=2), 1.0, atol=1e-14)


def test_bigram_by_hand():
    # after 0 1 0 0: state 0 was followed once by 1 and once by 0
    found = strategies.bigram([[0, 1, 0, 0]], 3, alpha=1)[0]
    np.testing.assert_allclose(found[0], [1 / 3] * 3)
    np.testing.assert_allclose(found[2], [1 / 4, 2 / 4, 1 / 4])
    np.testing.assert_allclose(found[3], [2 / 5, 2 / 5, 1 / 5])


def test_unigram_by_hand():
    np.testing.assert_allclose(
        strategies.unigram([[0, 1, 0]], 2)[0], [[2 / 3, 1 / 3], [2 / 4, 2 / 4], [3 / 5, 2 / 5]]
    )


def test_before_a_whole_history_the_prediction_is_uniform():
    found = strategies.ngram([[1, 1, 1, 1]], 2, 3)[0]
    np.testing.assert_allclose(found[:3], 0.5)
    np.testing.assert_allclose(found[3], [1 / 3, 2 / 3])


@pytest.mark.parametrize(
    "strategy",
    [
        lambda x: strategies.uniform(x, 2),
        lambda x: strategies.unigram(x, 2),
        lambda x: strategies.bigram(x, 2),
        lambda x: strategies.ngram(x, 2, 2),
        lambda x: strategies.bayes(x, sim.Dirichlet(2)),
    ],
)
def test_causality_a_later_token_changes_no_earlier_prediction(strategy):
    tokens = np.random.default_rng(0).integers(0, 2, (5, 9))
    changed = tokens.copy()
    changed[:, 6] ^= 1
    before, after = strategy(tokens), strategy(changed)
    np.testing.assert_array_equal(before[:, :6], after[:, :6])
    assert strategy(tokens).shape == (5, 9, 2)


def test_bayes_with_uniform_start_is_the_add_one_bigram_rule():
    # Remark 2.1: if x_1 tells nothing about the chain, eq. (3) is exactly Bayes optimal
    tokens = np.random.default_rng(1).integers(0, 2, (20, 40))
    found = strategies.bayes(tokens, sim.Dirichlet(2), start="uniform")
    np.testing.assert_allclose(found, strategies.bigram(tokens, 2), atol=1e-12)


def test_bayes_under_iid_tokens_is_the_unigram_rule():
    tokens = np.random.default_rng(2).integers(0, 2, (20, 40))
    found = strategies.bayes(tokens, sim.Unigram(2))
    np.testing.assert_allclose(found, strategies.unigram(tokens, 2), atol=1e-12)


def test_bayes_is_conditional_probability_of_the_enumerated_law():
    T = 5
    long, short = all_sequences(2, T + 1), all_sequences(2, T)
    population = sim.Population(sim.Dirichlet(2), T, sim.CrossEntropy())
    chance = population.weights.reshape(-1, 2)
    np.testing.assert_array_equal(long[::2, :T], short)
    conditional = chance / chance.sum(axis=1, keepdims=True)
    found = strategies.bayes(short, sim.Dirichlet(2))[:, -1]
    np.testing.assert_allclose(found, conditional, atol=1e-12)


def test_bayes_agrees_with_the_reference_and_beats_the_bigram_rule():
    prior = sim.FiniteSet(sim.Dirichlet(3), 4, seed=0)
    tokens, transition = sim.sample_sequences(prior, 50, 30, 1)
    found = strategies.bayes(tokens, prior)
    np.testing.assert_allclose(found, reference.bayes(tokens, prior.chains), atol=1e-12)
    truth = transition[np.arange(50), tokens[:, -1]]
    gap = [np.sum(truth * np.log(truth / guess[:, -1])) for guess in
           (found, strategies.bigram(tokens, 3))]  # fmt: skip
    assert gap[0] < gap[1]


def test_long_sequences_do_not_underflow():
    tokens = np.random.default_rng(3).integers(0, 2, (1, 3000))
    prior = sim.FiniteSet(sim.Dirichlet(2), 3, seed=0)
    assert np.isfinite(strategies.bayes(tokens, prior)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: strategies.unigram([[0, 2]], 2),
            r"tokens must lie in 0..1 for k = 2 states, got 2",
        ),
        (lambda: strategies.unigram([[0, -1]], 2), "got -1"),
        (lambda: strategies.bigram([[0.0, 1.0]], 2), "tokens must be integers, got dtype float64"),
        (lambda: strategies.bigram([0, 1], 2), r"tokens must have shape \(n, length\), got \(2,\)"),
        (lambda: strategies.bigram([[0, 1], [0]], 2), "tokens must be sequences of one length"),
        (lambda: strategies.uniform(np.zeros((0, 3), int), 2), "at least one sequence"),
        (lambda: strategies.unigram([[0]], 1), "k must be an integer >= 2, got 1"),
        (lambda: strategies.ngram([[0]], 2, -1), "order must be an integer >= 0, got -1"),
        (
            lambda: strategies.bigram([[0]], 2, alpha=0.0),
            "alpha must be a finite number > 0, got 0",
        ),
        # a posterior over a continuum of larger chains is not integrated exactly by fixed points
        (
            lambda: strategies.bayes([[0]], sim.Dirichlet(3)),
            "prior must have k = 2 or be a FiniteSet",
        ),
        (
            lambda: strategies.bayes(
                [[0]],
                sim.Mixture([sim.FiniteSet(sim.Dirichlet(3), 2, 0), sim.Dirichlet(3)], [0.5, 0.5]),
            ),
            "prior must have k = 2 or be a FiniteSet",
        ),
        (
            lambda: strategies.bayes([[0]], sim.Dirichlet(2), nodes=0),
            "nodes must be an integer >= 2",
        ),
        (lambda: strategies.bayes([[0]], sim.Dirichlet(2, order=2)), "prior must have order 1"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_last_prediction_is_that_of_all(order):
    for T in (1, 2, 3, 17):
        tokens = np.random.default_rng(T).integers(0, 3, (7, T))
        every = strategies.ngram(tokens, 3, order, 0.5)
        assert np.array_equal(strategies.ngram(tokens, 3, order, 0.5, last=True), every[:, -1:])
