"""Correlations of two-state chains in signs, against sums over all sequences of a chain."""

from itertools import pairwise, product

import numpy as np
import pytest
import sympy as sp

from proofs_check.methods.signs import flat_mean, four, growth, mu, pair
from proofs_check.methods.symbols import lam, t

P, PI = np.array([[0.7, 0.3], [0.6, 0.4]]), np.array([2 / 3, 1 / 3])
CHAIN = {mu: sp.Rational(1, 3), lam: sp.Rational(1, 10)}


def average(of, length):
    """Mean of a function of the signs of a stationary sequence."""
    total = 0.0
    for x in product(range(2), repeat=length):
        chance = PI[x[0]] * np.prod([P[step] for step in pairwise(x)])
        total += chance * of([1 - 2 * state for state in x])
    return total


@pytest.mark.parametrize("gap", [0, 1, 3])
def test_two_states_of_a_chain(gap):
    found = float(pair(lam**gap).subs(CHAIN))
    assert found == pytest.approx(average(lambda signs: signs[0] * signs[gap], gap + 1), abs=1e-14)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 2), (2, 0)])
def test_four_states_of_a_chain(before, after):
    def product_of_signs(x):
        return x[0] * x[before] * x[before + after] * x[before + after + 1]

    found = float(four(lam**before, lam**after).subs(CHAIN))
    assert found == pytest.approx(average(product_of_signs, before + after + 2), abs=1e-14)


def test_averages_are_those_over_uniform_rows():
    a, b = np.random.default_rng(0).uniform(size=(2, 400_000))
    values = ((a - b) / (2 - a - b)) ** 2 * (a + b - 1)
    error = values.std() / np.sqrt(len(values))
    assert abs(float(flat_mean(mu**2 * lam)) - values.mean()) < 4 * error


def test_growth_forgets_powers_that_die_out():
    power, coefficient = growth((3 * t**3 + lam**t * t**5) / (2 * t * (1 - lam)))
    assert power == 2
    assert sp.simplify(coefficient - 3 / (2 * (1 - lam))) == 0
