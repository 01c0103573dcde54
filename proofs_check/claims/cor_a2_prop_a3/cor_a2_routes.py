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
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import long_contexts
from proofs_check.methods.all_sequences import HINGE, enumerated_step
from proofs_check.methods.exact_chains import pair_mean
from proofs_check.methods.symbols import c, entries, lam, p, t, t1
from proofs_check.methods.triple_sums import symbolic_gradient, total
from theory import notation
from theory.chains import chain
from theory.first_steps import curriculum
from theory.notation import y

a = sp.Symbol("a")
r, M = sp.symbols("r M", integer=True, positive=True)
LAM = 2 * a - 1
SMALL = range(1, 10)
LENGTHS = (10**3, 10**5, 10**7)
BLOCKS = "powers of block matrices, chain by chain"

# (II) and (III) of (A.25), with lambda = 2a - 1
SUM_II, SUM_III = (part.subs({lam: LAM}) for part in (II, III))


@cache
def per_chain(entry: tuple[int, int]) -> sp.Expr:
    """-dL/dW of one chain with a = b per unit c, from the joint law: y is 0 there."""
    return symbolic_gradient(entry).subs({y: 0, c: 1, lam: LAM})


@cache
def per_chain_v() -> sp.Expr:
    """-t dL/dv_j of one chain with a = b per unit c, from the joint law, in r = t-j+1."""
    law = sum(pair_mean(entry) for entry in entries(2)).subs(y, 0)
    return total(law, ((t1, p), (p, r))).subs(lam, LAM)


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


@ledger.quadrature(
    BLOCKS,
    0.46,
    f"|diagonal - law| / log T, and T times what is off the diagonal, at T = {LENGTHS}",
    because="the closed form leaves (5/16) log T + O(1)",
)
def growth_W_by_blocks(value: dict[str, sp.Expr]) -> Iterator[float]:
    for T in LENGTHS:
        step = long_contexts.mean_step_in_W(T, "symmetric")
        yield abs(step[0, 0] - float(value["diagonal"].subs(t, T))) / np.log(T)
    step = long_contexts.mean_step_in_W(LENGTHS[0], "symmetric")
    yield abs(step[0, 1] - float(value["off"])) * LENGTHS[0]


def _moment(n: sp.Expr) -> sp.Expr:
    """E lambda^n for lambda = 2a - 1 uniform on (-1, 1), symbolic n."""
    return (1 - (-1) ** (n + 1)) / (2 * (n + 1))


@ledger.symbolic("moments of lambda in the joint law, gap by gap",
                 detail="every r = t-j+1: the gap n - 1 occurs r+1-n times, odd moments are 0; "
                 "growth from the closed form")  # fmt: skip
def step_v_symbolic(value: dict[str, sp.Expr]) -> Iterator[bool]:
    law = sum(pair_mean(entry) for entry in entries(2)).subs(y, 0)
    sums = value["law"].atoms(sp.Sum)
    if len(sums) != 1:
        yield False
        return
    (stated,) = sums
    index, *ends = stated.limits[0]
    yield ends == [1, sp.floor(r / 2)]
    yield vanishes(law - lam ** (p - t1 + 1) / 2)  # of the gap p - t' = n - 1
    yield sp.simplify(_moment(2 * index - 1)) == 0
    factor = value["law"].subs(stated, 1)
    yield vanishes(factor * stated.function - (r + 1 - 2 * index) * _moment(2 * index) / 2)
    for length in (2 * M, 2 * M + 1):
        exact = _odd_harmonic_settled(curriculum.gap_sum_closed(length, M)) / 2
        gap = (exact - value["growth"].subs(r, length)) / length
        yield sp.simplify(sp.limit(sp.expand_func(gap), M, sp.oo)) == 0


@ledger.enumeration(HINGE, 1e-13, "T times the step of v against the law, T = 1..9")
def step_v_enumerated(value: dict[str, sp.Expr]) -> list[float]:
    law = np.array([float(value["law"].subs(r, n).doit()) for n in SMALL])
    return [np.abs(T * symmetric_step(T)[1] - law[:T][::-1]).max() for T in SMALL]


@ledger.quadrature(BLOCKS, 1.0, f"|T step - growth| / log T of v_1 at T = {LENGTHS}",
                   because="the closed form leaves log(r) / 2 + O(1)")  # fmt: skip
def step_v_by_blocks(value: dict[str, sp.Expr]) -> Iterator[float]:
    for T in LENGTHS:
        step = T * long_contexts.mean_kernel(1, T, "symmetric").sum()
        yield abs(step - float(value["growth"].subs(r, T))) / np.log(T)


@ledger.symbolic("joint law at a = b in closed form", detail="every t and a")
def entry_symbolic(value: sp.Expr, entry: tuple[int, int]) -> bool:
    return vanishes(value / t - per_chain(entry))


@ledger.enumeration(HINGE, 1e-11, "mean over a against the hinge gradient, T = 1..7")
def entry_enumerated(value: sp.Expr, entry: tuple[int, int]) -> list[float]:
    whole = sp.cancel(value) / t
    return [_chain_mean(whole, T) - symmetric_step(T)[0][entry] for T in range(1, 8)]


@ledger.symbolic("limit of a chain's closed form", detail="coefficient of t once lambda^t is gone")
def leading_symbolic(lines: tuple[sp.Expr, ...]) -> list[bool]:
    powers = [power for power in per_chain((0, 0)).atoms(sp.Pow) if power.exp.has(t)]
    settled = per_chain((0, 0)).subs(dict.fromkeys((x for x in powers if x.base != t), 0))
    leading = sp.limit(sp.cancel(settled) / t, t, sp.oo)
    return [vanishes(line - leading) for line in lines]


@ledger.spectral(
    "powers of block matrices of single chains",
    1e-6,
    f"a = 0.1, 0.35, 0.7, T = {LENGTHS[-1]}",
    because="an error of order 1/T",
)
def leading_spectral(lines: tuple[sp.Expr, ...]) -> list[float]:
    at, T = (0.1, 0.35, 0.7), LENGTHS[-1]
    chains = long_contexts.chains(np.array([[1 - x, 1 - x] for x in at]))
    steps = long_contexts.step_in_W(chains, T)[:, 0, 0] / T
    return [step - float(line.subs(a, x)) for step, x in zip(steps, at, strict=True)
            for line in lines]  # fmt: skip


@ledger.symbolic("joint law at a = b in closed form", detail="every r and a")
def integrand_v_symbolic(value: sp.Expr) -> bool:
    return vanishes(value - per_chain_v())


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


@ledger.quadrature(BLOCKS, 4.6, f"|ratio - limit| T / log(T+1) at T = {LENGTHS}",
                   because="log(T+1) / 4 over D (T+1) / 2 - 2, by the exact bounds")  # fmt: skip
def ratio_by_blocks(value: sp.Expr) -> Iterator[float]:
    """S_T / (2T) is at most half the sum of the moments."""
    for T in LENGTHS:
        equal, flat = (long_contexts.mean_kernel(1, T, x).sum() for x in ("symmetric", "flat"))
        yield abs(equal / flat - float(value)) * T / np.log(T + 1)
