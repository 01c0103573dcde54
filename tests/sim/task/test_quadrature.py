import numpy as np
import pytest
from scipy import stats

import sim
from sim.learning.objectives import all_sequences, sequence_probabilities

TWO_STATE = [
    sim.Dirichlet(2),
    sim.Dirichlet(2, 2.0),
    sim.Dirichlet(2, 0.5),
    sim.Dirichlet(2, [1.0, 3.0]),
    sim.DoublyStochastic(2),
    sim.Unigram(2, [2.0, 1.0]),
    sim.Interpolated(0.0),
    sim.Interpolated(0.3),
    sim.Interpolated(0.5),
    sim.Interpolated(1.0),
    sim.Mixture([sim.Dirichlet(2), sim.Unigram(2)], [0.25, 0.75]),
]


@pytest.mark.parametrize("prior", TWO_STATE, ids=repr)
def test_rule_integrates_what_sampling_estimates(prior):
    rule = sim.prior_quadrature(prior, 40)
    assert rule.weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert (rule.weights > 0).all()
    sample = prior.sample(40_000, 0)
    for f in (
        lambda P: P[:, 0, 0],
        lambda P: P[:, 1, 1] ** 2,
        lambda P: P[:, 0, 1] * P[:, 1, 0],
        lambda P: np.abs(sim.stationary_distribution(P)[:, 0] - 0.5),
    ):
        values = f(sample)
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - np.sum(rule.weights * f(rule.transition))) < 4.5 * error + 1e-14


def test_flat_rule_is_exact_for_polynomials_and_the_stationary_distribution():
    rule = sim.prior_quadrature(sim.Dirichlet(2), 20)
    a, b = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    assert np.sum(rule.weights * a**3 * b**5) == pytest.approx(1 / 24, rel=1e-14)
    # E pi_1^2 + pi_2^2 = 2 - log 4, by integrating over the unit square
    pi = sim.stationary_distribution(rule.transition)
    assert np.sum(rule.weights * (pi**2).sum(axis=1)) == pytest.approx(2 - np.log(4), rel=1e-13)


def test_beta_rule_has_the_right_density():
    prior = sim.Dirichlet(2, [2.0, 3.0])
    rule = sim.prior_quadrature(prior, 20)
    for power in (1, 2, 4):
        # P[0, 0] ~ Beta(2, 3) and P[1, 0] ~ Beta(2, 3)
        expected = stats.beta(2, 3).moment(power)
        for row in (0, 1):
            found = np.sum(rule.weights * rule.transition[:, row, 0] ** power)
            assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("k", [3, 4])
def test_sobol_rule_for_more_states(k):
    rule = sim.prior_quadrature(sim.Dirichlet(k), 64)
    np.testing.assert_allclose(rule.transition.sum(axis=2), 1.0, atol=1e-12)
    assert np.sum(rule.weights * rule.transition[:, 0, 0] ** 2) == pytest.approx(
        2 / (k * (k + 1)), rel=2e-3
    )


def test_probabilities_of_all_sequences():
    tokens = all_sequences(2, 4)
    assert tokens.shape == (16, 4)
    assert len(np.unique(tokens, axis=0)) == 16
    rule = sim.prior_quadrature(sim.Dirichlet(2), 24)
    # x_1 independent of the chain: Polya urns for both rows, by hand for 0 0 0 0 and 0 1 0 1
    chance = sequence_probabilities(tokens, rule, "uniform")
    assert chance[0] == pytest.approx(1 / 2 * 1 / 4, rel=1e-13)
    assert chance[0b0101] == pytest.approx(1 / 2 * 1 / 3 * 1 / 2, rel=1e-13)
    # stationary start: reversal of time maps the law of a two-state chain to itself
    chance = sequence_probabilities(tokens, rule)
    np.testing.assert_allclose(chance.reshape([2] * 4), chance.reshape([2] * 4).T, rtol=1e-12)


def test_probabilities_of_second_order_chains():
    prior = sim.FiniteSet(sim.Dirichlet(2, order=2), 1, seed=4)
    rule = sim.prior_quadrature(prior)
    tokens = all_sequences(2, 3)
    chance = sequence_probabilities(tokens, rule, "uniform")
    P = prior.chains[0]
    expected = [P[2 * x + y, z] / 4 for x, y, z in tokens]
    np.testing.assert_allclose(chance, expected, rtol=1e-13)


def test_refusals():
    with pytest.warns(UserWarning, match=r"DoublyStochastic has no quadrature: 100 sampled chains"):
        sim.prior_quadrature(sim.DoublyStochastic(3), 10)
    with pytest.raises(ValueError, match="nodes must be an integer >= 2, got 1"):
        sim.prior_quadrature(sim.Dirichlet(2), 1)
    with pytest.raises(ValueError, match="at most 1048576 sequences"):
        all_sequences(3, 20)
