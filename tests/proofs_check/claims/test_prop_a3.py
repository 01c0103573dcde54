"""Prop. A.3: every verdict is the expected one, and falls when a sign, factor or order changes."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3, prop_a3_moments, prop_a3_steps
from proofs_check.claims.cor_a2_prop_a3.prop_a3_moments_routes import PARITY
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import eps, eta2, j
from proofs_check.ledger import Statement, Verdict, judge, text

CLAIMS = (*prop_a3_steps.CLAIMS, *prop_a3_moments.CLAIMS, *prop_a3.CLAIMS)


def by_id(name):
    return next(claim for claim in CLAIMS if claim.id == name)


def standing(name):
    claim = by_id(name)
    return (claim.corrected or claim.printed).value


def changed(name, **values):
    return name, standing(name) | values


def scaled(name, factor):
    return name, sp.sympify(factor) * standing(name)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


DIAGONAL = standing("A.59")["diagonal"]
PERTURBED = [
    changed("A.59", diagonal=-DIAGONAL),
    changed("A.59", off=DIAGONAL),
    changed("A.59", power=1),
    changed("A.60", power=3),
    changed("A.60", diagonal=2 * DIAGONAL),
    scaled("A.60-v", -1),
    scaled("A.60-v", 2),
    changed("footnote-2", dependence=sp.Rational(1, 10)),
    changed("A.61-gradient", coefficient=-standing("A.61-gradient")["coefficient"]),
    changed("A.61-gradient", coefficient=2 * standing("A.61-gradient")["coefficient"]),
    changed("A.61-gradient", coefficient=standing("A.61-integral"), up_to_constant=True),
    scaled("A.61-integral", -1),
    ("A.61-integral", standing("A.61-integral") - eps),
    ("A.62-line-1", 2 * eta2),
    ("A.62-line-1", -eta2),
    ("A.62-line-1", eta2**2),
    changed("A.62-line-2", sign=1),
    changed("A.62-line-2", diag=standing("A.62-line-2")["const"]),
    changed("A.62-line-2", const=2 * standing("A.62-line-2")["const"]),
    changed("A.62-line-3", rho_power=1),
    changed("A.62-line-3", diag_sign=1),
    changed("A.63", integrand=standing("A.63")["integrand"] / 2),
    changed("A.63", integrand=standing("A.63")["integrand"].subs(j, j + 1)),
    changed("A.63", kept=sp.Integer(1)),
    ("A.64", sp.Rational(1, 8)),
    scaled("A.65-density", 2),
    scaled("A.65-integral", -1),
    ("A.65-integral", standing("A.65-integral").subs(PARITY, -PARITY)),
    scaled("A.65-even", 2),
    scaled("A.65-even", eps),
    changed("A.66", order=3),
    changed("A.66", coefficient=-standing("A.66")["coefficient"]),
    changed("A.66", coefficient=2 * standing("A.66")["coefficient"]),
    ("A.67-offset", sp.Integer(1)),
    changed("A.67-power", power=j + 1),
    changed("A.67-power", coefficient=-standing("A.67-power")["coefficient"]),
    changed("A.67-power", coefficient=2 * standing("A.67-power")["coefficient"]),
    changed("prop-A.3-fixed-position", leading=5),
    changed("prop-A.3-fixed-position", next=5),
    changed("prop-A.3", share=standing("prop-A.3")["share"] / 2),
    changed("prop-A.3", lead=2 * standing("prop-A.3")["lead"]),
    changed("prop-3.2", W=0),
    changed("prop-3.2", v=0),
    changed("A.68", W=1),
    changed("A.68", v_2=3),
    changed("A.68", f=5),
    changed("A.68", kept=sp.Integer(1)),
    changed("text-A-learning-rates", larger="first"),
    changed("text-A-learning-rates", first=1),
    changed("text-A-second-layer-first", v=0),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls(name, value):
    claim = by_id(name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_every_claim_is_perturbed():
    assert {name for name, _ in PERTURBED} == {claim.id for claim in CLAIMS}
