"""The page of the documentation on verdicts: what each covers, and the entries with limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from proofs_check.ledger.claim import Claim, Verdict
from proofs_check.ledger.finding import ROUNDING
from proofs_check.ledger.route import Kind, Route
from proofs_check.ledger.uses import PACKAGE_FOLDER

_RECORDS = PACKAGE_FOLDER / "proofs_check" / "experiments" / "records"

TEXT = """\
# What a verdict means

{made}

No verdict is typed. A claim is a statement, as a formula and as data, with two or more routes:
computations of different kinds, each of which is run on the data and says how far the statement is
from true. `icl-markov check verify` runs them and derives the verdict; its exit status is 1 if a
verdict differs from the one in the [index](equations.md). `icl-markov check verify ID --explain`
shows the routes, what each compared, its residual, the tolerance and the reason for it.

{counts}

proved
: An exact computation decides the statement in every case that it speaks of, and every other route
  agrees. Exact means: in integers, fractions, polynomials, or numbers such as log 2 and pi^2 over
  the fractions, brought to a normal form in which zero is recognised; sums over positions with a
  symbolic end by induction on the end. The statement's assumptions are part of it: with "k = 2"
  among them, nothing is proved for three states. What is not covered: the reading of the printed
  formula, SymPy's arithmetic, and steps that are argued in a docstring. No proof assistant has
  checked it.

supported
: Routes of different kinds agree, to the stated tolerances, and nothing decides all cases. Some of
  these are exact in the cases that were tried; they are listed below with these cases.

corrected
: Every route rejects the statement as printed, and every route accepts the one given in its place,
  which is proved or supported in the sense above. See the [errata](errata.md).

measured
: A number or an order of events was read off training runs, and is found again in runs with other
  seeds. It says what happens in the setting that is named, and nothing beyond.

refuted
: Every route rejects the statement, and no correction is known.

undecided
: One of three things, and `verify` says which: routes disagree (and which accept and reject), a
  route decides nothing (and the error), or there are fewer than two kinds of routes. No entry is
  undecided.

What stands behind every verdict is tested. Each route rejects each of the claim's wrong values
(another sign, factor, index or exponent). The functions of this package that a route rests on are
followed through all its calls; where no two routes are free of common ones, apart from a
[short list](../proofs_check/ledger/independence.py), `--explain` says DEPENDENT and names them.
Slips put into `theory` and `sim` on purpose make `verify` fail.
"""


def verdicts_page(claims: Sequence[Claim], made: str) -> str:
    """What verdicts mean, and the entries of which the evidence has a limit that is worth knowing.

    Parameters
    ----------
    claims : sequence of Claim
    made : str
        A sentence that says how the page is made.
    """
    lines = [TEXT.format(made=made, counts=_counts(claims))]
    lines += ["## Exact on instances", "", "Decided exactly, but only in the cases named.", ""]
    lines += _table("id | statement | exact for", map(_instances, filter(on_instances, claims)))
    read = [claim for claim in claims if claim.expected == Verdict.MEASURED]
    lines += ["", "## Measured", "", "Read off runs, and judged on others.", ""]
    lines += _table("id | statement | setting | record", map(_measured, read))
    lines += ["", "## Tolerances", ""]
    lines += [f"What routes allow beyond rounding ({ROUNDING:g}), and why. A tolerance that is"]
    lines += ["computed, such as a number of standard errors, is printed by `--explain`.", ""]
    lines += _table("id | route | allowed | because", _tolerances(claims))
    return "\n".join(lines) + "\n"


def on_instances(claim: Claim) -> bool:
    """Whether what is exact about a claim is so only in some of its cases."""
    scopes = [route.scope for route in claim.routes if route.kind == Kind.SYMBOLIC]
    return claim.expected != Verdict.MEASURED and bool(scopes) and all(scopes)


def _counts(claims: Sequence[Claim]) -> str:
    exact = [c for c in claims if any(r.kind == Kind.SYMBOLIC and not r.scope for r in c.routes)]
    count = {v: [c for c in claims if c.expected == v] for v in Verdict}
    instances = sum(on_instances(claim) for claim in count[Verdict.SUPPORTED])
    repaired = len([c for c in count[Verdict.CORRECTED] if c in exact])
    parts = [
        f"{len(count[Verdict.PROVED])} proved for all cases",
        f"{len(count[Verdict.SUPPORTED])} supported ({instances} of them exact on instances)",
        f"{len(count[Verdict.CORRECTED])} corrected (the correction of {repaired} is proved)",
        f"{len(count[Verdict.MEASURED])} measured",
    ]
    numbers = sum(len(claim.ids) for claim in claims)
    return f"The ledger has {len(claims)} statements under {numbers} numbers: {', '.join(parts)}."


def _instances(claim: Claim) -> tuple[str, ...]:
    scopes = dict.fromkeys(route.scope for route in claim.routes if route.kind == Kind.SYMBOLIC)
    return _ids(claim), claim.title, "; ".join(scopes)


def _measured(claim: Claim) -> tuple[str, ...]:
    return _ids(claim), claim.title, "; ".join(claim.assumptions), ", ".join(_records(claim))


def _records(claim: Claim) -> Iterable[str]:
    for name in claim.records:
        made = (_RECORDS / f"{name}.json").exists()
        yield f"`{name}`" if made else f"`{name}` (not made yet: the claim is not judged)"


def _tolerances(claims: Sequence[Claim]) -> Iterable[tuple[str, ...]]:
    rows: dict[Route, list[str]] = {}
    for claim in claims:
        for route in claim.routes:
            if route.tolerance > ROUNDING:
                rows.setdefault(route, []).append(_ids(claim))
    for route, ids in rows.items():
        how = f"{route.kind}: {route.how}"
        yield ", ".join(ids), how, f"{route.tolerance:.2g}", route.because


def _ids(claim: Claim) -> str:
    return ", ".join(f"`{id}`" for id in claim.ids)


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {head} |", f"|{' --- |' * (head.count('|') + 1)}"]
    return lines + [
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows
    ]
