"""Derivations of Lemma 3.1: the first step, its constants A, B, D, and the case a = b."""

from __future__ import annotations

import sympy as sp

from theory import notation as s
from theory.chains import chain
from theory.derivations.setting import EXACT_UP_TO, decimal_matrix
from theory.derivations.statement import DerivationStep as Step
from theory.first_steps.step_1 import first_step, first_step_v, first_step_W
from theory.kernel.leading_order import leading_constants

_D = sp.Symbol("D", positive=True)  # of Lemma 3.1, where its value would clutter a formula


def lemma(T: int) -> list[Step]:
    c = leading_constants()
    gW, gv = first_step(T)
    out = [
        Step("-dL/dW_mm / c = (T+1)(T+2)/6 B + O(T), on the diagonal.", c.B, "B"),
        Step("-dL/dW_ml / c = (T+1)(T+2)/6 A + O(T), off the diagonal.", c.A, "A"),
        Step("Their ratio, approached as T grows.", c.ratio, "B/A"),
        Step("-dL/dv_j / c = [(T-j+1)(T-j+2)/2 D + O(T-j+1)] / T.", c.D, "D"),
        Step("The remainder on the diagonal of W, divided by T, tends to this.",
             c.W_next_diagonal, "N_diagonal"),
        Step("The remainder off the diagonal of W, divided by T, tends to this.",
             c.W_next_off_diagonal, "N_off"),
        Step("The remainder of v, the bracket's O(T-j+1) divided by T-j+1, tends to this.",
             c.v_next, "v_next"),
        Step(f"At T = {T}, -dL/dW / c.", decimal_matrix(gW), "gW"),
    ]  # fmt: skip
    if T >= 3:  # for one or two tokens the off-diagonal step is exactly zero
        out.append(
            Step(
                f"At T = {T} the ratio of its diagonal to the rest.",
                sp.Float(gW[0, 0] / gW[0, 1]),
                "ratio",
            )
        )
    if T <= EXACT_UP_TO:
        out.append(Step(f"At T = {T}, exactly.", first_step_W(T), "gW"))
        out.append(Step(f"At T = {T}, -dL/dv_j / c, exactly.", first_step_v(T), "gv"))
    else:
        out.append(
            Step(
                f"At T = {T}, -dL/dv_j / c for j = 1, 2, 3.",
                decimal_matrix(gv[:3, None]).T.tolist()[0],
                "gv",
            )
        )
    return out


def pair_average(second: int, heading: str) -> list[Step]:
    """The leading average of the W step for m = 1 and l = 1 or 2, in (a, b) and then exactly."""
    pi, P = chain.stationary(), chain.transition()
    summand = pi[0] * pi[second] * (pi[0] - pi[1]) * (P[0, 0] - sp.Rational(1, 2))
    c = leading_constants()
    return [
        Step(
            "Keeping the part of P^n and P^(j-1) that does not decay leaves the average of this.",
            sp.factor(summand),
        ),
        Step(heading, (c.B, c.A)[second], "BA"[second]),
    ]


def constant_of_v(T: int) -> list[Step]:
    c = leading_constants()
    squares = sp.factor(sum(p**2 for p in chain.stationary()))
    decaying = sp.Function("h")(s.n)
    count = s.T - s.j + 1
    total = sp.Sum((count + 1 - s.n) * decaying, (s.n, 1, count))
    return [
        Step("The non-decaying part pairs a state with itself.", squares, "pi_1^2 + pi_2^2"),
        Step("Its average under the flat prior, less 1/2.", c.D, "D"),
        Step(
            "The whole of -dL/dv_j / c, with h(n) = E[(1/2 - 2 y^2) lambda^n]; no shorter closed "
            "form in T and j is known to us.",
            (count * (count + 1) / 2 * _D + total) / s.T,
        ),
        Step("The sum of all h(n), which is the next order.", c.v_next, "v_next"),
        Step(f"-dL/dv_1 / c at T = {T}.", sp.Float(first_step(T)[1][0]), "gv_1"),
    ]


def equal_rows(T: int) -> list[Step]:
    same = "doubly_stochastic"
    c = leading_constants(same)
    out = [
        Step("With a = b the leading constants B, A, D all vanish.", sp.Matrix([[c.B, c.A, c.D]])),
        Step("-dL/dW_mm / c grows as T log T with this coefficient.", c.W_log_diagonal),
        Step("-dL/dv_j / c grows as (T-j+1) log(T-j+1) / T with this coefficient.", c.v_log),
    ]
    vanishing = "-dL/dW / c, whose off-diagonal vanishes, as exchanging n and j-1 shows"
    if T <= EXACT_UP_TO:
        gW, gv = first_step_W(T, same), first_step_v(T, same)
        return [
            *out,
            Step(f"At T = {T}, exactly: {vanishing}.", gW, "gW"),
            Step(f"At T = {T}, -dL/dv_j / c, exactly.", gv, "gv"),
        ]
    numbers_W, numbers_v = first_step(T, prior=same)
    return [
        *out,
        Step(f"At T = {T}, to rounding: {vanishing}.", decimal_matrix(numbers_W), "gW"),
        Step(
            f"At T = {T}, -dL/dv_j / c for j = 1, 2, 3.",
            decimal_matrix(numbers_v[:3, None]).T.tolist()[0],
            "gv",
        ),
    ]
