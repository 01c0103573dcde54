"""Prose and captions: verdicts, and what perturbing them does."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import theory
from proofs_check.claims.sec3_training import prose
from proofs_check.claims.sec3_training.prose_routes import _lag_moment, x
from proofs_check.ledger import Statement, Verdict, judge, text

CLAIMS = prose.CLAIMS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


POWER = {"law": "power", "exponent": 2, "even": sp.Rational(5, 12), "odd": -sp.Rational(1, 12)}
FIRST = {"diagonal": 1, "favoured": 1}

PERTURBED = [
    ("text-2.2-no-closed-form", 1 / sp.Max(x, 1 - x) ** 2),
    ("text-2.2-no-closed-form", sp.Rational(1, 2) / sp.Max(x, 1 - x)),
    ("text-2.2-large-k", 0.1),
    ("text-3.2-second-layer-first", FIRST | {"diagonal": -1}),
    ("text-3.2-second-layer-first", FIRST | {"favoured": 2}),
    ("text-3.2-geometric-series", POWER | {"exponent": 3}),
    ("text-3.2-geometric-series", POWER | {"odd": sp.Rational(1, 12)}),
    ("text-3.2-geometric-series", POWER | {"even": sp.Rational(1, 2)}),
    ("text-3.2-learning-rates", 0),
    ("text-3.2-learning-rates", -2),
    ("prop-2.2-footnote-loss", 0.96),
    ("fig-3-caption", {"orange": "bigram", "green": "unigram"}),
    ("fig-4a-caption", {"uninformative": 0.0, "optimal": 1.0}),
    ("fig-11-caption", "identity"),
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


def test_the_lag_moment_is_all_that_varies_with_j_in_the_diagonal_gradient():
    T = 4000
    j = np.arange(2, 12)
    left = T - j + 1
    per_pair = 2 * theory.population_kernel(T)[j - 1, 0, 0] * 2 * T / (left * (left + 1))
    np.testing.assert_allclose(np.diff(per_pair), np.diff(_lag_moment(j)), atol=2e-6)
