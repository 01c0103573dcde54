"""Write docs/equations.md, docs/errata.md and docs/verdicts.md from the claims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proofs_check.ledger.claim import Claim, Verdict
from proofs_check.ledger.verdict_page import verdicts_page
from sim.files import output_folder, write_atomic

_MADE = "Made by `icl-markov check index`; edit the claims, not this page."


def equations_page(claims: Sequence[Claim]) -> str:
    """Every id with where it is printed, its verdict, and the file it is judged in."""
    lines = [
        "# Equation index",
        "",
        "Every numbered equation and every other statement that is checked, in the order of the",
        "paper; ids that begin with `x-` go beyond it. `icl-markov check verify ID --explain` runs",
        "the evidence for one and prints the line it is written in.",
        "",
        _MADE,
        "",
        "| id | printed in | verdict | statement | judged in |",
        "| --- | --- | --- | --- | --- |",
    ]
    for claim in claims:
        printed = {claim.id: claim.source, **claim.also}
        lines += [
            f"| `{id}` | {_cell(source)} | {claim.expected} | {_cell(claim.title)} | "
            f"{_file(claim)} |"
            for id, source in printed.items()
        ]
    return "\n".join(lines) + "\n"


def errata_page(claims: Sequence[Claim]) -> str:
    """Every statement that is false as printed, beside the corrected one, and why."""
    false = [c for c in claims if c.expected in (Verdict.CORRECTED, Verdict.REFUTED)]
    lines = [
        "# Errata",
        "",
        f"What is false as printed in arXiv:2402.11004v1: {len(false)} entries of the ledger, some",
        "of which are one statement under two numbers. Each corrected statement is proved or",
        "supported by the same computations that reject the printed one.",
        "",
        _MADE,
    ]
    for claim in false:
        lines += ["", f"## {claim.id}: {claim.title}", "", f"{claim.source}. Printed:", ""]
        lines += ["$$", claim.printed.latex, "$$"]
        if claim.corrected is not None:
            lines += ["", "Corrected statement:", "", "$$", claim.corrected.latex, "$$"]
        if claim.assumptions:
            lines += ["", f"Assuming: {'; '.join(claim.assumptions)}."]
        if claim.note:
            lines += ["", claim.note]
    return "\n".join(lines) + "\n"


def pages(claims: Sequence[Claim]) -> dict[str, str]:
    """The pages of the documentation that are made from the claims, by file."""
    return {
        "equations.md": equations_page(claims),
        "errata.md": errata_page(claims),
        "verdicts.md": verdicts_page(claims, _MADE),
    }


def write_pages(claims: Sequence[Claim], out: str | Path) -> list[Path]:
    """Write the pages into the folder `out`; returns the files."""
    folder = output_folder(out)
    written = []
    for name, text in pages(claims).items():
        written.append(folder / name)
        content = text.encode()
        write_atomic(written[-1], lambda file, content=content: file.write(content))  # type: ignore[misc]
    return written


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _file(claim: Claim) -> str:
    """The claim's file, linked from a page in the folder docs."""
    path = claim.place.rpartition(":")[0]
    return f"[{Path(path).stem}](../{path})"
