"""Singular modes, and the exact flow against a numerical integrator."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import linear_flow, modes


@pytest.mark.parametrize(("k", "prior"), [(2, "flat"), (2, "doubly_stochastic"), (3, "flat")])
def test_modes_rebuild_the_kernel(k: int, prior: str) -> None:
    T = 12
    found = modes(T, k=k, prior=prior)
    assert len(found.singular_values) == 2
    assert np.all(np.diff(found.singular_values) < 0)
    rebuilt = np.einsum("r,rj,rml->jml", found.singular_values, found.v_modes, found.W_modes)
    np.testing.assert_allclose(rebuilt, population_kernel(T, k=k, prior=prior), atol=1e-13)
    np.testing.assert_allclose(found.v_modes @ found.v_modes.T, np.eye(2), atol=1e-13)
    gram = np.einsum("rml,sml->rs", found.W_modes, found.W_modes)
    np.testing.assert_allclose(gram, np.eye(2), atol=1e-13)


def test_signs_are_fixed() -> None:
    K = population_kernel(8)
    rng = np.random.default_rng(0)
    for kernel in (K, -K, *rng.normal(size=(10, 8, 2, 2))):
        found = modes(8, kernel=kernel)
        peak = np.argmax(np.abs(found.v_modes), axis=1)
        assert np.all(found.v_modes[np.arange(len(peak)), peak] > 0)
    up, down = modes(8, kernel=K), modes(8, kernel=-K)
    np.testing.assert_allclose(up.v_modes, down.v_modes, atol=1e-12)
    np.testing.assert_allclose(up.W_modes, -down.W_modes, atol=1e-12)


def test_vanishing_kernel_has_no_modes_and_no_flow() -> None:
    assert modes(3, kernel=np.zeros((3, 2, 2))).singular_values.shape == (0,)
    v, W = linear_flow([1.0, 2.0], np.eye(2), [0.0, 5.0], kernel=np.zeros((2, 2, 2)))
    np.testing.assert_array_equal(v, [[1.0, 2.0], [1.0, 2.0]])
    np.testing.assert_array_equal(W[1], np.eye(2))


@pytest.mark.parametrize("rates", [(1.0, 1.0), (0.3, 2.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("prior", ["flat", "doubly_stochastic"])
def test_flow_against_an_integrator(rates: tuple[float, float], prior: str) -> None:
    T, rng = 7, np.random.default_rng(4)
    v0, W0 = rng.normal(size=T), rng.normal(size=(2, 2))
    K = population_kernel(T, prior=prior)
    times = np.array([0.0, 0.5, 2.0, 6.0])

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        v, W = state[:T], state[T:].reshape(2, 2)
        return np.concatenate(
            [
                rates[0] * np.einsum("jml,ml->j", K, W),
                rates[1] * np.einsum("jml,j->ml", K, v).ravel(),
            ]
        )

    start = np.concatenate([v0, W0.ravel()])
    solved = solve_ivp(slope, (0, 6), start, t_eval=times, rtol=1e-12, atol=1e-13, method="DOP853")
    v, W = linear_flow(v0, W0, times, prior=prior, rates=rates)
    np.testing.assert_allclose(v, solved.y[:T].T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(W.reshape(4, -1), solved.y[T:].T, rtol=1e-9, atol=1e-9)


def test_flow_for_three_states_with_a_general_kernel() -> None:
    rng = np.random.default_rng(8)
    K = rng.normal(size=(4, 3, 3)) / 3  # full rank: four modes
    v0, W0 = rng.normal(size=4), rng.normal(size=(3, 3))

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        return np.concatenate([K.reshape(4, 9) @ state[4:], K.reshape(4, 9).T @ state[:4]])

    solved = solve_ivp(slope, (0, 2), np.concatenate([v0, W0.ravel()]), rtol=1e-12, atol=1e-13)
    v, W = linear_flow(v0, W0, 2.0, kernel=K)
    assert v.shape == (4,)
    assert W.shape == (3, 3)
    np.testing.assert_allclose(v, solved.y[:4, -1], atol=1e-9)
    np.testing.assert_allclose(W.ravel(), solved.y[4:, -1], atol=1e-9)


def test_flow_composes_reverses_and_conserves_the_balance() -> None:
    rng = np.random.default_rng(1)
    v0, W0 = rng.normal(size=10), rng.normal(size=(2, 2))
    halfway = linear_flow(v0, W0, 1.5)
    there = linear_flow(*halfway, 1.5)
    direct = linear_flow(v0, W0, 3.0)
    np.testing.assert_allclose(there[0], direct[0], rtol=1e-11)
    back = linear_flow(*direct, -3.0)
    np.testing.assert_allclose(back[1], W0, atol=1e-11)
    balance = (v0**2).sum() - (W0**2).sum()
    assert (direct[0] ** 2).sum() - (direct[1] ** 2).sum() == pytest.approx(balance, abs=1e-8)


def test_what_lies_outside_the_modes_stays() -> None:
    found = modes(6)
    v0, W0 = np.random.default_rng(2).normal(size=6), np.array([[0.0, 1.0], [-1.0, 0.0]])
    v0 -= found.v_modes.T @ (found.v_modes @ v0)
    v, W = linear_flow(v0, W0, [4.0])
    np.testing.assert_allclose(v[0], v0, atol=1e-12)
    np.testing.assert_allclose(W[0], W0, atol=1e-12)


def test_early_times_keep_their_relative_accuracy() -> None:
    t, K = 1e-9, population_kernel(5)
    v, _ = linear_flow(np.zeros(5), np.ones((2, 2)), t)
    np.testing.assert_allclose(v, t * K.sum(axis=(1, 2)), rtol=1e-12)
