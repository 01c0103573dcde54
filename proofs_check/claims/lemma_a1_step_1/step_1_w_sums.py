"""The triple sums (A), (B), (C), (D) of (A.24), worked out on pp. 18-19, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1.step_1_w import beta_im, beta_li, gamma_im, gamma_li
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.exact_chains import at, triples
from proofs_check.methods.symbols import lam, p, s, t, t1
from proofs_check.methods.triple_sums import TRIPLE, total

x = 1 / lam


class Sums(NamedTuple):
    """A line: the term it is of, and factor * (sum of `summand` over the outer `depth` indices)."""

    term: str
    depth: int
    factor: sp.Expr
    summand: sp.Expr


# what is summed over 1 <= s <= t' <= p <= t, by (A.24)
SUMMAND = {
    "A": (beta_im * beta_li, lam ** (p - s)),
    "B": (beta_im * gamma_li, lam ** (p - t1)),
    "C": (beta_li * gamma_im, lam ** (t1 - s)),
    "D": (gamma_im * gamma_li, sp.Integer(1)),
}
A, B, C, D = (factor for factor, _ in SUMMAND.values())
# (I)-(IV) of (A.25): the last lines without their factors
I = ((lam - (t + 1) * lam ** (t + 1) + t * lam ** (t + 2)) / (1 - lam) ** 2  # noqa: E741
     - (1 - lam**t) / ((1 - x) * (1 - lam)) + t / (lam - 1))  # fmt: skip
II = lam**2 * (1 - lam**t) / (1 - lam) - lam * t * (t + 3) / 2 + t * (t + 1) / 2
III = t * lam / (1 - lam) - (lam**2 - lam ** (t + 2)) / (1 - lam) ** 2 - t * (t + 1) / 2
IV = t * (t + 1) * (t + 2) / 6

# by id: the line, its LaTeX and its value; line 1 of each is the definition
LINES: dict[str, tuple[int, str, Sums]] = {
    "A.24-A-line-2": (2, r"\beta_{im}\beta_{li}\sum\sum\sum\lambda^{p-s}",
        Sums("A", 3, A, lam ** (p - s))),
    "A.24-A-line-3": (3,
        r"\beta_{im}\beta_{li}\sum_p\sum_{t'}\frac{\lambda^{p-1}-\lambda^{p-t'-1}}{1-\lambda^{-1}}",
        Sums("A", 2, A, (lam ** (p - 1) - lam ** (p - t1 - 1)) / (1 - x))),
    "A.24-A-line-4": (4,
        r"\frac{\beta_{im}\beta_{li}}{1-\lambda^{-1}}"
        r"\sum_p\left(p\lambda^{p-1}-\frac{\lambda^{p-2}-\lambda^{-2}}{1-\lambda^{-1}}\right)",
        Sums("A", 1, A / (1 - x), p * lam ** (p - 1) - (lam ** (p - 2) - x**2) / (1 - x))),
    "A.24-A-line-5": (5,
        r"\frac{\beta_{im}\beta_{li}}{1-\lambda^{-1}}"
        r"\left(\frac{1-(t+1)\lambda^t+t\lambda^{t+1}}{(1-\lambda)^2}-\frac{\lambda^{-1}-"
        r"\lambda^{t-1}}{(1-\lambda^{-1})(1-\lambda)}+t\frac{\lambda^{-2}}{1-\lambda^{-1}}\right)",
        Sums("A", 0, A / (1 - x),
             (1 - (t + 1) * lam**t + t * lam ** (t + 1)) / (1 - lam) ** 2 - (x - lam ** (t - 1))
             / ((1 - x) * (1 - lam)) + t * x**2 / (1 - x))),
    "A.24-A": (6,
        r"\frac{\beta_{im}\beta_{li}}{\lambda-1}"
        r"\left(\frac{\lambda-(t+1)\lambda^{t+1}+t\lambda^{t+2}}{(1-\lambda)^2}-"
        r"\frac{1-\lambda^t}{(1-\lambda^{-1})(1-\lambda)}+t\frac1{\lambda-1}\right)",
        Sums("A", 0, A / (lam - 1), I)),
    "A.24-B-line-2": (2, r"\beta_{im}\gamma_{li}\sum\sum\sum\lambda^{p-t'}",
        Sums("B", 3, B, lam ** (p - t1))),
    "A.24-B-line-3": (3, r"\beta_{im}\gamma_{li}\sum_p\sum_{t'}t'\lambda^{p-t'}",
        Sums("B", 2, B, t1 * lam ** (p - t1))),
    "A.24-B-line-4": (4,
        r"\beta_{im}\gamma_{li}"
        r"\sum_p\lambda^{p-1}\frac{1-(p+1)\lambda^{-p}+p\lambda^{-p-1}}{(1-\lambda^{-1})^2}",
        Sums("B", 1, B,
             lam ** (p - 1) * (1 - (p + 1) * lam ** (-p) + p * lam ** (-p - 1)) / (1 - x) ** 2)),
    "A.24-B-line-5": (5,
        r"\beta_{im}\gamma_{li}"
        r"\sum_p\frac{\lambda^{p-1}-(p+1)\lambda^{-1}+p\lambda^{-2}}{(1-\lambda^{-1})^2}",
        Sums("B", 1, B, (lam ** (p - 1) - (p + 1) * x + p * x**2) / (1 - x) ** 2)),
    "A.24-B-line-6": (6,
        r"\frac{\beta_{im}\gamma_{li}}{(1-\lambda^{-1})^2}\left(\frac{1-\lambda^t}{1-\lambda}-"
        r"\lambda^{-1}\frac{t(t+3)}2+\lambda^{-2}\frac{t(t+1)}2\right)",
        Sums("B", 0, B / (1 - x) ** 2,
             (1 - lam**t) / (1 - lam) - x * t * (t + 3) / 2 + x**2 * t * (t + 1) / 2)),
    "A.24-B": (7,
        r"\frac{\beta_{im}\gamma_{li}}{(\lambda-1)^2}"
        r"\left(\lambda^2\frac{1-\lambda^t}{1-\lambda}-\lambda\frac{t(t+3)}2+\frac{t(t+1)}2\right)",
        Sums("B", 0, B / (lam - 1) ** 2, II)),
    "A.24-C-line-2": (2, r"\beta_{li}\gamma_{im}\sum\sum\sum\lambda^{t'-s}",
        Sums("C", 3, C, lam ** (t1 - s))),
    "A.24-C-line-3": (3,
        r"\beta_{li}\gamma_{im}\sum_p\sum_{t'}\frac{\lambda^{t'-1}-\lambda^{-1}}{1-\lambda^{-1}}",
        Sums("C", 2, C, (lam ** (t1 - 1) - x) / (1 - x))),
    "A.24-C-line-4": (4,
        r"\frac{\beta_{li}\gamma_{im}}{1-\lambda^{-1}}"
        r"\sum_p\left(\frac{1-\lambda^p}{1-\lambda}-\lambda^{-1}p\right)",
        Sums("C", 1, C / (1 - x), (1 - lam**p) / (1 - lam) - x * p)),
    "A.24-C-line-5": (5,
        r"\frac{\beta_{li}\gamma_{im}}{1-\lambda^{-1}}\left(\frac t{1-\lambda}-"
        r"\frac{\lambda-\lambda^{t+1}}{(1-\lambda)^2}-\lambda^{-1}\frac{t(t+1)}2\right)",
        Sums("C", 0, C / (1 - x),
             t / (1 - lam) - (lam - lam ** (t + 1)) / (1 - lam) ** 2 - x * t * (t + 1) / 2)),
    "A.24-C": (6,
        r"\frac{\beta_{li}\gamma_{im}}{\lambda-1}\left(t\frac"
        r"\lambda{1-\lambda}-\frac{\lambda^2-\lambda^{t+2}}{(1-\lambda)^2}-\frac{t(t+1)}2\right)",
        Sums("C", 0, C / (lam - 1), III)),
    "A.24-D": (2, r"\gamma_{im}\gamma_{li}\frac{t(t+1)(t+2)}6", Sums("D", 0, D, IV)),
}  # fmt: skip


@cache
def _definition(term: str) -> sp.Expr:
    factor, summand = SUMMAND[term]
    return factor * total(summand)


@ledger.symbolic("geometric sums in closed form, any t", detail="symbolic t and lambda")
def in_closed_form(value: Sums) -> bool:
    closed = value.factor * total(value.summand, TRIPLE[3 - value.depth :])
    return vanishes(closed - _definition(value.term))


def _terms(summand: sp.Expr, number: sp.Expr, T: int, depth: int) -> sp.Expr:
    """The sum of a summand over the outer `depth` of the indices p, t', s, at one lambda."""
    here = summand.subs({lam: number, t: T})
    distinct = {triple[:depth] for triple in triples(T)}
    return sum(here.subs(at(times)) for times in distinct)


@cache
def _defined(term: str, number: sp.Expr, T: int) -> sp.Expr:
    factor, summand = SUMMAND[term]
    return factor * _terms(summand, number, T, 3)


@ledger.enumeration("the triple sum term by term", detail="lambda = 1/3, -1/2, T = 1..5, rationals")
def term_by_term(value: Sums) -> Iterator[bool]:
    """At rational lambda; beta and gamma stay symbols."""
    for number in (sp.Rational(1, 3), sp.Rational(-1, 2)):
        for T in range(1, 6):
            found = value.factor.subs(lam, number) * _terms(value.summand, number, T, value.depth)
            yield sp.expand(found - _defined(value.term, number, T)) == 0


def _slips(value: Sums) -> list[Sums]:
    """The sign of the whole, of each part of the summand in turn, and another power of lambda."""
    flipped = [value.summand - 2 * part for part in sp.Add.make_args(value.summand)]
    wrong = [value._replace(summand=summand) for summand in (value.summand * lam, *flipped)]
    return [value._replace(factor=-value.factor), *wrong]


CLAIMS = tuple(
    ledger.proved(id,
        f"({value.term}) below (A.24), line {line}, p. {19 if value.term == 'D' else 18}",
        f"triple sum ({value.term}) of (A.24), " + (f"line {line}" if "line" in id else "result"),
        f"({value.term})={latex}", value, in_closed_form, term_by_term, wrong=_slips(value),
        assume="lambda not 0 or 1")
    for id, (line, latex, value) in LINES.items()
)  # fmt: skip
