"""The first step of v: verdicts, and what becomes of them when a line is changed."""

from dataclasses import replace

import pytest

from proofs_check.claims.lemma_a1_step_1 import step_1_v as lines
from proofs_check.ledger import Statement, Verdict, judge, text


@pytest.mark.parametrize("claim", lines.CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


CLOSED_35, CLOSED_36 = lines.PRINTED_35["closed"], lines.PRINTED_36["closed"]
PERTURBED = [
    ("A.34", tuple(pi * (lines.p - lines.j) for pi in lines.PI)),
    ("A.35", lines.PRINTED_35 | {"closed": CLOSED_35.subs(lines.p, lines.p + 1)}),
    ("A.35", lines.PRINTED_35 | {"summand": -lines.PRINTED_35["summand"]}),
    ("A.36", lines.PRINTED_36 | {"closed": CLOSED_36.subs(lines.t, lines.t - 1)}),
    ("A.36", lines.PRINTED_36 | {"position": lines.PRINTED_36["position"] * 2}),
    ("A.36-line-2", "tokens"),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_perturbed(name, value):
    claim = next(claim for claim in lines.CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)
