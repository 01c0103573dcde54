"""Lag pattern, laws of long contexts, overtaking, and estimates for more than two states."""

import numpy as np
import pytest

from theory.chains.nodes import default_nodes, quadrature
from theory.commands.rounding import measured
from theory.commands.tables import mode_table
from theory.first_steps.overtaking import overtaking_time
from theory.first_steps.step_1_any_k import step_constants
from theory.kernel.averages import kernel_replicates
from theory.kernel.lag_pattern import chain_lag_constants, lag_constant, lag_constants, parity_law
from theory.kernel.mode_errors import mode_estimates
from theory.kernel.mode_laws import lag_energy, singular_value_law
from theory.kernel.population import population_kernel
from theory.kernel.singular_modes import linear_flow, modes

PRIORS = ("flat", "doubly_stochastic")


@pytest.mark.parametrize("prior", PRIORS)
def test_lag_constants_exact_float_and_chain_by_chain(prior: str) -> None:
    exact = [float(lag_constant(j, prior).evalf(30)) for j in range(1, 21)]
    np.testing.assert_allclose(lag_constants(20, prior), exact, rtol=0, atol=1e-15)
    weights, P = quadrature((40, 6), prior)
    np.testing.assert_allclose(weights @ chain_lag_constants(P, 20), exact, rtol=0, atol=1e-14)


def test_lag_constants_are_what_the_kernel_tends_to() -> None:
    T, lag = 20_000, np.arange(1, 8)
    K = population_kernel(T)
    pairs = (T - lag + 1) * (T - lag + 2) / (2 * T)
    own = (K[:7, 0, 0] - K[:7, 0, 1]) / pairs
    np.testing.assert_allclose(np.diff(own), np.diff(lag_constants(7)), atol=1e-4)


def test_one_chain_is_geometric_in_its_eigenvalue() -> None:
    P = np.array([[0.2, 0.8], [0.6, 0.4]])
    found = chain_lag_constants(P, 6)
    np.testing.assert_allclose(found[1:] / found[:-1], -0.4, rtol=1e-12)
    with pytest.raises(ValueError, match="shape"):
        chain_lag_constants(np.full((3, 3), 1 / 3), 2)


@pytest.mark.parametrize("prior", PRIORS)
def test_parity_law_is_approached_as_one_over_j(prior: str) -> None:
    law, delta = parity_law(prior), lag_constants(4002, prior)
    for parity, limit in ((0, law.even), (1, law.odd)):
        gaps = [
            delta[j + parity - 1] * (j + parity) ** law.power - float(limit) for j in (1000, 4000)
        ]
        assert abs(gaps[1]) <= max(abs(gaps[0]) * 0.26, 1e-15)


def test_energy_of_the_lag_pattern_by_a_double_integral() -> None:
    # sum_j delta_j^2 = E E[g g' / (1 - lambda lambda')], with two independent chains
    weights, P = quadrature((120, 6))
    lam = np.trace(P, axis1=1, axis2=2) - 1
    g = weights * chain_lag_constants(P, 1)[:, 0]
    lam, index = np.unique(lam.round(14), return_inverse=True)
    g = np.bincount(index, g)
    assert g @ (1 / (1 - np.outer(lam, lam))) @ g == pytest.approx(lag_energy(), rel=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
def test_singular_values_approach_their_law(prior: str) -> None:
    gaps = [
        np.abs(modes(T, prior=prior).singular_values / singular_value_law(T, prior) - 1)
        for T in (1000, 10_000, 100_000)
    ]
    assert np.all(gaps[1] < 0.3 * gaps[0])
    assert np.all(gaps[2] < 0.3 * gaps[1])
    with pytest.raises(ValueError, match="T must be above 1"):
        singular_value_law(1.0)


@pytest.mark.parametrize(("T", "v", "W"), [(10, 1.0, 1.0), (30, 1.0, 10.0), (50, 0.0, 1.0)])
def test_v2_is_behind_before_and_ahead_after_it_overtakes(T: int, v: float, W: float) -> None:
    time = overtaking_time(T, v=v, W=W)
    assert time is not None
    found, _ = linear_flow(np.full(T, v), np.full((2, 2), W), [0.99 * time, 1.01 * time])
    assert found[0, 1] < found[0, 0]
    assert found[1, 1] > found[1, 0]
    assert overtaking_time(T, v=7 * v, W=7 * W) == pytest.approx(time, rel=1e-9)


def test_no_overtaking_in_short_contexts_and_at_once_without_W() -> None:
    assert [overtaking_time(T) for T in range(2, 10)] == [None] * 8
    assert overtaking_time(20, W=0.0) == 0.0
    for kwargs, word in (({"v": -1.0}, "v must"), ({"v": 0.0, "W": 0.0}, "not both")):
        with pytest.raises(ValueError, match=word):
            overtaking_time(10, **kwargs)


def test_estimated_modes_have_honest_errors() -> None:
    truth = modes(12)
    pulls = []
    for seed in range(6):
        found, errors = mode_estimates(12, k=2, nodes=64, seed=seed)
        pulls.append((found.singular_values - truth.singular_values) / errors.singular_values)
        assert np.all(np.abs(found.v_modes - truth.v_modes) < 8 * errors.v_modes + 1e-12)
    assert 0.2 < np.sqrt(np.mean(np.square(pulls))) < 3


def test_first_singular_value_for_three_states_approaches_its_law() -> None:
    constants = step_constants(3, nodes=1024)[0]
    law = np.sqrt((3 * constants.B**2 + 6 * constants.A**2) / 20)
    gaps = []
    for T in (40, 160):
        found, errors = mode_estimates(T, k=3, nodes=256)
        gaps.append(found.singular_values[0] / (law * T**1.5) - 1)
        assert errors.singular_values[0] < 0.02 * found.singular_values[0]
    assert abs(gaps[1]) < 0.4 * abs(gaps[0]) < 0.4


def test_modes_change_places_where_states_are_many_and_the_context_is_short() -> None:
    (long, _), (short, _) = mode_estimates(100, k=4, nodes=256), mode_estimates(20, k=40)
    # off the diagonal of W: shared with the diagonal in the unigram's mode, nothing in the bigram's
    shares = [found.W_modes[0][0, 1] / found.W_modes[0][0, 0] for found in (long, short)]
    assert shares[0] > 0.3
    assert abs(shares[1]) < 0.05


def test_replicates_are_reproducible_and_cheaper_for_many_states() -> None:
    first = kernel_replicates(3, 3, nodes=64, seed=5)
    np.testing.assert_array_equal(first, kernel_replicates(3, 3, nodes=64, seed=5))
    assert not np.array_equal(first[0], first[1])
    assert [default_nodes(k) for k in (3, 8, 9, 16, 50)] == [4096, 4096, 2048, 512, 64]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(7.07594, 0.00292, "7.0759(29)"), (-0.5, 0.0999, "-0.50(10)"), (1234.0, 56.0, "1234(56)"),
     (12345.0, 678.0, "12340(680)"), (0.25, 0.0, "0.25"), (1.0, 0.00996, "1.000(10)")],
)  # fmt: skip
def test_no_more_digits_than_hold(value: float, error: float, text: str) -> None:
    assert measured(value, error) == text


def test_table_for_three_states_shows_errors_and_depends_on_the_seed() -> None:
    tables = [mode_table(4, 3, "flat", seed) for seed in (0, 0, 1)]
    assert tables[0] == tables[1] != tables[2]
    assert "singular value" in tables[0]
    assert "(" in tables[0].splitlines()[1]
    with pytest.raises(ValueError, match="k must be small enough"):
        mode_table(4, 200, "flat")
