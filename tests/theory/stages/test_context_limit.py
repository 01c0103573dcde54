"""Infinite context: closed forms, gradients, degenerate priors, refusals."""

import numpy as np
import pytest

import theory
from theory.stages import context_limit


@pytest.mark.parametrize("normalization", context_limit.NORMALIZATIONS)
@pytest.mark.parametrize("prior", ["flat", "doubly_stochastic"])
def test_float_form_is_the_exact_one_and_the_quadrature(normalization, prior):
    exact = context_limit.squared_loss_exact(3, normalization=normalization, prior=prior)
    form = context_limit.squared_loss(3, normalization=normalization, prior=prior)
    np.testing.assert_allclose(form.gram, np.array(exact.gram, dtype=float), rtol=1e-13)
    np.testing.assert_allclose(form.target, np.array(exact.target, dtype=float).ravel(), rtol=1e-13)
    model = theory.ExpectedCounts(3, normalization=normalization, prior=prior, loss="squared")
    v = np.array([0.3, -1.0, 0.8])
    expected = context_limit.quartic(0.4, 1.1, v, form)
    assert model.loss_and_gradient(0.4, 1.1, v)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy", "margin"])
@pytest.mark.parametrize(("k", "T"), [(2, None), (3, None), (2, 6), (3, 30)])
def test_gradient_is_the_derivative(loss, k, T):
    model = theory.ExpectedCounts(4, T=T, k=k, loss=loss, delta=1.3, nodes=8)
    x = np.array([0.1, 0.2, 0.3, -0.2, 0.1, 0.25])

    def value(at):
        return model.loss_and_gradient(at[0], at[1], at[2:])[0]

    gradient = model.loss_and_gradient(x[0], x[1], x[2:])[1]
    h = 1e-5
    numeric = [(value(x + h * e) - value(x - h * e)) / (2 * h) for e in np.eye(6)]
    np.testing.assert_allclose([gradient.alpha, gradient.beta, *gradient.v], numeric, atol=1e-8)


def test_bigram_weights_are_exact_only_with_normalised_scores():
    for normalization, expected in (("score", 0.0), ("length", 0.1)):
        model = theory.ExpectedCounts(2, normalization=normalization, loss="squared")
        distance = model.distances(0.0, 1.0, [0.0, 1.0])["bigram"]
        assert distance == pytest.approx(0.0, abs=1e-14) if expected == 0 else distance > expected


def test_with_equal_stayings_raw_counts_are_as_good():
    assert context_limit.bigram_gap("doubly_stochastic") == pytest.approx(0.0, abs=1e-12)
    form = context_limit.squared_loss(6, prior="doubly_stochastic")
    x, loss = context_limit.attainable(form)
    np.testing.assert_allclose(x, [0, 0, 2, 0, 0, 0, 0], atol=1e-9)
    assert loss == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lags": 0}, "lags must be an integer >= 1, got 0"),
        ({"lags": 3, "T": 2}, "T must be an integer >= 3, got 2"),
        ({"lags": 2, "loss": "hinge"}, "loss must be one of squared"),
        ({"lags": 2, "T": 5, "normalization": "score"}, "normalization must be length"),
        ({"lags": 2, "delta": -1.0}, "delta must be a finite number > 0, got -1.0"),
    ],
)
def test_bad_input_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        theory.ExpectedCounts(**arguments)
