"""Symmetric chains and the two-step curriculum, against kernels derived elsewhere."""

import numpy as np
import pytest
import sympy as sp

from theory import leading_constants
from theory.derivations.curriculum import REGISTRY
from theory.first_steps import curriculum
from theory.first_steps.step_1 import first_step_v, first_step_W
from theory.kernel.population import population_kernel


@pytest.mark.parametrize("T", [1, 2, 3, 10, 101])
def test_kernel_is_the_doubly_stochastic_one(T):
    expected = population_kernel(T, prior="doubly_stochastic")
    np.testing.assert_allclose(curriculum.symmetric_kernel(T), expected, atol=1e-14)


@pytest.mark.parametrize("T", [1, 2, 5, 12])
def test_exact_steps(T):
    W = first_step_W(T, "doubly_stochastic")
    assert sp.Matrix([[1, 0], [0, 1]]) * curriculum.diagonal_step(T) == W
    v = first_step_v(T, "doubly_stochastic")
    assert [curriculum.gap_sum(T - j) / (2 * T) for j in range(T)] == v


@pytest.mark.parametrize("T", [4, 9, 50])
def test_closed_forms(T):
    length, M = sp.Integer(T), sp.Integer(T // 2)
    closed = float(curriculum.diagonal_step_closed(length, M))
    assert closed == pytest.approx(float(curriculum.diagonal_step(T)), rel=1e-12)
    closed = float(curriculum.gap_sum_closed(length, M))
    assert closed == pytest.approx(float(curriculum.gap_sum(T)), rel=1e-12)


def test_moments_and_their_sum():
    epsilon = sp.Rational(1, 8)
    floats = curriculum.lambda_moments(60, 0.125)
    exact = [float(curriculum.lambda_moment(n, epsilon)) for n in range(61)]
    np.testing.assert_allclose(floats, exact, rtol=1e-14)
    assert float(curriculum.excess(epsilon)) == pytest.approx(floats[1:].sum(), rel=1e-13)
    # the interval is [-2 epsilon, 2 epsilon]: a mean over nodes of lambda itself
    x, weights = np.polynomial.legendre.leggauss(20)
    assert floats[4] == pytest.approx(np.sum(weights / 2 * (0.25 * x) ** 4), rel=1e-13)


@pytest.mark.parametrize("epsilon", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("w_init", [0.0, 0.5, -0.02])
def test_two_steps_approach_their_limit_like_one_over_T(epsilon, w_init):
    plan = curriculum.Curriculum(epsilon, 0.7, w_init, 3.0, 0.9)
    limits = np.array([float(plan.limit_v(j)) for j in range(1, 7)])
    gaps = []
    for T in (1000, 2000):
        v, W = plan.second(T)
        diagonal = float(plan.limit().W)
        gaps.append([np.abs(v[:6] - limits).max(), np.abs(W - diagonal * np.eye(2)).max()])
    np.testing.assert_allclose(np.divide(*gaps), 2.0, rtol=0.02)


def test_decay_of_the_second_layer_alone_keeps_v():
    plan = curriculum.Curriculum(0.1, 0.7, 0.1, 3.0, 0.9, decay_v=0.0)
    assert float(plan.limit_v(3)) == pytest.approx(0.7)
    assert plan.second(2000)[0][2] == pytest.approx(0.7, rel=1e-2)
    assert float(plan.limit_v(2)) > 0.7


def test_all_lags_share():
    T, plan = 3000, curriculum.Curriculum(0.1, 0.7, 0.2, 3.0, 0.9)
    v = plan.second(T)[0]
    every = v.copy()
    every[1:20:2] = (every[0:20:2] + every[2:21:2]) / 2  # what lags 2, 4, ... share with all
    total = np.cumsum(every).sum() / T
    assert total / float(plan.limit_v(2)) == pytest.approx(float(plan.all_lags_share()), rel=0.02)


def test_share_vanishes_for_one_initial_second_layer_and_is_above_one_for_positive_ones():
    known, epsilon = leading_constants(), sp.Symbol("epsilon", positive=True)
    tuned = -(known.A + known.B) / 12
    cancelled = curriculum.Curriculum(sp.Rational(1, 10), w_init=tuned).all_lags_share()
    assert abs(float(cancelled)) < 1e-14
    share = sp.limit(curriculum.Curriculum(epsilon).all_lags_share(), epsilon, 0)
    assert float(share) == pytest.approx(1.1144305, abs=1e-6)


@pytest.mark.parametrize("epsilon", [0.0, -0.1, 0.6, np.nan])
def test_bad_width_is_refused(epsilon):
    with pytest.raises(ValueError, match="epsilon must be in"):
        curriculum.symmetric_kernel(3, epsilon)


def test_bad_length_is_refused():
    with pytest.raises(ValueError, match="T must be an integer >= 1, got 0"):
        curriculum.diagonal_step(0)
    with pytest.raises(TypeError, match="n must be an integer"):
        curriculum.lambda_moment(1.5)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_derivations_can_be_carried_out(name):
    title, build = REGISTRY[name]
    steps = build(6)
    assert title
    assert len(steps) >= 5
