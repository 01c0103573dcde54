"""Moments of pair counts against the enumeration of all sequences; lag functions; positions."""

import itertools

import numpy as np
import pytest

import theory
from theory.stages.count_moments import (
    ShiftBasis,
    count_covariances,
    count_means,
    count_moments,
    position_rule,
    shift_basis,
)

CONTRASTS = np.vstack([np.eye(2), -np.ones(2)])


def _enumerated(chain, basis, p, tokens):
    """Mean and covariance by current token, over all k^p sequences."""
    k = len(chain)
    x = np.array(list(itertools.product(range(k), repeat=p)))
    chance = theory.stationary_distribution(chain)[x[:, 0]]
    for t in range(1, p):
        chance = chance * chain[x[:, t - 1], x[:, t]]
    phi = np.zeros((len(x), basis.values.shape[1], k, tokens.shape[1]))
    for t in range(p):
        for s in range(t + 1):
            matched, counted = np.eye(k)[x[:, s]], tokens[x[:, t]]
            phi += np.einsum("a,nl,nd->nald", basis.values[t - s], matched, counted)
    phi = phi.reshape(len(x), -1)
    means, covariances = [], []
    for m in range(k):
        share = np.where(x[:, -1] == m, chance, 0.0)
        share /= share.sum()
        means.append(share @ phi)
        covariances.append((phi - means[-1]).T @ ((phi - means[-1]) * share[:, None]))
    return np.stack(means), np.stack(covariances)


@pytest.mark.parametrize(("k", "T", "tokens"), [(2, 7, np.eye(2)), (3, 5, CONTRASTS)])
def test_moments_are_those_over_all_sequences(k, T, tokens):
    chains = np.random.default_rng(k).dirichlet(np.ones(k), size=(2, k))
    basis = shift_basis(T)
    for found in count_moments(chains, basis, range(1, T + 1), tokens):
        for c, chain in enumerate(chains):
            mean, covariance = _enumerated(chain, basis, found.position, tokens)
            assert found.mean[c].reshape(k, -1) == pytest.approx(mean, abs=1e-13)
            assert found.covariance[c].reshape(covariance.shape) == pytest.approx(
                covariance, abs=1e-12
            )


def test_lag_functions_that_mix_under_shift():
    j = np.arange(8.0)
    values = np.linalg.qr(np.stack([np.ones(8), 0.7**j, j, j * (-0.4) ** j], axis=1))[0]
    # j (-0.4)^j needs (-0.4)^j beside it to be closed
    values = np.linalg.qr(np.column_stack([values, (-0.4) ** j]))[0]
    basis = ShiftBasis(values, np.linalg.lstsq(values[:-1], values[1:], rcond=None)[0].T)
    chain = np.array([[0.9, 0.1], [0.35, 0.65]])
    means = count_means(chain[None], basis, [3, 8])
    covariances = count_covariances(chain[None], basis, [3, 8])
    for q, p in enumerate((3, 8)):
        mean, covariance = _enumerated(chain, basis, p, np.eye(2))
        assert means[q, 0].reshape(2, -1) == pytest.approx(mean, abs=1e-12)
        assert covariances[q, 0].reshape(covariance.shape) == pytest.approx(covariance, abs=1e-12)


@pytest.mark.parametrize("T", [1, 2, 11, 12, 13, 25, 100, 400])
def test_lag_functions_are_orthonormal_and_closed(T):
    basis = shift_basis(T)
    r = basis.values.shape[1]
    assert basis.values.T @ basis.values == pytest.approx(np.eye(r), abs=1e-10)
    assert basis.values[:-1] @ basis.step.T == pytest.approx(basis.values[1:], abs=1e-10)
    for exact in (np.ones(T), np.arange(T) ** 2.0, np.eye(T)[0], np.eye(T)[min(T - 1, 1)]):
        left = exact - basis.values @ (basis.values.T @ exact)
        assert np.abs(left).max() <= 1e-10 * np.abs(exact).max()


@pytest.mark.parametrize("T", [1, 5, 8, 9, 30, 400])
def test_positions_average_polynomials_exactly(T):
    p, weights = position_rule(T)
    assert p.dtype.kind == "i"
    assert (np.diff(p) > 0).all()
    assert 1 <= p[0] <= p[-1] <= T
    assert (weights > 0).all()
    assert len(p) >= min(T, 6)
    every = np.arange(1, T + 1) / T
    for degree in range(len(p)):
        assert weights @ (p / T) ** degree == pytest.approx((every**degree).mean(), rel=1e-9)


def test_a_token_that_never_comes_has_no_moments():
    chain = np.array([[0.5, 0.5, 0.0], [0.3, 0.7, 0.0], [0.2, 0.3, 0.5]])
    found = next(count_moments(chain[None], shift_basis(3), [3]))
    assert np.isfinite(found.covariance).all()
    assert not found.mean[0, 2].any()
    assert found.mean[0, 0].any()
