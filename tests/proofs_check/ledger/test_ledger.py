"""Every claim gets the verdict it expects, and would get another if it were false."""

import json
from dataclasses import replace

import pytest

from proofs_check.claims import CLAIMS
from proofs_check.claims.beyond.kernel import (
    bilinear as x_bilinear,
)
from proofs_check.claims.beyond.kernel import (
    invariants as x_invariants,
)
from proofs_check.claims.beyond.kernel import (
    symmetry as x_symmetry,
)
from proofs_check.claims.sec2_task import fact_2_3
from proofs_check.claims.sec2_task.fact_2_3 import PRINTED, Counting
from proofs_check.ledger import Statement, Verdict, judge, text
from proofs_check.ledger import selection as ledger


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


def test_ids_are_unique_and_dependencies_exist():
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    for claim in CLAIMS:
        assert set(claim.depends_on) <= set(ids)
        assert claim.printed.latex
        assert len({route.kind for route in claim.routes}) >= 2


# the other modules of claims have a test file each
HERE = (*fact_2_3.CLAIMS, *x_bilinear.CLAIMS, *x_invariants.CLAIMS,
        *x_symmetry.CLAIMS)  # fmt: skip


@pytest.mark.parametrize("claim", HERE, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)
    json.dumps(entry.as_json(), allow_nan=False)


# a sign, a factor or an index of the printed statement
PERTURBED = [
    ("fact-2.3", (Counting(lag=2, same=True, first=2), PRINTED[1])),
    ("fact-2.3", (Counting(lag=1, same=True, first=3), PRINTED[1])),
    ("fact-2.3", (PRINTED[0], Counting(lag=0, same=True, first=1))),
    ("x-bilinear", -1),
    ("x-balance", -1),
    ("x-balance-drift", 1),
    ("x-permutation", 0.5),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_is_refuted_on_every_route(name, value):
    claim = by_id(name)
    entry = judge(replace(claim, printed=Statement("perturbed", value)))
    assert entry.verdict in (Verdict.REFUTED, Verdict.UNDECIDED), text.explain(entry)
    held = [evidence.kind for evidence in entry.evidence if evidence.finding.holds]
    assert not held, held


def test_select_by_id_beginning_and_wildcard():
    assert [claim.id for claim in ledger.select(["A.32"])] == ["A.32"]
    assert [claim.id for claim in ledger.select(["lemma-3.1"])] == [
        "lemma-3.1-step-1-W",
        "lemma-3.1-step-1-v",
        "lemma-3.1-step-2",
    ]
    beyond = [claim for claim in CLAIMS if claim.id.startswith("x-")]
    assert ledger.select(["x-*"]) == beyond
    assert ledger.select(["x-?alance-d*t"]) == [by_id("x-balance-drift")]
    # an id is that claim alone, though another one begins with it
    assert ledger.select(["x-balance"]) == [by_id("x-balance")]
    assert len(ledger.select(["x-balance", "x-*"])) == len(beyond)
    assert ledger.select([]) == [claim for claim in CLAIMS if not claim.minutes]
    assert ledger.select([], experiments=True) == list(CLAIMS)
    with pytest.raises(ValueError, match=r"claim must be an id .* got 'A\.99' \(near it: A\.9"):
        ledger.select(["A.99"])


def test_table_and_explanation_name_what_matters():
    entries = ledger.verify(ledger.select(["A.32", "A.33"]))
    shown = text.table(entries)
    assert "A.32" in shown
    assert "2 claims: 2 proved" in shown
    explained = text.explain(entries[0])
    for words in ("(A.32), p. 20", "proved", "symbolic", "quadrature", "allowed 1e-13"):
        assert words in explained
