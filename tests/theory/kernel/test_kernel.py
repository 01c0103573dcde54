"""The population kernel against the definition, and its three routes against one another."""

import itertools
import time

import numpy as np
import pytest
import sympy as sp

from theory import notation as s
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.chains.nodes import point_set
from theory.exact import is_zero
from theory.kernel.averages import chain_average, population_kernel_qmc
from theory.kernel.population import population_kernel
from theory.kernel.two_states import integrand, population_kernel_exact

PRIORS = ("flat", "doubly_stochastic")


def logits(x: tuple[int, ...], v: np.ndarray, W: np.ndarray, k: int) -> np.ndarray:
    """f (T, k) of eq. (8), loop by loop."""
    T = len(x) - 1
    f = np.zeros((T, k))
    for p in range(T):
        for t in range(p + 1):
            for q in range(t + 1):
                f[p, x[t]] += v[t - q] * W[x[p], x[q]]
    return f


def hinge_loss(x: tuple[int, ...], v: np.ndarray, W: np.ndarray, delta: float) -> float:
    k = len(W)
    f = logits(x, v, W, k)
    total = 0.0
    for p, row in enumerate(f):
        target = x[p + 1]
        total += sum(max(0.0, delta + row[i] - row[target]) for i in range(k) if i != target) / k
    return total / len(f)


def square_chains(order: int, prior: str) -> tuple[np.ndarray, np.ndarray]:
    """Nodes over (a, b) unlike `theory.chains.nodes`: two triangles, each blown up at a = b = 1."""
    x, w = np.polynomial.legendre.leggauss(order)
    x, w = (x + 1) / 2, w / 2
    if prior == "doubly_stochastic":
        return w, np.stack([np.stack([x, 1 - x], -1), np.stack([1 - x, x], -1)], 1)
    u, r = (z.ravel() for z in np.meshgrid(x, x, indexing="ij"))
    weights = np.outer(w, w).ravel() * u
    one, two = np.concatenate([u, u * r]), np.concatenate([u * r, u])
    chains = np.stack([np.stack([1 - one, one], -1), np.stack([two, 1 - two], -1)], 1)
    return np.concatenate([weights, weights]), chains


def brute_force_kernel(T: int, prior: str) -> np.ndarray:
    """K from the real hinge loss over all sequences: L is bilinear, so one difference is exact."""
    weights, P = square_chains(24, prior)
    leave = 1 - np.stack([P[:, 0, 0], P[:, 1, 1]], -1)
    start = leave[:, ::-1] / leave.sum(1, keepdims=True)
    K = np.zeros((T, 2, 2))
    for x in itertools.product(range(2), repeat=T + 1):
        steps = [P[:, i, j] for i, j in itertools.pairwise(x)]
        probability = weights @ np.prod([start[:, x[0]], *steps], axis=0)
        base = hinge_loss(x, np.zeros(T), np.zeros((2, 2)), 10.0)
        for j, m, l in np.ndindex(K.shape):  # noqa: E741
            v, W = np.eye(T)[j], np.zeros((2, 2))
            W[m, l] = 1.0
            K[j, m, l] += probability * (base - hinge_loss(x, v, W, 10.0))
    return K


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("T", [1, 2, 3, 4])
def test_closed_form_against_the_hinge_loss_on_all_sequences(T: int, prior: str) -> None:
    np.testing.assert_allclose(
        population_kernel(T, prior=prior), brute_force_kernel(T, prior), rtol=0, atol=1e-13
    )


def test_kernel_is_minus_both_gradients_of_the_loss() -> None:
    T, rng = 3, np.random.default_rng(0)
    v, W = rng.normal(size=T), rng.normal(size=(2, 2))
    weights, P = square_chains(16, "flat")
    leave = 1 - np.stack([P[:, 0, 0], P[:, 1, 1]], -1)
    start = leave[:, ::-1] / leave.sum(1, keepdims=True)
    sequences = list(itertools.product(range(2), repeat=T + 1))
    chance = [
        weights @ np.prod([start[:, x[0]], *[P[:, i, j] for i, j in itertools.pairwise(x)]], axis=0)
        for x in sequences
    ]

    def loss(v: np.ndarray, W: np.ndarray) -> float:
        return sum(c * hinge_loss(x, v, W, 100.0) for c, x in zip(chance, sequences, strict=True))

    K, h = population_kernel(T), 1e-3
    for j in range(T):
        d = h * np.eye(T)[j]
        slope = (loss(v + d, W) - loss(v - d, W)) / (2 * h)
        assert -slope == pytest.approx((K[j] * W).sum(), abs=1e-10)
    D = np.array([[0.0, h], [0.0, 0.0]])
    slope = (loss(v, W + D) - loss(v, W - D)) / (2 * h)
    assert -slope == pytest.approx(K[:, 0, 1] @ v, abs=1e-10)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("T", [1, 2, 7, 64])
def test_closed_form_against_quadrature_with_matrix_powers(T: int, prior: str) -> None:
    closed = population_kernel(T, prior=prior, method="closed")
    chains = population_kernel(T, prior=prior, method="quadrature")
    np.testing.assert_allclose(closed, chains, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("prior", PRIORS)
def test_closed_form_against_exact(prior: str) -> None:
    for T in (1, 4, 33):
        exact = population_kernel_exact(T, prior)
        assert exact.shape == (T, 2, 2)
        numbers = np.array([float(sp.N(e, 17)) for e in sp.flatten(exact.tolist())])
        closed = population_kernel(T, prior=prior).ravel()
        np.testing.assert_allclose(closed, numbers, rtol=2e-14, atol=1e-17)


def test_exact_smallest_case_by_hand() -> None:
    # T = 1: K_mm = E[pi_m (P_mm - 1/2)], and K_ml = 0 because x_1 can only attend to itself.
    K = population_kernel_exact(1)
    assert K[0, 0, 1] == 0
    by_hand = (sp.Rational(1, 2) + s.y) * (s.y * (1 - s.lam) + s.lam / 2)
    reach = sp.Symbol("h", positive=True)
    inner = sp.integrate(sp.expand(by_hand), (s.y, -reach, reach))
    near = sp.expand((1 - s.lam) * inner.subs(reach, sp.Rational(1, 2)))
    parts = sp.integrate(near, (s.lam, 0, 1))
    far = sp.apart(sp.expand((1 - s.lam) * inner.subs(reach, 1 / (1 - s.lam) - sp.Rational(1, 2))))
    parts += sp.integrate(far, (s.lam, -1, 0))
    assert is_zero(sp.expand_log(sp.expand(parts)) - K[0, 0, 0])


def test_integrand_is_the_probability_it_stands_for() -> None:
    pi, P = stationary_in_y(), power_in_y_lambda(1)
    for j, n in ((1, 0), (2, 1), (3, 2)):
        for m, l in np.ndindex(2, 2):  # noqa: E741
            direct = sum(
                pi[l] * (P ** (j - 1))[l, i] * (P**n)[i, m] * (P[m, i] - sp.Rational(1, 2))
                for i in range(2)
            )
            made = integrand(int(m), int(l)).subs({s.j: j, s.n: n})
            assert sp.expand(made - direct) == 0


def test_relabelling_symmetry_leaves_rank_two() -> None:
    K = population_kernel(50)
    np.testing.assert_array_equal(K, K[:, ::-1, ::-1])
    np.testing.assert_array_equal(K, np.swapaxes(K, 1, 2))
    assert np.linalg.matrix_rank(K.reshape(50, 4), tol=1e-12) == 2


@pytest.mark.parametrize("prior", PRIORS)
def test_qmc_within_its_error_bars_for_two_states(prior: str) -> None:
    mean, error = population_kernel_qmc(20, 2, prior, nodes=1024, replicates=16, seed=2)
    truth = population_kernel(20, prior=prior)
    assert np.all(np.abs(mean - truth) <= 5 * error + 1e-12)
    assert np.abs(mean - truth).max() > 1e-9  # it is an estimate, not the closed form in disguise
    assert error.max() < 5e-3


def simulate_kernel(T: int, k: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Unbiased draws of K (draws, T, k, k) from sequences: no matrix powers, no pi of ours."""
    P = rng.dirichlet(np.ones(k), size=(draws, k))
    values, vectors = np.linalg.eig(np.swapaxes(P, 1, 2))
    index = np.argmax(values.real, axis=1)
    pi = vectors[np.arange(draws), :, index].real
    pi /= pi.sum(1, keepdims=True)
    x = np.empty((draws, T + 1), dtype=int)
    x[:, 0] = (rng.random(draws)[:, None] > np.cumsum(pi, 1)).sum(1).clip(max=k - 1)
    for t in range(T):
        row = P[np.arange(draws), x[:, t]]
        x[:, t + 1] = (rng.random(draws)[:, None] > np.cumsum(row, 1)).sum(1).clip(max=k - 1)
    K, who = np.zeros((draws, T, k, k)), np.arange(draws)
    for p in range(T):
        for t in range(p + 1):
            gain = (x[:, t] == x[:, p + 1]) - 1.0 / k
            for q in range(t + 1):
                K[who, t - q, x[:, p], x[:, q]] += gain / T
    return K


def test_three_states_against_plain_monte_carlo() -> None:
    T, k = 3, 3
    K, error = population_kernel_qmc(T, k, nodes=2048, replicates=8, seed=0)
    draws = simulate_kernel(T, k, 200_000, np.random.default_rng(7))
    eye = np.eye(k, dtype=bool)
    for mask in (eye, ~eye):
        sample = draws[:, :, mask].mean(-1)
        spread = sample.std(0) / np.sqrt(len(sample))
        gap = sample.mean(0) - K[:, mask].mean(-1)
        assert np.all(np.abs(gap) < 4.5 * np.hypot(spread, error[:, mask].mean(-1)))
        assert np.all(np.abs(K[:, mask] - K[:, mask][:, :1]) == 0)


def test_three_doubly_stochastic_states() -> None:
    # pi is uniform: with one token K_mm = (E[P_mm] - 1/3) / 3 = 0.
    K, error = population_kernel_qmc(1, 3, "doubly_stochastic", nodes=2048)
    assert np.all(np.abs(K) <= 5 * error + 1e-15)
    # With two, K_2,m,l = E[P_lm (P_mm - 1/3)] / 6. Slicing the polytope at P_mm = 1 - w gives the
    # density 8 w^2 - 20 w^3 / 3 of w, whence E[P_mm^2] = 7/45; the off-diagonal follows from the
    # unit sum of column m.
    K, error = population_kernel_qmc(2, 3, "doubly_stochastic", nodes=8192)
    assert abs(K[1, 0, 0] - 1 / 135) < 5 * error[1, 0, 0] < 1e-3
    assert abs(K[1, 0, 1] + 1 / 270) < 5 * error[1, 0, 1] < 1e-3


def test_qmc_is_reproducible_and_honours_the_seed() -> None:
    first = population_kernel(5, k=3, nodes=64, seed=1)
    assert np.array_equal(first, population_kernel(5, k=3, nodes=64, seed=1))
    assert not np.array_equal(first, population_kernel(5, k=3, nodes=64, seed=2))


def test_chunks_do_not_change_the_average(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, chains = point_set(64, 3, seed=0)
    whole = chain_average(weights, chains, 6)
    monkeypatch.setattr("theory.kernel.averages._CHUNK_BYTES", 8 * 6 * 9 * 7)  # 7 chains a chunk
    np.testing.assert_allclose(chain_average(weights, chains, 6), whole, rtol=1e-13)


def test_ten_thousand_tokens_take_no_time_and_lose_no_digits() -> None:
    began = time.perf_counter()
    K = population_kernel(10_000)
    assert time.perf_counter() - began < 2.0
    # The last lag has one pair: K_T = (1/T) E[integrand at n = 0, j = T], an exact short sum.
    last = population_kernel_exact(200)[199, 0, 0]
    assert population_kernel(200)[199, 0, 0] == pytest.approx(float(sp.N(last, 20)), rel=1e-13)
    assert np.all(np.isfinite(K))
