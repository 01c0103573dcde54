"""Eqs. (4)-(5) and Prop. 2.2: verdicts, and what perturbing them does."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from proofs_check.claims.sec2_task import prop_2_2, transformer
from proofs_check.claims.sec2_task.prop_2_2_routes import (
    CORRECTED,
    PRINTED,
    REPAIRED,
    Counting,
    outputs,
)
from proofs_check.claims.sec2_task.transformer_routes import k, t
from proofs_check.ledger import Statement, Verdict, judge, text
from sim.learning.objectives import all_sequences

CLAIMS = (*transformer.CLAIMS, *prop_2_2.CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


PERTURBED = [
    ("eq-4-order", 2),
    ("eq-5-shapes", k),
    ("eq-5-shapes", t),
    ("eq-5-formula", {"offset": 2, "power": 0.5}),
    ("eq-5-formula", {"offset": 1, "power": 1.0}),
    ("eq-5-index", {"offset": 0}),
    ("eq-5-index", {"offset": 2}),
    ("prop-2.2", REPAIRED),  # position 1 attends to itself
    ("prop-2.2", CORRECTED._replace(K2=(0, 1))),
    ("prop-2.2", CORRECTED._replace(V2=(2, 2))),
    ("prop-2.2", CORRECTED._replace(lag=2)),
    ("prop-2.2", CORRECTED._replace(P=0)),
    ("prop-2.2-layer-1-score", sp.Rational(1, 2)),
    ("prop-2.2-layer-1-score", -sp.Integer(1)),
    ("prop-2.2-layer-1", 0),
    ("prop-2.2-count", Counting(last=0, first=0)),
    ("prop-2.2-count", Counting(last=-1, first=1)),
    ("prop-2.2-footnote", "inner"),
    ("x-construction-new-token", "uniform"),
    ("x-construction-rate", {"power": 0, "rate": 1}),
    ("x-construction-rate", {"power": 1, "rate": 2}),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)
    if claim.corrected is not None:
        wrong = replace(claim, corrected=Statement("perturbed", value))
        assert judge(wrong).verdict == Verdict.UNDECIDED


def test_every_claim_is_perturbed():
    assert {claim.id for claim in CLAIMS} == {name for name, _ in PERTURBED}


def test_the_printed_weights_give_unigram_frequencies():
    tokens = all_sequences(2, 6)
    unigram = np.cumsum(np.eye(2)[tokens], axis=1) / np.arange(1, 7)[:, None]
    np.testing.assert_allclose(outputs(PRINTED, 2, 6), unigram, atol=1e-12)
