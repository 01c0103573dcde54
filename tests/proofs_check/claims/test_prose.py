"""The even/odd pattern of the prose: what its coefficient stands for."""

import numpy as np

import theory
from proofs_check.claims.sec3_training.prose import lag_moment


def test_the_lag_moment_is_all_that_varies_with_j_in_the_diagonal_gradient():
    T = 4000
    j = np.arange(2, 12)
    left = T - j + 1
    per_pair = 2 * theory.population_kernel(T)[j - 1, 0, 0] * 2 * T / (left * (left + 1))
    np.testing.assert_allclose(np.diff(per_pair), np.diff(lag_moment(j)), atol=2e-6)
