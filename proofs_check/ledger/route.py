"""Routes, the computations that check whether a statement is true, as decorated functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np

from proofs_check.ledger.compare import worst
from proofs_check.ledger.finding import Finding, exactly
from proofs_check.ledger.uses import place, rooms_used

Compute = Callable[..., Any]
Decorator = Callable[[Compute], "Route"]


class Kind(StrEnum):
    """Ways to find out. Two routes of one kind count as one."""

    SYMBOLIC = "symbolic"  # exact algebra
    ENUMERATION = "enumeration"  # all sequences, with the actual loss
    SPECTRAL = "spectral"  # matrix powers and eigenvalues
    QUADRATURE = "quadrature"  # integrals over the prior, or an ordinary differential equation
    SIMULATION = "simulation"  # sampled sequences, training runs
    INTERVENTION = "intervention"  # what a trained model does with a changed context
    ATTENTION = "attention"  # what its heads attend to
    REPLICATION = "replication"  # the same on runs of other seeds


@dataclass(frozen=True)
class Route:
    """One way to find out whether a statement is true.

    Written as a function of the statement's value under a decorator that names the kind::

        @enumeration("all 2^(T+1) sequences with the hinge", 1e-12, "T = 2, 3, 4")
        def step(value):
            return [found(T) - value * T for T in (2, 3, 4)]

    Attributes
    ----------
    kind : Kind
    how : str
        What is computed, in one line.
    compute : callable
        ``compute(value)`` returns True or False (or several of them), a residual (or several, of
        which the largest in absolute value counts), or a `Finding`.
    tolerance : float
        Allowed residual.
    detail : str
        What was compared and where.
    scope : str
        As for a `Finding`.
    because : str
        Why so much is allowed, where the tolerance is more than rounding.
    """

    kind: Kind
    how: str
    compute: Compute
    tolerance: float = 0.0
    detail: str = ""
    scope: str = ""
    because: str = ""

    def find(self, value: Any) -> Finding:
        """Run the computation on the statement's value."""
        found = self.compute(value)
        if isinstance(found, Finding):
            # an exact one is so in the cases that the route names
            return replace(found, scope=found.scope or self.scope) if found.exact else found
        entries = list(found) if isinstance(found, Iterable) else [found]
        if not entries:
            raise ValueError(f"route '{self.how}' compared nothing")
        if all(isinstance(entry, bool | np.bool_) for entry in entries):
            if self.kind == Kind.SYMBOLIC:
                return exactly(all(entries), self.detail or self.how, scope=self.scope)
            return Finding(float(entries.count(False)), 0.0, self.detail, scope=self.scope)
        largest = worst(abs(entry) for entry in entries)
        return Finding(largest, self.tolerance, self.detail, scope=self.scope, because=self.because)

    def given(self, *, how: str = "", detail: str = "", **options: Any) -> Route:
        """The route with options of its computation filled in."""
        changed: dict[str, Any] = {
            name: text for name, text in (("how", how), ("detail", detail)) if text
        }
        return replace(self, compute=partial(self.compute, **options), **changed)

    @property
    def uses(self) -> tuple[str, ...]:
        """Folders of `sim` and `theory` that the computation's own code refers to."""
        return rooms_used(self.compute)

    @property
    def place(self) -> str:
        """``file:line`` of the computation."""
        return place(self.compute)


def _decorator(kind: Kind) -> Callable[..., Decorator]:
    def route(
        how: str, tolerance: float = 0.0, detail: str = "", *, scope: str = "", because: str = ""
    ) -> Decorator:
        return lambda compute: Route(kind, how, compute, tolerance, detail, scope, because)

    route.__doc__ = f"Make a function of the statement's value a route by {kind}; see `Route`."
    return route


symbolic = _decorator(Kind.SYMBOLIC)
enumeration = _decorator(Kind.ENUMERATION)
spectral = _decorator(Kind.SPECTRAL)
quadrature = _decorator(Kind.QUADRATURE)
simulation = _decorator(Kind.SIMULATION)
intervention = _decorator(Kind.INTERVENTION)
attention = _decorator(Kind.ATTENTION)
replication = _decorator(Kind.REPLICATION)
