"""Lemma A.1, first step, gradient in W for one chain: (A.17)-(A.24), line by line.

A line of (A.19)-(A.24) is an expression in probabilities, powers of P and the like for given
states m, l, i and times s <= t' <= p < p + 1; `meanings` says what each symbol stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1 import step_1_w_powers
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import exact_chains
from proofs_check.methods.exact_chains import SYMBOLIC, Chain, joint, triples
from proofs_check.methods.exact_model import INIT, at_start, constant
from proofs_check.methods.symbols import HALF, Entry, c, entries, i, k, lam, p, s, t, t1

# (A.17), (A.18): expressions in the tokens x[1], ..., x[p]
x, W = sp.IndexedBase("x", integer=True), sp.IndexedBase("W")
m, l = sp.symbols("m l", integer=True)  # noqa: E741
delta = sp.KroneckerDelta
SLOPE = c * sp.Sum(delta(x[t1], i) * sp.Sum(delta(x[p], m) * delta(x[s], l), (s, 1, t1)),
                   (t1, 1, p))  # fmt: skip


@ledger.symbolic("derivative of (A.10) with symbolic tokens", 0.0, "symbolic p, tokens, m, l and i")
def slope_symbolic(value: sp.Expr) -> bool:
    f = c * sp.Sum(delta(x[t1], i) * sp.Sum(W[x[p], x[s]], (s, 1, t1)), (t1, 1, p))
    rename = {delta(m, x[p]): delta(x[p], m), delta(l, x[s]): delta(x[s], l)}
    return sp.expand(sp.diff(f, W[m, l]).xreplace(rename) - value) == 0


@ledger.enumeration("slopes of logits, all sequences", 0.0, "integers, k = 2, T = 3; k = 3, T = 2")
def slope_enumerated(value: sp.Expr) -> Iterator[bool]:
    for size, T in ((2, 3), (3, 2)):
        for last, state, entry in product(range(1, T + 1), range(size), entries(size)):
            known = {i: state, m: entry[0], l: entry[1], p: last, c: INIT}
            printed = value.subs(known).doit()
            for tokens in product(range(size), repeat=T + 1):
                found = printed.subs({x[r]: tokens[r - 1] for r in range(1, T + 1)}).doit()
                yield found == at_start(tokens, constant(size, 0, entry))[last - 1][state]


# (A.19)-(A.24)
THREE, FOUR = sp.Symbol("P[s=l, t'=i, p=m]"), sp.Symbol("P[s=l, t'=i, p=m, p+1=i]")
MATCH = sp.Symbol("P[s=l, t'=x_{p+1}, p=m]")
GIVEN_I, GIVEN_L = sp.Symbol("P[p=m | t'=i]"), sp.Symbol("P[t'=i | s=l]")
LATE, EARLY = sp.Symbol("(P^(p-t'))_im"), sp.Symbol("(P^(t'-s))_li")
P_mi, pi_m, pi_l = sp.symbols("P_mi pi_m pi_l")
beta_im, beta_li, gamma_im, gamma_li = sp.symbols("beta_im beta_li gamma_im gamma_li")
# what a slip could have written instead
SWAPPED, SHIFTED = sp.Symbol("P[s=m, t'=i, p=l]"), sp.Symbol("P[s=l, t'=i, p+1=m]")
REVERSED, BACKWARD = sp.Symbol("P[t'=i | p=m]"), sp.Symbol("(P^(p-t'))_mi")

Line = tuple[sp.Expr, sp.Expr]  # what is not summed over i, and what is
TRIPLE = (p, t1, s)


@ledger.reading("what the printed symbols mean: enumeration compares them with all sequences")
@cache
def meanings(chain: Chain, m: int, l: int, i: int, triple: Any) -> dict[sp.Symbol, sp.Expr]:  # noqa: E741
    """What the symbols of a line stand for, at one (p, t', s)."""

    def law(*states: int | None) -> sp.Expr:
        return joint(chain, states, triple)

    last, here, earlier = triple
    late, early = chain.power(last - here), chain.power(here - earlier)
    known = {
        THREE: law(l, i, m, None), FOUR: law(l, i, m, i),
        MATCH: sum(law(l, x, m, x) for x in range(chain.k)),
        SWAPPED: law(m, i, l, None), SHIFTED: law(l, i, None, m),
        GIVEN_I: law(None, i, m, None) / law(None, i, None, None),
        GIVEN_L: law(l, i, None, None) / law(l, None, None, None),
        REVERSED: law(None, i, m, None) / law(None, None, m, None),
        LATE: late[i, m], BACKWARD: late[m, i], EARLY: early[l, i], P_mi: chain.power(1)[m, i],
        pi_m: chain.pi[m], pi_l: chain.pi[l], k: sp.Integer(chain.k),
    }  # fmt: skip
    if chain.k == 2:  # the elements of (A.23), as printed
        beta, gamma, pi, P = exact_chains.printed_elements(chain)
        known |= {beta_im: beta[i, m], beta_li: beta[l, i], gamma_im: gamma[i, m]}
        known |= {gamma_li: gamma[l, i], pi_l: pi[l], P_mi: P[m, i]} | exact_chains.letters(chain)
    return known | {p: sp.sympify(last), t1: sp.sympify(here), s: sp.sympify(earlier)}


@ledger.reading("puts what the symbols of a line mean in their place")
def line_value(line: Line, chain: Chain, entry: Entry, triple: Any = TRIPLE) -> sp.Expr:
    """A line's summand at one (p, t', s)."""
    outside, inside = map(sp.sympify, line)
    known = [meanings(chain, *entry, state, triple) for state in range(chain.k)]
    return outside.xreplace(known[0]) + sum(inside.xreplace(each) for each in known)


# the share of one state i in the sums over states: by the Markov property a product
PASSES = pi_l * EARLY * LATE
SHARES = {THREE: PASSES, FOUR: PASSES * P_mi, MATCH: PASSES * P_mi, GIVEN_I: LATE, GIVEN_L: EARLY}
STATE_BY_STATE = "every chain on any number of states, times and i: a sum is right if its terms are"


@ledger.symbolic("the Markov property, state by state", detail=STATE_BY_STATE)
def line_by_state(line: Line) -> Iterator[bool]:
    """Against c / t P[x_s = l, x_t' = i, x_p = m] (P_mi - 1 / k)."""
    outside, inside = map(sp.sympify, line)
    # outside of the sum over i stands only what is itself one over the state of x_{p+1}
    yield sp.expand(outside - outside.coeff(MATCH) * MATCH) == 0
    yield sp.expand((outside + inside).xreplace(SHARES) - c / t * PASSES * (P_mi - 1 / k)) == 0


@ledger.symbolic("the Markov property, state by state", detail=STATE_BY_STATE)
def logit_by_state(value: sp.Expr, next_token: bool) -> bool:
    """Against the share of i in the mean of 1{x_t' = logit} 1{x_s = l} 1{x_p = m}."""
    share = PASSES * (P_mi if next_token else 1)
    return sp.expand(value.xreplace(SHARES) - c * share) == 0


# chains and lengths
CASES = tuple(zip((*exact_chains.CHAINS, exact_chains.THREE_STATES), (4, 3, 3), strict=True))
ALL_GAPS = "k = 2: the summand for all gaps p - t', t' - s and every chain"


@ledger.symbolic("summand for symbolic gaps, from the joint law", detail=ALL_GAPS)
def line_symbolic(line: Line) -> Iterator[bool]:
    for entry in entries(2):
        yield vanishes(line_value(line, SYMBOLIC, entry) - c / t * exact_chains.pair_mean(entry))


@ledger.enumeration("hinge loss of all sequences, differentiated",
                    detail="rationals: k = 2, T = 3, 4, and k = 3, T = 3 for lines of any "
                    "k")  # fmt: skip
def line_enumerated(line: Line, cases: Any = CASES) -> Iterator[bool]:
    for chain, T in cases:
        for entry, truth in exact_chains.gradient(chain, T).items():
            found = sum(line_value(line, chain, entry, triple) for triple in triples(T))
            yield sp.cancel(found.subs({c: INIT, t: T}) - truth) == 0


@ledger.enumeration("mean slope over all sequences", detail="every slope, rationals, k = 2 and 3")
def logit_enumerated(value: sp.Expr, next_token: bool) -> Iterator[bool]:
    """Means of the logits' slopes, (A.10) taken literally, every p and i."""
    for chain, T in CASES:
        weights = {e: exact_chains.chance(chain, e) for e in product(range(chain.k), repeat=T + 1)}
        for entry in entries(chain.k):
            slope = {e: at_start(e, constant(chain.k, 0, entry)) for e in weights}
            for at, state in product(range(1, T + 1), range(chain.k)):
                states = {e: e[at] if next_token else state for e in weights}
                mean = sum(weights[e] * f[at - 1][states[e]] for e, f in slope.items())
                here = [triple for triple in triples(T) if triple[0] == at]
                found = sum(value.xreplace(meanings(chain, *entry, state, x)) for x in here)
                yield sp.cancel(found.subs(c, INIT) - mean) == 0


LINE = (line_by_state, line_enumerated)
OF_LOGIT = (logit_by_state.given(next_token=False), logit_enumerated.given(next_token=False))
OF_TRUE_LOGIT = (logit_by_state.given(next_token=True), logit_enumerated.given(next_token=True))
POWERS_OF_LAMBDA = (line_symbolic, line_enumerated.given(cases=CASES[:2]))

SETTING = ("W = c 11^T, v = c 1, c > 0", "x_1 stationary, P[x_t = i] = pi_i at every t",
           "Delta above c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip
TWO = ("k = 2", "0 < a, b < 1, lambda not 0")
FLAT = ("k = 2, a and b uniform on (0, 1)", *SETTING)
ON_LOGIT: dict[str, Any] = {"assume": SETTING[:2]}
ON_21: dict[str, Any] = {
    "assume": SETTING,
    "note": "The element m, l is meant, which the left-hand side does not say.",
}
EXCESS = c / t * (P_mi - 1 / k)
SCALE = c / (t * (lam - 1) ** 2) * pi_l * (P_mi - HALF)
A24_LINE_1 = SCALE * (beta_im * lam ** (p - t1) + gamma_im) * (beta_li * lam ** (t1 - s) + gamma_li)
A24_LINE_2 = SCALE * (
    beta_im * beta_li * lam ** (p - s) + beta_im * gamma_li * lam ** (p - t1)
    + beta_li * gamma_im * lam ** (t1 - s) + gamma_im * gamma_li
)  # fmt: skip

CLAIMS = (
    ledger.proved("A.17", 16, "gradient of a logit in W, as a matrix and entry by entry",
        r"\nabla_Wf(e)_{p,i}=c\sum_{t'=1}^p\mathbb 1\{x_{t'}=i\}\sum_{s=1}^{t'}e_{x_p}e_{x_s}^\top,"
        r"\quad(\nabla_Wf(e)_{p,i})_{m,l}=c\sum_{t'=1}^p\mathbb "
        r"1\{x_{t'}=i\}\sum_{s=1}^{t'}\mathbb 1\{x_p=m\}\mathbb 1\{x_s=l\}",
        SLOPE, slope_symbolic, slope_enumerated,
        wrong=[-SLOPE, c * SLOPE, SLOPE.xreplace({m: l, l: m}), SLOPE.xreplace({i: m})],
        also={"A.18": 16}, assume="v = c 1"),
    ledger.proved("A.19", 16, "mean gradient of logit i",
        r"E[(\nabla_Wf(e)_{p,i})_{m,l}]=c\sum_{t'=1}^p\sum_{s=1}^{t'}P[x_s=l,x_{t'}=i,x_p=m]",
        c * THREE, *OF_LOGIT, wrong=[c * SWAPPED, c**2 * THREE], **ON_LOGIT),
    ledger.proved("A.20", 16, "mean gradient of the ground-truth logit",
        r"E[(\nabla_Wf(e)_{p,x_{p+1}})_{m,l}]=c"
        r"\sum_{t'=1}^p\sum_{s=1}^{t'}P[x_s=l,x_{t'}=x_{p+1},x_p=m]", c * MATCH, *OF_TRUE_LOGIT,
        wrong=[c * THREE, k * c * MATCH], **ON_LOGIT),
    ledger.proved("A.21-line-1", "(A.21), line 1, p. 17",
        "gradient in W for one chain, line 1 of 5",
        r"-\nabla_WE[L|P]=\frac "
        r"ct\sum P[x_s=l,x_{t'}=x_{p+1},x_p=m]-\frac c{tk}\sum_i\sum P[x_s=l,x_{t'}=i,x_p=m]",
        (c / t * MATCH, -c / (t * k) * THREE), *LINE,
        wrong=[(c / t * MATCH, -c / t * THREE), (c / t * MATCH, c / (t * k) * THREE)], **ON_21),
    ledger.proved("A.21-line-2", "(A.21), line 2, p. 17",
        "gradient in W for one chain, line 2 of 5",
        r"-\nabla_WE[L|P]=\frac ct\sum_i\sum "
        r"P[x_{p+1}=i,x_s=l,x_{t'}=i,x_p=m]-\frac c{tk}\sum_i\sum P[x_s=l,x_{t'}=i,x_p=m]",
        (0, c / t * FOUR - c / (t * k) * THREE), *LINE,
        wrong=[(0, -c / t * FOUR - c / (t * k) * THREE), (0, c / t * FOUR - c / (t * k) * SHIFTED)],
        **ON_21),
    ledger.proved("A.21-line-3", "(A.21), line 3, p. 17",
        "gradient in W for one chain, line 3 of 5",
        r"-\nabla_WE[L|P]=\frac ct\sum_i(P_{mi}-\frac1k)\sum P[x_s=l,x_{t'}=i,x_p=m]",
        (0, EXCESS * THREE), *LINE,
        wrong=[(0, c / t * (P_mi + 1 / k) * THREE), (0, EXCESS * SHIFTED)], **ON_21),
    ledger.proved("A.21-line-4", "(A.21), line 4, p. 17",
        "gradient in W for one chain, line 4 of 5",
        r"-\nabla_WE[L|P]=\frac "
        r"ct\sum_i(P_{mi}-\frac1k)\sum P[x_p=m|x_{t'}=i]P[x_{t'}=i|x_s=l]P[x_s=l]",
        (0, EXCESS * GIVEN_I * GIVEN_L * pi_l), *LINE,
        wrong=[(0, EXCESS * REVERSED * GIVEN_L * pi_l)], **ON_21),
    ledger.proved("A.21-line-5", "(A.21), line 5, p. 17",
        "gradient in W for one chain, line 5 of 5",
        r"-\nabla_WE[L|P]=\frac ct\sum_i(P_{mi}-\frac1k)\sum(P^{p-t'})_{im}(P^{t'-s})_{li}\pi_l",
        (0, EXCESS * LATE * EARLY * pi_l), *LINE,
        wrong=[(0, EXCESS * BACKWARD * EARLY * pi_l), (0, EXCESS * LATE * EARLY * pi_m)], **ON_21),
    *step_1_w_powers.CLAIMS,
    ledger.proved("A.24-line-1", "(A.24), line 1, p. 17",
        "gradient in W by powers of lambda, line 1",
        r"-\nabla_WE[L|P]=\frac c{t(\lambda-1)^2}\sum_i(P_{mi}-\tfrac12)"
        r"\sum(\beta_{im}\lambda^{p-t'}+\gamma_{im})(\beta_{li}\lambda^{t'-s}+\gamma_{li})\pi_l",
        (0, A24_LINE_1), *POWERS_OF_LAMBDA, assume=SETTING + TWO,
        wrong=[(0, A24_LINE_1 * (lam - 1)),
               (0, A24_LINE_1.subs(lam ** (p - t1), lam ** (p - t1 + 1)))]),
    ledger.proved("A.24-line-2", "(A.24), line 2, p. 17",
        "gradient in W by powers of lambda, line 2",
        r"\frac{c\pi_l}{t(\lambda-1)^2}"
        r"\sum_i(P_{mi}-\tfrac12)\sum(\beta_{im}\beta_{li}\lambda^{p-s}+\beta_{im}"
        r"\gamma_{li}\lambda^{p-t'}+\beta_{li}\gamma_{im}\lambda^{t'-s}+\gamma_{im}\gamma_{li})",
        (0, A24_LINE_2), *POWERS_OF_LAMBDA, assume=SETTING + TWO,
        wrong=[(0, -A24_LINE_2), (0, A24_LINE_2.subs(gamma_im, gamma_li))]),
)  # fmt: skip
