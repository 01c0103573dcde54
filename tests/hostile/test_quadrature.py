"""Quadrature over Dirichlet chains of two states, for concentrations from 1e-2 to 1e4."""

import numpy as np
import pytest

import sim

EVEN = [1e-2, 0.03, 0.1, 0.5, 0.9, 1.0, 1.5, 2.0, 2.7, 5.0, 9.0, 11.9, 12.1, 50.0, 300.0, 1e3, 1e4]
CONCENTRATIONS = [(alpha, alpha) for alpha in EVEN] + [
    (0.01, 1.0), (0.01, 20.0), (0.01, 1e4), (1e4, 0.01), (0.5, 3.0), (1.0, 7.3), (11.0, 13.2),
]  # fmt: skip


def moment(p, q, power):
    """E x**power of a Beta(p, q)."""
    steps = np.arange(power)
    return np.prod((p + steps) / (p + q + steps))


@pytest.mark.parametrize("alpha", CONCENTRATIONS, ids=str)
def test_moments_of_the_rows(alpha):
    rule = sim.prior_quadrature(sim.Dirichlet(2, alpha))
    assert rule.weights.min() >= 0.0
    for row, (p, q) in ((0, alpha), (1, alpha)):
        for power in (1, 2, 3, 7):
            found = rule.weights @ rule.transition[:, row, 0] ** power
            assert found == pytest.approx(moment(p, q, power), rel=1e-9, abs=1e-10)
    both = rule.weights @ (rule.transition[:, 0, 0] ** 2 * rule.transition[:, 1, 0])
    assert both == pytest.approx(moment(*alpha, 2) * moment(*alpha, 1), rel=1e-9, abs=1e-10)
    unigram = sim.prior_quadrature(sim.Unigram(2, alpha))
    assert unigram.weights @ unigram.transition[:, 0, 0] ** 3 == pytest.approx(
        moment(*alpha, 3), rel=1e-9, abs=1e-10
    )


def functionals(chains):
    """What has no closed form, because it holds the stationary distribution: (4, n)."""
    pi = sim.stationary_distribution(chains)
    stay = chains[:, 0, 0]
    return np.stack([pi[:, 0], pi[:, 0] ** 2, pi[:, 0] ** 4 * stay, pi[:, 1] * (1 - stay) ** 3])


@pytest.mark.parametrize("alpha", CONCENTRATIONS, ids=str)
def test_the_stationary_distribution(alpha):
    prior = sim.Dirichlet(2, alpha)
    fine, coarse = (sim.prior_quadrature(prior, nodes) for nodes in (80, 32))
    wanted = functionals(fine.transition) @ fine.weights
    np.testing.assert_allclose(functionals(coarse.transition) @ coarse.weights, wanted, atol=1e-10)
    if alpha[0] == alpha[1]:  # by symmetry
        assert wanted[0] == pytest.approx(0.5, abs=1e-10)
    sample = functionals(prior.sample(20_000, 1))
    error = sample.std(axis=1) / np.sqrt(sample.shape[1])
    assert (np.abs(sample.mean(axis=1) - wanted) <= 4.5 * error + 1e-9).all()


def test_the_population_loss_of_an_uneven_prior():
    """Every chain of two states, weighted: log-loss of a model of zeros and of one that counts."""
    prior = sim.Dirichlet(2, 0.1)
    exact = sim.Population(prior, T=3, loss=sim.CrossEntropy())
    assert exact.weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(exact.weights, exact.weights[::-1], rtol=1e-10)  # 0 and 1 alike
    tokens = sim.sample_sequences(prior, 200_000, 4, 0).tokens @ [8, 4, 2, 1]
    share = np.bincount(tokens, minlength=16) / 200_000
    assert np.abs(share - exact.weights).max() < 5e-3
