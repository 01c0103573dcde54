"""The generated pages of the documentation are those of the claims as they stand."""

from pathlib import Path

import pytest

from proofs_check.claims import CLAIMS
from proofs_check.ledger import Kind, Verdict
from proofs_check.ledger.index import errata_page, pages

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", ["equations.md", "errata.md", "verdicts.md"])
def test_the_committed_page_is_not_stale(name):
    assert (DOCS / name).read_text() == pages(CLAIMS)[name], "run: icl-markov check index"


def test_what_is_exact_on_instances_is_listed_with_its_cases():
    page = pages(CLAIMS)["verdicts.md"]
    listed = page.split("## Exact on instances")[1].split("\n## ")[0]
    for claim in CLAIMS:
        scopes = [route.scope for route in claim.routes if route.kind == Kind.SYMBOLIC]
        limited = claim.expected != Verdict.MEASURED and scopes != [] and all(scopes)
        assert (f"| `{claim.id}`" in listed) == limited
        assert not limited or (scopes[0] in listed and claim.expected != Verdict.PROVED)


def test_every_correction_is_an_erratum():
    page = errata_page(CLAIMS)
    for claim in CLAIMS:
        assert (f"## {claim.id}: " in page) == (claim.expected == Verdict.CORRECTED)
        if claim.corrected is not None:
            assert claim.corrected.latex in page
