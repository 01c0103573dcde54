"""When v_2 leads after two steps: a length that only some of the routes try."""

from dataclasses import replace

from proofs_check.claims.lemma_a1_step_2.step_2_dominance import CLAIMS
from proofs_check.ledger import Statement, Verdict, judge


def test_dominance_from_a_later_length_is_not_supported():
    (claim,) = (claim for claim in CLAIMS if claim.id == "lemma-3.1-step-2")
    later = Statement("from T = 11 on", {"first_T": 11, "factor": 1.0})
    # the kernel route tries T = 3, 43, ...: the other two see that T = 10 is left out
    assert judge(replace(claim, printed=later, corrected=None)).verdict == Verdict.UNDECIDED
