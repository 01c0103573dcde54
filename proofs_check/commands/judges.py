"""Judge many claims in several processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from time import perf_counter

from tqdm import tqdm

from proofs_check.claims import CLAIMS
from proofs_check.experiments.experiment import cores, processes
from proofs_check.ledger.claim import Claim
from proofs_check.ledger.finding import Finding
from proofs_check.ledger.verdict import Entry, conclude, examine, judge

# of a claim: what its routes found, and the time they took
Found = tuple[list[Finding], float]
# fewer are judged before another process would have begun
FEW = 10


def judged(
    claims: Sequence[Claim], workers: int | None = None, *, progress: bool = False
) -> Iterator[Entry]:
    """The entries of claims in their order, each as soon as it and those before it are ready.

    Parameters
    ----------
    claims : sequence of Claim
    workers : int, optional
        Processes; by default one for each core, or this one alone for a few claims.
    progress : bool
        Show a progress bar.
    """
    count = (cores() if len(claims) > FEW else 1) if workers is None else workers
    with (
        processes(count) as pool,
        tqdm(total=len(claims), unit="claim", disable=not progress, leave=False) as bar,
    ):
        parts = _parts(claims) if pool else {}
        futures = _submitted(pool, parts) if pool else {}
        for claim in claims:
            bar.set_postfix_str(claim.id)
            future = futures.get(claim.id)
            yield judge(claim) if future is None else conclude(claim, *future.result()[claim.id])
            bar.update()


def _parts(claims: Sequence[Claim]) -> dict[str, list[str]]:
    """Ids by the file they are written in: routes of one file share what they compute."""
    known = {claim.id for claim in CLAIMS}
    parts: dict[str, list[str]] = {}
    for claim in claims:
        # records made anew are known to this process alone
        if claim.id in known and not claim.records:
            parts.setdefault(claim.place.rpartition(":")[0], []).append(claim.id)
    return parts


def _submitted(
    pool: ProcessPoolExecutor, parts: dict[str, list[str]]
) -> dict[str, Future[dict[str, Found]]]:
    futures = {}
    for ids in parts.values():
        future = pool.submit(_examined, ids)
        futures.update(dict.fromkeys(ids, future))
    return futures


def _examined(ids: list[str]) -> dict[str, Found]:
    """What the routes of claims find, in a process of its own."""
    found = {}
    for claim in CLAIMS:
        if claim.id in ids:
            began = perf_counter()
            findings = examine(claim)
            found[claim.id] = findings, perf_counter() - began
    return found
