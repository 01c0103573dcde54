import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.kernels import chains
from sim.task import reference

KNOWN = [
    # two states, (1-b, 1-a) / (2-a-b)
    ([[0.9, 0.1], [0.3, 0.7]], [0.75, 0.25]),
    # periodic
    ([[0.0, 1.0], [1.0, 0.0]], [0.5, 0.5]),
    # absorbing first, absorbing last
    ([[1.0, 0.0], [0.4, 0.6]], [1.0, 0.0]),
    ([[0.4, 0.6], [0.0, 1.0]], [0.0, 1.0]),
    # transient state between
    ([[0.5, 0.0, 0.5], [0.3, 0.4, 0.3], [0.25, 0.0, 0.75]], [1 / 3, 0.0, 2 / 3]),
    # cyclic over three
    ([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], [1 / 3, 1 / 3, 1 / 3]),
]


@pytest.mark.parametrize(("transition", "pi"), KNOWN)
def test_stationary_distribution_known_answers(transition, pi):
    np.testing.assert_allclose(sim.stationary_distribution(transition), pi, rtol=1e-15, atol=1e-17)


def test_stationary_distribution_keeps_relative_accuracy_near_reducibility():
    # exit probabilities of 1e-14 and 3e-14: a subtraction would lose every digit
    transition = [[1 - 1e-14, 1e-14], [3e-14, 1 - 3e-14]]
    np.testing.assert_allclose(sim.stationary_distribution(transition), [0.75, 0.25], rtol=1e-14)


@given(st.integers(2, 5), st.integers(1, 2), st.integers(0, 10**6))
def test_stationary_distribution_is_stationary_and_agrees_with_the_reference(k, order, seed):
    transition = sim.Dirichlet(k, 0.5, order).sample(3, seed)
    pi = sim.stationary_distribution(transition)
    histories = k**order
    following = (np.arange(histories)[:, None] * k + np.arange(k)) % histories
    for chain, found in zip(transition, pi, strict=True):
        moved = np.zeros(histories)
        np.add.at(moved, following, found[:, None] * chain)
        np.testing.assert_allclose(moved, found, atol=1e-13)
    np.testing.assert_allclose(pi, reference.stationary(transition), atol=1e-9)


@pytest.mark.parametrize(("k", "order"), [(2, 1), (3, 1), (3, 2), (2, 3)])
def test_sampling_kernel_follows_the_reference(k, order):
    rng = np.random.default_rng(0)
    transition = sim.Dirichlet(k, order=order).sample(20, rng)
    initial = sim.stationary_distribution(transition)
    for length in (1, 2, order, order + 1, 30):
        uniforms = rng.random((20, max(1, length - order + 1)))
        tokens = np.empty((20, length), dtype=np.int32)
        chains.sample(transition, initial, uniforms, order, tokens)
        np.testing.assert_array_equal(
            tokens, reference.sample(transition, initial, uniforms, order, length)
        )


def test_sequences_have_the_chain_s_transition_frequencies():
    prior = sim.FiniteSet(sim.Dirichlet(3), 1, seed=5)
    tokens, transition = sim.sample_sequences(prior, 200, 500, 1)
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (tokens[:, :-1].ravel(), tokens[:, 1:].ravel()), 1)
    np.testing.assert_allclose(pairs / pairs.sum(axis=1, keepdims=True), transition[0], atol=0.012)
    # stationary from the first token on
    first = np.bincount(sim.sample_sequences(prior, 20_000, 1, 2).tokens[:, 0], minlength=3)
    np.testing.assert_allclose(
        first / 20_000, sim.stationary_distribution(transition[0]), atol=0.012
    )


def test_start_distribution_is_used():
    prior = sim.Dirichlet(3)
    assert (sim.sample_sequences(prior, 100, 5, 0, start=[0, 1, 0]).tokens[:, 0] == 1).all()
    first = sim.sample_sequences(prior, 9000, 1, 0, start="uniform").tokens[:, 0]
    np.testing.assert_allclose(np.bincount(first) / 9000, 1 / 3, atol=0.02)


def test_second_order_start_is_a_distribution_over_pairs():
    start = np.zeros(9)
    start[1 * 3 + 2] = 1.0
    tokens = sim.sample_sequences(sim.Dirichlet(3, order=2), 10, 4, 0, start=start).tokens
    assert (tokens[:, :2] == [1, 2]).all()


def test_same_seed_same_bits_and_kinds_of_seed():
    draw = lambda rng: sim.sample_sequences(sim.Dirichlet(3), 10, 20, rng).tokens  # noqa: E731
    np.testing.assert_array_equal(draw(3), draw(np.random.default_rng(3)))
    np.testing.assert_array_equal(draw(3), draw(np.random.SeedSequence(3)))
    assert not np.array_equal(draw(3), draw(4))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 0}, "n must be an integer >= 1, got 0"),
        ({"length": 0}, "length must be an integer >= 1, got 0"),
        ({"start": "middle"}, "start must be one of stationary, uniform, got 'middle'"),
        ({"start": [0.5, 0.6]}, "start must be nonnegative and sum to 1"),
        ({"start": [1.5, -0.5]}, "start must be nonnegative and sum to 1"),
        ({"start": [1.0]}, r"start must have shape \(2\), got \(1,\)"),
    ],
)
def test_refusals(arguments, words):
    call = {"n": 2, "length": 3, "rng": 0} | arguments
    with pytest.raises(ValueError, match=words):
        sim.sample_sequences(sim.Dirichlet(2), **call)


def test_refuses_what_is_not_a_transition_matrix():
    with pytest.raises(ValueError, match="rows that sum to 1"):
        sim.stationary_distribution([[0.5, 0.6], [0.5, 0.5]])
    with pytest.raises(ValueError, match=r"shape \(n, k\*\*order, k\)"):
        sim.stationary_distribution(np.full((3, 2), 0.5))


@pytest.mark.parametrize(
    ("transition", "words"),
    [
        ("chain", "transition must be an array of real numbers, got 'chain'"),
        ([[1, 0], [1]], r"transition must be an array of real numbers, got \[\[1, 0\], \[1\]\]"),
        (np.ones((5, 3)) / 3, r"or \(k\*\*order, k\) with k >= 2, got \(5, 3\)"),
        (np.ones((1, 2, 2, 2)), r"with k >= 2, got \(1, 2, 2, 2\)"),
        (np.empty((0, 2, 2)), r"with k >= 2, got \(0, 2, 2\)"),
        ([[0.5, 0.5], [0.5, 0.4]], "must have rows that sum to 1, got 0.9 in row 1 of chain 0"),
        (
            [[[0.5, 0.5], [0, 1]], [[1, 0], [-0.5, 1.5]]],
            "must be nonnegative, got -0.5 in row 1 of chain 1",
        ),
        ([[np.nan, 1], [0, 1]], "transition must be finite, got nan at index"),
    ],
)
def test_what_is_no_transition_matrix_is_named(transition, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sim.stationary_distribution(transition)
