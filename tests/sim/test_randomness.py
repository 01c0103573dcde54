import numpy as np
import pytest

from sim.randomness import generator, streams


@pytest.mark.parametrize("seed", [0, 7, np.random.SeedSequence(3)])
def test_streams_of_one_seed_differ_and_repeat(seed):
    first, second = (rng.random(4) for rng in streams(seed, 2))
    assert not np.array_equal(first, second)
    # a SeedSequence is not advanced by being used
    again = [rng.random(4) for rng in streams(seed, 3)]
    np.testing.assert_array_equal(again[0], first)
    np.testing.assert_array_equal(again[1], second)


def test_streams_of_a_generator_are_its_children():
    first, second = (rng.random(4) for rng in streams(np.random.default_rng(1), 2))
    assert not np.array_equal(first, second)


def test_a_generator_is_used_as_it_is():
    rng = np.random.default_rng(2)
    assert generator(rng) is rng
