"""Leaving the origin: verdicts, and perturbed statements."""

from dataclasses import replace

import numpy as np
import pytest

from proofs_check.claims.beyond.kernel.escape import CLAIMS, crossing
from proofs_check.ledger import Statement, Verdict, judge, text

PERTURBED = [
    ("x-escape-gradient", 0.5),
    ("x-escape-gradient", -1.0),
    ("x-escape-time", {"slope": 0.9, "offset": np.log(2)}),
    ("x-escape-time", {"slope": 1.0, "offset": 0.0}),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_crossing_is_exact_for_exponentials_and_refuses_a_run_that_is_too_short():
    time = np.linspace(0, 3, 10)
    assert crossing(time, np.exp(2 * time), 7.0) == pytest.approx(np.log(7) / 2, rel=1e-12)
    with pytest.raises(ValueError, match="did not cross"):
        crossing(time, np.exp(2 * time), 1e3)
