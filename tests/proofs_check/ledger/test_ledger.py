"""Every claim gets the verdict it expects, and would get another if it were false."""

import json
from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims import CLAIMS
from proofs_check.claims.lemma_a1 import lemma_3_1
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
HERE = lemma_3_1.CLAIMS


@pytest.mark.parametrize("claim", HERE, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)
    json.dumps(entry.as_json(), allow_nan=False)


def changed(claim, **values):
    return claim.printed.value | values


B, A, D = (by_id(name).printed.value for name in ("A.32", "A.33", "A.37"))

# a sign, a factor or an index of the printed statement
PERTURBED = [
    ("lemma-3.1-step-1-W", changed(by_id("lemma-3.1-step-1-W"), B=-B)),
    ("lemma-3.1-step-1-W", changed(by_id("lemma-3.1-step-1-W"), B=B * sp.Rational(1001, 1000))),
    ("lemma-3.1-step-1-v", {"D": D["D"] / 2}),
    ("A.32", (sp.log(256) + 5) / 12),
    ("A.32", (sp.log(128) - 5) / 12),
    ("A.33", A * sp.Rational(10**6 + 1, 10**6)),
    ("A.37", {"D": 2 - sp.log(2) - sp.Rational(1, 2)}),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_is_refuted_on_every_route(name, value):
    claim = by_id(name)
    entry = judge(replace(claim, printed=Statement("perturbed", value)))
    assert entry.verdict in (Verdict.REFUTED, Verdict.UNDECIDED), text.explain(entry)
    held = [evidence.kind for evidence in entry.evidence if evidence.finding.holds]
    # a ratio "about 4" and a bound on a remainder are insensitive to a per mille
    assert not held or name == "lemma-3.1-step-1-W", held


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
