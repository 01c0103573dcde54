"""Every claim gets the verdict it expects, and each of its routes rejects what would be wrong."""

import json

import pytest

from proofs_check import CLAIMS, explain, judge, weaknesses

# those that rest on experiments are tried on made-up runs, in tests of their own
JUDGED = [claim for claim in CLAIMS if not claim.minutes]


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


@pytest.mark.parametrize("claim", each(claim for claim in JUDGED if claim.wrong))
def test_every_route_rejects_every_wrong_value(claim):
    assert not weaknesses(claim)
