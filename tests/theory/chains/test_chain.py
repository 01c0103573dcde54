"""The two-state chain in symbols, stationary distributions in numbers."""

import numpy as np
import pytest
import sympy as sp

from theory import notation as s
from theory.chains import chain
from theory.chains.stationary import stationary_distribution


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_symbolic_power_is_the_matrix_power(n: int) -> None:
    assert (chain.power(n) - chain.transition() ** n).applyfunc(sp.cancel) == sp.zeros(2)
    matrix = chain.power_in_y_lambda(1)
    assert (chain.power_in_y_lambda(n) - matrix**n).applyfunc(sp.expand) == sp.zeros(2)


def test_power_satisfies_the_recurrence_for_symbolic_n() -> None:
    step = chain.power(s.n) * chain.transition() - chain.power(s.n + 1)
    # lambda^(n+1) = lambda * lambda^n has to be used by hand; cancel treats powers as atoms.
    assert step.applyfunc(lambda e: sp.cancel(sp.powsimp(sp.expand(sp.powdenest(
        sp.expand_power_exp(e)))))) == sp.zeros(2)  # fmt: skip


def test_stationary_row_and_eigenvalue() -> None:
    pi, P = chain.stationary(), chain.transition()
    assert (pi * P - pi).applyfunc(sp.cancel) == sp.zeros(1, 2)
    assert sp.cancel(sum(pi)) == 1
    assert sp.expand((P - chain.eigenvalue() * sp.eye(2)).det()) == 0


def test_coordinates_invert_y_and_lambda() -> None:
    back = chain.coordinates()
    assert sp.expand(chain.eigenvalue().subs(back)) == s.lam
    assert sp.cancel(chain.stationary()[0].subs(back)) == sp.Rational(1, 2) + s.y


def test_stationary_distribution_many_states_batched() -> None:
    chains = np.random.default_rng(3).dirichlet(np.full(5, 0.3), size=(4, 7, 5))
    pi = stationary_distribution(chains)
    assert pi.shape == (4, 7, 5)
    np.testing.assert_allclose(np.einsum("...i,...ij->...j", pi, chains), pi, atol=1e-13)
    np.testing.assert_allclose(pi.sum(-1), 1.0, atol=1e-13)


def test_stationary_distribution_known_answers() -> None:
    cyclic = np.roll(np.eye(4), 1, axis=1)
    np.testing.assert_allclose(stationary_distribution(cyclic), 0.25, atol=1e-14)
    absorbing = [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]
    np.testing.assert_allclose(stationary_distribution(absorbing), [0, 0, 1], atol=1e-14)
    slow = [[1 - 1e-9, 1e-9], [3e-9, 1 - 3e-9]]
    np.testing.assert_allclose(stationary_distribution(slow), [0.75, 0.25], rtol=1e-13)


@pytest.mark.parametrize(
    ("transition", "words"),
    [
        ("chain", "transition must be an array of real numbers, got 'chain'"),
        ([[0.5, 0.5j], [0.5, 0.5]], "transition must be an array of real numbers"),
        ([[0.5, 0.5], [0.5, 0.4]], r"rows summing to 1, got \[0.5 0.4\] as row 1"),
        ([[1.5, -0.5], [0.5, 0.5]], r"nonnegative rows .* got \[ 1.5 -0.5\] as row 0"),
        ([[float("nan"), 1.0], [0.5, 0.5]], "as row 0"),
    ],
)
def test_refusals_come_with_values(transition: object, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        stationary_distribution(transition)
