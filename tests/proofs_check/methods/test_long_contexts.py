"""Gradients by powers of block matrices: against the loss itself, and against sums one by one."""

import numpy as np
import pytest

import theory
from proofs_check.methods import long_contexts
from proofs_check.methods.all_sequences import enumerated_step


@pytest.mark.parametrize("T", [1, 2, 6])
def test_blocks_give_the_gradient_of_the_hinge_over_all_sequences(T):
    step_W, step_v = enumerated_step(T)
    assert long_contexts.mean_step_in_W(T) == pytest.approx(step_W, rel=1e-9, abs=1e-12)
    kernels = [long_contexts.mean_kernel(lag, T).sum() for lag in range(1, T + 1)]
    assert kernels == pytest.approx(step_v, rel=1e-9)


def test_one_lag_and_all_lags_agree_with_theory():
    K = theory.population_kernel(40)
    assert long_contexts.mean_kernel(3, 40) == pytest.approx(K[2], rel=1e-8)
    rule = long_contexts.flat_nodes()
    assert long_contexts.all_lags(*rule, 40) == pytest.approx(K, rel=1e-7, abs=1e-9)


def test_a_chain_near_the_identity_at_a_long_context():
    """With lambda = 1 - 2 exit and a = b, K_1 is S_T + T(T+1)/2 lambda over 4T on the diagonal."""
    T, exit = 10**6, 1e-4
    found = long_contexts.lag_kernel(long_contexts.chains(np.array([[exit, exit]])), 1, T)[0]
    x = 1 - 2 * exit
    gaps = x / (1 - x) * (T - (x - x ** (T + 1)) / (1 - x))
    signed = x * T * (T + 1) / 2
    assert found[0, 0] == pytest.approx((gaps + signed) / (8 * T), rel=1e-8)
    assert found[0, 1] == pytest.approx((gaps - signed) / (8 * T), rel=1e-8)
