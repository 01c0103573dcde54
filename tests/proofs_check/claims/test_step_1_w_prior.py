"""(A.25)-(A.31) and Fig. 6: their verdicts, and what changing a sign or a factor does to them."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import theory
from proofs_check.claims.lemma_a1_step_1 import step_1_w_sums
from proofs_check.claims.lemma_a1_step_1.step_1_w_prior import BRACKET, CASES, CLAIMS, LEADING
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import HALF, a, b, lam, t
from proofs_check.claims.sec3_training import fig_6
from proofs_check.ledger import Statement, Verdict, judge
from proofs_check.ledger.normal import vanishes

BY_ID = {claim.id: claim for claim in CLAIMS}
STANDS = {Verdict.PROVED, Verdict.SUPPORTED}
PREFACTOR = BY_ID["A.25"].printed.value[0][0]


def bracket_without(name, factor):
    """(A.25) with one of its four terms multiplied by a number."""
    return tuple(
        (PREFACTOR, bracket * (factor if term == name else 1))
        for term, (_, bracket) in BRACKET.items()
    )


def case(number, old, new):
    index = list(CASES)[number - 27]
    changed = CASES[index].xreplace({old: new})
    assert changed != CASES[index]
    return f"A.{number}", {index: changed}


def scaled(pairs, factor):
    return {index: (number * factor, reading) for index, (number, reading) in pairs.items()}


PERTURBED = [
    *(("A.25", bracket_without(name, -1)) for name in BRACKET),
    ("A.25", tuple((PREFACTOR * (lam - 1), bracket) for _, bracket in BRACKET.values())),
    *((f"A.25-{name}", (term, -bracket)) for name, (term, bracket) in BRACKET.items()),
    ("A.25-III", ("C", BRACKET["II"][1])),
    ("A.26", sp.Integer(1)),
    ("A.26", sp.Rational(-1, 2)),
    case(27, a - HALF, a + HALF),
    case(28, a - 1, 1 - a),
    case(29, HALF - b, b - HALF),
    case(30, b - 1, 1 - b),
    *((f"A.{n}", {list(CASES)[(n - 26) % 4]: list(CASES.values())[n - 27]}) for n in range(27, 31)),
    ("A.30-symmetry", (((1, 0), (0, 1)), ((0, 0), (0, 1)))),
    ("A.31", (-LEADING[0], *LEADING[1:])),
    ("A.31", (LEADING[0], t * (t + 1) / 6, 1)),
    ("A.31", (*LEADING[:2], 0)),
    ("fig-6-W", scaled(fig_6.FIG_W, 0.9)),
    ("fig-6-W", {(0, 0): fig_6.FIG_W[0, 1], (0, 1): fig_6.FIG_W[0, 0]}),
    ("fig-6-v", scaled(fig_6.FIG_V, 1.001)),
    ("fig-6-v", {101 - j: number for j, number in fig_6.FIG_V.items()}),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    assert judge(claim).as_expected


def test_every_claim_is_perturbed():
    assert {id for id, _ in PERTURBED} == set(BY_ID)


@pytest.mark.parametrize(("id", "value"), PERTURBED)
def test_a_changed_statement_falls(id, value):
    wrong = Statement("perturbed", value)
    assert judge(replace(BY_ID[id], printed=wrong)).verdict not in STANDS


def test_terms_two_and_three_are_one_sum():
    """Reversing time exchanges the two gaps, so that (II) = (lambda - 1) (III)."""
    assert vanishes(step_1_w_sums.II - (lam - 1) * step_1_w_sums.III)


def test_the_average_over_chains_behind_fig_6_is_the_exact_step():
    weights, W, v = fig_6._by_chain()
    exact_W, exact_v = theory.first_step(fig_6.T)
    assert np.tensordot(weights, W, 1) == pytest.approx(exact_W, rel=1e-11)
    assert np.tensordot(weights, v, 1) == pytest.approx(exact_v, rel=1e-10)


def test_the_remainder_at_the_length_of_fig_6():
    constants, T = theory.leading_constants(), 100
    lead = (T + 1) * (T + 2) / 6
    rest = theory.first_step(T)[0][0] - lead * np.array([float(constants.B), float(constants.A)])
    assert rest == pytest.approx([3.697, -1.304], abs=1e-3)
