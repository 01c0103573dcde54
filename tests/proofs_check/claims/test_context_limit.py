"""Infinite context: verdicts, and what perturbing the statements does."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.beyond.stages.context_limit import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge, text

BY_ID = {claim.id: claim for claim in CLAIMS}
VALUE = {id: claim.printed.value for id, claim in BY_ID.items()}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


def nudged(id):
    b = VALUE[id]["b"]
    return VALUE[id] | {"b": [b[0], b[1] + sp.Rational(1, 1000), *b[2:]]}


LOGITS, STRATEGIES = "x-context-limit-logits", "x-context-limit-strategies"
PERTURBED = [
    (LOGITS, VALUE[LOGITS] | {"direction": "reversed"}),
    (LOGITS, VALUE[LOGITS] | {"shift": 0}),
    (LOGITS, VALUE[LOGITS] | {"visits": 0}),
    ("x-context-limit-quartic-length", nudged("x-context-limit-quartic-length")),
    ("x-context-limit-quartic-score", nudged("x-context-limit-quartic-score")),
    (STRATEGIES, VALUE[STRATEGIES] | {"bigram": sp.Rational(1, 3)}),
    ("x-context-limit-bigram", {"length": True}),
    ("x-context-limit-bigram", {"score": False}),
    ("x-context-limit-gap", 0.00664),
    ("x-context-limit-visits", 2),
    ("x-context-limit-loss", {"squared": 1.1, "cross_entropy": 1.0, "margin": 1.0}),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    entry = judge(replace(BY_ID[name], printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_every_claim_is_perturbed():
    assert set(BY_ID) == {name for name, _ in PERTURBED}
