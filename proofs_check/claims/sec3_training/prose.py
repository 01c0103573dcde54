"""Prose of Secs. 2.2 and 3.2 that can be checked, and after it the captions of the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.claims.sec3_training import captions
from proofs_check.ledger.compare import worst
from proofs_check.methods.all_sequences import enumerated_step
from proofs_check.methods.prior_averages import flat_rule
from theory import notation
from theory.first_steps import curriculum

x = sp.Symbol("x", positive=True)  # pi_1
HALF = sp.Rational(1, 2)
FLAT = "k = 2, rows of P uniform"


@ledger.symbolic("change of variables to (pi_1, 1 - lambda)")
def density_by_jacobian(claimed: sp.Expr | None) -> ledger.Finding:
    """Law of pi_1, from the Jacobian of exit probabilities (s(1-x), s x) with s = 1 - lambda."""
    s = sp.Symbol("s", positive=True)
    jacobian = sp.Matrix([s * (1 - x), s * x]).jacobian([s, x]).det()
    # both exits are at most 1: s up to 1 / max(x, 1 - x); here the half x >= 1/2
    upper = sp.integrate(sp.Abs(jacobian), (s, 0, 1 / x))
    detail = f"the density on x >= 1/2 is {sp.sstr(upper)}"
    if claimed is None:
        return ledger.exactly(upper.has(sp.Integral), detail)
    higher, lower = (claimed.subs(sp.Max(x, 1 - x), larger) for larger in (x, 1 - x))
    gaps = (upper - higher, lower.subs(x, 1 - x) - higher)
    return ledger.exactly(all(sp.simplify(gap) == 0 for gap in gaps), detail)


@ledger.quadrature("moments of pi_1 over the prior")
def density_by_moments(claimed: sp.Expr | None) -> ledger.Finding:
    """Even moments of pi_1 - 1/2 over the prior against integrals of the density."""
    density = 1 / (2 * sp.Max(x, 1 - x) ** 2) if claimed is None else claimed
    upper = sp.lambdify(x, density.subs(sp.Max(x, 1 - x), x))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at, weights = 0.75 + nodes / 4, weights / 4
    prior, _, pi = flat_rule(40)
    residual = worst(
        abs(prior @ (pi[:, 0] - 0.5) ** q - 2 * weights @ (upper(at) * (at - 0.5) ** q))
        for q in (0, 2, 4, 6)
    )
    detail = f"moments 0, 2, 4, 6 of the elementary density differ by {residual:.1e}"
    if claimed is None:  # false once an elementary density has the right moments
        return ledger.Finding(float(residual < 1e-12), 0.0, detail)
    return ledger.Finding(residual, 1e-12, detail)


def _distance_to_uniform(k: int) -> tuple[float, float]:
    """Mean and standard error of the total variation distance of pi to uniform."""
    chains = sim.Dirichlet(k).sample(40_000 // k, k)
    distance = np.abs(sim.stationary_distribution(chains) - 1 / k).sum(axis=1) / 2
    return float(distance.mean()), float(distance.std() / np.sqrt(len(distance)))


@ledger.simulation("sampled chains, k = 32 and 64, and the law a + b / sqrt(k) through them")
def uniform_limit_sampled(limit: float) -> ledger.Finding:
    (a, da), (b, db) = _distance_to_uniform(32), _distance_to_uniform(64)
    root = np.sqrt(2.0)
    found = (root * b - a) / (root - 1)
    error = float(np.hypot(root * db, da) / (root - 1))
    detail = f"E TV(pi, uniform) = {a:.3f}, {b:.3f}; extrapolated {found:.4f} +- {error:.4f}"
    return ledger.Finding(abs(found - limit), 4 * error, detail)


@ledger.spectral("contraction of P towards uniform")
def uniform_limit_bound(limit: float) -> ledger.Finding:
    """TV(pi, u) <= TV(u P, u) / (1 - tau), tau the Dobrushin coefficient of P.

    E TV(uP, u) <= sqrt((k-1) / (k (k+1))) / 2 exactly, from the variance of column sums.
    """
    bounds = []
    for k in (32, 128, 384):
        P = sim.Dirichlet(k).sample(1, k)[0]
        tau = max(float(np.abs(P - row).sum(axis=1).max()) / 2 for row in P)
        bounds.append(float(np.sqrt((k - 1) / (k * (k + 1))) / 2 / (1 - tau)))
    detail = "bounds {:.3f}, {:.3f}, {:.3f} at k = 32, 128, 384, as k^(-1/2)".format(*bounds)
    return ledger.Finding(abs(limit), bounds[-1], detail)


def _favours(step_W: np.ndarray, step_v: np.ndarray, value: dict[str, int]) -> bool:
    """Sign of the diagonal's lead in W, and the largest v_j."""
    lead = np.sign(step_W[0, 0] - step_W[0, 1])
    return bool(lead == value["diagonal"] and np.argmax(step_v) + 1 == value["favoured"])


def _falls(step_W: np.ndarray, step_v: np.ndarray, value: dict[str, int]) -> bool:
    """The same, and v falls with j throughout."""
    return _favours(step_W, step_v, value) and bool(np.all(np.diff(step_v) < 0))


@ledger.spectral("exact gradient for long contexts", detail="T = 2, 5, 20, 100, 1000")
def first_step_exact(value: dict[str, int]) -> list[bool]:
    return [_falls(*theory.first_step(T), value) for T in (2, 5, 20, 100, 1000)]


@ledger.enumeration("all sequences with the hinge", detail="T = 2..8, all sequences with the hinge")
def first_step_enumerated(value: dict[str, int]) -> list[bool]:
    return [_falls(*enumerated_step(T), value) for T in range(2, 9)]


@ledger.simulation("flow of cross-entropy")
def first_step_flow(value: dict[str, int]) -> ledger.Finding:
    population = sim.Population(sim.Dirichlet(2), 6, sim.CrossEntropy())
    start = sim.MinimalModel.constant(6, 2, v=0.1, W=0.1)
    run = sim.gradient_flow(start, population, t_span=(0.0, 10.0))
    over = run.time[np.argmax(run.v[:, 1] > run.v[:, 0])]
    detail = f"T = 6: the diagonal leads from the start, v_2 from time {over:.1f}"
    return ledger.Finding(float(not _favours(run.W[1], run.v[1], value)), 0.0, detail)


def lag_moment(j: np.ndarray) -> np.ndarray:
    """Coefficient of (t-j+1)(t-j+2)/2 in the part of the diagonal's gradient of v_j with lambda.

    E[pi_1 pi_2 (2 sum_m pi_m P_mm - 1) lambda^(j-1)] in y = pi_1 - 1/2 and lambda.
    """
    m = theory.moments
    near = 4 * m(1, j - 1) - 16 * m(2, j - 1)
    return (near + m(0, j) - 8 * m(1, j) + 16 * m(2, j)) / 4


def _lag_moment_powers(j: int) -> float:
    """The same from matrix powers: sum_m pi_m^2 sum_i (P^(j-1) - 1 pi)_mi (P_mi - 1/2)."""
    weights, P, pi = flat_rule(120)
    decay = np.linalg.matrix_power(P, j - 1) - pi[:, None, :]
    return float(np.einsum("q,qm,qmi,qmi->", weights, pi**2, decay, P - 0.5))


@ledger.symbolic("ends of the spectrum, by Watson's lemma")
def pattern_exact(value: dict[str, Any]) -> ledger.Finding:
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
    measured = lag_moment(numbers) * numbers**2
    if value["law"] == "geometric":  # j^2 h_j would tend to 0
        good = even == 0 and odd == 0
    else:
        good = value["exponent"] == 2 and (value["even"], value["odd"]) == (even, odd)
        good = good and np.allclose(measured, [float(even), float(odd)], rtol=5e-3, atol=0)
    shown = f"at j = 4000, 4001 {measured[0]:.4f}, {measured[1]:.4f}"
    return ledger.exactly(bool(good), f"j^2 h_j -> {even} (even j), {odd} (odd j); {shown}")


@ledger.quadrature("matrix powers over the prior")
def pattern_measured(value: dict[str, Any]) -> ledger.Finding:
    """A geometric series through h_2 and h_4 at j = 40, or j^exponent h_j, extrapolated in 1/j."""
    h = {j: _lag_moment_powers(j) for j in (2, 4, 40, 41, 80, 81)}
    detail = f"h_2 = {h[2]:.4f}, h_40 = {h[40]:.2e}, h_41 = {h[41]:.2e}, h_80 = {h[80]:.2e}"
    if value["law"] == "geometric":
        return ledger.Finding(abs(h[2] * (h[4] / h[2]) ** 19 / h[40] - 1), 0.05, detail)
    gaps = []
    for j, twice, name in ((40, 80, "even"), (41, 81, "odd")):
        near, far = (h[n] * n ** value["exponent"] for n in (j, twice))
        limit = (twice * far - j * near) / (twice - j)
        gaps.append(abs(float(limit / value[name]) - 1))
    return ledger.Finding(worst(gaps), 0.02, f"{detail}; relative errors of both limits")


@ledger.symbolic("leading powers of both gradients")
def rates_exact(exponent: int) -> ledger.Finding:
    t, eps = sp.symbols("t epsilon", positive=True)
    first = theory.leading_constants().B * (t + 1) * (t + 2) / 6
    # v_2 at W = I, a = b near 1/2: K_2mm summed over m, leading part m_2 r (r+1) / 2 / (4 t)
    second = curriculum.lambda_moment(2, eps) * (t - 1) * t / (8 * t)
    powers = [sp.degree(sp.cancel(gradient), t) for gradient in (first, second)]
    detail = f"eta_1 ~ t^-{powers[0]}, eta_2 ~ t^-{powers[1]} keep both updates of order 1"
    return ledger.exactly(bool(powers[1] - powers[0] == exponent), detail)


@ledger.spectral("both gradients at t = 400 and 800")
def rates_measured(exponent: int) -> ledger.Finding:
    """Sizes of the two gradients at doubled lengths; rates that undo them are their inverses."""
    sizes = []
    for T in (400, 800):
        second = np.einsum("jml,ml->j", curriculum.symmetric_kernel(T, 0.15), np.eye(2))
        sizes.append((np.abs(theory.first_step(T)[0]).max(), np.abs(second).max()))
    first, second = np.log2(np.array(sizes[1]) / np.array(sizes[0]))
    detail = f"dL/dW of step 1 grows as t^{first:.3f}, dL/dv of step 2 as t^{second:.3f}"
    return ledger.Finding(float(abs(second - first - exponent)), 0.02, detail)


FIRST = {"diagonal": 1, "favoured": 1}
EVEN, ODD = sp.Rational(5, 12), -sp.Rational(1, 12)
POWER = {"law": "power", "exponent": 2, "even": EVEN, "odd": ODD}
LARGER = sp.Max(x, 1 - x)

CLAIMS = (
    ledger.corrected("text-2.2-no-closed-form", "Sec. 2.2, p. 5",
        "the stationary distribution has no simple characterisation at finite k",
        (r"\text{the law of }\pi\text{ has no simple analytical form for any finite }k", None),
        (r"k=2:\ \pi_1\text{ has the density }\frac1{2\max(x,1-x)^2}\text{ on }(0,1)",
         1 / (2 * LARGER**2)), density_by_jacobian, density_by_moments,
        wrong=(1 / LARGER**2, 1 / (2 * LARGER)), assume=FLAT,
        note="False for k = 2, the case of the theory; nothing is said here about k >= 3."),
    ledger.supported("text-2.2-large-k", "Sec. 2.2, p. 5",
        "the stationary distribution tends to uniform as k grows",
        r"\lim_{k\to\infty}E\,\mathrm{TV}(\pi,\mathrm{Unif}_k)=0",
        0.0, uniform_limit_sampled, uniform_limit_bound, wrong=(0.1,),
        assume="rows of P uniform on the simplex",
        note="In total variation, as (2 pi k)^(-1/2) = 0.40 k^(-1/2) within sampling error. For k "
        "= 2, 3 the distribution is far from uniform."),
    ledger.supported("text-3.2-second-layer-first", "Sec. 3.2, p. 9",
        "the first step aligns W; v favours v_1 and falls with the lag",
        r"W^{(1)}_{11}>W^{(1)}_{12},\quad v^{(1)}_1>v^{(1)}_2>\dots>v^{(1)}_t",
        FIRST, first_step_exact, first_step_enumerated, first_step_flow,
        wrong=(FIRST | {"diagonal": -1}, FIRST | {"favoured": 2}),
        assume=(FLAT, "W = c 11^T, v = c 1, c > 0"),
        needs=("lemma-3.1-step-1-W", "lemma-3.1-step-1-v"),
        note="'Mostly favours the first position' is to be read with care: v_1 is ahead of v_2 by "
        "the factor (t+1)/(t-1) only, and holds a share 3/t of the whole step."),
    ledger.corrected("text-3.2-geometric-series", "Sec. 3.2, p. 9 (even/odd pattern)",
        "how the even/odd pattern of v decays with the lag",
        (r"h_j=E[\pi_1\pi_2(2\textstyle\sum_m\pi_mP_{mm}-1)\lambda^{j-1}]"
         r"\text{ follows a geometric series}", {"law": "geometric"}),
        (r"j^2h_j\to\tfrac5{12}\ (j\text{ even}),\quad-\tfrac1{12}\ (j\text{ odd})", POWER),
        pattern_exact, pattern_measured,
        wrong=(POWER | {"exponent": 3}, POWER | {"odd": -ODD}, POWER | {"even": HALF}),
        assume=(FLAT,
                "t -> infinity at fixed j; the part of the gradient at W = I that depends on "
                "lambda"),
        note="Geometric in j for each chain, with ratio lambda; the gradient averages over the "
        "prior, and moments of lambda fall as j^-2 because lambda comes close to 1 and -1. Even "
        "lags are the stronger ones by a factor 5 in size, and odd ones are pushed down."),
    ledger.corrected("text-3.2-learning-rates", "Sec. 3.2, p. 11",
        "which of the two learning rates is the larger",
        (r"\eta_1\gg\eta_2:\ \eta_1/\eta_2\sim t^{+1}", 1),
        (r"\eta_1=O(1/t^2),\ \eta_2=O(1/t):\ \eta_1/\eta_2\sim t^{-1}", -1),
        rates_exact, rates_measured, wrong=(0, -2),
        assume="the two steps of Prop. A.3, updates of order 1",
        note="The sentence says the first rate is an order of magnitude larger; Prop. A.3 and p. "
        "28 have it the other way round, and so do the gradients. Nor does it then explain why the "
        "second phase takes longer."),
    *captions.CLAIMS,
)  # fmt: skip
