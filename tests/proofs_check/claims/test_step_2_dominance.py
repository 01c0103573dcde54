"""When v_2 leads after two steps: verdicts, and what becomes of them when a number is changed."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.lemma_a1_step_2.step_2_dominance import CLAIMS, PRINTED_51
from proofs_check.ledger import Statement, Verdict, judge, text


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


COMMON, LAW = by_id("A.49").printed.value, by_id("x-critical-learning-rate").printed.value
PATTERN = by_id("text-A.51-parity").printed.value
PERTURBED = [
    ("A.47", by_id("A.47").printed.value * 2),
    ("A.48", -by_id("A.48").printed.value),
    ("A.49", COMMON | {"c_prime": sp.Integer(-1)}),
    ("A.49", COMMON | {"D": COMMON["D"] * 2}),
    ("A.50", (1 + sp.log(2)) / 3),
    ("A.51", (PRINTED_51[0] / 2, -PRINTED_51[1])),
    ("text-A.51-larger", -1),
    ("text-A.51-parity", PATTERN | {"odd": 1}),
    ("text-A.51-parity", PATTERN | {"even_slope": 1}),
    ("text-A.51-parity", PATTERN | {"from": 1}),
    ("text-A.51-others", 1),
    ("lemma-3.1-step-2", {"first_T": 9, "factor": 0.5}),
    ("lemma-3.1-step-2", {"first_T": 11, "factor": 1.0}),
    ("lemma-3.1-step-2", {"first_T": 10, "factor": 1.1}),
    ("x-critical-learning-rate", LAW | {"C": LAW["C"] * 2}),
    ("x-critical-learning-rate", LAW | {"power": sp.Integer(2)}),
    ("fig-7", (0.00595, 0.00715, 0.00501, 0.00467)),
    ("fig-7-shape", 1),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_perturbed(name, value):
    claim = by_id(name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict in (Verdict.REFUTED, Verdict.UNDECIDED), text.explain(entry)
