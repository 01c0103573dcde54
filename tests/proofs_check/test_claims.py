"""Every claim gets the verdict it expects, and each of its routes rejects what would be wrong."""

import json
from pathlib import Path

import pytest

import proofs_check.claims
from proofs_check import CLAIMS, dependences, explain, judge, weaknesses

# those that rest on experiments are tried on made-up runs, in tests of their own
JUDGED = [claim for claim in CLAIMS if not claim.minutes]


# claims of which no two routes are independent yet: a list that only gets shorter
DEPENDENT = (Path(__file__).parent / "dependent.txt").read_text().split()


def folder(claim):
    return claim.place.rpartition("/")[0]


def each(claims):
    """Claims as parameters; those of one folder on one worker, since their routes share results."""
    return [pytest.param(c, id=c.id, marks=pytest.mark.xdist_group(folder(c))) for c in claims]


@pytest.mark.parametrize("claim", each(JUDGED))
def test_verdict_is_the_expected_one(claim):
    entry = judge(claim)
    assert entry.as_expected, explain(entry)
    json.dumps(entry.as_json(), allow_nan=False)


@pytest.mark.parametrize("claim", each(JUDGED))
def test_every_route_rejects_every_wrong_value(claim):
    assert weaknesses(claim) == []


def test_every_claim_has_values_that_would_be_wrong():
    assert not [claim.id for claim in CLAIMS if not claim.wrong]


def test_every_id_is_found_as_it_stands():
    folder = Path(proofs_check.claims.__file__).parent
    text = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    assert not [id for claim in CLAIMS for id in claim.ids if f'"{id}"' not in text]


def test_two_routes_of_a_claim_share_no_code():
    weak = {claim.id: dependences(claim) for claim in CLAIMS if claim.id not in DEPENDENT}
    assert not {id: sentences for id, sentences in weak.items() if sentences}
