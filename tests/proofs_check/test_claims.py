"""Every claim gets the verdict it expects, and each of its routes rejects what would be wrong."""

import json
from pathlib import Path

import pytest

import proofs_check.claims
from proofs_check import CLAIMS, dependences, explain, judge, weaknesses
from proofs_check.experiments import records
from proofs_check.ledger.residuals import slack, unexplained

JUDGED = [claim for claim in CLAIMS if not records.missing(claim.records)]


# claims of which no two routes are independent yet: a list that only gets shorter
DEPENDENT = (Path(__file__).parent / "dependent.txt").read_text().split()
# slack, and tolerances without a reason, that are still there: likewise
ALLOWANCES = (Path(__file__).parent / "allowances.txt").read_text().splitlines()


def folder(claim):
    return claim.place.rpartition("/")[0]


def each(claims):
    """Claims as parameters; those of one folder on one worker, since their routes share results."""
    return [pytest.param(c, id=c.id, marks=pytest.mark.xdist_group(folder(c))) for c in claims]


@pytest.mark.parametrize("claim", each(JUDGED))
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, explain(entry)
    # the page on verdicts names the scopes of routes
    assert all(e.finding.scope == e.route.scope for e in entry.evidence if e.finding.exact)
    json.dumps(entry.as_json(), allow_nan=False)


@pytest.mark.parametrize("claim", each(JUDGED))
def test_every_route_rejects_every_wrong_value(claim):
    found = weaknesses(claim)
    if claim.id in DEPENDENT:
        found = [sentence for sentence in found if "both rest on" not in sentence]
    assert found == []


def test_every_id_is_found_as_it_stands():
    folder = Path(proofs_check.claims.__file__).parent
    text = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    assert not [id for claim in CLAIMS for id in claim.ids if f'"{id}"' not in text]


def test_two_routes_of_a_claim_share_no_code():
    weak = {claim.id: dependences(claim) for claim in CLAIMS if claim.id not in DEPENDENT}
    assert not {id: sentences for id, sentences in weak.items() if sentences}


def test_no_residual_holds_slack_and_every_tolerance_has_a_reason():
    found = {f"{path}: {place}" for path, places in _read(slack, unexplained) for place in places}
    assert found <= set(ALLOWANCES)


def _read(*readers):
    """What is found in the source of claims and methods, by file."""
    root = Path(proofs_check.claims.__file__).parents[1]
    for folder in ("claims", "methods"):
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text()
            yield (
                path.relative_to(root),
                [found.splitlines()[0] for read in readers for _, found in read(source)],
            )
