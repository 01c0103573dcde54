import numpy as np
import pytest
from scipy import stats

import sim
from sim.task.priors.birkhoff import _by_gibbs, _by_rejection, sample_doubly_stochastic

ALL = [
    sim.Dirichlet(3),
    sim.Dirichlet(2, 0.3),
    sim.Dirichlet(2, [0.5, 2.0], order=3),
    sim.DoublyStochastic(4),
    sim.DoublyStochastic(8),
    sim.Unigram(3, 2.0),
    sim.Interpolated(0.3),
    sim.Mixture([sim.DoublyStochastic(3), sim.Unigram(3)], [0.75, 0.25]),
    sim.FiniteSet(sim.Dirichlet(3), 5, seed=1),
]


@pytest.mark.parametrize("prior", ALL, ids=repr)
def test_samples_are_transition_matrices_and_reproducible(prior):
    first = prior.sample(50, 7)
    assert first.shape == (50, prior.k**prior.order, prior.k)
    assert (first >= 0).all()
    np.testing.assert_allclose(first.sum(axis=2), 1.0, atol=1e-12)
    np.testing.assert_array_equal(first, prior.sample(50, 7))
    assert not np.array_equal(first, prior.sample(50, 8))
    assert prior.describe()["prior"]


def test_flat_dirichlet_rows_are_uniform_on_the_simplex():
    # a coordinate of a flat Dirichlet vector over k states is Beta(1, k - 1)
    row = sim.Dirichlet(3).sample(4000, 0)[:, 1, 2]
    assert stats.kstest(row, stats.beta(1, 2).cdf).pvalue > 1e-3


def test_dirichlet_alpha_vector_gives_its_mean():
    sample = sim.Dirichlet(3, [1.0, 2.0, 5.0]).sample(4000, 0)
    np.testing.assert_allclose(sample.mean(axis=(0, 1)), [1 / 8, 2 / 8, 5 / 8], atol=0.01)


def test_unigram_rows_are_equal_but_chains_differ():
    sample = sim.Unigram(3).sample(10, 0)
    assert (sample == sample[:, :1]).all()
    assert np.ptp(sample[:, 0, 0]) > 0.1


@pytest.mark.parametrize("k", [2, 3, 5, 7, 9])
def test_doubly_stochastic_columns_sum_to_one(k):
    sample = sim.DoublyStochastic(k).sample(20, 0)
    np.testing.assert_allclose(sample.sum(axis=1), 1.0, atol=1e-12)


def test_doubly_stochastic_two_states_is_uniform():
    a = sim.DoublyStochastic(2).sample(4000, 0)[:, 0, 0]
    assert stats.kstest(a, "uniform").pvalue > 1e-3


def test_doubly_stochastic_three_states_has_the_birkhoff_marginal():
    # with x = P11, y = P12, z = P21 the free entry t = P22 lies between max(0, 1 - x - y - z) and
    # min(1 - y, 1 - z); the density of x is the area of that slice over (y, z) in [0, 1 - x]^2
    grid = np.linspace(0.0, 1.0, 201)
    middle = (np.arange(200) + 0.5) / 200
    density = []
    for x in grid:
        y, z = np.meshgrid(middle * (1 - x), middle * (1 - x))
        room = np.minimum(1 - y, 1 - z) - np.maximum(0.0, 1 - x - y - z)
        density.append(room.mean() * (1 - x) ** 2)
    cdf = np.concatenate([[0.0], np.cumsum((np.array(density)[1:] + density[:-1]) / 2)])
    cdf /= cdf[-1]
    sample = sim.DoublyStochastic(3).sample(20_000, 1)[:, 0, 0]
    assert stats.kstest(sample, lambda x: np.interp(x, grid, cdf)).pvalue > 1e-3
    # the test has the power to see Sinkhorn scaling passed off as uniform
    assert (
        stats.kstest(_sinkhorn(20_000, 3)[:, 0, 0], lambda x: np.interp(x, grid, cdf)).pvalue < 1e-6
    )


def _sinkhorn(n, k):
    matrix = np.random.default_rng(2).exponential(size=(n, k, k))
    for _ in range(200):
        matrix /= matrix.sum(axis=2, keepdims=True)
        matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix


@pytest.mark.parametrize("k", [3, 4, 5])
def test_gibbs_and_rejection_sample_the_same_law(k):
    rng = np.random.default_rng(3)
    exact, chain = _by_rejection(4000, k, rng), _by_gibbs(4000, k, rng)
    for statistic in (
        lambda P: P[:, 0, 0],
        lambda P: P[:, 1, 2] * P[:, 0, 0],
        lambda P: (P**2).sum(axis=(1, 2)),
    ):
        assert stats.ks_2samp(statistic(exact), statistic(chain)).pvalue > 1e-3


def test_gibbs_forgets_its_start():
    # twice as many sweeps must not change the law
    rng = np.random.default_rng(4)
    k = 8
    once, twice = _by_gibbs(2000, k, rng), _by_gibbs(2000, k, rng, sweeps=40 * k)
    square = [(P**2).sum(axis=(1, 2)) for P in (once, twice)]
    assert stats.ks_2samp(*square).pvalue > 1e-3


def test_doubly_stochastic_fills_exactly_n():
    assert sample_doubly_stochastic(1, 6, np.random.default_rng(0)).shape == (1, 6, 6)


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_interpolated_family_ends(p):
    a, b = sim.Interpolated(p).sample(4000, 0)[:, :, 0].T
    # rows (a, 1-a), (b, 1-b): equal up to the window at p = 0, complementary at p = 1
    assert np.abs(b - (a if p == 0 else 1 - a)).max() <= (0.2 + 1e-12 if p != 0.5 else 1.0)
    correlation = np.corrcoef(a, b)[0, 1]
    assert {0.0: correlation > 0.8, 0.5: abs(correlation) < 0.1, 1.0: correlation < -0.8}[p]


def test_mixture_weights_are_kept():
    sample = sim.Mixture([sim.DoublyStochastic(2), sim.Unigram(2)], [0.75, 0.25]).sample(8000, 0)
    unigram = np.abs(sample[:, 0] - sample[:, 1]).max(axis=1) == 0
    assert abs(unigram.mean() - 0.25) < 0.02


def test_finite_set_holds_as_many_chains_as_asked():
    prior = sim.FiniteSet(sim.Dirichlet(2), 4, seed=3)
    sample = prior.sample(500, 0)
    assert len(np.unique(sample.reshape(500, -1), axis=0)) == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sim.Dirichlet(1), "k must be an integer >= 2, got 1"),
        (lambda: sim.Dirichlet(2.0), "k must be an integer >= 2, got 2.0"),
        (lambda: sim.Dirichlet(2, 0.0), "alpha must be a finite number > 0, got 0"),
        (lambda: sim.Dirichlet(2, [1.0, -1.0]), "alpha must be positive, got -1"),
        (lambda: sim.Dirichlet(2, [1.0] * 3), r"alpha must have shape \(2\), got \(3,\)"),
        (lambda: sim.Dirichlet(2, order=0), "order must be an integer >= 1, got 0"),
        (lambda: sim.DoublyStochastic(1), "k must be an integer >= 2"),
        (lambda: sim.Unigram(2, -1.0), "alpha must be a finite number > 0, got -1"),
        (lambda: sim.Interpolated(1.5), r"p must lie in \[0, 1\], got 1.5"),
        (lambda: sim.Mixture([], []), "priors must hold at least one"),
        (lambda: sim.Mixture([sim.Unigram(2)], [0.5]), "weights must be nonnegative and sum to 1"),
        (
            lambda: sim.Mixture([sim.Unigram(2), sim.Unigram(3)], [0.5, 0.5]),
            "priors must agree",
        ),
        (lambda: sim.FiniteSet(sim.Unigram(2), 0, 0), "size must be an integer >= 1, got 0"),
        (lambda: sim.Dirichlet(2).sample(0), "n must be an integer >= 1, got 0"),
        (lambda: sim.Dirichlet(2).sample(1, -1), "rng must be a nonnegative integer seed"),
        (lambda: sim.Dirichlet(2).sample(1, "x"), "rng must be None, an integer"),
    ],
)
def test_refusals(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()
