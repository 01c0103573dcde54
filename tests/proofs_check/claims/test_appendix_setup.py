"""(A.9)-(A.16) get their verdicts, and lose them when a sign, a factor or an index is changed."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.lemma_a1.appendix_setup import CLAIMS
from proofs_check.claims.lemma_a1.appendix_setup_routes import Loss, Model
from proofs_check.claims.lemma_a1.appendix_start_routes import Slope, _line
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import a, b, c, k, p, t, t1
from proofs_check.ledger import Statement, Verdict, judge

BY_ID = {claim.id: claim for claim in CLAIMS}
STANDS = {Verdict.PROVED, Verdict.SUPPORTED}


def constants(id, **changes):
    return BY_ID[id].printed.value | changes


PERTURBED = [
    ("A.9", sp.Matrix([[a, 1 - a], [b, 1 - b]])),
    ("A.10", Model(offset=2)),
    ("A.10", Model(1, late=1)),
    ("A.10", Model(1, early=1)),
    ("A.10", Model(1, transposed=True)),
    ("A.10-matrix", Model(offset=2)),
    ("A.10-matrix", Model(1, late=1)),
    ("A.10-matrix", Model(1, transposed=True)),
    ("A.11", Loss(1 / t, 1 / (k - 1))),
    ("A.11", Loss(1 / t, 1 / k, sign=-1)),
    ("A.11-prose", Loss(1 / (t + 1), 1 / k)),
    ("A.11-length", 2),
    ("A.12", 2.0),
    ("A.13-W", constants("A.13-W", B=-constants("A.13-W")["B"])),
    ("A.13-v", constants("A.13-v", D=constants("A.13-v")["D"] / 2)),
    ("A.14", c * t1),
    ("A.14", c**2 * (t1 - 1)),
    ("A.14-range", (c**2, c**2 * p * (p + 1) / 2)),
    ("A.14-range", (0, c**2 * p * (p - 1) / 2)),
    ("A.14-margin", c**2 * t * (t - 1) / 2),
    ("A.14-margin", c * t * (t + 1) / 2),
    ("A.15", "the mean chain"),
    ("A.16-line-1", Slope(1 / (k - 1), True, True)),
    ("A.16-line-1", Slope(1 / k, True, True, paired=-1)),
    ("A.16-line-2", Slope(1 / k, False, True, paired=0)),
    ("A.16-line-3", Slope(-1 / k, False, False)),
    ("A.16-line-4", Slope(1 / k, False, False, paired=0, alone=-1)),
    ("A.16-line-4", Slope(sp.Integer(1), False, False, paired=0, alone=1)),
    ("A.16-corner", 0),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    assert judge(claim).as_expected


def test_every_claim_is_perturbed():
    assert {id for id, _ in PERTURBED} == set(BY_ID)


@pytest.mark.parametrize(("id", "value"), PERTURBED)
def test_a_changed_statement_falls(id, value):
    claim, wrong = BY_ID[id], Statement("perturbed", value)
    if claim.corrected is None:
        assert judge(replace(claim, printed=wrong)).verdict not in STANDS
    else:
        assert judge(replace(claim, corrected=wrong)).verdict == Verdict.UNDECIDED


@pytest.mark.parametrize("id", [claim.id for claim in CLAIMS if claim.corrected])
def test_the_corrected_statement_stands_alone(id):
    claim = BY_ID[id]
    assert judge(replace(claim, printed=claim.corrected, corrected=None)).verdict in STANDS


def test_the_indicator_matters_where_hinges_are_cut_off():
    """Line 1 is tried at a margin that cuts hinges off, where dropping the indicator is wrong."""
    tokens, slope = (0, 0, 1), [[1, 2], [3, 5]]
    cut = [[8, 0], [0, 8]]  # at margin 3 the first argument is 3 + 0 - 8 < 0
    with_gate = _line(Slope(1 / k, True, True), cut, slope, tokens, 3)
    without = _line(Slope(1 / k, False, True), cut, slope, tokens, 3)
    assert with_gate != without
