"""Computations behind the prose of Secs. 2-3.2 and the captions, for `prose`."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.claims.common import enumerated_margin
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import worst
from theory import notation
from theory.first_steps import curriculum

Array = NDArray[np.float64]
x = sp.Symbol("x", positive=True)  # pi_1
HALF = sp.Rational(1, 2)


# the stationary distribution


def density_symbolic(claimed: sp.Expr | None) -> Finding:
    """Law of pi_1, from the Jacobian of exit probabilities (s(1-x), s x) with s = 1 - lambda."""
    s = sp.Symbol("s", positive=True)
    jacobian = sp.Matrix([s * (1 - x), s * x]).jacobian([s, x]).det()
    # both exits are at most 1: s up to 1 / max(x, 1 - x); here the half x >= 1/2
    upper = sp.integrate(sp.Abs(jacobian), (s, 0, 1 / x))
    elementary = not upper.has(sp.Integral)
    if claimed is None:
        return exactly(not elementary, f"the density on x >= 1/2 is {sp.sstr(upper)}")
    branch = claimed.subs(sp.Max(x, 1 - x), x)
    lower = claimed.subs(sp.Max(x, 1 - x), 1 - x)
    good = sp.simplify(upper - branch) == 0 and sp.simplify(lower.subs(x, 1 - x) - branch) == 0
    return exactly(good, f"the density on x >= 1/2 is {sp.sstr(upper)}")


def density_quadrature(claimed: sp.Expr | None) -> Finding:
    """Even moments of pi_1 - 1/2 over the prior against integrals of the density."""
    density = 1 / (2 * sp.Max(x, 1 - x) ** 2) if claimed is None else claimed
    upper = sp.lambdify(x, density.subs(sp.Max(x, 1 - x), x))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at, weights = 0.75 + nodes / 4, weights / 4
    rule = sim.prior_quadrature(sim.Dirichlet(2), 40)
    pi = sim.stationary_distribution(rule.transition)[:, 0]
    residual = worst(
        abs(rule.weights @ (pi - 0.5) ** q - 2 * weights @ (upper(at) * (at - 0.5) ** q))
        for q in (0, 2, 4, 6)
    )
    detail = f"moments 0, 2, 4, 6 of the elementary density differ by {residual:.1e}"
    if claimed is None:  # false once an elementary density has the right moments
        return Finding(1.0 if residual < 1e-12 else 0.0, 0.0, detail)
    return Finding(residual, 1e-12, detail)


@cache
def _distance_to_uniform(k: int) -> tuple[float, float]:
    """Mean and standard error of the total variation distance of pi to uniform."""
    chains = sim.Dirichlet(k).sample(40_000 // k, k)
    distance = np.abs(sim.stationary_distribution(chains) - 1 / k).sum(axis=1) / 2
    return float(distance.mean()), float(distance.std() / np.sqrt(len(distance)))


def uniform_limit_sampled(limit: float) -> Finding:
    """Sampled chains; the law a + b / sqrt(k) through the two largest k gives the limit."""
    sizes = (2, 4, 8, 16, 32, 64)
    (a, da), (b, db) = _distance_to_uniform(32), _distance_to_uniform(64)
    root = np.sqrt(2.0)
    found = (root * b - a) / (root - 1)
    error = float(np.hypot(root * db, da) / (root - 1))
    means = ", ".join(f"{_distance_to_uniform(k)[0]:.3f}" for k in sizes)
    return Finding(
        abs(found - limit), 4 * error,
        f"E TV(pi, uniform) = {means} at k = {', '.join(map(str, sizes))}; extrapolated "
        f"{found:.4f}, 4 standard errors allowed",
    )  # fmt: skip


def uniform_limit_bound(limit: float) -> Finding:
    """TV(pi, u) <= TV(u P, u) / (1 - tau), tau the Dobrushin coefficient of P.

    E TV(uP, u) <= sqrt((k-1) / (k (k+1))) / 2 exactly, from the variance of column sums.
    """
    bounds = []
    for k in (32, 128, 384):
        P = sim.Dirichlet(k).sample(1, k)[0]
        tau = max(float(np.abs(P - row).sum(axis=1).max()) / 2 for row in P)
        bounds.append(float(np.sqrt((k - 1) / (k * (k + 1))) / 2 / (1 - tau)))
    listed = ", ".join(f"{b:.3f}" for b in bounds)
    return Finding(abs(limit), bounds[-1], f"bounds {listed} at k = 32, 128, 384, as k^(-1/2)")


# what the first two steps favour


def _favours(step_W: Array, step_v: Array, value: dict[str, int]) -> bool:
    """Sign of the diagonal's lead in W, the largest v_j, and v falling with j throughout."""
    lead = np.sign(step_W[0, 0] - step_W[0, 1])
    falling = bool(np.all(np.diff(step_v) < 0))
    return lead == value["diagonal"] and np.argmax(step_v) + 1 == value["favoured"] and falling


def first_step_spectral(value: dict[str, int]) -> Finding:
    lengths = (2, 5, 20, 100, 1000)
    good = all(_favours(*theory.first_step(T), value) for T in lengths)
    v = theory.first_step(1000)[1]
    return Finding(
        0.0 if good else 1.0, 0.0,
        f"T = 2, 5, 20, 100, 1000; at T = 1000 v_1 grows only {100 * (v[0] / v[1] - 1):.2f}% more "
        "than v_2, since (t+1)/(t-1) -> 1",
    )  # fmt: skip


def first_step_enumerated(value: dict[str, int]) -> Finding:
    steps = [enumerated_margin(np.full(T, 0.5), np.full((2, 2), 0.5)) for T in range(2, 9)]
    good = all(_favours(step_W, step_v, value) for _, step_v, step_W in steps)
    return Finding(0.0 if good else 1.0, 0.0, "T = 2..8, all sequences with the hinge")


def first_step_flow(value: dict[str, int]) -> Finding:
    """Cross-entropy, small equal start: which entries lead soon after the start."""
    population = sim.Population(sim.Dirichlet(2), 6, sim.CrossEntropy())
    start = sim.MinimalModel.constant(6, 2, v=0.1, W=0.1)
    run = sim.gradient_flow(start, population, t_span=(0.0, 10.0))
    lead = run.W[:, 0, 0] - run.W[:, 0, 1]
    over = run.time[np.argmax(run.v[:, 1] > run.v[:, 0])]
    good = np.sign(lead[1]) == value["diagonal"] and np.argmax(run.v[1]) + 1 == value["favoured"]
    return Finding(
        0.0 if good else 1.0, 0.0,
        f"cross-entropy, T = 6: the diagonal leads from the start, v_2 from time {over:.1f}",
    )  # fmt: skip


# the even/odd pattern


def _lag_moment(j: Array) -> Array:
    """Coefficient of (t-j+1)(t-j+2)/2 in the part of the diagonal's gradient of v_j with lambda.

    E[pi_1 pi_2 (2 sum_m pi_m P_mm - 1) lambda^(j-1)] in y = pi_1 - 1/2 and lambda.
    """
    m = theory.moments
    near = 4 * m(1, j - 1) - 16 * m(2, j - 1)
    return (near + m(0, j) - 8 * m(1, j) + 16 * m(2, j)) / 4


def _lag_moment_powers(j: int) -> float:
    """The same from matrix powers: sum_m pi_m^2 sum_i (P^(j-1) - 1 pi)_mi (P_mi - 1/2)."""
    rule = sim.prior_quadrature(sim.Dirichlet(2), 120)
    P, pi = rule.transition, sim.stationary_distribution(rule.transition)
    decay = np.linalg.matrix_power(P, j - 1) - pi[:, None, :]
    return float(np.einsum("q,qm,qmi,qmi->", rule.weights, pi**2, decay, P - 0.5))


def pattern_quadrature(value: dict[str, Any]) -> Finding:
    """A geometric series through h_2 and h_4 at j = 40, or j^exponent h_j, extrapolated in 1/j."""
    h = {j: _lag_moment_powers(j) for j in (2, 4, 40, 41, 80, 81)}
    detail = f"h_2 = {h[2]:.4f}, h_40 = {h[40]:.2e}, h_41 = {h[41]:.2e}, h_80 = {h[80]:.2e}"
    if value["law"] == "geometric":
        return Finding(abs(h[2] * (h[4] / h[2]) ** 19 / h[40] - 1), 0.05, detail)
    gaps = []
    for j, twice, name in ((40, 80, "even"), (41, 81, "odd")):
        near, far = (h[n] * n ** value["exponent"] for n in (j, twice))
        limit = (twice * far - j * near) / (twice - j)
        gaps.append(abs(float(limit / value[name]) - 1))
    return Finding(worst(gaps), 0.02, f"{detail}; relative errors of both limits")


def pattern_symbolic(value: dict[str, Any]) -> Finding:
    """Watson's lemma at lambda = 1 and -1, where the density of (y, lambda) vanishes linearly.

    A density C (1 - |lambda|) at an end gives C / j^2. At lambda = 1 it is 1 - lambda for every
    |y| < 1/2; at lambda = -1, |y| < (1 + lambda) / 4 + ..., so that y = 0 and the mass in y is
    twice that times the density 1 - lambda = 2.
    """
    y = notation.y
    weight = (1 - 4 * y**2) / 4
    at_one = sp.integrate(weight * (4 * y**2 + (1 - 4 * y**2)), (y, -HALF, HALF))
    at_minus_one = weight.subs(y, 0)
    even, odd = at_one + at_minus_one, at_one - at_minus_one
    numbers = np.array([4000, 4001])
    measured = _lag_moment(numbers) * numbers**2
    close = np.allclose(measured, [float(even), float(odd)], rtol=5e-3, atol=0)
    if value["law"] == "geometric":  # j^2 h_j would tend to 0
        return exactly(bool(even == 0 and odd == 0), f"j^2 h_j -> {even} (even j), {odd} (odd j)")
    good = value["exponent"] == 2 and (value["even"], value["odd"]) == (even, odd) and close
    return exactly(
        bool(good),
        f"j^2 h_j -> {even} (even j), {odd} (odd j); at j = 4000, 4001 {measured[0]:.4f}, "
        f"{measured[1]:.4f}",
    )


# learning rates of the two steps


def rates_spectral(exponent: int) -> Finding:
    """Sizes of the two gradients at doubled lengths; rates that undo them are their inverses."""
    sizes = []
    for T in (400, 800):
        second = np.einsum("jml,ml->j", curriculum.symmetric_kernel(T, 0.15), np.eye(2))
        sizes.append((np.abs(theory.first_step(T)[0]).max(), np.abs(second).max()))
    growth = np.log2(np.array(sizes[1]) / np.array(sizes[0]))
    return Finding(
        float(abs(growth[1] - growth[0] - exponent)), 0.02,
        f"dL/dW of step 1 grows as t^{growth[0]:.3f}, dL/dv of step 2 as t^{growth[1]:.3f}",
    )  # fmt: skip


def rates_symbolic(exponent: int) -> Finding:
    """Leading powers of t of both gradients, their constants not zero."""
    t, eps = sp.symbols("t epsilon", positive=True)
    constants = theory.leading_constants()
    first = constants.B * (t + 1) * (t + 2) / 6
    # v_2 at W = I, a = b near 1/2: K_2mm summed over m, leading part m_2 r (r+1) / 2 / (4 t)
    second = curriculum.lambda_moment(2, eps) * (t - 1) * t / (8 * t)
    powers = [sp.degree(sp.cancel(g), t) for g in (first, second)]
    return exactly(
        bool(powers[1] - powers[0] == exponent),
        f"eta_1 ~ t^-{powers[0]}, eta_2 ~ t^-{powers[1]} keep both updates of order 1",
    )
