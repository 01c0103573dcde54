"""Several heads at the origin: kernel, escape and ray against sums and differences by hand."""

import itertools

import numpy as np
import pytest

import theory
from theory.ngrams.origin import (
    ngram_escape,
    ngram_kernel,
    ngram_velocity,
    relabelled,
    sequence_law,
)
from theory.ngrams.ray import ray_time, symmetric_ray


def _chains(k, order, m=3, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(k), size=(m, k**order))


def _weights(heads, T, k, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(heads, T)), rng.normal(size=(heads, k, k))


def _form(T, chains, share, v, W, normalize):
    """B by its definition: -dL/df at f = 0 times f, averaged over every sequence of every chain."""
    heads, k = len(v), chains.shape[2]
    order = round(np.log(chains.shape[1]) / np.log(k))
    total = 0.0
    for weight, P in zip(share, chains, strict=True):
        moves = np.zeros((k**order,) * 2)
        for history, i in itertools.product(range(k**order), range(k)):
            moves[history, (history * k + i) % k**order] += P[history, i]
        pi = np.linalg.matrix_power(moves, 5000)[0]
        for x in itertools.product(range(k), repeat=T + 1):
            chance = pi[int("".join(map(str, x[:order])), k)]
            for t in range(order, T + 1):
                chance *= P[int("".join(map(str, x[t - order : t])), k), x[t]]
            for p in range(heads - 1, T):
                scale = 1 / (p + 1) if normalize == "length" else 1.0
                for t in range(p + 1):
                    score = np.prod([
                        sum(v[n, t - s] * W[n, x[p - n], x[s]] for s in range(t + 1))
                        for n in range(heads)
                    ])  # fmt: skip
                    total += weight * chance * scale * score * ((x[p + 1] == x[t]) - 1 / k) / T
    return total


@pytest.mark.parametrize(
    ("heads", "T", "k", "order", "normalize"),
    [(1, 4, 2, 1, "none"), (2, 4, 2, 2, "length"), (2, 3, 3, 1, "none"), (3, 4, 2, 2, "none")],
)
def test_kernel_is_the_average_over_all_sequences(heads, T, k, order, normalize):
    chains, share = _chains(k, order), np.array([0.2, 0.5, 0.3])
    K = ngram_kernel(T, chains, heads=heads, weights=share, normalize=normalize)
    assert K.shape == (T, k, k) * heads
    for seed in (1, 2):
        v, W = _weights(heads, T, k, seed)
        expected = _form(T, chains, share, v, W, normalize)
        assert ngram_velocity(K, v, W)[0] == pytest.approx(expected, rel=1e-9)


def test_one_head_has_the_population_kernel():
    weights, chains = theory.quadrature(40)
    K = ngram_kernel(6, chains, heads=1, weights=weights)
    np.testing.assert_allclose(K, theory.population_kernel(6), atol=1e-12)


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_velocity_is_the_gradient_and_obeys_euler(heads):
    K = ngram_kernel(4, _chains(2, 2), heads=heads)
    v, W = _weights(heads, 4, 2)
    value, d_v, d_W = ngram_velocity(K, v, W)
    for n in range(heads):
        assert np.sum(v[n] * d_v[n]) == pytest.approx(value, rel=1e-11)
        assert np.sum(W[n] * d_W[n]) == pytest.approx(value, rel=1e-11)
    for part, slope in ((v, d_v), (W, d_W)):
        for index in np.ndindex(part.shape):
            before = part[index]
            # of degree 1 in each entry: the difference is exact but for rounding
            part[index] = before + 1.0
            high = ngram_velocity(K, v, W)[0]
            part[index] = before
            assert high - value == pytest.approx(slope[index], abs=1e-12)


def test_law_of_sequences_sums_to_one_and_is_stationary():
    law = sequence_law(5, _chains(3, 2), [0.1, 0.3, 0.6]).reshape((3,) * 5)
    assert law.sum() == pytest.approx(1.0, rel=1e-13)
    np.testing.assert_allclose(law.sum(axis=(0, 1)), law.sum(axis=(3, 4)), atol=1e-14)


def test_relabelled_chains_are_closed_under_relabelling():
    chains = relabelled(_chains(3, 2))
    assert len(chains) == 3 * 6
    law = sequence_law(4, chains).reshape((3,) * 4)
    for new in itertools.permutations(range(3)):
        np.testing.assert_allclose(law[np.ix_(new, new, new, new)], law, atol=1e-15)
    np.testing.assert_array_equal(chains[:3], _chains(3, 2))


def test_one_head_escapes_as_the_linear_flow():
    weights, chains = theory.quadrature(30)
    K = ngram_kernel(5, chains, heads=1, weights=weights)
    v, W = np.full((1, 5), 0.01), np.full((1, 2, 2), 0.02)
    end = ngram_escape(K, v, W, 3.0)
    exact_v, exact_W = theory.linear_flow(v[0], W[0], end.time, kernel=K)
    np.testing.assert_allclose(end.v[0], exact_v, rtol=1e-8)
    np.testing.assert_allclose(end.W[0], exact_W, rtol=1e-8)
    assert np.sqrt((end.v**2).sum() + (end.W**2).sum()) == pytest.approx(3.0)


@pytest.mark.parametrize("heads", [2, 3])
def test_escape_scales_as_the_degree_says(heads):
    K = ngram_kernel(4, _chains(2, 2), heads=heads)
    v, W = np.full((heads, 4), 0.1), np.full((heads, 2, 2), 0.1)
    one = ngram_escape(K, v, W, np.inf).time
    half = ngram_escape(K, v / 2, W / 2, np.inf).time
    assert half / one == pytest.approx(2 ** (2 * heads - 2), rel=1e-9)
    # what is left after a long way is a small share of the time
    assert ngram_escape(K, v, W, 50.0).time == pytest.approx(one, rel=1e-2)


@pytest.mark.parametrize(("k", "order"), [(2, 2), (3, 1)])
@pytest.mark.parametrize("heads", [1, 2, 3])
def test_ray_is_a_ray_and_its_asymmetry_the_hessian_s(heads, k, order):
    K = ngram_kernel(3, relabelled(_chains(k, order)), heads=heads)
    ray = symmetric_ray(K)
    _, d_v, d_W = ngram_velocity(K, ray.v, ray.W)
    np.testing.assert_allclose(d_v, ray.rate * ray.v, atol=1e-13)
    np.testing.assert_allclose(d_W, ray.rate * ray.W, atol=1e-13)
    assert np.sum(ray.v**2) + np.sum(ray.W**2) == pytest.approx(1.0, rel=1e-13)
    if heads == 1:
        assert ray.asymmetry == pytest.approx(-1.0, abs=1e-12)
        return  # all of it at eigenvalue 0, where eigenvectors are anything

    flat = np.concatenate([ray.v.ravel(), ray.W.ravel()])

    def velocity(y):
        v, W = y[: ray.v.size].reshape(ray.v.shape), y[ray.v.size :].reshape(ray.W.shape)
        return np.concatenate([part.ravel() for part in ngram_velocity(K, v, W)[1:]])

    h = 1e-4
    hessian = np.array([
        (velocity(flat + h * e) - velocity(flat - h * e)) / (2 * h) for e in np.eye(len(flat))
    ])  # fmt: skip
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    # an eigenvector outside the span has no part in v and none along 1 1^T and I
    W_part = vectors[ray.v.size :].reshape(heads, k, k, -1)
    inside = (vectors[: ray.v.size] ** 2).sum(axis=0)
    inside += (W_part.sum(axis=(1, 2)) ** 2).sum(axis=0) + (
        np.trace(W_part, axis1=1, axis2=2) ** 2
    ).sum(axis=0)
    outside = values[inside < 1e-10]
    assert outside.max() / ray.rate - 1 == pytest.approx(ray.asymmetry, abs=1e-6)


def test_asymmetry_of_states_without_effect_on_each_other():
    """B = V sum_i prod_n w^n_i: kappa = H - 2 exactly."""
    for heads in (1, 2, 3, 4):
        K = np.zeros((1, 2, 2) * heads)
        for state in range(2):
            K[(0, state, state) * heads] = 0.7
        assert symmetric_ray(K).asymmetry == pytest.approx(heads - 2, abs=1e-9)


def test_times_along_a_ray():
    for heads in (1, 2, 3):
        times = ray_time(0.3, heads, 0.1, np.linspace(0.1, 2.0, 4001))
        radius = np.linspace(0.1, 2.0, 4001)
        speed = np.gradient(radius, times, edge_order=2)[1:-1]
        np.testing.assert_allclose(speed[50:], 0.3 * radius[51:-1] ** (2 * heads - 1), rtol=1e-3)
    assert ray_time(0.3, 2, 0.1, np.inf) == pytest.approx(100 / 0.6)
    with np.errstate(divide="ignore"):
        assert ray_time(0.3, 1, 0.1, np.inf) == np.inf


KERNEL = ngram_kernel(3, relabelled(_chains(2, 2)), heads=2)
SMALL = (np.full((2, 3), 0.1), np.full((2, 2, 2), 0.1))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ngram_kernel(0, _chains(2, 1), heads=1), "T must be an integer >= 1"),
        (lambda: ngram_kernel(3, _chains(2, 1), heads=0), "heads must be an integer >= 1"),
        (lambda: ngram_kernel(3, np.ones((2, 2)) / 2, heads=1), "transition must have shape"),
        (lambda: ngram_kernel(3, np.ones((1, 3, 2)) / 2, heads=1), "transition must have shape"),
        (lambda: ngram_kernel(30, _chains(2, 1), heads=1), "T must be small enough"),
        (lambda: ngram_kernel(9, _chains(3, 1), heads=4), "T must be small enough"),
        (lambda: ngram_kernel(1, _chains(2, 3), heads=1), "T must be at least 2"),
        (lambda: ngram_kernel(3, _chains(2, 1), heads=1, normalize="x"), "normalize must be"),
        (lambda: ngram_escape(KERNEL, *SMALL, 0.01), "radius must be a number >"),
        (lambda: ngram_escape(KERNEL[0, 0, 0], SMALL[0][:1], SMALL[1][:1], np.inf), "finite"),
        (lambda: ngram_escape(KERNEL, SMALL[0], SMALL[1][:1], 9.0), "v0 and W0 must be"),
        (lambda: ngram_escape(0 * KERNEL, *SMALL, 9.0), "kernel must not vanish"),
        (lambda: symmetric_ray(np.ones((3, 2))), "kernel must have shape"),
        (lambda: symmetric_ray(np.zeros((3, 2, 2))), "must not vanish"),
        (lambda: symmetric_ray(ngram_kernel(3, _chains(2, 2), heads=2)), "invariant"),
    ],
)
def test_refusals(call, word):
    with pytest.raises(ValueError, match=word):
        call()
