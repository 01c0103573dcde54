"""Whether the routes of a claim rest on the same code, in which an error would hide from them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from itertools import combinations
from typing import Any

from proofs_check.ledger.claim import Claim, Verdict
from proofs_check.ledger.route import Compute, Route
from proofs_check.ledger.trace import ROUTE, VALUE, functions_reached

CLAIMS = "proofs_check.claims."

# Functions that two routes may share, as patterns of their names, and why. What they call in turn
# is shared only if it is also reached in another way.
SHAREABLE = {
    "theory.notation.*": "symbols",
    "proofs_check.methods.symbols.*": "symbols",
    "theory.checks.*": "refuses bad arguments",
    "sim.checks.*": "refuses bad arguments",
    "sim.models.contracts.*": "refuses what a user's model returns",
    "sim.models.protocol.*": "refuses what is not a model",
    "*.check_*": "refuses bad arguments",
    "*.__post_init__": "refuses bad arguments",
    "sim.task.losses.checked": "refuses what a user's loss returns",
    "sim.models.*Model.T": "a size",
    "sim.models.*Model.k": "a size",
    "sim.models.*Model.constant": "a model with all weights alike",
    "*.describe": "names and sizes for a file",
    "sim.provenance.*": "versions for a file",
    "sim.files.*": "writes files",
    "proofs_check.experiments.cache.*": "keeps results in files",
    "sim.kernels._jit.*": "compiles what it is given",
    "sim.kernels._vector.*": "sums and products of vectors, compared with NumPy in tests",
    "sim.kernels._scratch.*": "allocates",
    "sim.randomness.*": "random generators of NumPy",
    "*.all_sequences": "lists the integers below k^n in base k",
    "theory.chains.nodes.*": "nodes and weights, compared with exact moments in tests",
    "sim.task.priors.*": "draws and nodes of the prior, compared with exact moments in tests",
    "theory.chains.stationary.*": "pi, of which tests see that pi P = pi",
    "sim.task.stationary.*": "pi, of which tests see that pi P = pi",
    "sim.kernels.chains.stationary": "pi, of which tests see that pi P = pi",
}


@cache
def may_be_shared(function: str) -> bool:
    """Whether two routes may both use a function."""
    return any(fnmatchcase(function, pattern) for pattern in SHAREABLE)


def shared_functions(first: Route, second: Route, *values: Any) -> tuple[str, ...]:
    """Functions of ours that both routes rest on, without those that only these lead to.

    Parameters
    ----------
    first, second : Route
    *values
        What the routes are run on.
    """
    one, two = (_rests_on(route.compute, values) for route in (first, second))
    common = one.keys() & two.keys()
    return tuple(sorted(name for name in common if not one[name] | two[name] <= common))


def dependent_pairs(claim: Claim) -> dict[tuple[Route, Route], tuple[str, ...]]:
    """Pairs of routes of different kinds, with the functions that they share.

    Empty if some two routes share nothing: the claim then has independent evidence. Empty too for
    a claim about training runs, all of which are made by the same code.
    """
    if claim.expected == Verdict.MEASURED or claim.records:
        return {}
    found = {}
    for first, second in combinations(claim.routes, 2):
        if first.kind != second.kind:
            found[first, second] = shared_functions(first, second, claim.standing.value)
    return found if all(found.values()) else {}


def dependences(claim: Claim) -> list[str]:
    """What routes of a claim share, a sentence for each pair of them; empty for a sound claim."""
    return [
        f"the {first.kind} route '{first.how}' and the {second.kind} route '{second.how}' "
        f"both rest on {', '.join(names)}"
        for (first, second), names in dependent_pairs(claim).items()
    ]


def _rests_on(compute: Compute, values: tuple[Any, ...]) -> dict[str, frozenset[str]]:
    """What is reached without passing through a function that may be shared, and from where."""
    graph = {
        name: frozenset(caller for caller in callers if not may_be_shared(caller))
        for name, callers in functions_reached(compute, values).items()
        if not may_be_shared(name)
    }
    # a formula that a claim states is what both routes judge
    stated = {n for n, callers in graph.items() if callers == {VALUE} and n.startswith(CLAIMS)}
    starts = {ROUTE, VALUE, *stated}
    kept: dict[str, frozenset[str]] = {}
    while more := {
        name: callers
        for name, callers in graph.items()
        if name not in kept and name not in stated and callers & {*starts, *kept}
    }:
        kept |= more
    return kept
