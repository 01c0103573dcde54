"""Find weaknesses of a claim, such as a wrong value that some route accepts."""

from __future__ import annotations

import math

from proofs_check.ledger.claim import Claim, Statement
from proofs_check.ledger.independence import dependences
from proofs_check.ledger.verdict import find


def weaknesses(claim: Claim) -> list[str]:
    """What is weak about a claim, a sentence each; an empty list for a sound one.

    Every route is run on every one of the claim's wrong values, and has to reject it. Some two
    routes have to share no function of ours; see `dependences`.

    Parameters
    ----------
    claim : Claim
    """
    found = []
    if len({route.kind for route in claim.routes}) < 2:
        found.append(f"{claim.id} has fewer than two kinds of routes")
    if not claim.wrong:
        found.append(f"{claim.id} has no wrong values to be tried on")
    found += [f"{claim.id}: {sentence}" for sentence in dependences(claim)]
    for value in claim.wrong:
        for route in claim.routes:
            finding = find(route, Statement("wrong", value))
            if math.isnan(finding.residual):
                found.append(
                    f"{claim.id}: the {route.kind} route '{route.how}' decides nothing on "
                    f"{value!r} ({finding.detail})"
                )
            if finding.holds:
                found.append(
                    f"{claim.id}: the {route.kind} route '{route.how}' accepts {value!r} "
                    f"(residual {finding.residual:.1e}, allowed {finding.tolerance:.1e})"
                )
    return found
