"""Entropies in closed form and by QMC, exact losses of strategies, constants for k states."""

import itertools
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from theory.chains.constants import (
    _log_minus_plus,
    _log_u_minus,
    _log_u_plus,
    chain_constants,
    entropy,
    exact_constants,
    task_constants,
)
from theory.chains.nodes import quadrature
from theory.chains.strategies import count_classes, strategy_losses
from theory.commands.tables import constant_table
from theory.first_steps.step_1_any_k import step_constants

Log = Callable[[mp.mpf], mp.mpf]

PRIORS = ("flat", "doubly_stochastic")


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_integrals_of_two_logarithms(n: int) -> None:
    with mp.workdps(25):
        for closed, first, second in (
            (_log_u_plus, lambda u: u, lambda u: 1 + u),
            (_log_u_minus, lambda u: u, lambda u: 1 - u),
            (_log_minus_plus, lambda u: 1 - u, lambda u: 1 + u),
        ):
            number = mp.quad(
                lambda u, f=first, g=second: u**n * mp.log(f(u)) * mp.log(g(u)), [0, 1]
            )
            assert abs(number - mp.mpf(str(closed(n).evalf(25)))) < 1e-20


@pytest.mark.parametrize("prior", PRIORS)
def test_closed_forms_against_quadrature(prior: str) -> None:
    exact = [float(x) for x in exact_constants(prior).values()]
    order = (300, 60) if prior == "flat" else 2000
    np.testing.assert_allclose(chain_constants(*quadrature(order, prior)), exact, atol=1e-6)


def test_three_states_against_sampled_chains() -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(3), size=(40_000, 3))
    found = task_constants(3, nodes=512, replicates=8)
    sampled = chain_constants(np.full(len(P), 1 / len(P)), P)
    numbers = (found.sum_pi_squared, found.stationary_entropy, found.entropy_rate)
    np.testing.assert_allclose(numbers, sampled, atol=5e-3)
    assert all(0 < error < 1e-3 for error in found.errors.values())
    assert found.kl["unigram"] == pytest.approx(numbers[1] - numbers[2])
    assert entropy(np.array([0.0, 1.0])) == 0.0


def counts_by_hand(x: tuple[int, ...]) -> tuple[int, ...]:
    moves = [0, 0, 0, 0]
    for i, j in itertools.pairwise(x):
        moves[2 * i + j] += 1
    return (*moves, x[-1])


@pytest.mark.parametrize("T", [1, 2, 3, 7])
def test_classes_count_every_sequence_once(T: int) -> None:
    expected: dict[tuple[int, ...], int] = {}
    for rest in itertools.product(range(2), repeat=T - 1):
        key = counts_by_hand((0, *rest))
        expected[key] = expected.get(key, 0) + 1
    found = count_classes(T)
    keys = [(*row.ravel(), last) for row, last in zip(found.transitions, found.last, strict=True)]
    assert len(set(keys)) == len(keys)
    sizes = dict(zip(keys, np.exp(found.log_size).round().astype(int), strict=True))
    assert sizes == expected
    np.testing.assert_array_equal(found.visits.sum(axis=1), T)


def brute_force(T: int, prior: str) -> dict[str, float]:
    """KL of uniform, unigram, bigram from every sequence of T + 1 tokens."""
    weights, P = quadrature((40, 20) if prior == "flat" else 40, prior)
    exits = 1 - np.stack([P[:, 0, 0], P[:, 1, 1]], axis=-1)
    pi = exits[:, ::-1] / exits.sum(axis=1, keepdims=True)
    total = {"uniform": 0.0, "unigram": 0.0, "bigram": 0.0}
    for x in itertools.product(range(2), repeat=T + 1):
        steps = [P[:, i, j] for i, j in itertools.pairwise(x)]
        chance = weights @ np.prod([pi[:, x[0]], *steps], axis=0)
        seen, last, target = x[:-1], x[-2], x[-1]
        after = [j for i, j in itertools.pairwise(seen) if i == last]
        total["uniform"] += chance * np.log(2)
        total["unigram"] -= chance * np.log((seen.count(target) + 1) / (T + 2))
        total["bigram"] -= chance * np.log((after.count(target) + 1) / (len(after) + 2))
    rate = float(exact_constants(prior)["entropy_rate"])
    return {name: value - rate for name, value in total.items()}


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("T", [1, 2, 5, 8])
def test_losses_against_every_sequence(T: int, prior: str) -> None:
    found = strategy_losses(T, prior)
    for name, value in brute_force(T, prior).items():
        assert found[name] == pytest.approx(value, abs=1e-11)


def test_losses_fall_in_the_right_order() -> None:
    found = [strategy_losses(T) for T in (4, 8, 16, 32)]
    for before, after in itertools.pairwise(found):
        assert all(after[name] < before[name] for name in ("unigram", "bigram", "bayes"))
    for row in found:
        assert row["bayes"] < min(row["unigram"], row["bigram"])
        assert row["uniform"] == pytest.approx(found[0]["uniform"], abs=1e-12)
    with pytest.raises(ValueError, match="T must be at most"):
        strategy_losses(1000)


def test_step_constants_add_up_and_meet_the_closed_form() -> None:
    for k in (3, 5):
        mean, error = step_constants(k, nodes=256, replicates=4)
        assert k * mean.B + k * (k - 1) * mean.A == pytest.approx(mean.D, rel=1e-12)
        assert 0 < error.ratio < 0.1
    assert pytest.approx(1.5 - 2 * np.log(2)) == step_constants(2)[0].D
    assert np.isnan(step_constants(3, "doubly_stochastic")[0].ratio)


def test_table_names_the_closed_forms() -> None:
    text = constant_table(2, "flat", 5)
    for words in ("2 - 2*log(2)", "pi**2/9", "T = 5", "bayes", "0.1011666141"):
        assert words in text
