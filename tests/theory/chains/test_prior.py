"""Moments of the prior, and the node sets that average over it."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from theory import notation as s
from theory.chains.nodes import point_set, quadrature
from theory.chains.prior_moments import density, exact_moment, moments

PRIORS = ("flat", "doubly_stochastic")


def direct_moment(q: int, n: int) -> mp.mpf:
    """E[y^2q lambda^n] over the square of (a, b), knowing nothing of the density.

    With u = max(1-a, 1-b) and r the smaller over the larger, pi depends on r only and the
    integrand is polynomial in u: no corner is left.
    """

    def inner(r: mp.mpf) -> mp.mpf:
        mass = mp.quad(lambda u: u * (1 - u * (1 + r)) ** n, [0, 1])
        return mass * (1 / (1 + r) - mp.mpf(1) / 2) ** (2 * q)

    return 2 * mp.quad(inner, [0, 1])


@pytest.mark.parametrize(
    ("q", "n"), [(0, 0), (0, 1), (0, 4), (1, 0), (1, 1), (1, 6), (2, 3), (3, 2)]
)
def test_exact_moments_against_integration_over_the_square(q: int, n: int) -> None:
    with mp.workdps(30):
        exact = mp.mpf(str(sp.N(exact_moment(q, n), 30)))
        assert abs(exact - direct_moment(q, n)) < mp.mpf(10) ** -25


def test_resolvent_moments_sum_the_geometric_series() -> None:
    for q in (1, 2):
        for n in (0, 3):
            left = exact_moment(q, n, resolvent=1) - exact_moment(q, n + 1, resolvent=1)
            assert sp.expand(left - exact_moment(q, n)) == 0
    # The difference cannot see an error that does not depend on n; this sum can.
    head = moments(1, np.arange(200_000)).sum()
    assert float(exact_moment(1, 0, resolvent=1)) == pytest.approx(head, abs=1e-6)
    assert exact_moment(0, 1, "doubly_stochastic", resolvent=1) == sp.oo


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("q", [0, 1, 2, 5])
def test_float_moments_match_exact(q: int, prior: str) -> None:
    n = np.array([0, 1, 2, 3, 7, 20, 51, 100])
    exact = [float(sp.N(exact_moment(q, int(i), prior), 20)) for i in n]
    np.testing.assert_allclose(moments(q, n, prior), exact, rtol=3e-15, atol=0)


def test_float_moments_stay_accurate_at_a_hundred_thousand() -> None:
    for n in (99_999, 100_000):
        with mp.workdps(40):
            far = mp.beta(n + 1, 4) * mp.hyp2f1(2, n + 1, n + 5, -1)
            near = mp.mpf(1) / ((n + 1) * (n + 2))
            truth = (near + (-1) ** n * far) / 12
            assert abs(mp.mpf(float(moments(1, n))) / truth - 1) < 3e-15


def test_moments_keep_the_shape_and_survive_large_orders() -> None:
    assert moments(1, np.zeros((2, 3), dtype=int)).shape == (2, 3)
    with np.errstate(all="raise"):
        assert moments(90, 100_000) > 0
        tail = moments(90, [0, 1])  # (2q+1)! alone would overflow
    assert np.all(tail > 0)
    assert float(sp.N(exact_moment(90, 1), 20)) == pytest.approx(tail[1], rel=1e-12)


def test_density_is_normalised_with_the_stated_domain() -> None:
    gap = 1 - s.lam
    reach = (sp.Rational(1, 2), 1 / gap - sp.Rational(1, 2))
    total = sp.integrate(2 * reach[0] * density(), (s.lam, 0, 1))
    assert total + sp.integrate(sp.cancel(2 * reach[1] * density()), (s.lam, -1, 0)) == 1
    with pytest.raises(ValueError, match="flat"):
        density("doubly_stochastic")


def test_quadrature_is_spectral() -> None:
    errors = []
    for order in (4, 8, 16):
        weights, chains = quadrature(order)
        np.testing.assert_allclose(chains.sum(-1), 1.0, atol=1e-15)
        assert chains.min() >= 0
        leave = 1 - np.diagonal(chains, axis1=1, axis2=2)
        y = leave[:, 1] / leave.sum(1) - 0.5
        value = weights @ (y**4 * (1 - leave.sum(1)) ** 3)
        errors.append(abs(value - float(exact_moment(2, 3))))
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert errors[1] < 1e-3 * errors[0]
    assert errors[2] < 1e-15


def test_quadrature_averages_a_non_polynomial_function() -> None:
    # E a log a over the square is -1/4; as a function of (s, y) it is not smooth at one corner.
    weights, chains = quadrature(40)
    a = chains[:, 0, 0]
    assert weights @ (a * np.log(a)) == pytest.approx(-0.25, abs=1e-6)
    weights, chains = quadrature(5, "doubly_stochastic")
    np.testing.assert_allclose(chains.sum(1), 1.0, atol=1e-15)
    assert weights @ chains[:, 0, 0] ** 4 == pytest.approx(0.2, abs=1e-14)


def test_flat_points_have_dirichlet_moments() -> None:
    k = 4
    weights, chains = point_set(2**14, k, seed=5)
    np.testing.assert_allclose(chains.sum(-1), 1.0, atol=1e-14)
    assert chains.min() >= 0
    np.testing.assert_allclose(np.einsum("n,nij->ij", weights, chains), 1 / k, atol=1e-4)
    second = np.einsum("n,nij->ij", weights, chains**2)
    np.testing.assert_allclose(second, 2 / (k * (k + 1)), atol=2e-4)


def test_birkhoff_points_are_doubly_stochastic_and_uniform() -> None:
    k = 3
    weights, chains = point_set(2**15, k, "doubly_stochastic", seed=1)
    np.testing.assert_allclose(chains.sum(-1), 1.0, atol=1e-14)
    np.testing.assert_allclose(chains.sum(-2), 1.0, atol=1e-14)
    # Every entry has one law, the last row's too, though it is the one that was not drawn.
    for order in (1, 2, 3):
        moment = np.einsum("n,nij->ij", weights, chains**order)
        np.testing.assert_allclose(moment, moment.mean(), atol=2e-3)
    # The minor fills 1/8 (the volume of the polytope) of two triangles of area 1/2.
    assert len(weights) / 2**15 == pytest.approx(0.5, abs=2e-3)


def test_points_are_reproducible_and_seeds_differ() -> None:
    first, again, other = (point_set(64, 3, seed=i)[1] for i in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
