"""Stationary distributions of all stochastic matrices, in both rooms, against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

import sim
import theory

ROOMS = {
    "sim": (sim.stationary_distribution, 1e-14),
    "theory": (theory.stationary_distribution, 3e-13),
}


def exact(P):
    """Long-run shares of time from a uniform start, in fractions, class by class."""
    n = len(P)
    F = [[Fraction(float(p)) for p in row] for row in P]
    for i in range(n):
        F[i][i] = 1 - sum(F[i][j] for j in range(n) if j != i)
    reach = [[bool(F[i][j]) or i == j for j in range(n)] for i in range(n)]
    for m in range(n):
        for i in range(n):
            for j in range(n):
                reach[i][j] = reach[i][j] or (reach[i][m] and reach[m][j])
    closed = [i for i in range(n) if all(reach[j][i] for j in range(n) if reach[i][j])]
    classes = {tuple(j for j in closed if reach[i][j]) for i in closed}
    passing = [i for i in range(n) if i not in closed]
    out = [Fraction(0)] * n
    for members in classes:
        # pi (P - I) = 0 with one equation replaced by the sum
        size = len(members)
        system = [[F[j][i] - (i == j) for j in members] for i in members[1:]] + [[1] * size]
        pi = solve(system, [0] * (size - 1) + [1])
        leaving = [[(i == j) - F[i][j] for j in passing] for i in passing]
        ends = solve(leaving, [sum(F[i][j] for j in members) for i in passing])
        for j, share in zip(members, pi, strict=True):
            out[j] = share * (size + sum(ends)) / n
    return out


def solve(A, b):
    """Gaussian elimination in fractions."""
    A = [[Fraction(x) for x in row] + [Fraction(y)] for row, y in zip(A, b, strict=True)]
    for i in range(len(A)):
        pivot = next(r for r in range(i, len(A)) if A[r][i])
        A[i], A[pivot] = A[pivot], A[i]
        A[i] = [x / A[i][i] for x in A[i]]
        for r in range(len(A)):
            if r != i and A[r][i]:
                A[r] = [x - A[r][i] * y for x, y in zip(A[r], A[i], strict=True)]
    return [row[-1] for row in A]


def random_chain(rng, kind):
    k = int(rng.integers(2, 5))
    P = rng.random((k, k)) ** rng.integers(1, 4)
    graded = 10.0 ** -rng.integers(0, 320, (k, k)).astype(float)
    if kind == "graded":
        P = graded
    elif kind == "sparse":
        P *= rng.random((k, k)) < 0.4
    elif kind == "graded and sparse":
        P = np.where(rng.random((k, k)) < 0.5, graded, 0.0)
    elif kind == "periodic":
        P = np.eye(k)[rng.permutation(k)]
    elif kind == "deterministic":
        P = np.eye(k)[rng.integers(0, k, k)]
    P[P.sum(axis=1) == 0] = np.eye(k)[(P.sum(axis=1) == 0).argmax()]
    return P / P.sum(axis=1, keepdims=True)


KINDS = ("dense", "graded", "sparse", "graded and sparse", "periodic", "deterministic")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("room", ROOMS)
def test_every_stochastic_matrix(room, kind):
    stationary, accuracy = ROOMS[room]
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(40):
        P = random_chain(rng, kind)
        found, wanted = stationary(P), exact(P)
        for pi, true in zip(found.tolist(), wanted, strict=True):
            # below the smallest normal number there are fewer digits
            assert pi == pytest.approx(float(true), rel=accuracy, abs=2e-308), (P, found)
            assert (pi == 0.0) >= (true == 0)


@pytest.mark.parametrize("room", ROOMS)
def test_named_cases(room):
    stationary, _ = ROOMS[room]
    np.testing.assert_allclose(
        stationary([[0.999, 0.001], [1e-320, 1.0]]), [1e-317, 1.0], rtol=1e-4
    )
    np.testing.assert_array_equal(stationary(np.eye(2)), 0.5)
    np.testing.assert_allclose(stationary([[0.0, 1.0], [1.0, 0.0]]), 0.5, rtol=1e-15)
    # two classes, reached from the state between with probabilities 1/4 and 3/4
    between = [[1, 0, 0], [0.25, 0, 0.75], [0, 0, 1]]
    np.testing.assert_allclose(stationary(between), [5 / 12, 0, 7 / 12], rtol=1e-15)


def test_chains_of_a_very_uneven_prior_all_have_a_start():
    chains = sim.Dirichlet(3, 3e-3).sample(20_000, 0)
    pi = sim.stationary_distribution(chains)
    assert np.isfinite(pi).all()
    np.testing.assert_allclose(pi.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.einsum("nj,nji->ni", pi, chains), pi, atol=1e-15)
    np.testing.assert_allclose(pi, theory.stationary_distribution(chains), rtol=1e-12, atol=1e-300)
