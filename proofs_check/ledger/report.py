"""Write the ledger as Markdown, LaTeX (booktabs, standard article class) and JSON.

Everything in it is generated from the entries; nothing about a verdict is typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proofs_check.ledger import MEANING, Entry, Verdict, text
from sim.files import output_folder, write_atomic, write_json

TITLE = "Ledger of claims: The Evolution of Statistical Induction Heads"
SOURCE = "arXiv:2402.11004v1"
LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def write_report(entries: Sequence[Entry], out: str | Path) -> list[Path]:
    """Write ``ledger.md``, ``ledger.tex`` and ``ledger.json`` into the folder `out`.

    Returns
    -------
    list of Path
        The three files.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    folder = output_folder(out)
    paths = []
    for name, content in (("ledger.md", markdown(entries)), ("ledger.tex", latex(entries))):
        paths.append(folder / name)
        write_atomic(paths[-1], lambda file, content=content: file.write(content.encode()))  # type: ignore[misc]
    paths.append(folder / "ledger.json")
    write_json(paths[-1], {"claims": [entry.as_json() for entry in entries]})
    return paths


def markdown(entries: Sequence[Entry]) -> str:
    """The ledger as Markdown: what verdicts mean, the corrections, all claims, the evidence."""
    lines = [
        f"# {TITLE}",
        "",
        f"{SOURCE}. {text.summary(entries)}.",
        "",
        "## What a verdict means",
    ]
    lines += ["", "| verdict | meaning | claims |", "| --- | --- | --- |"]
    for verdict in Verdict:
        count = sum(entry.verdict == verdict for entry in entries)
        lines.append(f"| {verdict} | {MEANING[verdict]} | {count} |")
    lines += ["", "## Corrections found", ""]
    for entry in _not_as_printed(entries):
        lines += _markdown_correction(entry)
    lines += ["## All claims", "", "| claim | verdict | statement | source |"]
    lines.append("| --- | --- | --- | --- |")
    for entry in entries:
        claim = entry.claim
        title = claim.title.replace("|", r"\|")
        lines.append(f"| `{claim.id}` | {entry.verdict} | {title} | {claim.source} |")
    lines += ["", "## Evidence", ""]
    for entry in entries:
        lines += [f"### {entry.claim.id}", "", "```", text.explain(entry), "```", ""]
    return "\n".join(lines)


def _markdown_correction(entry: Entry) -> list[str]:
    claim = entry.claim
    lines = [f"### {claim.id}: {claim.title}", "", f"{claim.source}, {entry.verdict}. Printed:", ""]
    lines += ["$$", claim.printed.latex, "$$", ""]
    if claim.corrected is not None:
        lines += ["Correct is:", "", "$$", claim.corrected.latex, "$$", ""]
    if claim.note:
        lines += [claim.note, ""]
    return lines


def _not_as_printed(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.verdict in (Verdict.CORRECTED, Verdict.REFUTED)]


def latex(entries: Sequence[Entry]) -> str:
    """The ledger as a LaTeX document: a long table of claims, then the corrections."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage[margin=2.5cm]{geometry}",
        r"\usepackage{amsmath,amssymb,booktabs,longtable}",
        r"\allowdisplaybreaks",
        rf"\title{{{escape(TITLE)}}}",
        rf"\date{{{escape(SOURCE)}. {escape(text.summary(entries))}.}}",
        r"\begin{document}",
        r"\maketitle",
        r"\section*{What a verdict means}",
        r"\begin{description}",
        *(rf"\item[{verdict}] {escape(MEANING[verdict])}." for verdict in Verdict),
        r"\end{description}",
        r"\section*{Claims}",
        r"\begin{longtable}{@{}p{0.21\linewidth}lp{0.58\linewidth}@{}}",
        r"\toprule",
        r"claim & verdict & statement \\",
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    for entry in entries:
        name, title = escape(entry.claim.id), escape(entry.claim.title)
        lines.append(rf"\texttt{{{name}}} & {entry.verdict} & {title} \\")
    lines += [r"\end{longtable}", r"\section*{Corrections found}"]
    for entry in _not_as_printed(entries):
        lines += _latex_correction(entry)
    return "\n".join([*lines, r"\end{document}", ""])


def _latex_correction(entry: Entry) -> list[str]:
    claim = entry.claim
    lines = [
        rf"\subsection*{{{escape(claim.id)}: {escape(claim.title)}}}",
        rf"{escape(claim.source)}, {entry.verdict}. Printed:",
        *_display(claim.printed.latex),
    ]
    if claim.corrected is not None:
        lines += ["Correct is:", *_display(claim.corrected.latex)]
    return [*lines, escape(claim.note)]


def _display(formula: str) -> list[str]:
    # formulae may be wider than the page: let them break at every top-level relation or quad
    return [r"\begin{flushleft}", rf"\(\displaystyle {formula}\)", r"\end{flushleft}"]


def escape(text: str) -> str:
    """Plain text as LaTeX."""
    return "".join(LATEX_SPECIAL.get(character, character) for character in text)
