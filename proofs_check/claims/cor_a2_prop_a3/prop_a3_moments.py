"""Prop. A.3, the moments of lambda in the second update and its limit: (A.63)-(A.67)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from proofs_check import ledger
from proofs_check.ledger.normal import vanishes
from proofs_check.methods import two_steps
from proofs_check.methods.all_sequences import HINGE
from proofs_check.methods.exact_chains import SYMBOLIC as EXACT_CHAIN
from proofs_check.methods.exact_chains import pair_mean
from proofs_check.methods.leading_terms import settled
from proofs_check.methods.symbols import lam, s
from proofs_check.methods.symbols import n as gap
from proofs_check.methods.two_steps import (
    DIAG,
    HALF,
    LIMITS,
    POWERS,
    SYMBOLIC,
    a,
    eps,
    h2,
    j,
    k,
    v_init,
)
from theory.first_steps.curriculum import lambda_moment
from theory.notation import y

X = 2 * a - 1
PARITY = sp.Symbol("sigma")  # (-1)^j
NODES = "Gauss-Legendre in a"


def _mean(integrand: sp.Expr, width: float = two_steps.WIDTH) -> float:
    """E over a by the nodes of the enumeration's prior."""
    rule = two_steps.near_half(width)
    values = sp.lambdify(a, integrand)(rule.transition[:, 0, 0])
    return float(np.sum(rule.weights * np.broadcast_to(values, rule.weights.shape)))


def _cases(*lags: int) -> list[tuple[int, float, float]]:
    """Lags j and several epsilon with E[(a-1/2) lambda^(j-1)]."""
    means = {n: (a - HALF) * X ** (n - 1) for n in lags}
    return [(n, e, _mean(mean, e)) for n, mean in means.items() for e in (0.1, 0.3, 0.45)]


@ledger.symbolic("the joint law at a = b without powers of p - t', and a bound on the rest",
                 detail="twice the weight of the pairs t' <= p, for every lag; the rest is at most "
                 "r E[1 / (1 - |lambda|)]")  # fmt: skip
def weight_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    """At a = b, y = 0; |lambda| <= 2 epsilon < 1 bounds sums over gaps."""
    triple = (s + j - 1 + gap, s + j - 1, s)
    diagonal = sum(pair_mean((m, m), EXACT_CHAIN, triple) for m in range(2))
    limit, bound = settled(diagonal.subs(y, 0), (gap,))
    settles = vanishes(value["integrand"] - limit.subs(lam, X))
    return [settles, bool(bound <= 1), value["kept"] == 1 - SYMBOLIC.decay_v]


@ledger.enumeration(HINGE, 1e-13, "v_j^(2) by enumeration, T = 2, 4, 7")
def weight_enumerated(value: dict[str, sp.Expr]) -> Iterator[float]:
    """v after the second step, of which v^(1) has decayed, minus the S terms."""
    for T in two_steps.ENUMERATED:
        steps, lags = two_steps.enumerated(T), range(1, T + 1)
        off, gap, r = steps.W1[0, 1], steps.W1[0, 0] - steps.W1[0, 1], np.array(lags)[::-1]
        S = np.cumsum(np.cumsum([_mean(X**n) for n in lags]))[::-1]
        means = np.array([_mean(value["integrand"].subs(j, n)) for n in lags])
        rest = T * steps.step_v - (off / 2 + gap / 4) * S - gap * r * (r + 1) / 2 * means
        kept = float(value["kept"]) * two_steps.V_INIT
        yield np.abs(two_steps.H2 / T**2 * rest - kept).max()


@ledger.symbolic(LIMITS, detail="odd about a = 1/2")
def zero_symbolic(value: sp.Expr) -> bool:
    mean = sp.integrate((a - HALF) / 4, (a, HALF - eps, HALF + eps)) / (2 * eps)
    return sp.expand(mean - value) == 0


@ledger.quadrature(NODES, 1e-15, "epsilon = 0.1, 0.3, 0.45")
def zero_quadrature(value: sp.Expr) -> list[float]:
    return [mean / 4 - float(value) for _, _, mean in _cases(1)]


@ledger.symbolic(LIMITS, detail="the interval has length 2 epsilon: the mean of 1 is 1")
def density_symbolic(value: sp.Expr) -> bool:
    return sp.expand(value * 2 * eps) == 1


@ledger.quadrature(NODES, 1e-12, "weight times integral over expectation, j = 2, 4, 6")
def density_quadrature(value: sp.Expr) -> Iterator[float]:
    x, weights = np.polynomial.legendre.leggauss(12)
    for n, width, mean in _cases(2, 4, 6):
        integral = float(np.sum(width * weights * (width * x) * (2 * width * x) ** (n - 1)))
        yield float(value.subs(eps, width)) * integral / mean - 1


@ledger.symbolic(LIMITS,
                 detail="equal derivatives in epsilon, and 0 at 0; for every j, the integrand at "
                 "1/2 - epsilon is (-1)^j times that at 1/2 + epsilon")  # fmt: skip
def parts_symbolic(value: sp.Expr) -> list[bool]:
    ends = eps * (2 * eps) ** (j - 1) * (1 + PARITY)
    return [vanishes(sp.expand(sp.diff(value, eps) - ends)), value.subs({j: 3, eps: 0}) == 0]


@ledger.quadrature(NODES, 1e-15, "j = 1..7, epsilon = 0.1, 0.3, 0.45")
def parts_quadrature(value: sp.Expr) -> list[float]:
    return [2 * e * mean - float(value.subs({j: n, PARITY: (-1) ** n, eps: e}))
            for n, e, mean in _cases(*range(1, 8))]  # fmt: skip


@ledger.symbolic(LIMITS, detail="E[(a-1/2) lambda^(j-1)] = E[lambda^j] / 2, every k")
def even_symbolic(value: sp.Expr) -> list[bool]:
    """2 epsilon times the mean has the derivative 2 epsilon (2 epsilon)^(2k-1)."""
    rest = sp.diff(2 * eps * value, eps) - 2 * eps * (2 * eps) ** (2 * k - 1)
    exact = [value.subs(k, n) - lambda_moment(2 * n, eps) / 2 for n in range(1, 6)]
    return [sp.simplify(rest) == 0, *(sp.expand(x) == 0 for x in exact)]


@ledger.quadrature(NODES, 1e-12, "j = 2, 4, 6, epsilon = 0.1, 0.3, 0.45")
def even_quadrature(value: sp.Expr) -> list[float]:
    return [mean / float(value.subs({k: n // 2, eps: e})) - 1 for n, e, mean in _cases(2, 4, 6)]


@ledger.symbolic(LIMITS, detail="coefficient and order of the leading term in epsilon")
def W_symbolic(value: dict[str, sp.Expr]) -> list[bool]:
    coefficient, order = two_steps.order_in_epsilon(SYMBOLIC.limit().W)
    return [order == value["order"], value.get("coefficient", coefficient) == coefficient]


@ledger.spectral(POWERS, 5e-3, "W / epsilon^order at epsilon = 0.02, 0.04, extrapolated in 1/T",
                 because="the next order, 12/5 epsilon^2, is 4e-3")  # fmt: skip
def W_spectral(value: dict[str, sp.Expr]) -> list[float]:
    W = {e: two_steps.limit_after_second(e, 0.0)[1] for e in (0.02, 0.04)}
    found = [x[0, 0] / e ** value["order"] for e, x in W.items()]
    target = two_steps.numeric(value.get("coefficient", found[0]))
    return [x / target - 1 for x in found]


@ledger.symbolic(LIMITS, detail=f"v_3^(2) -> {SYMBOLIC.limit_v(3)} for decay 1 of both layers")
def offset_symbolic(value: sp.Expr) -> bool:
    return sp.expand(SYMBOLIC.limit_v(3) - value) == 0


@ledger.spectral(POWERS, 1e-4, "v_3, extrapolated in 1/T", because=two_steps.EXTRAPOLATED)
def offset_spectral(value: sp.Expr) -> float:
    return float(two_steps.limit_after_second(two_steps.WIDTH)[0][2]) - two_steps.numeric(value)


@ledger.symbolic(LIMITS, detail="leading terms in epsilon of v_2, v_4; limits 0 at odd j")
def v_symbolic(value: dict[str, sp.Expr]) -> Iterator[bool]:
    yield from (SYMBOLIC.limit_v(n) == 0 for n in (1, 3, 5))
    for n in (2, 4):
        coefficient, power = two_steps.order_in_epsilon(SYMBOLIC.limit_v(n))
        rest = (value.get("coefficient", coefficient) - coefficient).subs(j, n)
        yield from (power == value["power"].subs(j, n), sp.expand(rest) == 0)


@ledger.spectral(POWERS, 5e-3, "j = 2, 4, epsilon = 0.2, 0.4, extrapolated in 1/T",
                 because=two_steps.EXTRAPOLATED)  # fmt: skip
def v_spectral(value: dict[str, sp.Expr]) -> Iterator[float]:
    """The part of v_j of lag j alone: what v_j has above the mean of its odd neighbours."""
    for n in (2, 4):
        v = {e: two_steps.limit_after_second(e)[0] for e in (0.2, 0.4)}
        power = int(value["power"].subs(j, n))
        found = [(x[n - 1] - (x[n - 2] + x[n]) / 2) / e**power for e, x in v.items()]
        target = two_steps.numeric(sp.sympify(value.get("coefficient", found[0])).subs(j, n))
        yield from (x / target - 1 for x in found)


PARTS = (eps * ((2 * eps) ** j * (1 + PARITY)) / (2 * j)
         - (2 * eps) ** (j + 1) * (1 + PARITY) / (4 * j * (j + 1)))  # fmt: skip
WEIGHT = {"integrand": 2 * (a - HALF) / 4 * X ** (j - 1), "kept": 0}
EVEN = 4**k * eps ** (2 * k) / (2 * (2 * k + 1))
TRUE_W = {"order": 2, "coefficient": v_init * h2 / 6}
TRUE_V = {"power": j, "coefficient": h2 * DIAG * 2**j / (8 * (j + 1))}
MEAN = r"E_{a\sim U(1/2-\epsilon,1/2+\epsilon)}"
MOMENT = MEAN + r"[(a-1/2)(2a-1)^{j-1}]="
INTERVAL = "0 < epsilon < 1/2"

CLAIMS = (
    ledger.proved("A.63", 27, "the second update of v singles out lag j by E lambda^j",
        r"v_j=\eta_2\rho A\,O(1)+3A\frac{\eta_2}{t}\frac{(t-j+1)(t-j+2)}{2}\,2" + MEAN
        + r"\left[\frac{a-1/2}4(2a-1)^{j-1}\right]+3A\frac{\eta_2}tO(t)",
        WEIGHT, weight_symbolic, weight_enumerated,
        wrong=[WEIGHT | {"integrand": WEIGHT["integrand"] / 2}, WEIGHT | {"kept": 1},
               WEIGHT | {"integrand": WEIGHT["integrand"].subs(j, j + 1)}],
        assume=(*two_steps.SETTING, "weight decay 1 of v too"), needs="A.62-line-2",
        note="3A stands for rho - c' = v_init h_1 (B - A) / 6 and the signs lost in (A.62) are "
        "back; nothing of v^(1) is kept, unlike in (A.67)."),
    ledger.proved("A.64", 27, "at j = 1 the expectation vanishes",
        MEAN + r"\left[\frac{a-1/2}4(2a-1)^{j-1}\right]=0,\ j=1",
        sp.Integer(0), zero_symbolic, zero_quadrature, wrong=[sp.Rational(1, 8)], assume=INTERVAL),
    ledger.corrected("A.65-density", "(A.65), p. 27, line 1",
        "the expectation over a has the density 1/(2 epsilon)",
        (MOMENT + r"\int_{1/2-\epsilon}^{1/2+\epsilon}(a-1/2)(2a-1)^{j-1}", sp.Integer(1)),
        (MOMENT + r"\frac1{2\epsilon}\int_{1/2-\epsilon}^{1/2+\epsilon}(a-1/2)(2a-1)^{j-1}da",
         1 / (2 * eps)), density_symbolic, density_quadrature, wrong=[1 / eps], assume=INTERVAL),
    ledger.proved("A.65-integral", "(A.65), p. 27, lines 2 and 3", "the integral, by parts",
        r"\int_{1/2-\epsilon}^{1/2+\epsilon}(a-\tfrac12)(2a-1)^{j-1}da="
        r"\frac1{2j}\epsilon\left((2\epsilon)^j+(-2\epsilon)^j\right)-"
        r"\frac1{4j(j+1)}\left((2\epsilon)^{j+1}-(-2\epsilon)^{j+1}\right)",
        PARTS, parts_symbolic, parts_quadrature, wrong=[-PARTS, PARTS.subs(PARITY, -PARITY)],
        assume=INTERVAL),
    ledger.corrected("A.65-even", "below (A.65), p. 27",
        "the expectation at even j is of order epsilon^j",
        (MOMENT + r"\frac{4^k}{2k+1}\epsilon^{2k+1},\ j=2k", 2 * eps * EVEN),
        (MOMENT + r"\frac{4^k}{2(2k+1)}\epsilon^{2k},\ j=2k", EVEN), even_symbolic, even_quadrature,
        wrong=[2 * EVEN, eps * EVEN], assume=INTERVAL, needs="A.65-density",
        note="The printed value is that of the integral without its density; at odd j both are 0."),
    ledger.corrected("A.66", 27, "W after two steps is of order epsilon^2, and diagonal",
        (r"W_k^{(2)}=O(\epsilon)I+O(1/t)", {"order": 1}),
        (r"W_k^{(2)}=\frac{v_{init}h_2}{8}\left(\frac{\operatorname{artanh}2\epsilon}{2\epsilon}-1"
         r"\right)I+O(1/t)=\left(\frac{v_{init}h_2}{6}\epsilon^2+O(\epsilon^4)\right)I+O(1/t)",
         TRUE_W), W_symbolic, W_spectral,
        wrong=[TRUE_W | {"order": 3}, TRUE_W | {"coefficient": -v_init * h2 / 6},
               TRUE_W | {"coefficient": v_init * h2 / 3}],
        assume=(*two_steps.SETTING, "weight decay 1 of W, not multiplied by the rate"),
        needs="A.61-gradient",
        note="O(epsilon) is an upper bound, not the order. It does not follow from (A.61) either, "
        "whose entry is of order epsilon^3."),
    ledger.corrected("A.67-offset", "(A.67), p. 27",
        "with weight decay 1 of v nothing of v_init is left",
        (r"v_j=v_{init}+\dots+O(1/t)\ \text{with}\ (1-\lambda_{wd})v_j^{(1)}\ \text{of (A.62)}",
         v_init),
        (r"v_j=\dots+O(1/t),\ v_j\to0\ \text{for odd}\ j", sp.Integer(0)),
        offset_symbolic, offset_spectral, wrong=[sp.Integer(1)],
        assume=(*two_steps.SETTING, "weight decay 1 of both layers, as (A.61) and (A.62) print"),
        needs="A.62-line-1",
        note="(A.67) contradicts (A.62) and (A.63); with v_init kept, (A.68) does not hold."),
    ledger.corrected("A.67-power", "(A.67), p. 27",
        "the even entries of v after two steps are of order epsilon^j",
        (r"v_j=\dots+O\left(\frac{(t-j+1)(t-j+2)}{t^2}\right)\sum_{s=2k}\delta(s-j)\epsilon^{j+1}",
         {"power": j + 1}),
        (r"v_j=\frac{(t-j+1)(t-j+2)}{t^2}"
         r"\frac{h_2v_{init}h_1(B-A)}{48}\frac{(2\epsilon)^j}{j+1}1\{j\ \text{even}\}+O(1/t)",
         TRUE_V), v_symbolic, v_spectral,
        wrong=[TRUE_V | {"power": j + 1}, TRUE_V | {"coefficient": -TRUE_V["coefficient"]},
               TRUE_V | {"coefficient": 2 * TRUE_V["coefficient"]}], assume=two_steps.SETTING,
        needs="A.65-even",
        note="One power of epsilon too many, from the missing density; v_2 is (v_init h_1 h_2 "
        "(B-A) / 36) epsilon^2. The O(1/t) is (h_2/t)(c'+rho)/4 S_r/t, of one sign at all t lags: "
        "summed over them it is not small (see prop-A.3). delta is Kronecker's."),
)  # fmt: skip
