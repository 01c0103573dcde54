"""Derivations as data: a title and a list of (sentence, expression), computed when asked for.

Every expression is produced by the modules that use it, none is typed in as a result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import sympy as sp

from theory import checks
from theory import notation as s
from theory.chains import chain
from theory.chains import prior_moments as prior
from theory.derivations import (
    curriculum as derivations_curriculum,
)
from theory.derivations import (
    step_1 as derivations_step_1,
)
from theory.derivations import (
    step_2 as derivations_step_2,
)
from theory.derivations.statement import Derivation
from theory.derivations.statement import DerivationStep as Step
from theory.first_steps import step_1 as steps
from theory.kernel.leading_order import leading_constants
from theory.kernel.population import population_kernel
from theory.kernel.two_states import integrand, population_kernel_exact

_EXACT_UP_TO = 6  # beyond this context length exact rationals are too long to read
_D = sp.Symbol("D", positive=True)  # of Lemma 3.1, where its value would clutter a formula


def ids() -> tuple[str, ...]:
    """The known ids, in reading order."""
    return tuple(_REGISTRY)


def title(id: str) -> str:
    """The title of a derivation; ValueError for an unknown id."""
    return _entry(id)[0]


def derivation(id: str, *, T: int = 4) -> Derivation:
    """Carry out one derivation.

    Parameters
    ----------
    id : one of `ids`
    T : int >= 1, the context length of those steps that are numbers for one T

    Raises
    ------
    TypeError, ValueError
        If `T` is not such a length, or the id is unknown (the sentence lists the known ones).
    """
    length = checks.integer("T", T, 1)
    heading, build = _entry(id)
    return Derivation(id, heading, build(length))


def _entry(id: str) -> tuple[str, Callable[[int], list[Step]]]:
    if id not in _REGISTRY:
        raise ValueError(f"unknown derivation {id!r}; known are {', '.join(_REGISTRY)}")
    return _REGISTRY[id]


def _chain(_: int) -> list[Step]:
    return [
        Step("A chain on two states has two free parameters.", chain.transition(), "P"),
        Step("The trace is the sum of the eigenvalues, one of which is 1.",
             chain.eigenvalue(), "lambda"),
        Step("Solving pi P = pi with unit sum.", chain.stationary(), "pi"),
        Step("1 pi projects onto the eigenvalue 1, I - 1 pi onto the other: P^n.",
             chain.power(), "P^n"),
        Step("In y = pi_1 - 1/2 and lambda the same matrix is polynomial.",
             chain.power_in_y_lambda(), "P^n"),
    ]  # fmt: skip


def _moments(_: int) -> list[Step]:
    out = [
        Step("Flat prior: the Jacobian of (a, b) in (y, lambda) is the density, on "
             "|y| < min(1/2, 1/(1-lambda) - 1/2).", prior.density(), "density"),
        Step("Integrate y out, then lambda: 1 - lambda < 1 gives a beta integral and "
             "1 - lambda = 1 + u a rational function of u.", _general_moment(),
             "E[y^(2q) lambda^n]"),
    ]  # fmt: skip
    for q, n in ((0, 2), (1, 0), (1, 1), (2, 0), (2, 1)):
        out.append(
            Step(
                f"The case q = {q}, n = {n}.", prior.exact_moment(q, n), f"E[y^{2 * q} lambda^{n}]"
            )
        )
    out.append(
        Step(
            "With a = b (doubly stochastic) y = 0, lambda is uniform on (-1, 1) and only "
            "even n survive: E[lambda^n].",
            1 / (s.n + 1),
            "E[lambda^n]",
        )
    )
    return out


def _general_moment() -> sp.Expr:
    integral = sp.Integral(
        s.u**s.n * (1 - s.u) ** (2 * s.q + 1) / (1 + s.u) ** (2 * s.q), (s.u, 0, 1)
    )
    near = 1 / ((s.n + 1) * (s.n + 2))
    return (near + (-1) ** s.n * integral) / ((2 * s.q + 1) * 4**s.q)


def _kernel(T: int) -> list[Step]:
    out = [
        Step(
            "K_j,m,l is 1/T times the sum over n = 0..T-j of (T-j+1-n) times the prior average "
            "of this, diagonal m = l = 1.",
            integrand(0, 0),
        ),
        Step(
            "The same off the diagonal, m = 1 and l = 2; relabelling the states gives the other "
            "two entries.",
            integrand(0, 1),
        ),
    ]
    if T <= _EXACT_UP_TO:
        exact = population_kernel_exact(T)
        return out + [Step(f"Flat prior, T = {T}.", sp.Matrix(exact[j].tolist()), f"K_{j + 1}")
                      for j in range(T)]  # fmt: skip
    numbers = population_kernel(T)
    shown = sorted({0, 1, 2, 3, T - 1})
    return out + [Step(f"Flat prior, T = {T}.", _matrix(numbers[j]), f"K_{j + 1}") for j in shown]


def _matrix(values: np.ndarray) -> sp.Matrix:
    return sp.Matrix(values.tolist()).evalf(12)


def _lemma(T: int) -> list[Step]:
    c = leading_constants()
    gW, gv = steps.first_step(T)
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
        Step(f"At T = {T}, -dL/dW / c.", _matrix(gW), "gW"),
    ]  # fmt: skip
    if T >= 3:  # for one or two tokens the off-diagonal step is exactly zero
        out.append(
            Step(
                f"At T = {T} the ratio of its diagonal to the rest.",
                sp.Float(gW[0, 0] / gW[0, 1]),
                "ratio",
            )
        )
    if T <= _EXACT_UP_TO:
        out.append(Step(f"At T = {T}, exactly.", steps.first_step_W(T), "gW"))
        out.append(Step(f"At T = {T}, -dL/dv_j / c, exactly.", steps.first_step_v(T), "gv"))
    else:
        out.append(
            Step(
                f"At T = {T}, -dL/dv_j / c for j = 1, 2, 3.",
                _matrix(gv[:3, None]).T.tolist()[0],
                "gv",
            )
        )
    return out


def _pair_average(second: int, heading: str) -> list[Step]:
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


def _a37(T: int) -> list[Step]:
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
        Step(f"-dL/dv_1 / c at T = {T}.", sp.Float(steps.first_step(T)[1][0]), "gv_1"),
    ]


def _equal(T: int) -> list[Step]:
    same = "doubly_stochastic"
    c = leading_constants(same)
    out = [
        Step("With a = b the leading constants B, A, D all vanish.", sp.Matrix([[c.B, c.A, c.D]])),
        Step("-dL/dW_mm / c grows as T log T with this coefficient.", c.W_log_diagonal),
        Step("-dL/dv_j / c grows as (T-j+1) log(T-j+1) / T with this coefficient.", c.v_log),
    ]
    vanishing = "-dL/dW / c, whose off-diagonal vanishes, as exchanging n and j-1 shows"
    if T <= _EXACT_UP_TO:
        gW, gv = steps.first_step_W(T, same), steps.first_step_v(T, same)
        return [
            *out,
            Step(f"At T = {T}, exactly: {vanishing}.", gW, "gW"),
            Step(f"At T = {T}, -dL/dv_j / c, exactly.", gv, "gv"),
        ]
    numbers_W, numbers_v = steps.first_step(T, prior=same)
    return [
        *out,
        Step(f"At T = {T}, to rounding: {vanishing}.", _matrix(numbers_W), "gW"),
        Step(
            f"At T = {T}, -dL/dv_j / c for j = 1, 2, 3.",
            _matrix(numbers_v[:3, None]).T.tolist()[0],
            "gv",
        ),
    ]


_REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "chain": ("The two-state chain: eigenvalue, stationary distribution, powers", _chain),
    "moments": ("Moments of the flat prior in (y, lambda)", _moments),
    "kernel": ("The population kernel K of the margin loss", _kernel),
    "lemma-3.1": ("The first step of gradient descent, Lemma 3.1", _lemma),
    "A.23": ("Powers of the transition matrix", derivations_step_1.power),
    "A.25": ("The gradient in W for one chain, in closed form", derivations_step_1.gradient),
    "A.27": ("The first step of W, entry 1, 1", partial(derivations_step_1.entry, 0, 0)),
    "A.28": ("The first step of W, entry 1, 2", partial(derivations_step_1.entry, 0, 1)),
    "A.29": ("The first step of W, entry 2, 1", partial(derivations_step_1.entry, 1, 0)),
    "A.30": ("The first step of W, entry 2, 2", partial(derivations_step_1.entry, 1, 1)),
    "A.31": ("The leading order of the first step of W", derivations_step_1.leading),
    "A.32": ("The diagonal constant B of the first step in W",
             lambda T: _pair_average(0, "Its average under the flat prior.")),
    "A.33": ("The off-diagonal constant A of the first step in W",
             lambda T: _pair_average(1, "Its average under the flat prior.")),
    "A.36": ("The step of v for one chain, in closed form", derivations_step_1.step_of_v),
    "A.37": ("The constant D of the first step in v", _a37),
    **derivations_step_2.REGISTRY,
    "a-equals-b": ("The first step under the doubly stochastic prior", _equal),
    **derivations_curriculum.REGISTRY,
}  # fmt: skip
