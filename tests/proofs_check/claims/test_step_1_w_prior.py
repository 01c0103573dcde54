"""The sums and averages behind (A.25)-(A.31), and Fig. 6."""

from dataclasses import replace

import numpy as np
import pytest

import theory
from proofs_check.claims.lemma_a1_step_1 import step_1_w_prior, step_1_w_sums
from proofs_check.claims.sec3_training import fig_6
from proofs_check.ledger import Statement, Verdict, judge
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.symbols import lam, t

FIG_6 = {claim.id: claim for claim in fig_6.CLAIMS}


def scaled(pairs, factor):
    return {index: (number * factor, reading) for index, (number, reading) in pairs.items()}


@pytest.mark.parametrize(
    ("id", "value"),
    [
        ("fig-6-W", scaled(fig_6.FIG_W, 0.9)),
        ("fig-6-W", {(0, 0): fig_6.FIG_W[0, 1], (0, 1): fig_6.FIG_W[0, 0]}),
        ("fig-6-v", scaled(fig_6.FIG_V, 1.001)),
        ("fig-6-v", {101 - j: number for j, number in fig_6.FIG_V.items()}),
    ],
)
def test_a_changed_reading_of_fig_6_falls(id, value):
    wrong = replace(FIG_6[id], printed=Statement("perturbed", value))
    assert judge(wrong).verdict in (Verdict.REFUTED, Verdict.UNDECIDED)


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


def test_the_exact_route_tells_the_count_from_its_leading_order():
    """A remainder of order t hides the difference from the numbers, but not from the algebra."""
    leading = step_1_w_prior.LEADING
    other = (leading[0], t * (t + 1) / 6, 1)
    assert step_1_w_prior.leading_symbolic.find(leading).holds
    assert not step_1_w_prior.leading_symbolic.find(other).holds
