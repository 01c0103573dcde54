"""Two steps of descent in closed form, and the learning rate at which v_2 takes the lead."""

import numpy as np
import pytest
import sympy as sp

import sim
from theory.derivations.step_2 import REGISTRY
from theory.exact import is_zero
from theory.first_steps import step_2 as second


def descended(T, c, eta, share=1.0 + 1e-9):
    delta = share * second.required_margin(T, c, eta)
    evaluate = sim.Population(sim.Dirichlet(2), T, sim.Margin(delta)).bind(
        sim.MinimalModel.constant(T, 2, v=c, W=c)
    )
    v, W = np.full(T, c), np.full((2, 2), c)
    for _ in range(2):
        gradient = evaluate(v, W)[1]
        v, W = v - eta * gradient.v, W - eta * gradient.W
    return W, v


@pytest.mark.parametrize("T", [1, 2, 5, 10])
def test_two_steps_against_enumeration(T):
    for found, expected in zip(
        second.second_step(T, 0.3, 0.4), descended(T, 0.3, 0.4), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_exact_version():
    exact = [float(v) for v in second.second_step_v(5, sp.Rational(2, 5))]
    np.testing.assert_allclose(exact, second.second_step(5, 1.0, 0.4)[1], rtol=1e-13)


@pytest.mark.parametrize("T", [10, 11, 30, 300])
def test_v2_leads_exactly_above_the_critical_rate(T):
    rate = second.critical_learning_rate(T)
    assert np.argmax(second.second_step(T, 0.02, rate * 1.001)[1]) == 1
    assert np.argmax(second.second_step(T, 0.02, rate * 0.999)[1]) == 0


def test_none_below_ten_and_exact_at_ten():
    assert [second.critical_learning_rate(T) for T in range(1, 10)] == [None] * 9
    assert all(second.critical_learning_rate_exact(T) is None for T in (2, 5, 9))
    exact = float(second.critical_learning_rate_exact(10).evalf(30))
    assert exact == pytest.approx(second.critical_learning_rate(10), rel=1e-11)


def test_asymptotic_law():
    constant = float(second.critical_rate_constant())
    gaps = [
        abs(second.critical_learning_rate(T) * T**3 / constant - 1) for T in (10**3, 10**4, 10**5)
    ]
    assert gaps[0] < 1e-3
    assert gaps[2] < gaps[1] < 1e-4


def test_required_margin_is_sharp():
    T, c, eta = 6, 0.3, 0.4
    assert second.required_margin(T, c, 0.0) == pytest.approx(c**2 * T * (T + 1) / 2)
    linear = second.second_step(T, c, eta)[1]
    assert np.abs(descended(T, c, eta)[1] - linear).max() < 1e-13
    assert np.abs(descended(T, c, eta, share=1.0 - 1e-6)[1] - linear).max() > 1e-4


def test_diagonal_constants():
    assert is_zero(second.diagonal_constant(1) - (1 - sp.log(2)) / 3)
    assert is_zero(second.diagonal_constant(2) - (8 - 11 * sp.log(2)) / 3)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="eta must be finite, got nan"):
        second.second_step(3, 0.1, float("nan"))
    with pytest.raises(TypeError, match="T must be an integer"):
        second.critical_learning_rate(2.0)


@pytest.mark.parametrize("name", list(REGISTRY))
def test_derivations_state_something(name):
    assert all(step.text for step in REGISTRY[name][1](12))
