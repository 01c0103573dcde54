"""The loss with counts that fluctuate against the same expansion over all sequences."""

import itertools

import numpy as np
import pytest

import theory
from theory.ngrams.origin import relabelled
from theory.stages.counted_strategies import counted_strategy

STRATEGIES = ("uniform", "unigram", "bigram", "unigram_counted", "bigram_counted")


def _log_sum(f):
    return np.log(np.exp(f).sum(axis=-1))


def _sequences(chain, p):
    """All sequences of p tokens, and their probabilities."""
    x = np.array(list(itertools.product(range(len(chain)), repeat=p)))
    chance = theory.stationary_distribution(chain)[x[:, 0]]
    for t in range(1, p):
        chance = chance * chain[x[:, t - 1], x[:, t]]
    return x, chance


def _logits(x, v, W):
    f, rows = np.zeros((len(x), len(W))), np.arange(len(x))
    for t in range(x.shape[1]):
        for s in range(t + 1):
            f[rows, x[:, t]] += v[t - s] * W[x[:, -1], x[:, s]]
    return f


def _counts(x, m, k):
    """Of each token, and of each token after m."""
    token = np.eye(k)[x]
    return token.sum(axis=1), ((x[:, :-1] == m)[..., None] * token[:, 1:]).sum(axis=1)


def _enumerated(prior, v, W):
    """The loss, and the distances at the last position, by mean and covariance of the logits.

    Those of counted strategies are by the mean and covariance of the counts, see the last but one
    test for what is made of these.
    """
    T, k, loss, distances = len(v), len(W), 0.0, dict.fromkeys(STRATEGIES, 0.0)
    for weight, chain in zip(*prior, strict=True):
        pi = theory.stationary_distribution(chain)
        for p in range(1, T + 1):
            x, chance = _sequences(chain, p)
            f = _logits(x, v, W)
            for m in range(k):
                share = np.where(x[:, -1] == m, chance, 0.0)
                mass, share = weight * share.sum(), share / share.sum()
                mean = share @ f
                covariance = (f - mean).T @ ((f - mean) * share[:, None])
                q = np.exp(mean - _log_sum(mean))
                bend = 0.5 * np.trace((np.diag(q) - np.outer(q, q)) @ covariance)
                partition = _log_sum(mean) + bend
                loss += mass / T * (partition - chain[m] @ mean)
                if p < T:
                    continue
                for name, law in zip(distances, (np.full(k, 1 / k), pi, chain[m]), strict=False):
                    distances[name] += mass * (law @ np.log(law) + partition - law @ mean)
                for name, counts in zip(STRATEGIES[3:], _counts(x, m, k), strict=True):
                    centred = (counts - share @ counts) * share[:, None]
                    q = counted_strategy(share @ counts, centred.T @ counts)
                    along = q.mean @ mean + np.trace(q.slope @ (centred.T @ f))
                    distances[name] += mass * (q.log_mean + partition - along)
    return loss, distances


def _case(k, T, *, symmetric):
    rng = np.random.default_rng(10 * k + T + symmetric)
    chains, v = rng.dirichlet(np.ones(k), size=(2, k)), 0.3 * rng.normal(size=T)
    if not symmetric:
        return (np.array([0.3, 0.7]), chains), v, 0.5 * rng.normal(size=(k, k))
    chains = relabelled(chains)
    return (np.full(len(chains), 1 / len(chains)), chains), v, 0.3 + 0.4 * np.eye(k)


CASES = [(2, 6, False), (2, 6, True), (3, 4, False), (3, 4, True), (2, 1, False)]


@pytest.mark.parametrize(("k", "T", "symmetric"), CASES)
def test_loss_and_distances_are_those_over_all_sequences(k, T, symmetric):
    prior, v, W = _case(k, T, symmetric=symmetric)
    model = theory.FluctuatingCounts(T, prior=prior)
    assert model.symmetric == symmetric
    loss, distances = _enumerated(prior, v, W)
    assert model.value_at(v, W) == pytest.approx(loss, abs=1e-13)
    found = model.distances_at(v, W)
    assert tuple(found) == STRATEGIES
    assert found == pytest.approx(distances, abs=1e-13)


@pytest.mark.parametrize(("k", "T", "symmetric"), CASES)
def test_gradient_is_the_slope(k, T, symmetric):
    prior, v, W = _case(k, T, symmetric=symmetric)
    model = theory.FluctuatingCounts(T, prior=prior)
    space = model.coordinates(v)
    slope, h = space.gradient(model.at_weights(v, W)[1]), 1e-5
    x = space.point(W)
    assert space.weights(x)[1] == pytest.approx(W, abs=1e-14)
    measured = [
        (model.value_at(*space.weights(x + step)) - model.value_at(*space.weights(x - step)))
        / (2 * h)
        for step in h * np.eye(space.size)
    ]
    assert slope == pytest.approx(np.array(measured), abs=1e-9)


def test_add_one_strategies_to_second_order():
    def averaged(function, counts, root):
        # a two-point law for each direction has the wanted covariance
        steps = np.sqrt(len(root)) * root.T
        return np.mean([function(counts + s * step) for step in steps for s in (1, -1)], axis=0)

    def law(counts):
        return (counts + 1) / (counts + 1).sum()

    rng = np.random.default_rng(1)
    counts, root = np.array([7.0, 3.0, 12.0]), 0.005 * rng.normal(size=(3, 3))
    other = 0.02 * rng.normal(size=3)
    found = counted_strategy(counts, root @ root.T)
    assert found.mean == pytest.approx(averaged(law, counts, root), abs=2e-12)
    entropy = averaged(lambda n: law(n) @ np.log(law(n)), counts, root)
    assert found.log_mean == pytest.approx(entropy, abs=2e-12)
    moved = (law(counts + 1e-4 * other) - law(counts - 1e-4 * other)) / 2e-4
    assert found.slope @ other == pytest.approx(moved, abs=1e-10)


def test_without_fluctuations_only_the_mean_counts_are_left():
    prior, v, W = _case(2, 6, symmetric=False)
    model = theory.FluctuatingCounts(6, prior=prior)
    plain = model.without_fluctuations()
    small, large = (model.value_at(c * v, W) - plain.value_at(c * v, W) for c in (1e-3, 1e-2))
    assert large == pytest.approx(100 * small, rel=0.02)
    assert model.value_at(v, W) > plain.value_at(v, W)


@pytest.mark.parametrize(
    ("W", "words"),
    [
        (np.eye(3), r"W must have shape \(2, 2\), got \(3, 3\)"),
        (np.array([[1.0, 0.0], [0.0, 2.0]]), "W must have the form alpha 11' \\+ beta I"),
    ],
)
def test_weights_that_do_not_fit_are_refused(W, words):
    with pytest.raises(ValueError, match=words):
        theory.FluctuatingCounts(4, nodes=2).value_at(np.ones(4), W)


def test_more_chains_than_fit_are_refused(monkeypatch):
    monkeypatch.setattr("theory.stages.fluctuating_counts._MOST_NUMBERS", 1000)
    with pytest.raises(ValueError, match=r"prior must have at most 1 chains for T = 6, got 8"):
        theory.FluctuatingCounts(6, nodes=2)
