"""Routes of the claims about Corollary A.2: the first step when a = b.

All gradients are per unit of c, from W = c 11^T, v = c 1. The chain has pi = 1/2, lambda = 2a - 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_1.step_1_w_sums import II, III
from proofs_check.ledger.compare import relative_error
from proofs_check.ledger.normal import vanishes
from proofs_check.methods.all_sequences import HINGE, enumerated_step
from proofs_check.methods.long_contexts import matrix_powers
from proofs_check.methods.symbols import lam, t
from theory import notation
from theory.chains import chain
from theory.first_steps import curriculum

a = sp.Symbol("a")
r, M = sp.symbols("r M", integer=True, positive=True)
LAM = 2 * a - 1
SMALL = range(1, 10)
LENGTHS = (100, 1000, 10000)

# (II) and (III) of (A.25), with lambda = 2a - 1
SUM_II, SUM_III = (part.subs({lam: LAM}) for part in (II, III))
# sum over n < t of (t-n+1) lambda^n, and sum over n of lambda^n (t-n+1)(t-n+2) / (8 t)
_INNER = (t - (LAM - LAM ** (t + 1)) / (1 - LAM)) * LAM / (1 - LAM)
DIAGONAL = (t * (t + 1) / 2 - _INNER) * LAM / (1 - LAM) / (4 * t)


# -dL/dW and -dL/dv per unit c when a = b, by brute force
symmetric_step = partial(enumerated_step, prior=sim.DoublyStochastic(2))


def _chain_mean(expression: sp.Expr, T: int) -> float:
    """Mean over a of an expression that is a polynomial in a for t = T (Gauss is exact then)."""
    nodes, weights = np.polynomial.legendre.leggauss(T + 3)
    values = sp.lambdify(a, expression.subs(t, T), "numpy")((nodes + 1) / 2)
    return float(np.sum(weights / 2 * np.broadcast_to(values, nodes.shape)))


@ledger.symbolic("P at b = a, and pi P = pi", detail="pi = (1/2, 1/2), any a: unigram is uniform")
def matrix_symbolic(P: sp.Matrix) -> list[bool]:
    pi = sp.ones(1, 2) / 2
    symmetric = chain.transition().subs({notation.a: a, notation.b: a})
    return [bool(rest.expand().is_zero_matrix) for rest in (P - symmetric, pi * P - pi)]


@ledger.quadrature("the prior of sim, node by node", 1e-13,
                   "nodes of the doubly stochastic prior of sim, and its moments")  # fmt: skip
def matrix_quadrature(P: sp.Matrix) -> list[float]:
    rule = sim.prior_quadrature(sim.DoublyStochastic(2), 12)
    at = rule.transition[:, 0, 0]
    stated = np.array([sp.lambdify(a, P)(x) for x in at], dtype=float)
    stationary = sim.stationary_distribution(stated)
    moments = [float(np.sum(rule.weights * at**n)) - 1 / (n + 1) for n in range(8)]
    return [np.abs(stated - rule.transition).max(), np.abs(stationary - 0.5).max(), *moments]


def _odd_harmonic_settled(closed: sp.Expr) -> sp.Expr:
    """For limits: psi(M + 3/2) is log(M + 1) + O(1/M^2)."""
    return closed.subs(sp.digamma(M + sp.Rational(3, 2)), sp.log(M + 1))


@cache
def _excess_over_law(law: sp.Expr) -> list[sp.Expr]:
    """Limits of (diagonal step - law) / t for even and for odd t."""
    if law.has(sp.oo):
        return [-sp.oo, -sp.oo]  # the step itself is finite at every t
    lengths = (2 * M, 2 * M + 1)
    exact = [_odd_harmonic_settled(curriculum.diagonal_step_closed(T, M)) for T in lengths]
    gaps = [(step - law.subs(t, T)) / T for step, T in zip(exact, lengths, strict=True)]
    return [sp.limit(sp.expand_func(gap), M, sp.oo) for gap in gaps]


@ledger.symbolic("limit of the closed form, and an identity in lambda^t",
                 detail="(diagonal - law) / t -> 0; off the diagonal lag and gap sums cancel for "
                 "every t and lambda")  # fmt: skip
def growth_W_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    diagonal = [sp.simplify(x) == 0 for x in _excess_over_law(value["diagonal"])]
    return [*diagonal, vanishes(SUM_II + (1 - LAM) * SUM_III), value["off"] == 0]


@ledger.enumeration(HINGE, 1e-12, f"T = 1..9; law within (5/16) log t + 1 at T = {LENGTHS}")
def growth_W_enumerated(value: dict[str, sp.Expr]) -> Iterator[float]:
    off = float(value["off"]) * (1 - np.eye(2))
    for T in SMALL:
        exact = float(curriculum.diagonal_step(T)) * np.eye(2)
        yield relative_error(symmetric_step(T)[0], exact + off)
    for T in LENGTHS:
        n = np.arange(2, T + 1, 2)
        step = float(np.sum((T - n + 1) * (T - n + 2) / (n + 1))) / (8 * T)
        excess = abs(step - float(value["diagonal"].subs(t, T))) - (5 / 16 * np.log(T) + 1)
        yield max(excess, 0.0)


@ledger.symbolic("exact moments of lambda, summed",
                 detail="exact rationals at r = t-j+1 = 1..12; positive from r = 2 on, because no "
                 "moment of lambda is negative")  # fmt: skip
def step_v_symbolic(value: dict[str, sp.Expr]) -> list[float]:
    """What t (v_j - c) / (c eta) differs from the law by, above the stated remainder."""
    gaps = [curriculum.gap_sum(n) / 2 - value["law"].subs(r, n).doit() for n in range(1, 13)]
    return [float(max(abs(gap) - value["remainder"], 0)) for gap in gaps]


@ledger.enumeration(HINGE, 1e-13, "T times the step of v against the law, T = 1..9")
def step_v_enumerated(value: dict[str, sp.Expr]) -> list[float]:
    law = np.array([float(value["law"].subs(r, n).doit()) for n in SMALL])
    gaps = [np.abs(T * symmetric_step(T)[1] - law[:T][::-1]).max() for T in SMALL]
    return [max(gap - float(value["remainder"]), 0.0) for gap in gaps]


@ledger.symbolic("normal form in a and lambda^t", detail="every t and a, (II) and (III) of (A.25)")
def entry_symbolic(value: sp.Expr, per_chain: sp.Expr) -> bool:
    return vanishes(value / t - per_chain)


@ledger.enumeration(HINGE, 1e-11, "mean over a against the hinge gradient, T = 1..7")
def entry_enumerated(value: sp.Expr, entry: tuple[int, int]) -> list[float]:
    whole = sp.cancel(value) / t
    return [_chain_mean(whole, T) - symmetric_step(T)[0][entry] for T in range(1, 8)]


@ledger.symbolic("limit of a chain's closed form", detail="coefficient of t once lambda^t is gone")
def leading_symbolic(lines: tuple[sp.Expr, ...]) -> list[bool]:
    settled = DIAGONAL.subs({LAM ** (t + 1): 0, LAM**t: 0})
    leading = sp.limit(sp.cancel(settled) / t, t, sp.oo)
    return [vanishes(line - leading) for line in lines]


@ledger.spectral("powers of single chains", 2e-3, "a = 0.1, 0.35, 0.7, T = 4000 (error O(1/T))")
def leading_spectral(lines: tuple[sp.Expr, ...]) -> list[float]:
    chains, T = (0.1, 0.35, 0.7), 4000
    steps = [diagonal_by_powers(np.array([[x, 1 - x], [1 - x, x]]), T) / T for x in chains]
    return [step - float(line.subs(a, x)) for step, x in zip(steps, chains, strict=True)
            for line in lines]  # fmt: skip


def diagonal_by_powers(P: np.ndarray, T: int) -> float:
    """-dL/dW_11 at v = 1 for one chain with a = b, from powers of the matrix itself."""
    powers = matrix_powers(P, T)
    # summed over lags up to t', then over the t' = 1..T-n that precede a gap of n
    pairs = np.cumsum(np.cumsum(powers[:, 0] / 2, axis=0), axis=0)[::-1]
    return float(np.sum((P[0] - 0.5) * powers[:, :, 0] * pairs)) / T


@ledger.symbolic("growth per chain", detail="coefficient of r, once lambda^r is gone")
def integrand_v_symbolic(value: sp.Expr) -> bool:
    """The growth in r of what a chain adds, sum over n of (r+1-n) lambda^n / 2."""
    per_chain = LAM / (1 - LAM) * (r - (LAM - LAM ** (r + 1)) / (1 - LAM)) / 2
    settled = [sp.cancel(x.subs({LAM ** (r + 1): 0, LAM**r: 0})) for x in (per_chain, value)]
    true, stated = (sp.limit(x / r, r, sp.oo) for x in settled)
    return vanishes(true - stated)


@ledger.enumeration(HINGE, 1e-11, "mean over a against T times the hinge step, T = 1..9")
def integrand_v_enumerated(value: sp.Expr) -> list[float]:
    means = [[_chain_mean(sp.cancel(value.subs(r, n)), T) for n in range(T, 0, -1)] for T in SMALL]
    return [np.abs(T * symmetric_step(T)[1] - means[T - 1]).max() for T in SMALL]


@ledger.symbolic("integral of a rational function", detail="the integrand is constant in a")
def linear_symbolic(value: tuple[sp.Expr, sp.Expr]) -> bool:
    return sp.simplify(sp.integrate(sp.cancel(value[0]), (a, 0, 1)) - value[1]) == 0


@ledger.quadrature("Gauss-Legendre in a", 1e-13, "at r = 1 (both sides are linear in r)")
def linear_quadrature(value: tuple[sp.Expr, sp.Expr]) -> float:
    return _chain_mean(value[0].subs(r, 1), 5) - float(value[1].subs(r, 1))


@ledger.symbolic("limit of the ratio of closed forms", detail="(log t / 4) / (D t / 2)")
def ratio_symbolic(value: sp.Expr) -> bool:
    equal = _odd_harmonic_settled(curriculum.gap_sum_closed(2 * M, M)) / (4 * M)
    limit = sp.limit(equal / (theory.leading_constants().D * M), M, sp.oo)
    return sp.simplify(limit - value) == 0


@ledger.spectral("exact sums over all lags and gaps",
                 detail=f"at T = {LENGTHS} from the limit by at most "
                 "(log(T+1) / 4) / (D (T+1) / 2 - 1)")  # fmt: skip
def ratio_spectral(value: sp.Expr) -> Iterator[float]:
    """S_T / (2T) is at most half the sum of the moments; the flat step is D (T+1) / 2 up to 1."""
    D = float(theory.leading_constants().D)
    for T in LENGTHS:
        equal, flat = theory.first_step(T, prior="doubly_stochastic")[1], theory.first_step(T)[1]
        bound = np.log(T + 1) / 4 / (D * (T + 1) / 2 - 1)
        yield max(abs(equal[0] / flat[0] - float(value)) - bound, 0.0)
