"""Powers of chains as few functions of the lag: nothing is lost, few are needed."""

import numpy as np
import pytest

import theory
from theory.chains.nodes import point_set, quadrature
from theory.stages.lag_basis import lag_powers


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("lags", [1, 20, 120])
def test_factors_multiply_to_the_powers(k, lags):
    _, chains = quadrature(6) if k == 2 else point_set(32, k)
    found = lag_powers(chains, lags)
    table = (found.entries @ found.basis.T).reshape(len(chains), k, k, lags)
    for j in (0, lags // 2, lags - 1):
        np.testing.assert_allclose(table[..., j], np.linalg.matrix_power(chains, j), atol=1e-12)


def test_long_contexts_need_no_more_functions_than_short_ones():
    _, chains = quadrature(10)
    short, long = (lag_powers(chains, lags).basis.shape[1] for lags in (60, 240))
    assert long <= short + 1 < 30


@pytest.mark.parametrize("loss", ["cross_entropy", "margin", "squared"])
def test_gradients_lie_in_the_span(loss):
    T = 60
    model = theory.ExpectedCounts(T, T=T, k=3, nodes=64, loss=loss)
    basis = model.gradient_span()
    rng = np.random.default_rng(0)
    for _ in range(3):
        alpha, beta, v = rng.normal(), rng.normal(), rng.normal(size=T) / T
        gradient = model.loss_and_gradient(alpha, beta, v)[1].v
        outside = gradient - basis @ (basis.T @ gradient)
        assert np.linalg.norm(outside) < 1e-8 * np.linalg.norm(gradient)
    assert basis.shape[1] < T


def test_gradient_by_differences():
    T = 40
    for loss in ("cross_entropy", "margin", "squared"):
        model = theory.ExpectedCounts(T, T=T, k=3, nodes=32, loss=loss)
        v = np.random.default_rng(1).normal(size=T) / T
        step, at = 1e-6, np.concatenate([[0.3, -0.2], v])

        def value(x, model=model):
            return model.loss_and_gradient(x[0], x[1], x[2:])[0]

        found = model.loss_and_gradient(*at[:2], v)[1]
        exact = np.concatenate([[found.alpha, found.beta], found.v])
        for i in (0, 1, 2, 20, T + 1):
            e = step * np.eye(T + 2)[i]
            slope = (value(at + e) - value(at - e)) / (2 * step)
            assert slope == pytest.approx(exact[i], rel=1e-5, abs=1e-8)
