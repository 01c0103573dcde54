"""(A.17)-(A.24) get their verdicts, and lose them when a sign, a factor or an index is changed."""

from dataclasses import replace

import pytest
import sympy as sp

from proofs_check.claims.lemma_a1_step_1 import step_1_w, step_1_w_sums
from proofs_check.claims.lemma_a1_step_1.step_1_w import (
    BETA,
    GAMMA,
    LINE_1,
    PRINTED_PI,
    SLOPE,
    THREE,
)
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import (
    SYMBOLIC,
    TRIPLE,
    a,
    at,
    b,
    c,
    chance,
    i,
    k,
    lam,
    p,
    summed,
    t,
    t1,
    three_states,
    total,
)  # fmt: skip
from proofs_check.claims.lemma_a1_step_1.step_1_w_terms_routes import (
    Given,
    Joint,
    P_mi,
    Power,
    Start,
    Term,
    joint,
)
from proofs_check.ledger import Statement, Verdict, judge

CLAIMS = step_1_w.CLAIMS + step_1_w_sums.CLAIMS
BY_ID = {claim.id: claim for claim in CLAIMS}
STANDS = {Verdict.PROVED, Verdict.SUPPORTED}
x, m, l = step_1_w.x, step_1_w.m, step_1_w.l  # noqa: E741
EXCESS, LATE, EARLY = step_1_w.EXCESS, step_1_w.LATE, step_1_w.EARLY
SWAPPED = Joint((("s", "m"), ("t'", "i"), ("p", "l")))
SHIFTED = Joint((("s", "l"), ("t'", "i"), ("p+1", "m")))
first, second = (BY_ID[f"A.21-line-{n}"].printed.value for n in (1, 2))

PERTURBED = [
    ("A.17", -SLOPE),
    ("A.17", SLOPE.xreplace({m: l, l: m})),
    ("A.18", c * SLOPE),
    ("A.18", SLOPE.xreplace({i: m})),
    ("A.19", (Term(c, (SWAPPED,), over_i=False),)),
    ("A.19", (Term(c**2, (THREE,), over_i=False),)),
    ("A.20", (Term(c, (THREE,), over_i=False),)),
    ("A.20", (Term(c, (step_1_w.MATCH,)),)),
    ("A.21-line-1", (first[0], Term(-c / t, first[1].factors))),
    ("A.21-line-1", (first[0], Term(c / (t * k), first[1].factors))),
    ("A.21-line-2", (second[0]._replace(coefficient=-c / t), second[1])),
    ("A.21-line-2", (second[0], second[1]._replace(factors=(SWAPPED,)))),
    ("A.21-line-3", (Term(c / t * (P_mi + 1 / k), (THREE,)),)),
    ("A.21-line-3", (Term(EXCESS, (SHIFTED,)),)),
    ("A.21-line-4", (Term(EXCESS, (Given(("t'", "i"), ("p", "m")), Given(("t'", "i"), ("s", "l")),
                                   Start("l"))),)),
    ("A.21-line-5", (Term(EXCESS, (Power("m", "i", p - t1), EARLY, Start("l"))),)),
    ("A.21-line-5", (Term(EXCESS, (LATE, EARLY, Start("m"))),)),
    ("A.22", sp.Matrix([[a, 1 - b], [1 - a, b]])),
    ("A.23-line-1", (LINE_1[0], LINE_1[1], LINE_1[2], LINE_1[3].T)),
    ("A.23-line-1", (-LINE_1[0], *LINE_1[1:])),
    ("A.23", (1 / (a + b - 2), BETA.T, GAMMA)),
    ("A.23", (1 / (a + b - 2), BETA, -GAMMA)),
    ("A.23-pi", {"pi": sp.Matrix([[a - 1, b - 1]]) / (lam - 1), "eigenvalue": 1}),
    ("A.23-pi", {"pi": -PRINTED_PI, "eigenvalue": 1}),
    ("A.23-pi-prose", {"pi": PRINTED_PI, "eigenvalue": -1}),
    ("A.24-line-1", BY_ID["A.24-line-1"].printed.value * (lam - 1)),
    ("A.24-line-1", BY_ID["A.24-line-1"].printed.value.subs(lam ** (p - t1), lam ** (p - t1 + 1))),
    ("A.24-line-2", -BY_ID["A.24-line-2"].printed.value),
    ("A.24-line-2", BY_ID["A.24-line-2"].printed.value.subs(
        step_1_w.gamma_im, step_1_w.gamma_li)),
]  # fmt: skip
SUMS = [claim.id for claim in step_1_w_sums.CLAIMS]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict_is_the_expected_one(claim):
    assert judge(claim).as_expected


def test_every_claim_is_perturbed():
    assert {id for id, _ in PERTURBED} | set(SUMS) == set(BY_ID)


@pytest.mark.parametrize(("id", "value"), PERTURBED)
def test_a_changed_statement_falls(id, value):
    claim, wrong = BY_ID[id], Statement("perturbed", value)
    if claim.corrected is None:
        assert judge(replace(claim, printed=wrong)).verdict not in STANDS
    else:
        assert judge(replace(claim, corrected=wrong)).verdict == Verdict.UNDECIDED


@pytest.mark.parametrize("id", SUMS)
def test_a_changed_sum_falls(id):
    """The sign of the whole, and of each part of the summand in turn."""
    claim = BY_ID[id]
    value = claim.printed.value
    parts = sp.Add.make_args(value.summand)
    wrong = [value._replace(factor=-value.factor), value._replace(summand=value.summand * lam)]
    wrong += [value._replace(summand=value.summand - 2 * part) for part in parts]
    for changed in wrong:
        entry = judge(replace(claim, printed=Statement("perturbed", changed)))
        assert entry.verdict == Verdict.REFUTED


def test_sums_with_a_symbolic_end():
    for summand in (lam**p, p * lam ** (p - 1), lam ** (2 - p), p**2, (p + 1) / (1 - 1 / lam)):
        closed = total(summand, ((p, t),))
        for T in range(1, 5):
            direct = sum(summand.subs(p, q) for q in range(1, T + 1))
            assert sp.cancel(closed.subs(t, T) - direct) == 0
    assert total(sp.Integer(1), TRIPLE).subs(t, 4) == 20


def test_what_has_no_closed_form_is_refused():
    with pytest.raises(ValueError, match="no closed form for degree 0, rate 2"):
        summed(lam ** (2 * p), p, t)
    with pytest.raises(ValueError, match="polynomial times powers, got"):
        summed(sp.sin(p), p, t)


def test_chains_and_their_joint_laws():
    chain = three_states()
    assert chain.pi * chain.power(1) == chain.pi
    assert sum(chain.pi) == 1
    assert len(set(chain.pi)) > 1
    small = at(sp.Rational(2, 3), sp.Rational(1, 5))
    times = {"s": 1, "t'": 1, "p": 2, "p+1": 3}
    states = {"s": 0, "t'": 0, "p": 1, "p+1": 0}
    assert joint(small, states, times) == chance(small, (0, 1, 0))
    assert joint(small, states | {"t'": 1}, times) == 0
    assert sp.expand(sum(SYMBOLIC.pi)) == 1
