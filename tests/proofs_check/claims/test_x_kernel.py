"""Parts of statements that only some routes see, and when weights cross a threshold."""

import numpy as np
import pytest

from proofs_check import CLAIMS
from proofs_check.experiments.escape_times import crossing


def stated(name):
    return next(claim for claim in CLAIMS if claim.id == name).printed.value


# the claim, a value with one wrong part, and the kinds of routes that see this part
PARTS = [
    ("x-constants-strategies", {8: stated("x-constants-strategies")[8] | {"bayes": 0.0719}},
     {"spectral", "enumeration"}),
    ("x-k-states", {"ratio": 1.0}, {"quadrature", "simulation"}),
    ("x-k-states", {"D": 0.5}, {"quadrature", "simulation"}),
    ("x-overtaking", {"C": 2 * stated("x-overtaking")["C"]}, {"spectral", "enumeration"}),
    ("x-even-odd", {"power": 1}, {"symbolic", "spectral"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part", "kinds"), PARTS)
def test_a_wrong_part_is_rejected_by_the_routes_that_see_it(name, part, kinds):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    value = claim.printed.value | part
    assert {route.kind for route in claim.routes if not route.find(value).holds} == kinds


def test_crossing_is_exact_for_exponentials_and_refuses_a_run_that_is_too_short():
    time = np.linspace(0, 3, 10)
    assert crossing(time, np.exp(2 * time), 7.0) == pytest.approx(np.log(7) / 2, rel=1e-12)
    with pytest.raises(ValueError, match="did not cross"):
        crossing(time, np.exp(2 * time), 1e3)
