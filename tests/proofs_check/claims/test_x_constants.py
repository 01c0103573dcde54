"""Constants of the task and of Lemma 3.1 for k states: verdicts, and perturbed statements."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.beyond.kernel.constants import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge, text


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


CLOSED, NUMBERS, LOSSES, STATES = (
    by_id(name).printed.value
    for name in ("x-constants-closed", "x-constants-k", "x-constants-strategies", "x-k-states")
)
# the perturbation, and the kinds of routes that must fall (all if None)
PERTURBED = [
    ("x-constants-closed", CLOSED | {"entropy_rate": sp.Rational(1, 2)}, None),
    ("x-constants-closed", CLOSED | {"stationary_entropy": sp.log(2)}, None),
    ("x-constants-k", NUMBERS | {4: (0.30038, 1.28642, 1.08)}, None),
    ("x-constants-strategies", {T: row | {"bigram": row["bigram"] * 1.1}
                                for T, row in LOSSES.items()}, None),
    ("x-constants-strategies", LOSSES | {8: LOSSES[8] | {"bayes": 0.0719}},
     {"spectral", "enumeration"}),
    ("x-constants-bigram-law", lambda k: k**2 / 2, None),
    ("x-constants-bigram-law", lambda k: (k - 1) / 2, None),
    ("x-k-states", STATES | {"B/A": {2: 3.978, 3: 3.0, 4: 2.032, 8: 1.361}}, None),
    ("x-k-states", STATES | {"ratio": 1.0}, {"quadrature"}),
    ("x-k-states", STATES | {"D": 0.5}, {"quadrature"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "falls"), PERTURBED)
def test_a_perturbed_statement_falls(name, value, falls):
    entry = judge(replace(by_id(name), printed=Statement("perturbed", value)))
    failed = {evidence.kind for evidence in entry.evidence if not evidence.finding.holds}
    assert failed == (falls or {route.kind for route in entry.claim.routes}), text.explain(entry)
    assert entry.verdict in (Verdict.REFUTED, Verdict.UNDECIDED)


def test_every_claim_is_perturbed():
    assert {claim.id for claim in CLAIMS} == {name for name, _, _ in PERTURBED}
