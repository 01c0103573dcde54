"""Routes for the start of the proof of Lemma A.1: (A.14), (A.16), and the length of a sequence."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import sympy as sp

import sim
from proofs_check.claims.lemma_a1 import appendix_setup_routes as setup
from proofs_check.claims.lemma_a1_step_1 import step_1_w_routes as on
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import c, k, p, s, t, t1
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences
from theory.normal_form import sign

# (A.11), prose: how long a sequence has to be


def _length_enumerated(extra: int) -> Finding:
    """Whether the loss of t positions can be evaluated on sequences of t + extra tokens."""
    fails = 0
    for T in (2, 3, 5):
        model, tokens = sim.MinimalModel.constant(T, 2, v=1.0), all_sequences(2, T + extra)
        try:
            sim.loss_and_gradient(model, tokens, sim.Margin(1.0))
        except ValueError:
            fails += 1
    return Finding(fails, 0.0, "sim's loss of t = 2, 3, 5 positions")


def _length_symbolic(extra: int) -> Finding:
    x = sp.IndexedBase("x")
    for T in (2, 3, 5):
        used = sum(sp.Function("l")(x[p + 1]).subs(p, q) for q in range(1, T + 1)).atoms(sp.Indexed)
        if max(int(e.indices[0]) for e in used) != T + extra:
            return setup.finite(False, f"t = {T} positions use tokens up to x_{T + 1}")
    return setup.finite(True, "the largest index in the sum over p = 1..t")


LENGTH_ROUTES = (
    Route("symbolic", "indices in (A.11)", _length_symbolic),
    Route("enumeration", "evaluate the loss", _length_enumerated),
)

# (A.14)


def _start_logits(size: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    tokens = all_sequences(size, T + 1)
    model = sim.MinimalModel.constant(T, size, v=2.0, W=2.0)
    return tokens, sim.logits(model, tokens[:, :-1])


def weight_symbolic(value: sp.Expr) -> Finding:
    inner = sp.Sum(c * c, (s, 1, t1)).doit()  # e_{x_p}^T 11^T e_{x_s} = 1
    return exactly(sp.expand(inner - value) == 0, "the sum over s of v W is counted, symbolic t'")


def weight_enumerated(value: sp.Expr) -> Finding:
    residuals = []
    for size, T in ((2, 6), (3, 4)):
        tokens, f = _start_logits(size, T)
        weight = np.array([float(value.subs({c: 2, t1: q})) for q in range(1, T + 1)])
        hit = tokens[:, :-1, None] == np.arange(size)
        residuals.append(np.abs(np.cumsum(hit * weight[:, None], axis=1) - f).max())
    return Finding(worst(residuals), 0.0, "every sequence, k = 2 (t = 6) and 3 (t = 4)")


def range_symbolic(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    """Weights are positive: least when i never occurs, largest when all tokens are i."""
    top = on.summed(c**2 * t1, t1, p)
    good = sp.expand(value[0]) == 0 and sp.expand(value[1] - top) == 0
    return exactly(bool(good), "no token equal to i gives 0, all equal to i the sum of all weights")


def range_enumerated(value: tuple[sp.Expr, sp.Expr]) -> Finding:
    """Both ends are attained and not passed, at every position."""
    residuals = []
    for size, T in ((2, 6), (3, 4)):
        _, f = _start_logits(size, T)
        for q in range(T):
            low, high = (float(sp.sympify(e).subs({c: 2, p: q + 1})) for e in value)
            residuals += [abs(f[:, q].min() - low), abs(f[:, q].max() - high)]
    return Finding(worst(residuals), 0.0, "every sequence, k = 2 (t = 6) and 3 (t = 4)")


def margin_symbolic(value: sp.Expr) -> Finding:
    """The least argument is Delta - c^2 p (p+1) / 2, decreasing in p, so p = t decides."""
    spare = sp.Poly(sp.expand((value - c**2 * t * (t + 1) / 2).subs(t, p + 1)), p, c)
    return exactly(all(x >= 0 for x in spare.coeffs()), "coefficients in c and t - 1 not negative")


def margin_enumerated(value: sp.Expr) -> Finding:
    shortfall = [0.0]
    for size, T in ((2, 1), (2, 3), (2, 7), (3, 4)):
        tokens, f = _start_logits(size, T)
        right = np.take_along_axis(f, tokens[:, 1:, None], 2)
        shortfall.append(-float((float(value.subs({c: 2, t: T})) + f - right).min()))
    return Finding(
        worst(shortfall), 0.0, "least argument of the hinge over all sequences, k = 2, 3"
    )


# (A.16)


class Slope(NamedTuple):
    """A line: 1/t sum_p [states sum_i 1{...} (grad f_i - paired grad f_x) - alone grad f_x].

    `gate` keeps the indicator, `skip` leaves i = x_{p+1} out of the sum.
    """

    states: sp.Expr
    gate: bool
    skip: bool
    paired: int = 1
    alone: int = 0


def _line(value: Slope, f: list, slope: list, tokens: tuple, margin: int) -> sp.Expr:
    """The line for one sequence, with logits f and their slopes in one W_ml."""
    out = sp.Integer(0)
    states = value.states.subs(k, len(f[0]))
    for last, row in enumerate(f):
        here = tokens[last + 1]
        for i, logit in enumerate(row):
            if (value.skip and i == here) or (value.gate and margin + logit - row[here] < 0):
                continue
            out += states * (slope[last][i] - value.paired * slope[last][here])
        out -= value.alone * slope[last][here]
    return out / len(f)


def _gradient_enumerated(value: Slope) -> Finding:
    """Sequence by sequence against sim's gradient; a line with the indicator at any margin."""
    residuals = []
    for size, T in ((2, 4), (3, 3)):
        model = sim.MinimalModel.constant(T, size, v=2.0, W=2.0)
        base = ((2,) * size,) * size
        # 3 is below some differences of logits (multiples of 4) and equal to none
        for margin in (4 * T * T, 3) if value.gate else (4 * T * T,):
            for tokens in product(range(size), repeat=T + 1):
                given = np.array([tokens], dtype=np.int32)
                known = sim.loss_and_gradient(model, given, sim.Margin(float(margin)))[1].W
                f = on.logits(tokens, base, 2)
                for m, l in product(range(size), repeat=2):  # noqa: E741
                    slope = on.logits(tokens, _unit(size, m, l), 2)
                    found = _line(value, f, slope, tokens, margin)
                    residuals.append(abs(float(found) - known[m, l]))
    return Finding(worst(residuals), 1e-12, f"{len(residuals)} slopes, k = 2 and 3")


def _unit(size: int, m: int, l: int) -> tuple[tuple[int, ...], ...]:  # noqa: E741
    return tuple(tuple(int((r, q) == (m, l)) for q in range(size)) for r in range(size))


def _gradient_spectral(value: Slope) -> Finding:
    """Averaged over sequences against sums of powers of P (the last line of A.21), exactly."""
    wrong = 0
    for chain, T in ((on.at(*on.POINTS[0]), 3), (on.three_states(), 2)):
        base = ((2,) * chain.k,) * chain.k
        for m, l in product(range(chain.k), repeat=2):  # noqa: E741
            mean = sum(
                on.chance(chain, e)
                * _line(value, on.logits(e, base, 2), on.logits(e, _unit(chain.k, m, l), 2), e,
                        4 * T * T)
                for e in product(range(chain.k), repeat=T + 1)
            )  # fmt: skip
            sums = sum(
                (chain.power(1)[m, i] - sp.Rational(1, chain.k)) * chain.power(x - y)[i, m]
                * chain.power(y - z)[l, i] * chain.pi[l]
                for x, y, z in on.triples(T) for i in range(chain.k)
            )  # fmt: skip
            wrong += sp.cancel(mean + sp.Rational(2, T) * sums) != 0
    return Finding(wrong, 0.0, "k = 2, t = 3 and k = 3, t = 2, rationals compared")


GRADIENT_ROUTES = (
    Route("spectral", "mean over sequences against powers of P", _gradient_spectral),
    Route("enumeration", "every sequence against sim's gradient", _gradient_enumerated),
)


def _kink_symbolic(excess: int) -> Finding:
    """Jump of the slope in direction 11^T: the hinges that stand exactly at 0, weighed.

    Only p = t and a constant sequence reach the largest difference; theirs is the chance
    E[pi_1 a^t + pi_2 b^t], positive.
    """
    if excess > 0:
        return setup.finite(True, "no hinge is at its corner: the loss is linear near the start")
    T = 3
    chance = setup.prior_mean(sum(setup.chance_in_y((x,) * (T + 1)) for x in range(2)))
    return setup.finite(not sign(chance) > 0, f"chance of a corner at t = {T}: {float(chance):.4f}")


def _kink_enumerated(excess: int) -> Finding:
    """Left and right slopes of sim's population loss along 11^T."""
    T, step = 5, 2.0**-10
    model = sim.MinimalModel.constant(T, 2, v=2.0, W=2.0)
    margin = float(2 * T * (T + 1) + excess)
    evaluate = sim.Population(sim.Dirichlet(2), T, sim.Margin(margin)).bind(model)
    down, middle, up = (evaluate(model.v, model.W + x)[0] for x in (-step, 0.0, step))
    jump = abs(up - 2 * middle + down) / step
    return Finding(jump, 1e-9, f"t = {T}: the slope jumps by {jump:.3g}")


KINK_ROUTES = (
    Route("symbolic", "chance of a hinge at its corner", _kink_symbolic),
    Route("enumeration", "one-sided slopes of the population loss", _kink_enumerated),
)
