"""The slow flow of the unigram stage: its numbers, its start and its limit."""

import numpy as np
import pytest

from theory.chains.nodes import quadrature
from theory.stages import context_limit
from theory.stages.plateau import (
    plateau_growth,
    plateau_slope,
    plateau_start,
    plateau_time,
    residual_forces,
)


def test_forces_are_what_unigrams_leave_and_averages_over_chains():
    h = residual_forces(6)
    form = context_limit.squared_loss(6, normalization="score")
    np.testing.assert_allclose(h, (form.target - form.gram[0])[1:], atol=1e-14)
    weights, P = quadrature(40)
    eigenvalue = np.trace(P, axis1=1, axis2=2) - 1
    y = (1 - P[:, 1, 1]) / (2 - P[:, 0, 0] - P[:, 1, 1])
    spread = 1 - y**2 - (1 - y) ** 2
    expected = [weights @ (eigenvalue**j * spread) for j in range(1, 7)]
    np.testing.assert_allclose(h, expected, atol=1e-12)


def test_start_is_on_the_unigram_surface_and_balanced():
    for lags in (16, 1000):
        d = plateau_start(lags)
        v = np.full(lags, d * np.sqrt(2 / lags))
        assert d * v.sum() == pytest.approx(1.0)
        assert 2 * d**2 == pytest.approx(v @ v)


def test_growth_obeys_its_equations_and_meets_the_time():
    lags, times = 500.0, np.linspace(0.0, 12.0, 1201)
    beta = plateau_growth(lags, times)
    assert beta[0] == pytest.approx(plateau_start(lags), rel=1e-12)
    assert (np.diff(beta) > 0).all()
    for target in (0.25, 0.4):
        when = plateau_time(lags, target)
        assert np.interp(when, times, beta) == pytest.approx(target, rel=1e-4)
    # at the start S^2 / 2 = d^2 J: mu S / 2 is p / 2 from its first term and p / 2 from its second
    h = residual_forces(500)
    p = h.sum() * plateau_start(lags) * np.sqrt(2 / lags)
    first = (beta[1] - beta[0]) / times[1]
    assert first == pytest.approx(p, rel=0.02)


def test_with_many_lags_the_rate_is_twice_the_force_and_the_slope_its_eighth():
    size = np.linalg.norm(residual_forces(10**5))
    assert plateau_slope() == pytest.approx(1 / (8 * size), rel=1e-9)
    times = np.linspace(60.0, 61.0, 11)
    beta = plateau_growth(1e30, times)
    rate = np.log(beta[-1] / beta[0])
    assert rate == pytest.approx(2 * size, rel=1e-4)
    errors = [
        abs((plateau_time(16 * J, 0.4) - plateau_time(J, 0.4)) / np.log(16) / plateau_slope() - 1)
        for J in (1e4, 1e8)
    ]
    assert errors[1] < errors[0] / 10


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: plateau_start(0), "lags must be a finite number > 0"),
        (lambda: plateau_growth(1, [1.0]), "lags must be >= 2"),
        (lambda: plateau_growth(10, [1.0, 0.5]), "times must increase"),
        (lambda: plateau_time(10, 0.1), "beta must be above its start"),
        (lambda: residual_forces(0), "lags must be an integer >= 1"),
    ],
)
def test_refusals(call, word):
    with pytest.raises(ValueError, match=word):
        call()
