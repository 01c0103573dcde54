"""The critical rate and the init scale: verdict, and a perturbed power of c."""

from dataclasses import replace

import pytest

from proofs_check.claims.beyond.kernel.threshold import CLAIMS
from proofs_check.ledger import selection as ledger
from proofs_check.ledger.claim import Statement, Verdict, look_into


def test_verdict():
    entry = look_into(CLAIMS[0])
    assert entry.as_expected, ledger.explain(entry)


@pytest.mark.parametrize("power", [1.0, -0.1])
def test_another_power_of_the_scale_falls_on_every_route(power):
    entry = look_into(replace(CLAIMS[0], printed=Statement("perturbed", power)))
    assert entry.verdict == Verdict.REFUTED, ledger.explain(entry)
