"""Posterior, Remark 2.1, losses and the minimal model: verdicts, and what perturbing them does."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.sec2_task import minimal_model, task
from proofs_check.claims.sec2_task.minimal_model import Definition
from proofs_check.claims.sec2_task.posterior_routes import A, N_all, N_row, alpha, c
from proofs_check.ledger import Statement, Verdict, judge, text

CLAIMS = (*task.CLAIMS, *minimal_model.CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


LOSS = {"first": 1, "ahead": 1, "power": 1}
MARGIN = {"power": 1, "skip_target": True, "sign": 1}

# a sign, a factor or an index of the statement that stands
PERTURBED = [
    ("eq-1", c - alpha),
    ("eq-1", c + alpha + 1),
    ("eq-1", 2 * c + alpha),
    ("eq-2", (c + alpha, A + N_row - c)),
    ("eq-2", (A + N_row - alpha - c, c + alpha)),
    ("eq-2", (c + alpha, A + N_all - alpha - c)),
    ("eq-3-denominator", (c + alpha) / (N_row + A - 1)),
    ("eq-3-denominator", c / (N_row + A)),
    ("eq-3-flat", (c + 1) / (N_row + 1)),
    ("eq-3-flat", (c + 1) / (N_all + A)),
    ("remark-2.1-uniform", "stationary"),
    ("remark-2.1-negligible", 0.01),
    ("x-remark-2.1-total", sp.pi**2 / 12 - sp.log(2) / 2),
    ("x-remark-2.1-total", sp.pi**2 / 12 - sp.log(2) + sp.Rational(1, 100)),
    ("eq-6", LOSS | {"first": 2}),
    ("eq-6", LOSS | {"ahead": 0}),
    ("eq-6", LOSS | {"power": 0}),
    ("eq-7", MARGIN | {"power": 0}),
    ("eq-7", MARGIN | {"skip_target": False}),
    ("eq-7", MARGIN | {"sign": -1}),
    ("eq-8", Definition(lag=2)),
    ("eq-8", Definition(transposed=True)),
    ("eq-8", Definition(diagonal=-1)),
    ("eq-8", Definition(diagonal=1)),
]


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value), corrected=None))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_a_wrong_correction_is_not_accepted():
    claim = next(claim for claim in CLAIMS if claim.corrected is not None)
    wrong = Statement("perturbed", (c + alpha) / (N_row + A + 1))
    assert judge(replace(claim, corrected=wrong)).verdict == Verdict.UNDECIDED


def test_every_claim_is_perturbed():
    assert {claim.id for claim in CLAIMS} == {name for name, _ in PERTURBED}
