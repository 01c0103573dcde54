"""When v_2 leads after two steps: rates that only some of the routes try."""

from dataclasses import replace

from proofs_check.claims.lemma_a1_step_2.step_2_dominance import CLAIMS, RATES
from proofs_check.ledger import Statement, Verdict, judge


def test_a_wrong_rate_at_a_long_context_is_not_supported():
    (claim,) = (claim for claim in CLAIMS if claim.id == "lemma-3.1-step-2")
    wrong = Statement("a rate at T = 100 that is off by a thousandth", RATES | {100: 0.003564})
    # only the sums over single chains reach so far
    assert judge(replace(claim, printed=wrong, corrected=None)).verdict == Verdict.UNDECIDED
