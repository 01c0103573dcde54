"""Print derivations as text, LaTeX or JSON."""

from __future__ import annotations

import json

import sympy as sp

from theory.derivations import registry as derivations
from theory.derivations.statement import Derivation


def list_text() -> str:
    """The ids and titles of the derivations, one a line."""
    width = max(map(len, derivations.ids()))
    return "\n".join(f"{id:<{width}}  {derivations.title(id)}" for id in derivations.ids())


def show_text(id: str | None, T: int, form: str = "text") -> str:
    """Derivations with each sentence, its expression and, where that is a number, its value.

    Parameters
    ----------
    id : str or None
        Which derivation; None for all of them.
    T : int
        Context length of the steps that need one, at least 1.
    form : str
        "text", "latex" or "json".

    Raises
    ------
    TypeError, ValueError
        If the id or the length is not as described.
    """
    chosen = derivations.ids() if id is None else (id,)
    found = [derivations.derivation(one, T=T) for one in chosen]
    if form == "json":
        return json.dumps([_as_dict(d) for d in found], indent=2)
    write = _latex if form == "latex" else _text
    return "\n\n".join(write(d) for d in found)


def _as_dict(found: Derivation) -> dict[str, object]:
    steps = [
        {"sentence": s.sentence, "name": s.name, "expression": sp.sstr(s.expression),
         "latex": s.latex, "value": s.value}
        for s in found.steps
    ]  # fmt: skip
    return {"id": found.id, "title": found.title, "steps": steps}


def _text(found: Derivation) -> str:
    lines = [f"{found.id}: {found.title}"]
    for step in found.steps:
        value = step.value
        said = value is None or isinstance(step.expression, sp.Float | sp.Integer)
        about = "" if said else f"  ~ {value:.12g}"
        lines += [f"  {step.sentence}", f"      {step.text}{about}"]
    return "\n".join(lines)


def _latex(found: Derivation) -> str:
    lines = [f"% {found.id}: {found.title}"]
    for step in found.steps:
        lines += [f"% {step.sentence}", rf"\[ {step.latex} \]"]
    return "\n".join(lines)
