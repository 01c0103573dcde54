"""Corollary A.2: every verdict is the expected one, and falls when a sign or factor is changed."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.cor_a2_prop_a3.cor_a2 import CLAIMS
from proofs_check.claims.cor_a2_prop_a3.cor_a2_routes import LAM, TRUE_W, a, r, t
from proofs_check.ledger import Statement, Verdict, judge, text

STANDING = {Verdict.PROVED, Verdict.SUPPORTED, Verdict.CORRECTED}


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


def standing(name):
    claim = by_id(name)
    return (claim.corrected or claim.printed).value


PERTURBED = [
    ("A.52", sp.Matrix([[a, 1 - a], [a, 1 - a]])),
    ("A.52", sp.Matrix([[a / 2, 1 - a / 2], [1 - a / 2, a / 2]])),
    ("cor-A.2-W", TRUE_W | {"diagonal": -TRUE_W["diagonal"]}),
    ("cor-A.2-W", TRUE_W | {"diagonal": TRUE_W["diagonal"] + t / 100}),
    ("cor-A.2-W", TRUE_W | {"off": sp.Rational(1, 100)}),
    ("A.55", TRUE_W | {"diagonal": t * sp.log(t) / 8}),
    ("cor-A.2-v", {"law": -standing("cor-A.2-v")["law"], "remainder": 0}),
    ("cor-A.2-v", {"law": r / 2, "remainder": 0}),
    ("cor-A.2-v", {"law": standing("cor-A.2-v")["law"].subs(r, r + 1), "remainder": 0}),
    ("A.54", standing("A.56")),
    ("A.54", 2 * standing("A.54")),
    ("A.56", standing("A.54")),
    ("A.56", standing("A.56") + t / 10),
    ("A.55-coefficient", {"line 2": (a - sp.Rational(1, 2)) / (8 * (a - 1))}),
    ("A.55-coefficient", {"line 2": -(a - sp.Rational(1, 2)) / (4 * (a - 1))}),
    ("A.57-line-1", -standing("A.57-line-1")),
    ("A.57-line-1", LAM * standing("A.57-line-1")),
    ("A.57-line-2", (2 * a * r, r / 2)),
    ("A.57-line-2", (standing("A.57-line-2")[0], -r / 2)),
    ("text-3.2-no-heavy-preference", {"ratio": sp.Rational(1, 2)}),
    ("text-A-less-signal", {"ratio": sp.Integer(1)}),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls(name, value):
    claim = by_id(name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_every_claim_is_perturbed():
    assert {name for name, _ in PERTURBED} == {claim.id for claim in CLAIMS}
