"""Derivations about the two-state chain, the moments of the prior and the kernel K."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp

from theory import notation as s
from theory.chains import chain
from theory.chains import prior_moments as prior
from theory.derivations.statement import DerivationStep as Step
from theory.kernel.population import population_kernel
from theory.kernel.two_states import integrand, population_kernel_exact

EXACT_UP_TO = 6  # beyond this context length exact rationals are too long to read


def decimal_matrix(values: np.ndarray) -> sp.Matrix:
    """Floats as a SymPy matrix of 12 digits."""
    return sp.Matrix(values.tolist()).evalf(12)


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
    if T <= EXACT_UP_TO:
        exact = population_kernel_exact(T)
        return out + [Step(f"Flat prior, T = {T}.", sp.Matrix(exact[j].tolist()), f"K_{j + 1}")
                      for j in range(T)]  # fmt: skip
    numbers = population_kernel(T)
    shown = sorted({0, 1, 2, 3, T - 1})
    return out + [
        Step(f"Flat prior, T = {T}.", decimal_matrix(numbers[j]), f"K_{j + 1}") for j in shown
    ]


REGISTRY: dict[str, tuple[str, Callable[[int], list[Step]]]] = {
    "chain": ("The two-state chain: eigenvalue, stationary distribution, powers", _chain),
    "moments": ("Moments of the flat prior in (y, lambda)", _moments),
    "kernel": ("The population kernel K of the margin loss", _kernel),
}
