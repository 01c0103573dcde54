"""The generated pages of the documentation are those of the claims as they stand."""

from pathlib import Path

import pytest

from proofs_check.claims import CLAIMS
from proofs_check.ledger import Verdict
from proofs_check.ledger.index import equations_page, errata_page

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("name", "page"), [("equations.md", equations_page), ("errata.md", errata_page)]
)
def test_the_committed_page_is_not_stale(name, page):
    assert (DOCS / name).read_text() == page(CLAIMS), "run: icl-markov check index"


def test_every_correction_is_an_erratum():
    page = errata_page(CLAIMS)
    for claim in CLAIMS:
        assert (f"## {claim.id}: " in page) == (claim.expected == Verdict.CORRECTED)
        if claim.corrected is not None:
            assert claim.corrected.latex in page
