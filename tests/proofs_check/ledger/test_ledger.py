"""The ledger as a whole: ids, selection, and entries as text."""

import pytest

from proofs_check.claims import CLAIMS
from proofs_check.ledger import selection, text


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


def test_ids_are_unique_and_dependencies_exist():
    ids = [id for claim in CLAIMS for id in claim.ids]
    assert len(set(ids)) == len(ids)
    for claim in CLAIMS:
        assert set(claim.depends_on) <= set(ids)
        assert claim.printed.latex
        assert len({route.kind for route in claim.routes}) >= 2


def test_select_by_id_beginning_and_wildcard():
    assert [claim.id for claim in selection.select(CLAIMS, ["A.32"])] == ["A.32"]
    assert [claim.id for claim in selection.select(CLAIMS, ["lemma-3.1"])] == [
        "lemma-3.1-step-1-W",
        "lemma-3.1-step-1-v",
        "lemma-3.1-step-2",
    ]
    beyond = [claim for claim in CLAIMS if any(id.startswith("x-") for id in claim.ids)]
    assert selection.select(CLAIMS, ["x-*"]) == beyond
    assert selection.select(CLAIMS, ["x-?alance-d*t"]) == [by_id("x-balance-drift")]
    # an id is that claim alone, though another one begins with it
    assert selection.select(CLAIMS, ["x-balance"]) == [by_id("x-balance")]
    assert len(selection.select(CLAIMS, ["x-balance", "x-*"])) == len(beyond)
    assert selection.select(CLAIMS, []) == list(CLAIMS)
    with pytest.raises(ValueError, match=r"claim must be an id .* got 'A\.99' \(near it: A\.9"):
        selection.select(CLAIMS, ["A.99"])


def test_table_and_explanation_name_what_matters():
    entries = selection.verify(selection.select(CLAIMS, ["A.32", "A.33"]))
    shown = text.table(entries)
    assert "A.32" in shown
    assert "2 statements: 2 proved for all cases" in shown
    explained = text.explain(entries[0])
    for words in ("(A.32), p. 20", "proved", "symbolic", "quadrature", "allowed 1e-13"):
        assert words in explained
