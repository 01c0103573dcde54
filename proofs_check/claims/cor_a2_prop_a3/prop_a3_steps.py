"""Prop. A.3, the two updates: (A.59)-(A.62) and footnote 2.

L_const is the loss at W = 11^T, L_diag that at W = I; A, B and D are the constants of Lemma 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.methods import long_contexts, two_steps
from proofs_check.methods.all_sequences import HINGE
from proofs_check.methods.exact_chains import SYMBOLIC, pair_mean, prior_mean
from proofs_check.methods.leading_terms import per_gap, settled
from proofs_check.methods.symbols import entries, i, k, lam, n, p, s, t1
from proofs_check.methods.two_steps import (
    CONST,
    DIAG,
    LIMITS,
    POWERS,
    RHO,
    UNIT,
    A,
    B,
    D,
    a,
    eps,
    eta2,
    h1,
    h2,
    t,
    v_init,
    w_init,
)
from theory.first_steps.curriculum import gap_sum
from theory.notation import y

EYE, ONES, HALF = np.eye(2), np.ones((2, 2)), two_steps.HALF
LIMIT, LEADING = two_steps.SYMBOLIC.limit(), theory.leading_constants()
LONG = (10**3, 10**5, 10**7)
BLOCKS = "powers of block matrices, chain by chain"
BECAUSE = "bound of the remainder, as for Lemma 3.1"


def of_exact_order(growth: sp.Expr) -> bool:
    """Whether it has a limit as t grows that is neither 0 nor infinite."""
    limit = sp.limit(growth, t, sp.oo)
    return bool(limit.is_finite and limit != 0)


@ledger.symbolic("the joint law without powers of gaps, and a bound on the rest",
                 detail="triples s <= t' <= p <= t counted; |remainder| <= 3 (t + 1)")  # fmt: skip
def first_W_symbolic(value: dict[str, sp.Expr]) -> Iterator[bool]:
    yield of_exact_order(two_steps.TRIPLES / t ** value["power"])
    yield theory.is_zero(LEADING.B - value["diagonal"])
    yield theory.is_zero(LEADING.A - value["off"])
    for entry in entries(2):
        limit, bound = settled(pair_mean(entry), (p, t1))
        stated = value["diagonal" if entry[0] == entry[1] else "off"]
        yield theory.is_zero(prior_mean(limit) - stated)
        yield bool(per_gap(bound) / 2 <= 3)


@ledger.quadrature(BLOCKS, 3.0, f"|step T^(2-power) - (T+1)(T+2)/6 (B, A)| / (T+1) at T = {LONG}",
                   because=BECAUSE)  # fmt: skip
def first_W_by_blocks(value: dict[str, sp.Expr]) -> Iterator[float]:
    stated = float(value["off"]) * (ONES - EYE) + float(value["diagonal"]) * EYE
    for T in LONG:
        step = long_contexts.mean_step_in_W(T) * T ** (2.0 - value["power"])
        yield np.abs(step - (T + 1) * (T + 2) / 6 * stated).max() / (T + 1)


@ledger.symbolic("the joint law without powers of p - t', pairs t' <= p counted",
                 detail="t (v_1^(1) - v_init) -> h_1 w_init D / 2; |remainder| <= 2 "
                 "(t-j+1)")  # fmt: skip
def first_v_symbolic(value: sp.Expr) -> list[bool]:
    limit, bound = settled(sum(pair_mean(entry) for entry in entries(2)), (p,))
    growth = sp.limit(t * h1 / t**2 * w_init * two_steps.PAIRS, t, sp.oo) * prior_mean(limit)
    rest = sp.expand((growth - value) / (h1 * w_init))
    return [theory.is_zero(rest), theory.is_zero(LEADING.D - D), bool(per_gap(bound) <= 2)]


@ledger.quadrature(
    BLOCKS,
    2.06,
    "|T (v_j^(1) - v_init) - stated (1 - (j-1)/T)^2| T / (h_1 w_init) "
    f"at T = {LONG}, j = 1, 2, T/3",
    because="2 + D / 2 by the exact bound",
)
def first_v_by_blocks(value: sp.Expr) -> Iterator[float]:
    stated = float(value / (h1 * w_init))
    for T in LONG:
        for lag in (1, 2, T // 3):
            step = long_contexts.mean_kernel(lag, T).sum() / T
            yield abs(step - stated * ((T - lag + 1) / T) ** 2) * T


@ledger.symbolic("second derivative of the loss in W", detail="symbolic T, k, tokens and v")
def linear_symbolic(dependence: sp.Expr) -> bool:
    """(A.10) and the margin loss with every hinge active, differentiated twice."""
    x, v, W = (sp.IndexedBase(name) for name in "xvW")
    m, l, m2, l2 = sp.symbols("m l m2 l2", integer=True)  # noqa: E741

    def f(state: sp.Expr) -> sp.Expr:
        inner = sp.Sum(v[t1 - s + 1] * W[x[p], x[s]], (s, 1, t1))
        return sp.Sum(sp.KroneckerDelta(x[t1], state) * inner, (t1, 1, p))

    loss = sp.Sum(sp.Sum(f(i) - f(x[p + 1]), (i, 1, k)), (p, 1, t)) / (k * t)
    slope = sp.diff(loss, W[m, l])
    return slope != 0 and sp.diff(slope, W[m2, l2]).doit() == dependence


@ledger.enumeration(HINGE, 1e-12, "gradient at W^(1) against that at W = 0, T = 2, 4, 7")
def linear_enumerated(dependence: sp.Expr) -> Iterator[float]:
    for T in two_steps.ENUMERATED:
        v, W1 = np.full(T, two_steps.V_INIT), two_steps.enumerated(T).W1
        here, origin = (two_steps.hinge_step(v, W)[1] for W in (W1, 0 * W1))
        yield np.abs(here - origin - float(dependence) * W1).max()


@ledger.symbolic(LIMITS, detail="true coefficient (artanh(2 eps) / (2 eps) - 1) / 8; equal "
                 "derivatives in epsilon")  # fmt: skip
def diagonal_symbolic(value: dict[str, sp.Expr]) -> bool:
    """True coefficient of t over the stated one: must be 1, or any positive number under O(.)."""
    true, stated = LIMIT.W / (v_init * h2), value["coefficient"]
    if not value["up_to_constant"]:
        # both are regular at 0, so that eps times the difference vanishes there
        return sp.simplify(sp.diff(sp.expand(eps * (true - stated)), eps)) == 0
    c, power = two_steps.order_in_epsilon(true)
    stated = sp.series(stated.rewrite(sp.log), eps, 0, 8).removeO()
    stated_c, stated_power = two_steps.order_in_epsilon(stated)
    return bool(power == stated_power and c * stated_c > 0)


@ledger.spectral(POWERS, 1e-3, "found over stated, epsilon = 0.1, 0.2, 0.3, extrapolated in 1/T",
                 because=two_steps.EXTRAPOLATED)  # fmt: skip
def diagonal_spectral(value: dict[str, sp.Expr]) -> list[float]:
    """The stated coefficient against W / (v_init h2): the ratio is 1, or positive and constant."""
    ratios = []
    for width in (0.1, 0.2, 0.3):
        W = two_steps.limit_after_second(width)[1][0, 0]
        stated = value["coefficient"].subs(eps, width) * two_steps.V_INIT * two_steps.H2
        ratios.append(W / float(stated))
    target = ratios[0] if value["up_to_constant"] else 1.0
    return [float(min(ratios) <= 0), *(ratio - target for ratio in ratios)]


@ledger.symbolic(LIMITS, detail="equal derivatives in epsilon, and both vanish at epsilon = 0")
def integral_symbolic(value: sp.Expr) -> list[bool]:
    slope = sum((x - HALF) / (x - 1) for x in (HALF + eps, HALF - eps))
    return [sp.simplify(x) == 0 for x in (sp.diff(value, eps) - slope, value.subs(eps, 0))]


@ledger.quadrature("Gauss-Legendre in a", 1e-12, "epsilon = 0.1, 0.25, 0.4")
def integral_quadrature(value: sp.Expr) -> list[float]:
    x, weights = np.polynomial.legendre.leggauss(40)
    found = {e: np.sum(e * weights * (e * x) / (e * x - 0.5)) for e in (0.1, 0.25, 0.4)}
    return [integral - float(value.subs(eps, e)) for e, integral in found.items()]


@ledger.symbolic(LIMITS, detail="rate times gradient, pairs t' <= p counted, tends to v_2^(2)")
def rate_symbolic(rate: sp.Expr) -> bool:
    """At a = b, y = 0, and lag 2 the joint law settles to a moment of lambda."""
    diagonal = sum(pair_mean((m, m), SYMBOLIC, (s + 1 + n, s + 1, s)) for m in range(2))
    limit = settled(diagonal.subs(y, 0), (n,)).limit
    mean = sp.integrate(limit.subs(lam, 2 * a - 1), (a, HALF - eps, HALF + eps)) / (2 * eps)
    gradient = DIAG * sp.expand(mean) * two_steps.PAIRS
    found = sp.limit(rate.subs(eta2, h2 / t) * gradient, t, sp.oo)
    return bool(found.is_finite and sp.simplify(found - two_steps.SYMBOLIC.limit_v(2)) == 0)


@ledger.enumeration("one step of sim against central differences of its loss", 1e-10,
                    "T = 2, 4, 7 from W^(1), v^(1), eta_2 = 0.3",
                    because="rounding of differences")  # fmt: skip
def rate_enumerated(rate: sp.Expr) -> Iterator[float]:
    """The loss is linear in v while every hinge is active, so that differences are exact."""
    eta, width = 0.3, 0.05
    for T in two_steps.ENUMERATED:
        steps = two_steps.enumerated(T)
        start = sim.MinimalModel(steps.v1, steps.W1)
        objective = two_steps.near_half_loss(steps.v1, steps.W1)
        run = sim.gradient_descent(start, objective, steps=1, learning_rate=eta, record_at=[0, 1])
        evaluate = objective.bind(start)
        for lag in range(T):
            moved = width * np.eye(T)[lag]
            up, down = (evaluate(start.v + way * moved, start.W)[0] for way in (1, -1))
            step = -float(rate.subs(eta2, eta)) * (up - down) / (2 * width)
            yield run.v[-1][lag] - start.v[lag] - step


@ledger.symbolic("linear in W; limits and next order of W^(1)",
                 detail="at w_init = 0 weights of L_const, L_diag over v_init h_1: "
                 f"{float(A / 6):.5f}, {float((B - A) / 6):.5f}")  # fmt: skip
def split_symbolic(value: dict[str, sp.Expr]) -> Iterator[bool]:
    """The entries of W^(1) tend to their limits as slowly as 1 / t^power."""
    differences, known = [], (LEADING.W_next_off_diagonal, LEADING.W_next_diagonal)
    for entry, after, stated in zip(((0, 1), (0, 0)), known,
                                    (value["const"], value["const"] + value["diag"]),
                                    strict=True):  # fmt: skip
        mean = prior_mean(settled(pair_mean(entry), (p, t1)).limit)
        growth = v_init * h1 / t**2 * (two_steps.TRIPLES * mean + after * t)
        differences.append(sp.expand(w_init + sp.limit(growth, t, sp.oo) - stated))
        next_order = growth - sp.limit(growth, t, sp.oo)
        yield of_exact_order(next_order * t ** value["power"])
    polynomials = [sp.Poly(x, w_init, h1, v_init) for x in differences]
    yield from (theory.is_zero(c) for polynomial in polynomials for c in polynomial.coeffs())


@ledger.spectral(POWERS, 0.05, "exponent of 1/T of what the stated sum leaves, j = 2",
                 because="corrections of order log(T) / T to the exponent")  # fmt: skip
def split_by_powers(value: dict[str, sp.Expr]) -> Iterator[float]:
    const, diag = (two_steps.numeric(value[name]) for name in ("const", "diag"))
    rest = []
    for T in two_steps.LENGTHS:
        rule = two_steps.near_half(two_steps.WIDTH)
        K = long_contexts.all_lags(rule.weights, rule.transition, T)[1]
        stated = const * K.sum() + diag * np.trace(K)
        rest.append(two_steps.H2 / T * (two_steps.by_powers(T).step_v[1] - stated))
    yield from (-np.diff(np.log2(np.abs(rest))) - value["power"])


@ledger.symbolic(LIMITS, detail="-dL/dv = c' S/2 + (rho - c') (S + m)/4 for W^(1)")
def third_line_symbolic(value: dict[str, sp.Expr]) -> bool:
    """Kernel with free moments: S for the gap sum, m for E lambda^j; K = (S +- m) / (8 t)."""
    S, m = sp.symbols("S m")
    same, cross = (S + m) / 8, (S - m) / 8
    found = 2 * same * (CONST + DIAG) + 2 * cross * CONST
    return sp.expand(found - value["const"] * S / 2 - value["diag"] * 2 * same) == 0


@ledger.enumeration(HINGE, 1e-11, "-dL/dv at W^(1), T = 2, 4, 7")
def split_enumerated(value: dict[str, sp.Expr], closed: bool = False) -> Iterator[float]:
    """The stated combination at the limit of W^(1); `closed`: with S_r / (2T) for -dL_const/dv."""
    W = two_steps.numeric(LIMIT.off) * ONES + two_steps.numeric(LIMIT.gap) * EYE
    for T in two_steps.ENUMERATED:
        v = np.full(T, two_steps.V_INIT)
        found, const, diag = (two_steps.hinge_step(v, at)[0] for at in (W, ONES, EYE))
        if closed:
            sums = [float(gap_sum(r, sp.Rational(3, 20))) for r in range(T, 0, -1)]
            const = np.array(sums) / (2 * T)
        stated = two_steps.numeric(value["const"]) * const + two_steps.numeric(value["diag"]) * diag
        yield relative_error(stated, found)


FIRST_W = {"diagonal": B, "off": A, "power": 2}
FIRST_V = h1 * w_init * D / 2
INTEGRAL = 2 * eps + sp.log((HALF - eps) / (HALF + eps)) / 2
SECOND_W = {"coefficient": -INTEGRAL / (16 * eps), "up_to_constant": False}
SPLIT = {"const": CONST, "diag": DIAG}
TRUE_SPLIT = SPLIT | {"power": 1}

CLAIMS = (
    ledger.proved("A.59", 26, "first step of the curriculum: W grows by order t^2 times the rate",
        r"W_k^{(1)}=w_{init}11^T+v_{init}"
        r"\eta_1\begin{pmatrix}B&A\\A&B\end{pmatrix}O(t^2)+v_{init}\eta_1O(t)",
        FIRST_W, first_W_symbolic, first_W_by_blocks,
        wrong=[FIRST_W | {"diagonal": -B}, FIRST_W | {"off": B}, FIRST_W | {"power": 1},
               FIRST_W | {"power": 3}, FIRST_W | {"diagonal": 2 * B}], also={"A.60": 26},
        assume=(two_steps.SETTING[0], two_steps.SETTING[3]), needs="lemma-3.1-step-1-W",
        note="O(t^2) is (t+1)(t+2)/6, so that with eta_1 = h_1 / t^2 the O(1) of (A.60) is "
        "v_init h_1 / 6."),
    ledger.corrected("A.60-v", "below (A.60), p. 26",
        "after the first step v_j is v_init only up to 1/t",
        (r"v_j^{(1)}=v_{init}+\eta_1w_{init}O(t)\ \Rightarrow\ v_j^{(1)}=v_{init}", sp.Integer(0)),
        (r"v_j^{(1)}=v_{init}+\frac{h_1w_{init}D}{2t}\left(1-\tfrac jt\right)^2+O(1/t^2),\ "
         r"D=\tfrac32-2\ln2", FIRST_V), first_v_symbolic, first_v_by_blocks,
        wrong=[-FIRST_V, 2 * FIRST_V], assume=(*two_steps.SETTING[:2], two_steps.SETTING[3]),
        needs="lemma-3.1-step-1-v",
        note="The data are t (v_1 - v_init). The equality is that of the limit; what is left adds "
        "1/t to W^(2), its off-diagonal included, so (A.66) is not affected."),
    ledger.proved("footnote-2", "footnote 2, p. 27", "the gradient in W does not depend on W",
        r"\nabla_{W_k}L(v,W_k)=\nabla_{W_k}L(v,0)",
        sp.Integer(0), linear_symbolic, linear_enumerated, wrong=[sp.Rational(1, 10)],
        assume=two_steps.SETTING[3:],
        note="What (A.55) gives at W = c 11^T therefore holds at W^(1); its average over a, "
        "divergent for a uniform on (0, 1), is finite for epsilon < 1/2."),
    ledger.corrected("A.61-gradient", "(A.61), p. 27, line 2",
        "second step of W: diagonal, positive, of order epsilon^2",
        (r"W_k^{(2)}=v_{init}"
         r"\eta_2\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}\,I\;O(t)+O(1)",
         {"coefficient": INTEGRAL, "up_to_constant": True}),
        (r"W_k^{(2)}=v_{init}\eta_2\,\frac{-1}{8}\cdot\frac1{2\epsilon}"
         r"\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}da\;t\,I+\eta_2O(1)=\frac{v_{init}"
         r"\eta_2t}{8}\left(\frac{\operatorname{artanh}2\epsilon}{2\epsilon}-1\right)I+\eta_2O(1)",
         SECOND_W), diagonal_symbolic, diagonal_spectral,
        wrong=[SECOND_W | {"coefficient": INTEGRAL / (16 * eps)},
               SECOND_W | {"coefficient": -INTEGRAL / (8 * eps)}], assume=two_steps.SETTING,
        needs=("A.55-coefficient", "footnote-2"),
        note="The sign of (A.55) and the density 1/(2 epsilon) are lost (and the 1/8, which O(t) "
        "may hold): as printed the diagonal is negative and of order epsilon^3."),
    ledger.proved("A.61-integral", "(A.61), p. 27, line 2 to line 3",
        "value of the printed integral",
        r"\int_{1/2-\epsilon}^{1/2+\epsilon}"
        r"\frac{a-1/2}{a-1}da=2\epsilon+\tfrac12\ln\frac{1/2-\epsilon}{1/2+\epsilon}",
        INTEGRAL, integral_symbolic, integral_quadrature, wrong=[-INTEGRAL, INTEGRAL - eps],
        assume="0 < epsilon < 1/2", note="It is negative, -8 epsilon^3 / 3 - ..."),
    ledger.corrected("A.62-line-1", "(A.62), p. 27, line 1",
        "the second update of v carries the learning rate",
        (r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\frac{\partial L}{\partial v_j}", sp.Integer(1)),
        (r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\eta_2\frac{\partial L}{\partial v_j}", eta2),
        rate_symbolic, rate_enumerated, wrong=[2 * eta2, -eta2, eta2**2], assume=two_steps.SETTING,
        note="eta_2 is missing, without which v_2 grows like t. As in (A.61) the decay is not "
        "multiplied by the rate; with 1 - eta_2 lambda_wd, as most optimisers have it, both layers "
        "would keep their values as t -> infinity."),
    ledger.corrected("A.62-line-2", "(A.62), p. 27, line 2",
        "the gradient of v splits into one of a constant and one of a diagonal W",
        (r"v_j^{(2)}=\eta_2A\frac{\partial L_{const}}{\partial v_j}+"
         r"\eta_2\,3A\frac{\partial L_{diag}}{\partial v_j}",
         {"const": -A * UNIT, "diag": -3 * A * UNIT, "power": 1}),
        (r"v_j^{(2)}=-\eta_2"
         r"\left(w_{init}+\frac{v_{init}h_1A}{6}\right)\frac{\partial L_{const}}{\partial v_j}-"
         r"\eta_2\frac{v_{init}h_1(B-A)}{6}\frac{\partial L_{diag}}{\partial v_j}+O(1/t)",
         TRUE_SPLIT),
        split_symbolic, split_enumerated, split_by_powers,
        wrong=[TRUE_SPLIT | {"const": -CONST, "diag": -DIAG}, TRUE_SPLIT | {"diag": CONST},
               TRUE_SPLIT | {"const": 2 * CONST}], assume=two_steps.SETTING, needs="A.59",
        note="Both signs are wrong and w_init is missing; the common factor v_init h_1 / 6 of "
        "(A.60) is granted to the printed form, and 3A is (B - A) = 2.978 A rounded. What is left "
        "is of order 1/t because the entries of W^(1) are right to 1/t only."),
    ledger.corrected("A.62-line-3", "(A.62), p. 27, line 3",
        "the part of the constant W in the second update of v",
        (r"v_j^{(2)}=A\frac{\eta_2\rho}{t}\left(\frac{(t-j+1)(t-j+2)}2"
         r"\left(\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\frac12\right)+O(t)\right)+3A"
         r"\eta_2\frac{\partial L_{diag}}{\partial v_j}", {"const": CONST * RHO, "diag": -DIAG}),
        (r"v_j^{(2)}=c'\frac{\eta_2}{t}\left(\frac{(t-j+1)(t-j+2)}2E"
         r"\left[\frac{(a-1)^2+(b-1)^2}{(\lambda-1)^2}-\frac12\right]+O(t)\right)-(\rho-c')"
         r"\eta_2\frac{\partial L_{diag}}{\partial v_j}", SPLIT),
        third_line_symbolic, split_enumerated.given(closed=True),
        wrong=[SPLIT | {"const": CONST * RHO}, SPLIT | {"diag": -DIAG}], assume=two_steps.SETTING,
        needs=("A.37", "A.62-line-2"),
        note="A factor rho too many, the expectation and a sign missing; c' and rho are the "
        "entries of W^(1). For a = b the expectation is 0 and O(t) is S_r / 2 >= 0."),
)  # fmt: skip
