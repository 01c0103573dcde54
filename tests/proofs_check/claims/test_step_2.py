"""The gradient of the second step: verdicts, and what becomes of them when a line is changed."""

from dataclasses import replace

import pytest

from proofs_check.claims.lemma_a1_step_2 import step_2_routes as lines
from proofs_check.claims.lemma_a1_step_2.step_2 import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge, text


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


p, n = lines.p, lines.n
PERTURBED = [
    ("A.38", {"shift": 0, "sign": 1}),
    ("A.38", {"shift": 1, "sign": -1}),
    ("A.39", tuple(form.subs(p, p + 1) for form in lines.PRINTED_39)),
    ("A.40", tuple(reversed(lines.PRINTED_40))),
    ("A.40-left-side", 1),
    ("A.41", {"shift": 0, "sign": 1}),
    ("A.42", 2 * lines.PRINTED_42),
    ("A.43", lines.PRINTED_43.subs(n, n + 1)),
    ("A.44", lines.PRINTED_44.subs(p, p - 1)),
    ("A.45-L0", 1),
    ("A.45-line-2", -lines.PRINTED_45_POSITION),
    ("A.45", lines.a45(-lines.lam / (lines.lam - 1))),
    ("A.46-start", 1),
    ("A.46", -lines.a46(1)),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_perturbed(name, value):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)
