"""Onset of the unigram stage: closed form, the reduced flow, refusals."""

import numpy as np
import pytest

import theory
from theory.stages.onset import unigram_time_constant


def test_linear_constant_is_its_closed_form():
    model = theory.ExpectedCounts(1, nodes=24)
    w, P, pi = model.weights, model.transition, model.stationary
    square = (pi**2).sum(axis=1)
    down = w @ square - 1 / 2, w @ (pi**2 * ((P @ pi[..., None])[..., 0] - 1 / 2)).sum(axis=1)
    off, diagonal = (down[0] - down[1]) / 2, down[1] / 2
    pull = off * (w @ square - 1 / 2) + (diagonal - off) * (w @ (square * (square - 1 / 2)))
    wanted = np.log(2) + w @ (pi * np.log(pi)).sum(axis=1)
    assert unigram_time_constant(linear=True) == pytest.approx(12 * wanted / pull, rel=1e-8)


def test_predicted_stage_times_tend_to_it():
    # c = 0.1 and T = 60: c^2 T^(5/2) = 280, v does not move before the stage begins
    constant = unigram_time_constant()
    errors = []
    for T in (30, 60):
        found = theory.predict_stages(T, init=0.5, nodes=8).unigram
        errors.append(1 - 0.25 * T**4 * found / constant)
    assert 0 < errors[1] < 0.6 * errors[0] < 0.15


def test_saturation_delays_the_onset_for_every_number_of_states():
    for k, nodes in ((2, 16), (3, 256), (4, 256)):
        assert unigram_time_constant(k, nodes=nodes) > 1.1 * unigram_time_constant(
            k, linear=True, nodes=nodes
        )


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="k must be an integer >= 2, got 1"):
        unigram_time_constant(1)
    with pytest.raises(ValueError, match="prior must be one of flat"):
        unigram_time_constant(prior="doubly_stochastic")
