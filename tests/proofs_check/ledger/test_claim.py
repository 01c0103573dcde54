import math

import pytest

from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, exactly, judge


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
