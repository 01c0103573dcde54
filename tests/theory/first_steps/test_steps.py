"""The first step of Lemma 3.1: finite T, leading constants, and the order of the remainder."""

import numpy as np
import pytest
import sympy as sp

from theory.chains.prior_moments import exact_moment
from theory.exact import is_zero, sign
from theory.first_steps.step_1 import first_step, first_step_v, first_step_W
from theory.kernel.leading_order import leading_constants
from theory.kernel.population import population_kernel

PRIORS = ("flat", "doubly_stochastic")


def square_average(function, order: int = 40) -> float:
    """Average over (a, b) on the unit square, in coordinates that keep pi smooth at a = b = 1."""
    x, w = np.polynomial.legendre.leggauss(order)
    x, w = (x + 1) / 2, w / 2
    u, r = np.meshgrid(x, x, indexing="ij")
    weights = np.outer(w, w) * u
    return float((weights * (function(1 - u, 1 - u * r) + function(1 - u * r, 1 - u))).sum())


def test_constants_against_integration_over_the_square() -> None:
    c = leading_constants()

    def pi(a, b):
        return (1 - b) / (2 - a - b), (1 - a) / (2 - a - b)

    def diagonal(a, b):
        p, r = pi(a, b)
        return p * p * (p * (a - 0.5) + r * (0.5 - a))

    def cross(a, b):
        p, r = pi(a, b)
        return p * r * (p * (a - 0.5) + r * (0.5 - a))

    def pairs(a, b):
        p, r = pi(a, b)
        return p * p + r * r - 0.5

    def resummed(a, b):
        p, r = pi(a, b)
        return 2 * p * r * (a + b - 1) / (2 - a - b)

    assert square_average(diagonal) == pytest.approx(float(c.B), abs=1e-14)
    assert square_average(cross) == pytest.approx(float(c.A), abs=1e-14)
    assert square_average(pairs) == pytest.approx(float(c.D), abs=1e-14)
    assert square_average(resummed) == pytest.approx(float(c.v_next), abs=1e-14)


def test_constants_are_positive_and_tied_together() -> None:
    c = leading_constants()
    assert [sign(x) for x in (c.A, c.B, c.D)] == [1, 1, 1]
    assert is_zero(c.D - 2 * (c.A + c.B))
    assert is_zero(c.v_next - c.D)
    # The ratio is below 4, exactly: B < 4 A.
    assert sign(4 * c.A - c.B) == 1


@pytest.mark.parametrize("T", [1, 2, 5])
def test_step_in_v_from_return_probabilities(T: int) -> None:
    """Sum over states first: -dL/dv_j / c only sees E[sum_i pi_i (P^n)_ii] - 1/2."""
    gv = first_step_v(T)
    half = sp.Rational(1, 2)
    for j in range(1, T + 1):
        total = sum(
            (T - j + 2 - n)
            * (half * exact_moment(0, n) + 2 * exact_moment(1, 0) - 2 * exact_moment(1, n))
            for n in range(1, T - j + 2)
        )
        assert is_zero(total / T - gv[j - 1])


@pytest.mark.parametrize("prior", PRIORS)
def test_exact_and_float_steps_agree_with_the_kernel(prior: str) -> None:
    T = 9
    gW, gv = first_step(T, prior=prior)
    exact_W, exact_v = first_step_W(T, prior), first_step_v(T, prior)
    np.testing.assert_allclose(gW, np.array(exact_W.tolist(), dtype=float), rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(gv, [float(e) for e in exact_v], rtol=1e-13, atol=1e-16)
    K = population_kernel(T, prior=prior, method="quadrature")
    np.testing.assert_allclose(gW, np.einsum("jml,j->ml", K, np.ones(T)), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gv, np.einsum("jml,ml->j", K, np.ones((2, 2))), atol=1e-13)


def test_off_diagonal_step_vanishes_for_one_and_two_tokens_only() -> None:
    assert [sign(first_step_W(T)[0, 1]) for T in (1, 2, 3, 4)] == [0, 0, 1, 1]


def test_remainder_of_W_tends_to_the_stated_multiple_of_T() -> None:
    c = leading_constants()
    gaps = []
    for T in (1_000, 10_000, 100_000):
        gW, _ = first_step(T)
        lead = (T + 1) * (T + 2) / 6
        gaps.append(
            [
                (gW[0, 0] - lead * float(c.B)) / T - float(c.W_next_diagonal),
                (gW[0, 1] - lead * float(c.A)) / T - float(c.W_next_off_diagonal),
            ]
        )
    size = np.abs(gaps)
    # O(log T / T): a wrong constant would stall, a missing order would not shrink tenfold or so.
    assert np.all(size[1:] < size[:-1] / 5)
    assert np.all(size[-1] < 5e-5)


def test_remainder_of_v_tends_to_the_stated_multiple() -> None:
    c = leading_constants()
    T = 100_000
    _, gv = first_step(T)
    for j, tolerance in ((1, 1e-4), (T // 2, 2e-4), (T - 1_000, 5e-3)):
        r = T - j + 1
        rest = (T * gv[j - 1] - r * (r + 1) / 2 * float(c.D)) / r
        assert rest == pytest.approx(float(c.v_next), abs=tolerance)


def test_doubly_stochastic_step_grows_as_t_log_t() -> None:
    c = leading_constants("doubly_stochastic")
    assert (c.A, c.B, c.D) == (0, 0, 0)
    assert c.ratio is sp.nan
    assert c.W_next_diagonal == c.v_next == sp.oo
    values = {T: first_step(T, prior="doubly_stochastic") for T in (10_000, 100_000)}
    decade = np.log(10.0)
    slope = (values[100_000][0][0, 0] / 1e5 - values[10_000][0][0, 0] / 1e4) / decade
    assert slope == pytest.approx(float(c.W_log_diagonal), rel=5e-3)
    slope = (values[100_000][1][0] - values[10_000][1][0]) / decade
    assert slope == pytest.approx(float(c.v_log), rel=5e-3)
    assert first_step_W(6, "doubly_stochastic")[0, 1] == 0


def test_three_states_keep_the_diagonal_bias() -> None:
    gW, gv = first_step(30, k=3)
    assert gW.shape == (3, 3)
    assert gv.shape == (30,)
    assert gW[0, 0] > 2 * gW[0, 1] > 0
    assert np.all(np.diff(gv) < 0)
