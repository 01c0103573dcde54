"""One step of a derivation: a sentence and its expression, as text, LaTeX and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class DerivationStep:
    """One sentence, and what it states: ``name = expression`` or a bare expression."""

    sentence: str
    expression: Any
    name: str | None = None

    @property
    def text(self) -> str:
        """The statement in plain text."""
        body = sp.sstr(self.expression)
        return body if self.name is None else f"{self.name} = {body}"

    @property
    def latex(self) -> str:
        """The statement in LaTeX, without delimiters."""
        body = sp.latex(self.expression)
        return body if self.name is None else f"{_latex_name(self.name)} = {body}"

    @property
    def value(self) -> float | None:
        """The number it comes to, if it is one finite number."""
        whole = sp.sympify(self.expression)
        if isinstance(whole, sp.Expr) and whole.is_number and whole.is_finite:
            return float(whole)
        return None


def _latex_name(name: str) -> str:
    """A plain-text left-hand side, such as ``E[y^2 lambda^1]``, in LaTeX."""
    braced = re.sub(r"([_^])(?:\(([^)]*)\)|(\w+))", lambda m: f"{m[1]}{{{m[2] or m[3]}}}", name)
    spelled = re.sub(r"(?<!\\)\b(lambda|pi)(?![a-z])", r"\\\1", braced.replace("}_", "} _"))
    return re.sub(r"(?<![a-z\\])([a-z]{3,})(?![a-z])", r"\\mathrm{\1}", spelled)


@dataclass(frozen=True)
class Derivation:
    """What `derivation` returns: an id, a title, and the steps in order."""

    id: str
    title: str
    steps: list[DerivationStep] = field(default_factory=list)
