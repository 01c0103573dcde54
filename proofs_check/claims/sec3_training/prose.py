"""Prose on laws: of the stationary distribution (Sec. 2.2), of the pattern in v (Sec. 3.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.ledger.compare import worst
from proofs_check.methods.prior_averages import flat_rule
from theory import notation

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
    return ledger.in_errors(found, limit, error, detail)


@ledger.symbolic("contraction of P towards uniform, with tails of Gamma variables",
                 detail="for every k E TV(pi, u) <= 4 sqrt((k-1) / (k (k+1))) + P[TV between two "
                 "rows > 7/8]")  # fmt: skip
def uniform_limit_bound(limit: float) -> bool:
    """The limit of a bound that holds for every k, which a distance cannot fall below 0.

    TV(pi, u) <= TV(u P, u) / (1 - tau) with tau the largest TV between two rows. Where tau <= 7/8
    that is 8 TV(u P, u), and E TV(u P, u) <= k sd / 2 by Cauchy-Schwarz, sd that of an entry of
    u P. Rows are exponential variables over their sums: rows i, j overlap by at least
    sum_l min(G_il, G_jl) / max(S_i, S_j), a Gamma(k) variable of rate 2 over Gamma(k) ones of rate
    1. Below 1/8 it is only if the first is below k/4 or a sum above 2k, of which Chernoff's bound
    E exp(theta X) e^(-theta x) of a Gamma(k) variable X decides the chance.
    """
    k, p = sp.symbols("k p", positive=True)
    theta = sp.Symbol("theta", real=True)
    # an entry of a row is Beta(1, k - 1)
    second_moment = sp.integrate((k - 1) * p**2 * (1 - p) ** (k - 2), (p, 0, 1), conds="none")
    variance = sp.simplify(sp.gammasimp(second_moment) - 1 / k**2)
    near = 8 * k * sp.sqrt(variance / k) / 2

    def chernoff(share: int | sp.Rational) -> sp.Expr:
        """P[Gamma(k) beyond share * k], on the side of it that does not hold the mean k."""
        per_k = -sp.log(1 - theta) - theta * share  # log E exp(theta X) is -k log(1 - theta)
        (best,) = sp.solve(sp.diff(per_k, theta), theta)
        return sp.exp(k * per_k.subs(theta, best))

    apart = k * (k - 1) / 2 * chernoff(HALF) + k * chernoff(2)
    return bool(sp.limit(near, k, sp.oo) + sp.limit(apart, k, sp.oo) == limit)


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


def _at_ends() -> tuple[int, sp.Expr, sp.Expr]:
    """Order at which the density of lambda vanishes at 1 and -1, and h's weight there.

    The density of (y, lambda) is s = 1 - lambda where s (1/2 + |y|) <= 1. In d = 1 - |lambda| it is
    d at lambda = 1, for every |y| < 1/2; at lambda = -1 it is 2 - d for |y| < 1/(2 - d) - 1/2, a
    range that shrinks to y = 0.
    """
    y, d = notation.y, sp.Symbol("d", positive=True)
    weight = (1 - 4 * y**2) / 4
    one, minus_one = d, sp.cancel((2 - d) * 2 * (1 / (2 - d) - HALF))
    orders = {sp.degree(mass, d) for mass in (one, minus_one)}
    coefficients = [sp.LC(mass, d) for mass in (one, minus_one)]
    (order,) = orders
    signal = 4 * y**2 + (1 - 4 * y**2)  # 2 sum_m pi_m P_mm - 1 at lambda = 1; minus 1 at the other
    at_one = coefficients[0] * sp.integrate(weight * signal, (y, -HALF, HALF))
    return order, at_one, coefficients[1] * weight.subs(y, 0)


@ledger.symbolic("ends of the spectrum, by Watson's lemma")
def pattern_exact(value: dict[str, Any]) -> ledger.Finding:
    """A density C d^n at an end gives C n! / j^(n+1); at lambda = -1 signs alternate with j."""
    order, at_one, at_minus_one = _at_ends()
    even, odd = (sp.factorial(order) * (at_one + sign * at_minus_one) for sign in (1, -1))
    if value["law"] == "geometric":  # j^(order + 1) h_j would tend to 0
        good = even == 0 and odd == 0
    else:
        good = (value["exponent"], value["even"], value["odd"]) == (order + 1, even, odd)
    detail = f"j^{order + 1} h_j -> {even} (even j), {odd} (odd j)"
    return ledger.exactly(bool(good), detail)


@ledger.quadrature("matrix powers over the prior")
def pattern_measured(value: dict[str, Any]) -> ledger.Finding:
    """A geometric series through h_2 and h_4 at j = 40, or j^exponent h_j, extrapolated in 1/j."""
    h = {j: _lag_moment_powers(j) for j in (2, 4, 40, 41, 80, 81)}
    detail = f"h_2 = {h[2]:.4f}, h_40 = {h[40]:.2e}, h_41 = {h[41]:.2e}, h_80 = {h[80]:.2e}"
    if value["law"] == "geometric":
        return ledger.Finding(
            abs(h[2] * (h[4] / h[2]) ** 19 / h[40] - 1), 1e-6, detail, because="quadrature"
        )
    gaps = []
    for j, twice, name in ((40, 80, "even"), (41, 81, "odd")):
        near, far = (h[n] * n ** value["exponent"] for n in (j, twice))
        limit = (twice * far - j * near) / (twice - j)
        gaps.append(abs(float(limit / value[name]) - 1))
    return ledger.Finding(
        worst(gaps), 0.005, f"{detail}; relative errors of both limits",
        because="the part of order 1 / j^2 that is left after extrapolation from j = 40, 80",
    )  # fmt: skip


@ledger.spectral("moments of lambda in closed form, j = 4000 and 4001")
def pattern_far(value: dict[str, Any]) -> ledger.Finding:
    numbers = np.array([4000, 4001])
    found = lag_moment(numbers) * numbers.astype(float) ** value.get("exponent", 2)
    stated = [float(value.get(name, 0)) for name in ("even", "odd")]
    return ledger.Finding(
        worst(np.abs(found - stated)), 2 / 4000,
        f"j^2 h_j = {found[0]:.4f}, {found[1]:.4f}", because="a part of order 1 / j",
    )  # fmt: skip


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
    ledger.proved("text-2.2-large-k", "Sec. 2.2, p. 5",
        "the stationary distribution tends to uniform as k grows",
        r"\lim_{k\to\infty}E\,\mathrm{TV}(\pi,\mathrm{Unif}_k)=0",
        0, uniform_limit_bound, uniform_limit_sampled, wrong=(0.1,),
        assume="rows of P uniform on the simplex",
        note="In total variation, as (2 pi k)^(-1/2) = 0.40 k^(-1/2) within sampling error. For k "
        "= 2, 3 the distribution is far from uniform."),
    ledger.corrected("text-3.2-geometric-series", "Sec. 3.2, p. 9 (even/odd pattern)",
        "how the even/odd pattern of v decays with the lag",
        (r"h_j=E[\pi_1\pi_2(2\textstyle\sum_m\pi_mP_{mm}-1)\lambda^{j-1}]"
         r"\text{ follows a geometric series}", {"law": "geometric"}),
        (r"j^2h_j\to\tfrac5{12}\ (j\text{ even}),\quad-\tfrac1{12}\ (j\text{ odd})", POWER),
        pattern_exact, pattern_measured, pattern_far,
        wrong=(POWER | {"exponent": 3}, POWER | {"odd": -ODD}, POWER | {"even": HALF}),
        assume=(FLAT,
                "t -> infinity at fixed j; the part of the gradient at W = I that depends on "
                "lambda"),
        note="Geometric in j for each chain, with ratio lambda; the gradient averages over the "
        "prior, and moments of lambda fall as j^-2 because lambda comes close to 1 and -1. Even "
        "lags are the stronger ones by a factor 5 in size, and odd ones are pushed down."),
)  # fmt: skip
