"""Several heads: verdicts, and perturbed statements."""

from dataclasses import replace

import pytest

from proofs_check.claims.beyond.ngrams.ngrams import CLAIMS, FOUR
from proofs_check.ledger import Statement, Verdict, judge, text

PERTURBED = [
    ("x-ngram-representability", 0),
    ("x-ngram-representability", 2),
    ("x-ngram-sum-of-heads", 0),
    ("x-ngram-balance", 2),
    ("x-ngram-kernel", 1.01),
    ("x-ngram-kernel", -1.0),
    ("x-ngram-escape", {1: 0, 2: 2, 3: 3}),
    ("x-ngram-escape", {1: 1, 2: 2, 3: 4}),
    ("x-ngram-ray", 1.01),
    ("x-ngram-symmetry", {1: 0, 2: 0, 3: 1}),
    ("x-ngram-symmetry", {1: -1, 2: 0, 3: 0}),
    ("x-ngram-stages", {2: FOUR[:3], 1: FOUR[:3]}),
    ("x-ngram-stages", {2: FOUR, 1: FOUR}),
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
