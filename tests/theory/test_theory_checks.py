"""Refusals name the argument, its value and what is allowed."""

import numpy as np
import pytest

import theory
from theory import checks


def test_numpy_integers_are_integers() -> None:
    assert checks.integer("T", np.int64(3), 1) == 3
    assert theory.population_kernel(np.int32(3)).shape == (3, 2, 2)


@pytest.mark.parametrize("value", [True, 3.0, "3", None])
def test_what_is_not_an_integer_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=r"T must be an integer >= 1, got "):
        checks.integer("T", value, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.population_kernel(0), r"T must be an integer >= 1, got 0"),
        (lambda: theory.population_kernel(3, k=1), r"k must be an integer >= 2, got 1"),
        (lambda: theory.population_kernel(3, prior="dirichlet"),
         r"prior must be one of flat, doubly_stochastic, got 'dirichlet'"),
        (lambda: theory.population_kernel(3, method="exact"),
         r"method must be one of auto, closed, quadrature, qmc, got 'exact'"),
        (lambda: theory.population_kernel(3, k=3, method="closed"), r"method .* k=3, got 'closed'"),
        (lambda: theory.population_kernel(3, k=3, nodes=100), r"nodes must be a power of two.*100"),
        (lambda: theory.population_kernel_qmc(3, 3, replicates=1), r"replicates .* >= 2, got 1"),
        (lambda: theory.population_kernel_exact(-1), r"T must be .* got -1"),
        (lambda: theory.exact_moment(-1, 0), r"q must be an integer >= 0, got -1"),
        (lambda: theory.exact_moment(0, 0, resolvent=2), r"resolvent must be 0 or 1, got 2"),
        (lambda: theory.moments(0, [-1]), r"n must hold integers >= 0, got -1"),
        (lambda: theory.integrand(2, 0), r"m must be 0 or 1, got 2"),
        (lambda: theory.quadrature(0), r"order must be an integer >= 1, got 0"),
        (lambda: theory.quadrature((3, 3, 3)), r"order must be an int or a pair"),  # type: ignore
        (lambda: theory.point_set(64, 9, "doubly_stochastic"), r"nodes must be larger .* k=9"),
        (lambda: theory.first_step(3, prior="x"), r"prior must be one of .*, got 'x'"),
        (lambda: theory.leading_constants("x"), r"prior must be one of .*, got 'x'"),
        (lambda: theory.modes(3, k=2, kernel=np.zeros((2, 2, 2))), r"kernel must have shape"),
        (lambda: theory.linear_flow([1.0], [[1.0, 2.0]], 0.0), r"W0 must be square"),
        (lambda: theory.linear_flow([np.nan], np.eye(2), 0.0), r"v0 must be finite"),
        (lambda: theory.linear_flow([], np.eye(2), 0.0), r"v0 must have 1 nonempty"),
        (lambda: theory.linear_flow([1.0], np.eye(2), np.zeros((2, 2))), r"t must be a number or"),
        (lambda: theory.linear_flow([1.0], np.eye(2), 0.0, rates=(-1.0, 1.0)), r"rates .*-1"),
        (lambda: theory.linear_flow([1.0], np.eye(2), 1e9), r"t must keep"),
        (lambda: theory.stationary_distribution([[0.5, 0.6], [0.5, 0.5]]), r"rows summing to 1"),
        (lambda: theory.stationary_distribution([[1.0, 0.0]]), r"shape \(\.\.\., k, k\)"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(call, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_float_exponents_are_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"n must hold integers >= 0, got dtype float64"):
        theory.moments(0, [1.0])
