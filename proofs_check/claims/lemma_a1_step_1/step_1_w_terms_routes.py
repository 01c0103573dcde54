"""Lines of (A.19)-(A.25) as data, and the routes that run them.

A line is a sum of terms, each a coefficient times probabilities of the states at the times
s <= t' <= p < p + 1, written as joint events, conditional ones or elements of powers of P.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, product
from typing import Any, NamedTuple

import sympy as sp

from proofs_check.claims.lemma_a1_step_1 import step_1_w_routes as on
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import Chain, c, k, p, s, t, t1
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.normal import vanishes

P_mi = sp.Symbol("P_mi")
TIMES = ("s", "t'", "p", "p+1")
NEXT = "x_{p+1}"  # the state at p + 1, summed over


class Joint(NamedTuple):
    """P[x_time = state, ...] for pairs (time, state)."""

    event: tuple[tuple[str, str], ...]


class Given(NamedTuple):
    """P[x_time = state | x_earlier = state]."""

    event: tuple[str, str]
    earlier: tuple[str, str]


class Power(NamedTuple):
    """(P^exponent)[row, column]."""

    row: str
    column: str
    exponent: sp.Expr


class Start(NamedTuple):
    """pi[state]."""

    state: str


class Term(NamedTuple):
    """coefficient * product of factors, summed over i if `over_i`."""

    coefficient: sp.Expr
    factors: tuple[Joint | Given | Power | Start, ...]
    over_i: bool = True


Line = tuple[Term, ...]
Names = dict[str, int]
Times = dict[str, Any]


def joint(chain: Chain, states: dict[str, int], times: Times) -> sp.Expr:
    """Probability of states at some of the times, by the Markov property."""
    order = [time for time in TIMES if time in states]
    out = chain.pi[states[order[0]]]
    for before, after in pairwise(order):
        gap = chain.power(times[after] - times[before])
        out *= gap[states[before], states[after]]
    return out


def _factor(chain: Chain, factor: Any, names: Names, times: Times) -> sp.Expr:
    if isinstance(factor, Joint):
        if any(state == NEXT for _, state in factor.event):
            return sum(
                joint(chain, _states(factor.event, names | {NEXT: n}) | {"p+1": n}, times)
                for n in range(chain.k)
            )
        return joint(chain, _states(factor.event, names), times)
    if isinstance(factor, Given):
        both = joint(chain, _states((factor.event, factor.earlier), names), times)
        return sp.cancel(both / joint(chain, _states((factor.earlier,), names), times))
    if isinstance(factor, Power):
        exponent = factor.exponent.subs({p: times["p"], t1: times["t'"], s: times["s"]})
        power = chain.power(int(exponent) if exponent.is_Integer else exponent)
        return power[names[factor.row], names[factor.column]]
    return chain.pi[names[factor.state]]


def _states(event: Iterable[tuple[str, str]], names: Names) -> dict[str, int]:
    return {time: names[state] for time, state in event}


def line_value(line: Line, chain: Chain, names: Names, times: Times, known: dict) -> sp.Expr:
    """A line's summand for one (s, t', p)."""
    out = sp.Integer(0)
    for term in line:
        for i in range(chain.k) if term.over_i else (None,):
            here = names if i is None else names | {"i": i}
            step = {P_mi: chain.power(1)[here["m"], i]} if i is not None else {}
            value = term.coefficient.subs(known | step)
            for factor in term.factors:
                value *= _factor(chain, factor, here, times)
            out += value
    return out


SYMBOLS: Times = {"s": s, "t'": t1, "p": p, "p+1": p + 1}


def line_symbolic(line: Line) -> Finding:
    """Term by term, for symbolic gaps p - t' and t' - s and a symbolic chain."""
    holds = all(
        vanishes(
            line_value(line, on.SYMBOLIC, {"m": m, "l": l}, SYMBOLS, {k: 2})
            - c / t * on.pair_mean(m, l)
        )
        for m, l in on.PAIRS  # noqa: E741
    )
    return exactly(holds, "k = 2: the summand for all gaps p - t', t' - s and every chain")


def _chains() -> tuple[tuple[Chain, int], ...]:
    return ((on.at(*on.POINTS[0]), 4), (on.at(*on.POINTS[1]), 3), (on.three_states(), 3))


def line_enumerated(line: Line) -> Finding:
    """Summed over (p, t', s) against the hinge loss differentiated by brute force."""
    wrong = checked = 0
    for chain, T in _chains():
        truth = on.gradient(chain, T)
        for m, l in product(range(chain.k), repeat=2):  # noqa: E741
            found = sp.Integer(0)
            for last, here, early in on.triples(T):
                times = {"s": early, "t'": here, "p": last, "p+1": last + 1}
                known = {c: on.INIT, t: T, k: chain.k}
                found += line_value(line, chain, {"m": m, "l": l}, times, known)
            wrong += sp.cancel(found - truth[m, l]) != 0
            checked += 1
    return Finding(
        wrong, 0.0, f"{checked} entries in rational arithmetic: k = 2, T = 3, 4 and k = 3, T = 3"
    )


# (A.19), (A.20): one logit, so i or x_{p+1} is the logit's state and p is fixed


def logit_symbolic(line: Line, next_token: bool) -> Finding:
    """The mean of 1{x_t' = logit} 1{x_s = l} 1{x_p = m} from the joint law of four states."""
    holds = True
    for m, l, i in product(range(2), repeat=3):  # noqa: E741
        names = {"m": m, "l": l, "i": i}
        derived = sum(
            joint(on.SYMBOLIC, dict(zip(TIMES, states, strict=True)), SYMBOLS)
            for states in product(range(2), repeat=4)
            if states[0] == l and states[2] == m and states[1] == (states[3] if next_token else i)
        )
        holds &= vanishes(line_value(line, on.SYMBOLIC, names, SYMBOLS, {}) - c * derived)
    return exactly(holds, "k = 2: the summand for all gaps p - t', t' - s and every chain")


def logit_enumerated(line: Line, next_token: bool) -> Finding:
    """Means of the logits' slopes over all sequences, (A.10) taken literally, every p and i."""
    wrong = checked = 0
    for chain, T in _chains():
        for m, l in product(range(chain.k), repeat=2):  # noqa: E741
            W = tuple(tuple(int((m, l) == e) for e in _row(x, chain.k)) for x in range(chain.k))
            slope = {x: on.logits(x, W, on.INIT) for x in product(range(chain.k), repeat=T + 1)}
            for last, i in product(range(1, T + 1), range(chain.k)):
                mean = sum(
                    on.chance(chain, x) * f[last - 1][x[last] if next_token else i]
                    for x, f in slope.items()
                )
                found = sum(
                    line_value(
                        line, chain, {"m": m, "l": l, "i": i},
                        {"s": early, "t'": here, "p": last, "p+1": last + 1}, {c: on.INIT},
                    )
                    for at, here, early in on.triples(T) if at == last
                )  # fmt: skip
                wrong += sp.cancel(found - mean) != 0
                checked += 1
    return Finding(wrong, 0.0, f"{checked} slopes in rational arithmetic, k = 2 and 3")


def _row(x: int, size: int) -> list[tuple[int, int]]:
    return [(x, column) for column in range(size)]
