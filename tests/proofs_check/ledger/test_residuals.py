"""Slack inside residuals and tolerances without a reason are found in the source."""

import pytest

from proofs_check.ledger.finding import Finding
from proofs_check.ledger.residuals import slack, unexplained


@pytest.mark.parametrize(
    "expression",
    [
        "abs(gap) - 0.05",
        "float(np.abs(gaps).max()) - READING",
        "gap - 4.5 * error",
        "abs(limit / law - 1) - 3 * found.error / law",
        "worst(gaps) / 10",
        "100 * relative_error(found, value)",
        "abs(found - value) < 1e-3",
        "NEAR >= abs(found - value)",
        "worst(abs(x) / 0.1 for x in gaps)",
    ],
)
def test_slack_is_found(expression):
    assert slack(f"def route(value):\n    return {expression}")[0][0] == 2


@pytest.mark.parametrize(
    "expression",
    [
        "abs(found / value - 1)",
        "abs(found - 0.25)",
        "abs(found - value) / error",
        "worst(gaps) / scale",
        "np.abs(P - row).sum(axis=1).max() / 2",
        "Finding(abs(found - value), 4 * worst(errors), '', because='standard errors')",
        "found < value",
        "abs(found - value) == 0",
    ],
)
def test_a_distance_as_it_is_is_none(expression):
    assert slack(f"def route(value):\n    return {expression}") == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("ledger.Finding(gap, 0.02, detail)", True),
        ("Finding(gap, tolerance=LIMIT, detail=detail)", True),
        ("ledger.Finding(gap, 0.02, detail, because='nodes')", False),
        ("ledger.Finding(gap, 0.0, detail)", False),
        ("ledger.enumeration('all sequences', 1e-12)(compute)", False),
        ("ledger.enumeration('all sequences', 1e-6, 'T = 3')(compute)", True),
        ("ledger.simulation('runs', 0.1, because='step of the rate')(compute)", False),
        ("ledger.symbolic('all t')(compute)", False),
        ("theory.quadrature((500, 6), prior)", False),
    ],
)
def test_a_tolerance_needs_a_reason(call, found):
    assert bool(unexplained(f"x = {call}")) == found


def test_rounding_is_a_reason():
    assert Finding(0.0, 1e-12, "").because == "rounding"
    assert Finding(0.0, 1e-12, "", because="a sum of 10^4 terms").because != "rounding"
    assert not Finding(0.0, 1e-3, "").because
    assert not Finding(0.0, 0.0, "").because
