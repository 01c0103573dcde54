"""Escape times in the linear flow."""

import numpy as np
import pytest

from theory.kernel.escape import escape_law, escape_time
from theory.kernel.singular_modes import linear_flow, modes


@pytest.mark.parametrize("prior", ["flat", "doubly_stochastic"])
@pytest.mark.parametrize(
    ("T", "c", "threshold"), [(5, 0.5, 0.01), (8, 1e-3, 0.1), (100, 1e-6, 2.0)]
)
def test_weights_are_at_the_threshold_then(prior: str, T: int, c: float, threshold: float) -> None:
    time = escape_time(T, c, threshold, prior=prior)
    _, W = linear_flow(np.full(T, c), np.zeros((2, 2)), time, prior=prior)
    assert np.linalg.norm(W) == pytest.approx(threshold, rel=1e-10)


def test_law_is_approached_from_small_scales() -> None:
    gaps = [abs(escape_law(8, c, 0.05) / escape_time(8, c, 0.05) - 1) for c in (1e-2, 1e-3, 1e-4)]
    assert gaps[1] < gaps[0] / 50
    assert gaps[2] < gaps[1] / 50
    e_fold = escape_time(8, 1e-9, 0.05) - escape_time(8, np.e * 1e-9, 0.05)
    assert e_fold * modes(8).singular_values[0] == pytest.approx(1, rel=1e-9)


def test_three_states_and_a_kernel_of_one_mode() -> None:
    assert escape_time(3, 0.01, 0.1, k=3) > 0
    kernel = np.ones((3, 2, 2))
    rate = modes(3, kernel=kernel).singular_values[0]
    found = escape_time(3, 0.01, 0.1, kernel=kernel)
    assert found == pytest.approx(np.arcsinh(0.1 / (0.01 * np.sqrt(3))) / rate, rel=1e-10)


@pytest.mark.parametrize(
    ("kwargs", "word"), [({"c": 0.0}, "c must"), ({"threshold": -1.0}, "thre")]
)
def test_bad_input_is_refused(kwargs: dict[str, float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        escape_time(4, **({"c": 0.1, "threshold": 0.2} | kwargs))
    with pytest.raises(ValueError, match="kernel must not vanish"):
        escape_time(2, 0.1, 0.1, kernel=np.zeros((2, 2, 2)))
