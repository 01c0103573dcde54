"""The ledger has no gap: every number of the paper has an entry."""

import pytest

from proofs_check.claims import CLAIMS

EQUATIONS = [f"eq-{n}" for n in range(1, 9)] + [f"A.{n}" for n in range(9, 69)]
STATEMENTS = [
    "remark-2.1",
    "prop-2.2",
    "fact-2.3",
    "lemma-3.1-step-1-W",
    "lemma-3.1-step-1-v",
    "lemma-3.1-step-2",
    "prop-3.2",
    "cor-A.2-W",
    "cor-A.2-v",
    "prop-A.3",
    "text-3.2-learning-rates",
    "fig-3-caption",
    "fig-4a-caption",
    "fig-6",
    "fig-7",
]


@pytest.mark.parametrize("number", [*EQUATIONS, *STATEMENTS])
def test_has_an_entry(number):
    ids = [id for claim in CLAIMS for id in claim.ids]
    assert any(id == number or id.startswith(f"{number}-") for id in ids)
