"""Sharpness: against the whole Hessian, the law of the start, and descent on either side of it."""

import numpy as np
import pytest

import theory


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian():
    T, k = 12, 3
    model = theory.ExpectedCounts(T, T=T, k=k, nodes=32)
    alpha, beta, v = 0.1, 0.2, np.linspace(0.3, 0.05, T)
    size = np.concatenate([np.sqrt([k * (k - 1.0), k]), np.ones(T)])

    def gradient(x):
        off, diagonal = x[:2] / size[:2]
        found = model.loss_and_gradient(off, diagonal - off, x[2:])[1]
        return np.concatenate([[found.alpha - found.beta, found.beta], found.v]) / size

    at, step = np.concatenate([[alpha, alpha + beta], v]) * size, 1e-5
    hessian = np.stack([(gradient(at + step * e) - gradient(at - step * e)) / (2 * step)
                        for e in np.eye(T + 2)])  # fmt: skip
    found = theory.sharpness(model, alpha, beta, v)
    assert found == pytest.approx(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1], rel=1e-3)


def test_sharpness_of_the_start_approaches_its_law_as_one_over_T():
    law, errors = float(theory.start_sharpness()), []
    for T in (100, 200, 400):
        model = theory.ExpectedCounts(T, T=T, nodes=10)
        found = theory.sharpness(model, 0.0, 0.0, np.full(T, 0.2))
        errors.append(found / (0.2**2 * T**4) / law - 1)
    assert errors[0] > errors[1] > errors[2] > 0
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.15)


def test_descent_falls_below_the_rate_and_rises_above_it():
    T, start = 100, np.full(100, 0.2)
    model = theory.ExpectedCounts(T, T=T, nodes=8)
    flow = theory.reduced_flow(model, 0.0, 0.0, start, stop=1e-3)
    rate = theory.largest_stable_rate(model, flow)
    assert rate == pytest.approx(2 / theory.sharpness(model, 0.0, 0.0, start), rel=1e-3)
    # a step or two above, descent jumps to where the loss is flatter: well above, to see it rise
    for factor, stable in ((0.5, True), (4.0, False)):
        off, diagonal, v, losses = 0.0, 0.0, start, []
        for _ in range(12):
            value, slope = model.loss_and_gradient(off, diagonal - off, v)
            losses.append(value)
            off -= factor * rate * (slope.alpha - slope.beta) / 2
            diagonal -= factor * rate * slope.beta / 2
            v = v - factor * rate * slope.v
        assert np.all(np.diff(losses) < 0) == stable
