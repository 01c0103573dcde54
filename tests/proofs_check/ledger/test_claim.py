"""The grammar of claims: what routes return, what they use, and what verdicts follow."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import sim
import theory
from proofs_check import weaknesses
from proofs_check.ledger import (
    Claim,
    Finding,
    Route,
    Statement,
    Verdict,
    corrected,
    enumeration,
    exactly,
    in_errors,
    judge,
    measured,
    proved,
    selection,
    simulation,
    supported,
    symbolic,
    text,
)


def near(target, tolerance=1e-9):
    return lambda value: Finding(abs(value - target), tolerance, "difference")


def exact(target):
    return lambda value: exactly(value == target, "equality")


def claim(*finders, printed=1.0, corrected=None, kinds=("symbolic", "enumeration", "spectral")):
    routes = tuple(Route(kind, "test", find) for kind, find in zip(kinds, finders, strict=False))
    return Claim(
        id="t", source="test", title="test", printed=Statement("1", printed), routes=routes,
        expected=Verdict.PROVED,
        corrected=None if corrected is None else Statement("2", corrected),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("case", "verdict"),
    [
        (claim(exact(1.0), near(1.0)), Verdict.PROVED),
        (claim(near(1.0), near(1.0)), Verdict.SUPPORTED),
        # a second look along the same route is no second route
        (claim(exact(1.0), near(1.0), kinds=("symbolic", "symbolic")), Verdict.UNDECIDED),
        (claim(exact(1.0)), Verdict.UNDECIDED),
        (claim(), Verdict.UNDECIDED),
        # routes disagree about the printed statement
        (claim(exact(1.0), near(2.0)), Verdict.UNDECIDED),
        (claim(exact(2.0), near(2.0)), Verdict.REFUTED),
        (claim(exact(2.0), near(2.0), corrected=2.0), Verdict.CORRECTED),
        (claim(exact(2.0), near(2.0), corrected=3.0), Verdict.UNDECIDED),
        (claim(exact(2.0), near(3.0), corrected=2.0), Verdict.UNDECIDED),
    ],
)
def test_the_verdict_follows_from_the_findings(case, verdict):
    assert judge(case).verdict == verdict


def test_a_route_that_breaks_down_decides_nothing():
    def broken(value):
        raise ZeroDivisionError("no")

    entry = judge(claim(exact(1.0), broken))
    assert entry.verdict == Verdict.UNDECIDED
    assert "ZeroDivisionError: no" in entry.evidence[1].finding.detail
    assert not entry.as_expected


def test_nan_never_holds():
    assert not Finding(math.nan, math.inf, "").holds


def test_json_has_the_promised_keys():
    data = judge(claim(exact(2.0), near(2.0), corrected=2.0)).as_json()
    assert data["verdict"] == "corrected"
    assert data["corrected"] == "2"
    assert {"id", "source", "statement", "printed", "evidence", "seconds"} <= data.keys()
    assert {e["about"] for e in data["evidence"]} == {"printed", "corrected"}


def kernel_of_theory(T):
    return theory.population_kernel(T)


def tokens_of_sim(T):
    return sim.sample_sequences(sim.Dirichlet(2), 1, T, 0).tokens


@symbolic("as it is", scope="T <= 3")
def on_instances(value):
    return value == 1


@symbolic("as it is")
def in_general(value):
    yield value == 1
    yield value > 0


@enumeration("by theory", 1e-9, "two numbers")
def by_theory(value, factor=1):
    return [kernel_of_theory(2).size - 8, 1 - factor * value]


@simulation("by both", 0.5)
def by_both(value):
    return tokens_of_sim(3).size + kernel_of_theory(1).size - 7 + (1 - value)


CLAIM = proved("t", 1, "t", "1", 1, in_general, by_theory, wrong=[2])


def test_what_a_route_returns_becomes_a_finding():
    assert in_general.find(1) == Finding(0.0, 0.0, "as it is", exact=True)
    assert in_general.find(2).residual == 1.0
    # the largest in absolute value, so that a sign hides nothing
    assert by_theory.find(3).residual == 2.0
    assert by_theory.find(1).holds
    assert by_theory.given(factor=2).find(0.5).holds
    numbers = enumeration("false ones are counted")(lambda value: [value == 1, value == 2, False])
    assert numbers.find(1).residual == 2.0
    assert not numbers.find(1).exact


def test_a_route_that_compares_nothing_or_returns_nothing_decides_nothing():
    for compute in (lambda value: [], lambda value: None, lambda value: "no"):
        claim = proved("t", 1, "t", "1", 1, in_general, enumeration("empty")(compute), wrong=[2])
        entry = judge(claim)
        assert entry.verdict == Verdict.UNDECIDED
        assert entry.why.startswith("a route decides nothing: 'empty' (failed: ")


def test_exact_on_instances_supports_and_does_not_prove():
    assert judge(CLAIM).verdict == Verdict.PROVED
    entry = judge(replace(CLAIM, routes=(on_instances, by_theory)))
    assert entry.verdict == Verdict.SUPPORTED
    assert not entry.as_expected
    assert "exact, T <= 3" in text.explain(entry)


def test_a_route_knows_what_code_it_uses():
    assert in_general.uses == ()
    assert by_theory.uses == by_theory.given(factor=2).uses == ("theory.kernel",)
    assert by_both.uses == ("sim.task", "theory.kernel")
    through = enumeration("x")(partial(lambda value, call: call(2), call=kernel_of_theory))
    assert through.uses == ("theory.kernel",)


def test_claims_and_routes_know_where_they_are_written():
    claim = proved("t", 7, "t", "1", 1, in_general, by_theory, wrong=[2])
    here = "tests/proofs_check/ledger/test_claim.py:"
    assert claim.place.startswith(here)
    assert claim.source == "(t), p. 7"
    assert by_theory.place.startswith(here)
    assert claim.place in text.explain(judge(claim))


def test_weaknesses_are_found():
    weak = replace(CLAIM, routes=(in_general,), wrong=())
    assert weaknesses(weak) == [
        "t has fewer than two kinds of routes", "t has no wrong values to be tried on"
    ]  # fmt: skip
    accepted = supported("t", 1, "t", "1", 1, by_theory, by_both, wrong=[1.2])
    shared, wrong = weaknesses(accepted)
    assert "both rest on" in shared and "kernel_of_theory" in shared
    assert "the simulation route 'by both' accepts 1.2" in wrong
    broken = replace(CLAIM, wrong=("a word",))
    found = weaknesses(broken)
    assert len(found) == 2
    assert all("decides nothing on 'a word'" in sentence for sentence in found)


def test_an_entry_says_that_what_it_depends_on_does_not_stand():
    false = proved("false", 1, "t", "1", 3, in_general, by_theory, wrong=[2])
    above = replace(CLAIM, id="above", depends_on=("false",))
    entries = selection.verify([false, above])
    assert entries[0].verdict == Verdict.REFUTED
    assert entries[1].fallen == ("false",)
    assert "depends on false, which does not stand" in text.table(entries)
    assert "false does not stand" in text.explain(entries[1])


@pytest.mark.parametrize(
    ("routes", "wrong", "message"),
    [
        ([in_general], [2], "routes of claim t must be of two kinds or more, got symbolic"),
        ([], [2], "two kinds or more, got 0"),
        ([in_general, by_theory], [], "wrong of claim t must hold values to be rejected"),
        ([by_theory, by_both], [2], "a symbolic one without a scope to prove it"),
        ([on_instances, by_both], [2], "a symbolic one without a scope to prove it"),
    ],
)
def test_a_claim_that_is_seen_to_be_weak_is_refused(routes, wrong, message):
    with pytest.raises(ValueError, match=message):
        proved("t", 1, "t", "1", 1, *routes, wrong=wrong)


def test_undecided_says_which_routes_are_on_which_side():
    entry = judge(replace(CLAIM, printed=Statement("1.0000000001", 1 + 1e-10)))
    assert entry.verdict == Verdict.UNDECIDED
    assert entry.why == "the routes disagree: accepted by 'by theory', rejected by 'as it is'"
    assert entry.why in text.table([entry]) and entry.why in text.explain(entry)
    both = replace(CLAIM, printed=Statement("3", 3), corrected=Statement("2", 2))
    assert judge(both).why == "the correction is rejected: rejected by 'as it is', 'by theory'"


def test_a_route_that_fails_on_the_correction_is_named():
    @enumeration("of whole numbers", 0.5)
    def whole(value):
        return {3: 2.0}[value]

    both = replace(CLAIM, printed=Statement("3", 3), corrected=Statement("1", 1),
                   routes=(in_general, whole))  # fmt: skip
    assert judge(both).why == "a route decides nothing: 'of whole numbers' (failed: KeyError: 1)"


def test_routes_must_be_routes():
    with pytest.raises(TypeError, match="a route of claim t must be a Route"):
        proved("t", 1, "t", "1", 1, lambda value: True)
    with pytest.raises(TypeError, match="claim must be a Claim"):
        judge("A.32")


def test_a_correction_is_run_on_both_statements():
    claim = corrected("t", 1, "t", ("2", 2), ("1", 1), in_general, by_theory, wrong=[np.pi])
    entry = judge(claim)
    assert entry.verdict == Verdict.CORRECTED
    assert [evidence.about for evidence in entry.evidence] == ["printed"] * 2 + ["corrected"] * 2
    assert weaknesses(claim) == []


def test_what_was_read_off_runs_is_measured_whatever_the_routes_say():
    routes = [Route(kind, "test", find) for kind, find in
              (("simulation", near(2.0)), ("replication", exact(2.0)))]  # fmt: skip
    assert (
        judge(measured("x-t", "test", "test", "2", 2.0, *routes, wrong=[1])).verdict
        == Verdict.MEASURED
    )
    false = measured("x-t", "test", "test", "3", 3.0, *routes, wrong=[1])
    assert judge(false).verdict == Verdict.REFUTED


def test_an_estimate_is_judged_in_its_own_standard_errors():
    found = in_errors([1.02, 0.99], [1.0, 1.0], [0.01, 0.01], "two means")
    assert found.residual == pytest.approx(2.0) and found.tolerance == 4.0 and found.because
    assert not in_errors(1.05, 1.0, 0.01, "a mean").holds
    assert not in_errors([1.0, np.nan], 1.0, 0.1, "no mean").holds
    with pytest.raises(ValueError, match="error must be positive"):
        in_errors(1.0, 1.0, 0.0, "no error")


def test_a_statement_printed_twice_is_one_claim_with_two_ids():
    twice = proved("A.1", 20, "one", "1", 1, in_general, by_theory, wrong=[2], also={"A.2": 21})
    other = replace(twice, id="A.3", also={})
    assert selection.select([twice, other], ["A.2"]) == [twice]
    assert selection.select([twice, other], ["A.*"]) == [twice, other]
    entry = judge(twice)
    assert "(A.1), p. 20; (A.2), p. 21" in text.explain(entry)
    assert entry.as_json()["also"] == {"A.2": "(A.2), p. 21"}
    assert text.summary([entry]) == "1 statement (under 2 numbers): 1 proved for all cases"
