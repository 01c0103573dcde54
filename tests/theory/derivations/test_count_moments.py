"""The derivation of the moments of a count says what the numerical recursion computes."""

import numpy as np
import pytest
import sympy as sp

from theory import notation
from theory.derivations.count_moments import C, F, neighbour_count, second_order
from theory.stages.count_moments import count_moments, shift_basis

A, B = 0.7, 0.45


@pytest.mark.parametrize("p", [1, 2, 4])
def test_neighbour_count_is_that_of_the_recursion_in_numbers(p: int) -> None:
    chain = np.array([[A, 1 - A], [1 - B, B]])
    found = next(count_moments(chain[None], shift_basis(4), [p]))
    mean, variance = (
        float(sp.N(value.subs({notation.a: A, notation.b: B}))) for value in neighbour_count(p)
    )
    assert found.mean[0, 0, 1, 0, 0] == pytest.approx(mean, abs=1e-13)
    assert found.covariance[0, 0, 1, 0, 0, 1, 0, 0] == pytest.approx(variance, abs=1e-13)


def test_second_order_is_the_mean_over_a_narrow_distribution() -> None:
    stated = second_order(2)[0].expression
    mean, size = 0.8, 1e-2
    wanted = np.mean([np.log1p(np.exp(mean + step)) for step in (size, -size)])
    found = float(sp.N(stated.subs({F: mean, C: size**2})))
    assert found == pytest.approx(wanted, abs=1e-9)
    assert abs(found - np.log1p(np.exp(mean))) > 1e-6
