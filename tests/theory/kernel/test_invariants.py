"""Balance of the layers: drift of a step, and the law under decay."""

import numpy as np
import pytest

from theory.kernel.invariants import (
    balance,
    balance_velocity,
    decayed_balance,
    position_sum,
    step_drift,
)
from theory.kernel.population import population_kernel

RATES, DECAY = (0.3, 0.7), (0.05, 0.2)


@pytest.mark.parametrize("decay", [(0.0, 0.0), DECAY])
def test_drift_of_steps_on_the_bilinear_loss(decay: tuple[float, float]) -> None:
    rng, K = np.random.default_rng(0), population_kernel(6)
    v, W = rng.normal(size=6), rng.normal(size=(2, 2))
    for _ in range(5):
        g_v, g_W = -np.einsum("jml,ml->j", K, W), -np.einsum("jml,j->ml", K, v)
        before, law = balance(v, W, RATES), step_drift(v, W, g_v, g_W, RATES, decay)
        v = v - RATES[0] * (g_v + decay[0] * v)
        W = W - RATES[1] * (g_W + decay[1] * W)
        assert balance(v, W, RATES) - before == pytest.approx(law, rel=1e-11)


def test_small_steps_follow_the_velocity() -> None:
    rng, K = np.random.default_rng(1), population_kernel(4)
    v, W = rng.normal(size=4), rng.normal(size=(2, 2))
    g_v, g_W = -np.einsum("jml,ml->j", K, W), -np.einsum("jml,j->ml", K, v)
    for size in (1e-3, 1e-5):
        rates = (size * RATES[0], size * RATES[1])
        drift = step_drift(v, W, g_v, g_W, rates, DECAY)
        assert drift == pytest.approx(balance_velocity(v, W, DECAY), rel=30 * size)


def test_decay_is_exponential_only_with_equal_products() -> None:
    times = np.array([0.0, 1.0, 2.0])
    found = decayed_balance(3.0, times, (0.5, 2.0), (0.4, 0.1))
    np.testing.assert_allclose(found, 3.0 * np.exp(-0.4 * times), rtol=1e-14)
    with pytest.raises(ValueError, match="equal products"):
        decayed_balance(3.0, times, (1.0, 1.0), (0.4, 0.1))
    with pytest.raises(ValueError, match="rates must be two"):
        balance([1.0], [[1.0]], (0.0, 1.0))
    assert position_sum([1.0, 2.0]) == 3.0
