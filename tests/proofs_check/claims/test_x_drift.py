"""Invariants with rates, decay, steps, Adam and softmax: verdicts, and perturbed statements."""

from dataclasses import replace

import pytest

from proofs_check.claims.beyond.kernel.drift import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge, text

PERTURBED = [
    ("x-balance-rates", 0.0),
    ("x-balance-rates", -1.0),
    ("x-balance-decay", 1.0),
    ("x-balance-step", -1.0),
    ("x-balance-step", 2.0),
    ("x-balance-adam", {"adam": 1.0, "descent": 1.0}),
    ("x-softmax-sum", 2),
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


def test_every_claim_is_perturbed():
    assert {claim.id for claim in CLAIMS} == {name for name, _ in PERTURBED}
