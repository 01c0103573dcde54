"""Known coverages, an exact power law, and errors that are what they claim to be."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.runs.statistics import loglog_slope, median_interval


@pytest.mark.parametrize(
    ("n", "low", "high", "coverage"),
    # the table of the sign test: 95 % is reached from n = 6 on
    [(1, 1, 1, 0.0), (5, 1, 5, 1 - 2 / 32), (6, 1, 6, 1 - 2 / 64), (9, 2, 8, 1 - 20 / 512),
     (10, 2, 9, 1 - 22 / 1024), (20, 6, 15, 0.958610534667968)],
)  # fmt: skip
def test_median_interval_by_the_table(n, low, high, coverage):
    found = median_interval(np.random.default_rng(0).permutation(np.arange(1.0, n + 1)))
    assert found[:3] == ((n + 1) / 2, low, high)
    assert found.coverage == pytest.approx(coverage, abs=1e-14)


@pytest.mark.parametrize("n", [3, 6, 7, 9])
def test_coverage_by_enumeration(n):
    """Every pattern of values below and above the median is equally likely."""
    held = 0
    for signs in product((-1.0, 1.0), repeat=n):
        found = median_interval(np.array(signs) * np.arange(1, n + 1))
        held += found.low < 0 < found.high
    assert held / 2**n == pytest.approx(median_interval(np.arange(n)).coverage, abs=1e-12)


def test_what_was_not_reached_keeps_its_place():
    found = median_interval([5.0, np.inf, 3.0, 4.0, np.inf, 6.0])
    assert found[:3] == (5.5, 3.0, np.inf)
    assert median_interval([np.inf] * 4)[:3] == (np.inf,) * 3


@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_an_exact_power_law(slope, factor):
    x = np.array([2.0, 3.0, 7.0, 20.0])
    found = loglog_slope(x, factor * x**slope)
    assert found.slope == pytest.approx(slope, abs=1e-10)
    assert found.error == pytest.approx(0.0, abs=1e-10)


def test_standard_error_is_the_scatter_of_the_slope():
    rng = np.random.default_rng(1)
    x = np.geomspace(1.0, 30.0, 8)
    fits = np.array([loglog_slope(x, x**2 * np.exp(0.1 * rng.normal(size=8))) for _ in range(4000)])
    slopes, errors = fits.T
    assert slopes.mean() == pytest.approx(2.0, abs=0.005)
    # sd of a standard deviation from 4000 draws: 1.1 %
    assert slopes.std() == pytest.approx(np.sqrt((errors**2).mean()), rel=0.05)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: median_interval([]), "sample must be numbers of shape"),
        (lambda: median_interval([1.0, np.nan]), "without NaN"),
        (lambda: median_interval([1.0], level=1.0), r"level must lie inside \(0, 1\), got 1"),
        (lambda: loglog_slope([1, 2], [1, 2]), "one length >= 3, got 2 and 2"),
        (lambda: loglog_slope([1, 2, 3], [1, 0, 2]), "y must be positive, got 0"),
        (lambda: loglog_slope([2, 2, 2], [1, 4, 2]), "at least two different values, got only 2"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
