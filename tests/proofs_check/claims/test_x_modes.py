"""Modes, their laws and the even/odd pattern: verdicts, and what perturbing the statements does."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.beyond.kernel import even_odd as x_even_odd
from proofs_check.claims.beyond.kernel import modes as x_modes
from proofs_check.ledger import Statement, Verdict, judge, text

CLAIMS = (*x_modes.CLAIMS, *x_even_odd.CLAIMS)


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


FLAT, SYMMETRIC = (
    by_id(f"x-singular-values-{prior}").printed.value for prior in ("flat", "symmetric")
)
OVERTAKING, PATTERN = (by_id(name).printed.value for name in ("x-overtaking", "x-even-odd"))
HALF = sp.Rational(1, 2)
# the perturbation, and the kinds of routes that must fall (all if None)
PERTURBED = [
    ("x-linear-flow", 1.1, None),
    ("x-modes-rank", 1, None),
    ("x-modes-rank", 3, None),
    ("x-singular-values-flat", FLAT | {"powers": (1.0, 1.0)}, None),
    ("x-singular-values-flat", FLAT | {"powers": (1.5, 1.5)}, None),
    ("x-singular-values-flat", FLAT | {"constants": (FLAT["constants"][0], 0.02)}, None),
    ("x-singular-values-symmetric", SYMMETRIC | {"powers": (1.5, 0.5)}, None),
    ("x-singular-values-symmetric", SYMMETRIC | {"shift": SYMMETRIC["shift"] + 3}, None),
    ("x-singular-values-symmetric", SYMMETRIC | {"constants": (HALF, HALF)}, None),
    ("x-modes-predictors", {"flat": ("bigram", "unigram"),
                            "doubly_stochastic": ("bigram", "unigram")}, None),
    ("x-overtaking", OVERTAKING | {"first_T": 9}, None),
    ("x-overtaking", OVERTAKING | {"T12": 2.73}, None),
    ("x-overtaking", OVERTAKING | {"C": 2 * OVERTAKING["C"]}, {"spectral"}),
    ("x-even-odd", PATTERN | {"odd": HALF}, None),
    ("x-even-odd", PATTERN | {"symmetric_even": HALF}, None),
    ("x-even-odd", PATTERN | {"power": 1}, {"symbolic", "spectral"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "falls"), PERTURBED)
def test_a_perturbed_statement_falls(name, value, falls):
    entry = judge(replace(by_id(name), printed=Statement("perturbed", value)))
    failed = {evidence.kind for evidence in entry.evidence if not evidence.finding.holds}
    assert failed == (falls or {route.kind for route in entry.claim.routes}), text.explain(entry)
    assert entry.verdict in (Verdict.REFUTED, Verdict.UNDECIDED)


def test_every_claim_is_perturbed():
    assert {claim.id for claim in CLAIMS} == {name for name, _, _ in PERTURBED}
