"""Unigram point and plateau: verdicts, and what perturbing the statements does."""

from dataclasses import replace

import pytest

from proofs_check.claims.beyond.stages.stages import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge, text

BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


PERTURBED = [
    ("x-unigram-point-force", 2),
    ("x-unigram-point-force", -1),
    ("x-unigram-point-saddle", 0),
    ("x-unigram-point-saddle", 2),
    ("x-unigram-point-plateau", {"first": 1.0, "plateau": 1.0}),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    entry = judge(replace(BY_ID[name], printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_every_claim_is_perturbed():
    assert set(BY_ID) == {name for name, _ in PERTURBED}
