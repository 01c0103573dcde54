"""Lemma A.1, first step of W in closed form for one chain: (A.25) and (A.27)-(A.30)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1.step_1_w import (
    FLAT,
    SETTING,
    TWO,
    beta_im,
    beta_li,
    gamma_im,
    gamma_li,
    pi_l,
    pi_m,
)
from proofs_check.claims.lemma_a1_step_1.step_1_w_sums import II, III, IV, SUMMAND, I
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import exact_chains
from proofs_check.methods.exact_chains import SYMBOLIC, Chain, gradient
from proofs_check.methods.exact_model import INIT
from proofs_check.methods.symbols import BETA, GAMMA, HALF, PI, Entry, P, a, b, c, entries, lam, t
from proofs_check.methods.triple_sums import symbolic_gradient, total

# (A.25): b1m stands for beta_1m and so on
b1m, b2m, bl1, bl2 = sp.symbols("beta_1m beta_2m beta_l1 beta_l2")
g1m, g2m, gl1, gl2, P_m1 = sp.symbols("gamma_1m gamma_2m gamma_l1 gamma_l2 P_m1")


@ledger.reading("puts the elements that (A.23) prints in place of their letters")
def elements(expression: sp.Expr, entry: Entry) -> sp.Expr:
    """An expression in the elements of (A.23), in a, b and lambda, for one entry of W."""
    m, l = entry  # noqa: E741
    printed = {
        b1m: BETA[0, m], b2m: BETA[1, m], bl1: BETA[l, 0], bl2: BETA[l, 1],
        g1m: GAMMA[0, m], g2m: GAMMA[1, m], gl1: GAMMA[l, 0], gl2: GAMMA[l, 1],
        pi_m: PI[m], pi_l: PI[l], P_m1: P[m, 0],
    }  # fmt: skip
    return expression.subs(printed)


@ledger.reading("puts the elements of one chain in place of their letters")
def filled(expression: sp.Expr, chain: Chain, entry: Entry) -> sp.Expr:
    """An expression in the elements of (A.23), for one entry of W and one chain."""
    return elements(expression, entry).subs(exact_chains.letters(chain))


Entries = dict[Entry, sp.Expr]  # -dE[L|P]/dW_ml by entry


@ledger.reading("the left-hand side of (I)-(IV), as printed")
def _weight(term: str, chain: Chain, entry: Entry) -> sp.Expr:
    """Sum over i of P_mi - 1/2 times the factor of a triple sum (A)-(D)."""
    m, l = entry  # noqa: E741
    factors = (
        (P[m, i] - HALF) * SUMMAND[term][0].subs({
            beta_im: BETA[i, m], beta_li: BETA[l, i], gamma_im: GAMMA[i, m], gamma_li: GAMMA[l, i]})
        for i in range(2)
    )  # fmt: skip
    return sum(factors).subs(exact_chains.letters(chain))


@ledger.symbolic("triple sum of the joint law in closed form", detail="symbolic t and every chain")
def in_closed_form(value: Entries, term: str = "") -> Iterator[bool]:
    """Against the gradient, or against one of the triple sums that it is made of."""
    for entry, found in value.items():
        truth = symbolic_gradient(entry)
        if term:
            truth = _weight(term, SYMBOLIC, entry) * total(SUMMAND[term][1])
        yield vanishes(filled(found, SYMBOLIC, entry) - truth)


@ledger.enumeration("hinge loss of all sequences, differentiated",
                    detail="t = 1..6, two chains, rationals")  # fmt: skip
def term_by_term(value: Entries, term: str = "") -> Iterator[bool]:
    """Against the gradient by brute force, or against a triple sum added up."""
    for chain, (entry, found) in product(exact_chains.CHAINS, value.items()):
        here = filled(found, chain, entry).subs(c, INIT)
        for T in range(1, 7):
            truth = _added(term, chain, entry, T) if term else gradient(chain, T)[entry]
            yield sp.cancel(here.subs(t, T) - truth) == 0


def _added(term: str, chain: Chain, entry: Entry, T: int) -> sp.Expr:
    summand = SUMMAND[term][1].subs(exact_chains.letters(chain))
    sums = sum(summand.subs(exact_chains.at(triple)) for triple in exact_chains.triples(T))
    return _weight(term, chain, entry) * sums


def _part(term: str) -> tuple[ledger.Route, ledger.Route]:
    return (in_closed_form.given(term=term, how="the triple sum in closed form"),
            term_by_term.given(term=term, how="the triple sum term by term"))  # fmt: skip


BRACKET = {
    "I": (b1m * bl1 - b2m * bl2) / (lam - 1) * I,
    "II": (b1m * gl1 - b2m * gl2) / (lam - 1) ** 2 * II,
    "III": (bl1 * g1m - bl2 * g2m) / (lam - 1) * III,
    "IV": (g1m * gl1 - g2m * gl2) * IV,
}
LATEX = {
    "I": r"\frac{\beta_{1m}\beta_{l1}-\beta_{2m}\beta_{l2}}{\lambda-1}(I)",
    "II": r"\frac{\beta_{1m}\gamma_{l1}-\beta_{2m}\gamma_{l2}}{(\lambda-1)^2}(II)",
    "III": r"\frac{\beta_{l1}\gamma_{1m}-\beta_{l2}\gamma_{2m}}{\lambda-1}(III)",
    "IV": r"(\gamma_{1m}\gamma_{l1}-\gamma_{2m}\gamma_{l2})(IV)",
}


def _weighted(bracket: sp.Expr, prefactor: Any = 1) -> Entries:
    """A bracket of (A.25) as it stands there, for every entry of W."""
    return dict.fromkeys(entries(2), prefactor * (P_m1 - HALF) * bracket)


def _whole(brackets: dict[str, sp.Expr], power: int = 2) -> Entries:
    return _weighted(sum(brackets.values()), c * pi_l / (t * (lam - 1) ** power))


ON_CASES: dict[str, Any] = {
    "assume": (*FLAT, TWO[1]), "needs": ("A.25", "A.26"),
    "note": "What is averaged is checked for every chain; the update itself is (A.26).",
}  # fmt: skip


# (A.27)-(A.30): what is averaged, in a, b and lambda
def _case(factor: sp.Expr, one: sp.Expr, two: sp.Expr, three: sp.Expr, four: sp.Expr) -> sp.Expr:
    inner = one / (lam - 1) * I + two / (lam - 1) ** 2 * II + three / (lam - 1) * III + four * IV
    return c / t * factor / (lam - 1) ** 3 * inner


TWICE = 2 * (a - 1) * (b - 1)
CASES = {
    (0, 0): _case((b - 1) * (a - HALF), (a - 1) * (a - b), TWICE, TWICE, (b - 1) * (b - a)),
    (0, 1): _case((a - 1) * (a - HALF), (1 - b) * (a - b), TWICE, -2 * (b - 1) ** 2,
                  (b - 1) * (b - a)),
    (1, 0): _case((b - 1) * (HALF - b), (1 - a) * (a - b), -TWICE, 2 * (a - 1) ** 2,
                  (a - 1) * (b - a)),
    (1, 1): _case((a - 1) * (HALF - b), (b - 1) * (a - b), -TWICE, -TWICE, (a - 1) * (b - a)),
}  # fmt: skip


def _slips(entry: Entry, old: sp.Expr, new: sp.Expr) -> list[Entries]:
    """A changed sign in one case, and the case before it in its place."""
    before = list(CASES)[list(CASES).index(entry) - 1]
    return [{entry: CASES[entry].xreplace({old: new})}, {entry: CASES[before]}]


GRADIENT = (
    ledger.proved("A.25", 19, "gradient in W for one chain, summed in closed form",
        r"-\nabla_WE[L|P]=\frac{c\pi_l(P_{m1}-\frac12)}{t(\lambda-1)^2}\left["
        + "+".join(LATEX.values()) + r"\right]", _whole(BRACKET), in_closed_form, term_by_term,
        wrong=[*(_whole(BRACKET | {name: -BRACKET[name]}) for name in BRACKET), _whole(BRACKET, 1)],
        assume=SETTING + TWO, needs=("A.24-line-2", "A.25-I", "A.25-II", "A.25-III", "A.25-IV"),
        note="The sum over i folds because P_m2 - 1/2 = -(P_m1 - 1/2). The inner (A)-(D) carry the "
        "factors beta and gamma, (I)-(IV) do not."),
    ledger.proved("A.25-I", "(A.25), p. 19, term (I)",
        "term (I): triple sum (A) weighed and summed over i",
        r"\sum_i(P_{mi}-\tfrac12)(A)_i=(P_{m1}-\tfrac12)" + LATEX["I"],
        _weighted(BRACKET["I"]), *_part("A"), wrong=[_weighted(-BRACKET["I"])], assume=TWO,
        needs="A.24-A"),
    ledger.proved("A.25-II", "(A.25), p. 19, term (II)",
        "term (II): triple sum (B) weighed and summed over i",
        r"\sum_i(P_{mi}-\tfrac12)(B)_i=(P_{m1}-\tfrac12)" + LATEX["II"],
        _weighted(BRACKET["II"]), *_part("B"), wrong=[_weighted(-BRACKET["II"])], assume=TWO,
        needs="A.24-B"),
    ledger.proved("A.25-III", "(A.25), p. 19, term (III)",
        "term (III): triple sum (C) weighed and summed over i",
        r"\sum_i(P_{mi}-\tfrac12)(C)_i=(P_{m1}-\tfrac12)" + LATEX["III"],
        _weighted(BRACKET["III"]), *_part("C"),
        wrong=[_weighted(-BRACKET["III"]), _weighted(BRACKET["II"])], assume=TWO, needs="A.24-C"),
    ledger.proved("A.25-IV", "(A.25), p. 19, term (IV)",
        "term (IV): triple sum (D) weighed and summed over i",
        r"\sum_i(P_{mi}-\tfrac12)(D)_i=(P_{m1}-\tfrac12)" + LATEX["IV"],
        _weighted(BRACKET["IV"]), *_part("D"), wrong=[_weighted(-BRACKET["IV"])], assume=TWO,
        needs="A.24-D"),
)  # fmt: skip
ENTRIES = (
    ledger.proved("A.27", 19, "first step of W, entry 1, 1",
        r"W^{(1)}_{1,1}=c+\frac{\eta c}tE_{a,b}\left[\frac{(b-1)(a-\frac12)}{(\lambda-1)^3}"
        r"\left[\frac{(a-1)(a-b)}{\lambda-1}(I)+\frac{2(a-1)(b-1)}{(\lambda-1)^2}(II)+"
        r"\frac{2(a-1)(b-1)}{\lambda-1}(III)+(b-1)(b-a)(IV)\right]\right]",
        {(0, 0): CASES[0, 0]}, in_closed_form, term_by_term,
        wrong=_slips((0, 0), a - HALF, a + HALF), **ON_CASES),
    ledger.proved("A.28", 19, "first step of W, entry 1, 2",
        r"W^{(1)}_{1,2}=c+\frac{\eta c}tE_{a,b}\left[\frac{(a-1)(a-\frac12)}{(\lambda-1)^3}"
        r"\left[\frac{(1-b)(a-b)}{\lambda-1}(I)+\frac{2(a-1)(b-1)}{(\lambda-1)^2}(II)-"
        r"\frac{2(b-1)^2}{\lambda-1}(III)+(b-1)(b-a)(IV)\right]\right]",
        {(0, 1): CASES[0, 1]}, in_closed_form, term_by_term, wrong=_slips((0, 1), a - 1, 1 - a),
        **ON_CASES),
    ledger.proved("A.29", 19, "first step of W, entry 2, 1",
        r"W^{(1)}_{2,1}=c+\frac{\eta c}tE_{a,b}\left[\frac{(b-1)(\frac12-b)}{(\lambda-1)^3}"
        r"\left[\frac{(1-a)(a-b)}{\lambda-1}(I)-\frac{2(a-1)(b-1)}{(\lambda-1)^2}(II)+"
        r"\frac{2(a-1)^2}{\lambda-1}(III)+(a-1)(b-a)(IV)\right]\right]",
        {(1, 0): CASES[1, 0]}, in_closed_form, term_by_term,
        wrong=_slips((1, 0), HALF - b, b - HALF), **ON_CASES),
    ledger.proved("A.30", 19, "first step of W, entry 2, 2",
        r"W^{(1)}_{2,2}=c+\frac{\eta c}tE_{a,b}\left[\frac{(a-1)(\frac12-b)}{(\lambda-1)^3}"
        r"\left[\frac{(b-1)(a-b)}{\lambda-1}(I)-\frac{2(a-1)(b-1)}{(\lambda-1)^2}(II)-"
        r"\frac{2(a-1)(b-1)}{\lambda-1}(III)+(a-1)(b-a)(IV)\right]\right]",
        {(1, 1): CASES[1, 1]}, in_closed_form, term_by_term, wrong=_slips((1, 1), b - 1, 1 - b),
        **ON_CASES),
)  # fmt: skip
