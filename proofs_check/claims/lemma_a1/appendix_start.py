"""Start of the proof of Lemma A.1: logits and gradient at W = c 11^T, v = c 1, (A.13)-(A.16)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check import ledger
from proofs_check.methods import exact_chains
from proofs_check.methods.exact_chains import chance, triples
from proofs_check.methods.exact_model import INIT, at_start, constant
from proofs_check.methods.symbols import c, entries, k, p, s, t, t1
from proofs_check.methods.triple_sums import summed
from sim.learning.objectives import all_sequences
from theory.exact import sign

SHAPES = ((2, 6), (3, 4))  # states and length
EVERY = "every sequence, k = 2 (t = 6) and 3 (t = 4)"

# (A.14)


def _start_logits(size: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """All sequences, and sim's logits at c = 2."""
    tokens = all_sequences(size, T + 1)
    return tokens, sim.logits(sim.MinimalModel.constant(T, size, v=2.0, W=2.0), tokens[:, :-1])


@ledger.symbolic("sum over s", detail="the sum over s of v W is counted, symbolic t'")
def weight_symbolic(value: sp.Expr) -> bool:
    return sp.expand(sp.Sum(c * c, (s, 1, t1)).doit() - value) == 0  # e_{x_p}^T 11^T e_{x_s} = 1


@ledger.enumeration("every sequence", 0.0, EVERY)
def weight_enumerated(value: sp.Expr) -> Iterator[float]:
    for size, T in SHAPES:
        tokens, f = _start_logits(size, T)
        weight = np.array([float(value.subs({c: 2, t1: q})) for q in range(1, T + 1)])
        hit = tokens[:, :-1, None] == np.arange(size)
        yield np.abs(np.cumsum(hit * weight[:, None], axis=1) - f).max()


@ledger.symbolic("extreme sequences", 0.0, "no token equal to i gives 0, all of them the whole sum")
def range_symbolic(value: tuple[sp.Expr, sp.Expr]) -> list[bool]:
    """The weights of (A.14) are positive, so that its indicators are all 0 or all 1 at the ends."""
    weight = sp.Sum(c * c, (s, 1, t1)).doit()
    hit = sp.Symbol("hit")
    ends = (summed(hit * weight, t1, p).subs(hit, x) for x in range(2))
    return [sp.expand(stated - end) == 0 for stated, end in zip(value, ends, strict=True)]


@ledger.enumeration("every sequence", 0.0, EVERY)
def range_enumerated(value: tuple[sp.Expr, sp.Expr]) -> Iterator[float]:
    """Both ends are attained and not passed, at every position."""
    for size, T in SHAPES:
        _, f = _start_logits(size, T)
        for q in range(T):
            low, high = (float(e.subs({c: 2, p: q + 1})) for e in value)
            yield from (f[:, q].min() - low, f[:, q].max() - high)


@ledger.symbolic("least argument over sequences", detail="coefficients in c and t - 1 not negative")
def margin_symbolic(value: sp.Expr) -> list[bool]:
    """The least argument is Delta - c^2 p (p+1) / 2, decreasing in p, so p = t decides."""
    spare = sp.Poly(sp.expand((value - c**2 * t * (t + 1) / 2).subs(t, p + 1)), p, c)
    return [bool(x >= 0) for x in spare.coeffs()]


@ledger.enumeration("every sequence", 0.0, "least argument of the hinge, k = 2, 3")
def margin_enumerated(value: sp.Expr) -> Iterator[float]:
    for size, T in ((2, 1), (2, 3), (2, 7), (3, 4)):
        tokens, f = _start_logits(size, T)
        arguments = float(value.subs({c: 2, t: T})) + f
        least = (arguments - np.take_along_axis(f, tokens[:, 1:, None], 2)).min()
        yield max(-float(least), 0.0)


# (A.16)


class Slope(NamedTuple):
    """(1/t) sum_p [states sum_i 1{...} (grad f_i - paired grad f_x) - alone grad f_x].

    `gate` keeps the indicator, `skip` leaves i = x_{p+1} out of the sum.
    """

    states: sp.Expr
    gate: bool
    skip: bool
    paired: int = 1
    alone: int = 0


def line_value(line: Slope, f: Any, slope: Any, tokens: tuple[int, ...], margin: int) -> sp.Expr:
    """The line for one sequence, with logits f and their slopes in one W_ml."""
    out = sp.Integer(0)
    states = line.states.subs(k, len(f[0]))
    for row, change, target in zip(f, slope, tokens[1:], strict=True):
        for i, logit in enumerate(row):
            if (line.skip and i == target) or (line.gate and margin + logit - row[target] < 0):
                continue
            out += states * (change[i] - line.paired * change[target])
        out -= line.alone * change[target]
    return out / len(f)


@ledger.reading("the printed line, sequence by sequence")
def _every_entry(line: Slope, size: int, tokens: tuple[int, ...], margin: int) -> list[sp.Expr]:
    """The line at W = c 11^T for every m, l, in the order of `entries`."""
    f = at_start(tokens, constant(size, INIT))
    slopes = (at_start(tokens, constant(size, 0, entry)) for entry in entries(size))
    return [line_value(line, f, slope, tokens, margin) for slope in slopes]


@ledger.enumeration("every sequence against sim's gradient", 1e-12, "every slope, k = 2 and 3")
def slope_enumerated(value: Slope) -> Iterator[float]:
    """Sequence by sequence; a line with the indicator at any margin."""
    for size, T in ((2, 4), (3, 3)):
        model = sim.MinimalModel.constant(T, size, v=2.0, W=2.0)
        # 3 is below some differences of logits (multiples of 4) and equal to none
        for margin in (4 * T * T, 3) if value.gate else (4 * T * T,):
            for tokens in product(range(size), repeat=T + 1):
                given = np.array([tokens], dtype=np.int32)
                known = sim.loss_and_gradient(model, given, sim.Margin(float(margin)))[1].W
                found = np.array(_every_entry(value, size, tokens, margin), dtype=float)
                yield np.abs(found - known.ravel()).max()


@ledger.spectral("mean over sequences against powers of P",
                 detail="k = 2, t = 3 and k = 3, t = 2, rationals compared")  # fmt: skip
def slope_spectral(value: Slope) -> Iterator[bool]:
    """Against sums of powers of P (the last line of A.21), exactly."""
    for chain, T in ((exact_chains.CHAINS[0], 3), (exact_chains.THREE_STATES, 2)):
        yield from _agrees(value, chain, T)


def _agrees(line: Slope, chain: exact_chains.Chain, T: int) -> Iterator[bool]:
    every = list(product(range(chain.k), repeat=T + 1))
    values = [_every_entry(line, chain.k, e, 4 * T * T) for e in every]
    chances = [chance(chain, e) for e in every]
    for entry, slopes in zip(entries(chain.k), zip(*values, strict=True), strict=True):
        mean = sum(weight * slope for weight, slope in zip(chances, slopes, strict=True))
        powers = sum(exact_chains.pair_mean(entry, chain, triple) for triple in triples(T))
        yield sp.cancel(mean + sp.Rational(INIT, T) * powers) == 0


@ledger.symbolic("chance of a hinge at its corner", detail="over QQ[log 2]", scope="t = 3")
def corner_symbolic(excess: int) -> bool:
    """Whether sequences with a hinge exactly at 0 have no weight, at this margin and c = 2."""
    T = 3
    margin, corner = INIT**2 * T * (T + 1) // 2 + excess, sp.Integer(0)
    for tokens in product(range(2), repeat=T + 1):
        f = at_start(tokens, constant(2, INIT))
        rows = zip(f, tokens[1:], strict=True)
        if any(margin + row[1 - target] - row[target] == 0 for row, target in rows):
            corner += exact_chains.exact_probability(tokens)
    return sign(sp.expand(corner)) == 0


@ledger.enumeration("one-sided slopes of the population loss")
def corner_enumerated(excess: int) -> ledger.Finding:
    T, step = 5, 2.0**-10
    model = sim.MinimalModel.constant(T, 2, v=2.0, W=2.0)
    margin = float(2 * T * (T + 1) + excess)
    evaluate = sim.Population(sim.Dirichlet(2), T, sim.Margin(margin)).bind(model)
    down, middle, up = (evaluate(model.v, model.W + x)[0] for x in (-step, 0.0, step))
    jump = abs(up - 2 * middle + down) / step
    detail = f"t = {T}: the slope jumps by {jump:.3g}"
    return ledger.Finding(jump, 1e-9, detail, because="rounding of differences over a step 2^-10")


START = "W = c 11^T, v = c 1, c > 0"
HINGE = r"\Delta+f(e)_{p,i}-f(e)_{p,x_{p+1}}"
D_F = r"(\nabla f(e)_{p,i}-\nabla f(e)_{p,x_{p+1}})"
GRADIENT = r"\nabla_WE[L|P]=\frac1t\sum_p"
RANDOM_INDEX = (
    "The sum over i other than x_{p+1} stands outside the expectation in print; x_{p+1} "
    "is random, so it belongs inside, as it is read here."
)
ACTIVE = (START, "Delta above c^2 t (t + 1) / 2, so that every hinge is active")

ON_THE_LOGITS = (
    ledger.proved("A.14", 16, "the logits at the start: positions of i, added up",
        r"f^0(e)_{p,i}=c^2\sum_{t'=1}^p\mathbb "
        r"1\{x_{t'}=i\}\sum_{s=1}^{t'}e_{x_p}^\top11^\top e_{x_s}=c^2\sum\mathbb 1\{x_{t'}=i\}t'",
        c**2 * t1, weight_symbolic, weight_enumerated, wrong=[c * t1, c**2 * (t1 - 1)],
        assume=START),
    ledger.proved("A.14-range", "(A.14), p. 16", "the logits at the start lie in this range",
        r"f^0(e)_{p,i}\in[0,\ c^2p(p+1)/2]",
        (sp.Integer(0), c**2 * p * (p + 1) / 2), range_symbolic, range_enumerated,
        wrong=[(c**2, c**2 * p * (p + 1) / 2), (sp.Integer(0), c**2 * p * (p - 1) / 2)],
        assume=START, note="Both ends are attained."),
    ledger.proved("A.14-margin", "below (A.14), p. 16",
        "this margin keeps every hinge from being cut off",
        r"\Delta\ge c^2t(t+1)/2\ \Rightarrow\ \Delta+f^0(e)_{p,i}-f^0(e)_{p,x_{p+1}}\ge0",
        c**2 * t * (t + 1) / 2, margin_symbolic, margin_enumerated,
        wrong=[c**2 * t * (t - 1) / 2, c * t * (t + 1) / 2], assume=START,
        note="No smaller margin would do: a constant sequence reaches 0 at p = t."),
)  # fmt: skip
ON_THE_GRADIENT = (
    ledger.supported("A.16-line-1", "(A.16), line 1, p. 16", "gradient of the loss, line 1 of 4",
        GRADIENT + rf"\frac1k\sum_{{i\ne x_{{p+1}}}}E[\mathbb 1\{{{HINGE}\ge0\}}{D_F}]",
        Slope(1 / k, True, True), slope_spectral, slope_enumerated,
        wrong=[Slope(1 / (k - 1), True, True), Slope(1 / k, True, True, paired=-1)],
        note=RANDOM_INDEX, assume=ACTIVE),
    ledger.supported("A.16-line-2", "(A.16), line 2, p. 16", "gradient of the loss, line 2 of 4",
        GRADIENT + rf"\frac1k\sum_{{i\ne x_{{p+1}}}}E[{D_F}]",
        Slope(1 / k, False, True), slope_spectral, slope_enumerated,
        wrong=[Slope(1 / k, False, True, paired=0)], note=RANDOM_INDEX, assume=ACTIVE),
    ledger.supported("A.16-line-3", "(A.16), line 3, p. 16", "gradient of the loss, line 3 of 4",
        GRADIENT + rf"\frac1k\sum_{{i=1}}^kE[{D_F}]",
        Slope(1 / k, False, False), slope_spectral, slope_enumerated,
        wrong=[Slope(-1 / k, False, False)], note="The term i = x_{p+1} that line 3 adds is 0.",
        assume=ACTIVE),
    ledger.supported("A.16-line-4", "(A.16), line 4, p. 16", "gradient of the loss, line 4 of 4",
        GRADIENT + r"\left[\frac1k\sum_iE[\nabla f(e)_{p,i}]-E[\nabla f(e)_{p,x_{p+1}}]\right]",
        Slope(1 / k, False, False, paired=0, alone=1), slope_spectral, slope_enumerated,
        wrong=[Slope(1 / k, False, False, paired=0, alone=-1),
               Slope(sp.Integer(1), False, False, paired=0, alone=1)], assume=ACTIVE),
    # at -8 the next largest difference of logits stands at the corner
    ledger.corrected("A.16-corner", "(A.14)-(A.16), p. 16",
        "the margin has to be larger, not equal",
        (r"\Delta\ge c^2t(t+1)/2\ \Rightarrow\ \mathcal L\text{ has the gradient (A.16)}", 0),
        (r"\Delta>c^2t(t+1)/2\ \Rightarrow\ \mathcal L\text{ has the gradient (A.16)}", 1),
        corner_symbolic, corner_enumerated, wrong=[-8], assume=START,
        note="At equality constant sequences put a hinge exactly at its corner: the loss has "
        "one-sided slopes only, and (A.16) is one of its subgradients."),
)  # fmt: skip
