"""The `Claim` class: a statement, its correction if any, wrong values, and routes to check it.

A claim carries its statement as data, and each of its routes is a computation that takes such data
and finds out how far it is from true. No verdict is stored: it follows from the findings.

Typically a claim is written with one of three functions that name the verdict it expects::

    proved("A.32", 20, "leading diagonal constant of the first step of W",
           r"E[...]=\\frac{\\ln256-5}{12}", (LOG256 - 5) / 12,
           exact_constant, by_quadrature, wrong=[(LOG256 + 5) / 12])
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from proofs_check.ledger.route import Kind, Route
from proofs_check.ledger.uses import located


class Verdict(StrEnum):
    """What the evidence says of a printed statement."""

    PROVED = "proved"
    SUPPORTED = "supported"
    MEASURED = "measured"
    CORRECTED = "corrected"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Statement:
    """A statement twice: as LaTeX for the reader, and as the data the routes are run on."""

    latex: str
    value: Any = None


@dataclass(frozen=True)
class Claim:
    """An entry of the ledger before it has been judged.

    Attributes
    ----------
    id : str
        The paper's own number, or ``x-...`` for what goes beyond it.
    source : str
        Where it is printed.
    title : str
        In a few words.
    printed : Statement
    routes : tuple of Route
        At least two kinds, or the verdict is undecided.
    expected : Verdict
        What the ledger says; `verify` fails when the evidence says something else.
    corrected : Statement, optional
        The true statement, when the printed one is false; it is run on the same routes.
    wrong : tuple
        At least one. Values that a slip could have led to (another sign, factor, index or
        exponent). Every route has to reject every one of them: the tests see to it.
    assumptions : tuple of str
    depends_on : tuple of str
        Ids of claims this one rests on.
    note : str
        Why it fails as printed, or what to keep in mind.
    also : mapping of str to str
        Other numbers under which the same statement is printed, and where. It is one claim.
    records : tuple of str
        Experiments by whose recorded runs it is judged, if it is about training.
    place : str
        ``file:line`` where it is written.
    """

    id: str
    source: str
    title: str
    printed: Statement
    routes: tuple[Route, ...]
    expected: Verdict
    corrected: Statement | None = None
    wrong: tuple[Any, ...] = ()
    assumptions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    note: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    place: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Its id, and the other numbers of the same statement."""
        return (self.id, *self.also)

    @property
    def standing(self) -> Statement:
        """The statement that is expected to be true: the corrected one if there is one."""
        return self.corrected or self.printed


def proved(
    id: str, source: int | str, title: str, latex: str, value: Any, *routes: Route, **more: Any
) -> Claim:
    """A claim whose statement is exactly true.

    Parameters
    ----------
    id : str
        As for `Claim`, and so for what is not explained here.
    source : int or str
        A page of the paper, which stands for ``(id), p. 20``; or where it is printed.
    title, latex : str
    value
        The statement as data, handed to every route.
    *routes : Route
        Of two kinds or more. One has to be symbolic and without a scope.
    **more
        ``wrong`` (required), ``assume`` (assumptions), ``needs`` (ids it depends on), ``note``,
        ``records``, ``also`` (other numbers of the same statement, with their page).
    """
    return _claim(id, source, title, Statement(latex, value), routes, Verdict.PROVED, **more)


def supported(
    id: str, source: int | str, title: str, latex: str, value: Any, *routes: Route, **more: Any
) -> Claim:
    """A claim for which numbers agree on independent routes; parameters as for `proved`."""
    return _claim(id, source, title, Statement(latex, value), routes, Verdict.SUPPORTED, **more)


def measured(
    id: str, source: int | str, title: str, latex: str, value: Any, *routes: Route, **more: Any
) -> Claim:
    """A claim about what training does, read off runs; parameters as for `proved`.

    Its routes may share the code that trains, but runs on which they judge have other seeds than
    those from which the value was read.
    """
    return _claim(id, source, title, Statement(latex, value), routes, Verdict.MEASURED, **more)


def corrected(
    id: str,
    source: int | str,
    title: str,
    printed: tuple[str, Any],
    true: tuple[str, Any],
    *routes: Route,
    **more: Any,
) -> Claim:
    """A claim that is false as printed, with the true statement.

    Parameters
    ----------
    id, source, title, *routes, **more
        As for `proved`.
    printed, true : (str, value)
        LaTeX and value of the printed and of the corrected statement.
    """
    return _claim(
        id, source, title, Statement(*printed), routes, Verdict.CORRECTED,
        corrected=Statement(*true), **more,
    )  # fmt: skip


def _claim(
    id: str,
    source: int | str,
    title: str,
    printed: Statement,
    routes: Sequence[Route],
    expected: Verdict,
    *,
    corrected: Statement | None = None,
    wrong: Sequence[Any] = (),
    assume: Sequence[str] = (),
    needs: Sequence[str] = (),
    note: str = "",
    also: Mapping[str, int | str] | None = None,
    records: str | Sequence[str] = (),
) -> Claim:
    """The claim, with the place from which `proved`, `supported` or `corrected` was called."""
    caller = sys._getframe(2)
    for route in routes:
        if not isinstance(route, Route):
            raise TypeError(
                f"a route of claim {id} must be a Route (see the decorators), got {route!r}"
            )
    claim = Claim(
        id=id,
        source=_printed(id, source),
        title=title,
        printed=printed,
        routes=tuple(routes),
        expected=expected,
        corrected=corrected,
        wrong=tuple(wrong),
        assumptions=(assume,) if isinstance(assume, str) else tuple(assume),
        depends_on=(needs,) if isinstance(needs, str) else tuple(needs),
        note=note,
        also={other: _printed(other, where) for other, where in (also or {}).items()},
        records=(records,) if isinstance(records, str) else tuple(records),
        place=located(caller.f_code.co_filename, caller.f_lineno),
    )
    _refuse_weak(claim)
    return claim


def _refuse_weak(claim: Claim) -> None:
    """Refuse what can be seen to be weak without running it; `weaknesses` looks further."""
    kinds = sorted({str(route.kind) for route in claim.routes})
    if len(kinds) < 2:
        raise ValueError(
            f"routes of claim {claim.id} must be of two kinds or more, got {', '.join(kinds) or 0}"
        )
    if not claim.wrong:
        raise ValueError(f"wrong of claim {claim.id} must hold values to be rejected, got none")
    if claim.expected == Verdict.PROVED and not any(
        route.kind == Kind.SYMBOLIC and not route.scope for route in claim.routes
    ):
        raise ValueError(
            f"routes of claim {claim.id} must hold a symbolic one without a scope to prove it"
        )


def _printed(id: str, source: int | str) -> str:
    """Where a statement is printed: a page stands for ``(id), p. 20``."""
    return f"({id}), p. {source}" if isinstance(source, int) else source
