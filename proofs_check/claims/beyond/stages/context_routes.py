"""Routes for the infinite-context limit: exact means, quadrature, long simulated contexts."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

import sim
import theory
from proofs_check.ledger import Finding, exactly
from proofs_check.ledger.compare import relative_error, worst
from theory.normal_form import is_zero
from theory.stages import context_limit

Array = NDArray[np.float64]
ALPHA, BETA, V = 0.7, 1.3, np.array([0.4, -0.8, 0.5])
# no reversible chain: time direction matters
CHAIN = np.array([[0.1, 0.7, 0.2], [0.3, 0.2, 0.5], [0.6, 0.3, 0.1]])


def _limit_logits(form: dict[str, Any], current: int) -> Array:
    """The stated limit of f/p at x_p = current."""
    pi = theory.stationary_distribution(CHAIN)
    P = CHAIN if form["direction"] == "forward" else (CHAIN.T * pi) / pi[:, None]
    lags = range(1, len(V) + 1)
    powers = [np.linalg.matrix_power(P, j + form["shift"])[current] for j in lags]
    beta = pi[current] ** form["visits"] * sum(v * row for v, row in zip(V, powers, strict=True))
    return ALPHA * V.sum() * pi + BETA * beta


def expected_logits(form: dict[str, Any]) -> Finding:
    """E[f_p | x_p = m] / p from the definition, by matrix powers; errors must fall as 1/p."""
    pi, W = theory.stationary_distribution(CHAIN), ALPHA + BETA * np.eye(3)
    lengths = (200, 400, 800)
    powers = [np.eye(3)]
    for _ in range(lengths[-1]):
        powers.append(powers[-1] @ CHAIN)
    errors, residuals = [], []
    for m in range(3):
        found = {}
        for p in lengths:
            f = np.zeros(3)
            for j, t in product(range(1, len(V) + 1), range(1, p + 1)):
                if t >= j:
                    pair = (W[m] * pi) @ powers[j - 1]  # sum_l W_ml P(x_{t-j+1} = l, x_t = i)
                    f += V[j - 1] * pair * powers[p - t][:, m]
            found[p] = f / pi[m] / p
        limit = _limit_logits(form, m)
        errors.append([np.abs(found[p] - limit).max() for p in lengths])
        residuals.append(np.abs(2 * found[800] - found[400] - limit).max())
    total = np.sum(errors, axis=0)
    return Finding(
        worst(residuals),
        1e-12,
        f"k = 3, not reversible; errors at p = 200, 400, 800: {total[0]:.2e}, {total[1]:.2e}, "
        f"{total[2]:.2e}; with the 1/p part removed",
    )


def simulated_logits(form: dict[str, Any]) -> Finding:
    """The model of eq. (8) itself on long sequences of one chain."""
    p, n = 1500, 300
    rng = np.random.default_rng(3)
    tokens = np.empty((n, p), np.int32)
    tokens[:, 0] = rng.choice(3, size=n, p=theory.stationary_distribution(CHAIN))
    thresholds = np.cumsum(CHAIN, axis=1)[:, :-1]
    for t in range(1, p):
        tokens[:, t] = (rng.random((n, 1)) > thresholds[tokens[:, t - 1]]).sum(axis=1)
    v = np.zeros(p)
    v[: len(V)] = V
    last = sim.logits(sim.MinimalModel(v, ALPHA + BETA * np.eye(3)), tokens)[:, -1] / p
    residuals, errors = [], []
    for m in range(3):
        ending = last[tokens[:, -1] == m]
        residuals.append(np.abs(ending.mean(axis=0) - _limit_logits(form, m)).max())
        errors.append(ending.std(axis=0, ddof=1).max() / np.sqrt(len(ending)))
    return Finding(
        worst(residuals),
        4.5 * worst(errors) + 4.0 / p,
        f"{n} sequences of {p} tokens; 4.5 standard errors and a bias of 4/p are allowed",
    )


# --- the quartic -----------------------------------------------------------------------------


def quadrature_form(stated: dict[str, Any]) -> Finding:
    """G and b from losses at points, by quadrature over chains (theory.ExpectedCounts)."""
    lags = len(stated["b"]) - 1
    model = theory.ExpectedCounts(
        lags, normalization=stated["normalization"], loss="squared", nodes=24
    )
    gram = np.array([[float(c) for c in row] for row in stated["G"]])
    target = np.array([float(c) for c in stated["b"]])
    rng = np.random.default_rng(2)
    residuals = []
    for _ in range(2 * (lags + 1) ** 2):
        alpha, beta, v = rng.normal(), rng.normal(), rng.normal(size=lags)
        x = np.array([alpha * v.sum(), *(beta * v)])
        stated_loss = 1.0 - 2.0 * target @ x + x @ gram @ x
        residuals.append(abs(model.loss_and_gradient(alpha, beta, v)[0] / stated_loss - 1.0))
    return Finding(worst(residuals), 1e-12, "random alpha, beta, v; 48 x 24 nodes")


def derived_form(stated: dict[str, Any]) -> Finding:
    """Moments of (y, lambda) in the normal form of QQ[log 2]."""
    lags = len(stated["b"]) - 1
    form = context_limit.squared_loss_exact(lags, normalization=stated["normalization"])
    pairs = [*zip(form.target, stated["b"], strict=True)]
    pairs += [*zip(form.gram, (c for row in stated["G"] for c in row), strict=True)]
    return exactly(all(is_zero(a - b) for a, b in pairs), "every entry equal in QQ[log 2]")


def duffy_average(of: sp.Expr, first: sp.Symbol, second: sp.Symbol) -> sp.Expr:
    """E over a, b uniform of a rational function of the exits 1 - a and 1 - b, by SymPy."""
    u, r = sp.symbols("u r", positive=True)
    total = sp.Integer(0)
    for exits in ((u, u * r), (u * r, u)):
        density = sp.cancel(of.subs({first: exits[0], second: exits[1]}, simultaneous=True) * u)
        inner = sp.integrate(sp.expand(density), (u, 0, 1))
        total += sp.integrate(sp.apart(sp.cancel(inner), r), (r, 0, 1))
    return sp.expand(total)


def integrated_strategies(stated: dict[str, sp.Expr]) -> Finding:
    """The three losses as integrals over the square of (a, b)."""
    g, h = sp.symbols("g h", positive=True)
    pi, P = (h / (g + h), g / (g + h)), ((1 - g, g), (h, 1 - h))
    guesses = {
        "uniform": [(sp.Rational(1, 2),) * 2] * 2,
        "unigram": [pi, pi],
        "bigram": P,
    }
    good = True
    for name, guess in guesses.items():
        loss = sum(
            pi[m] * (1 - 2 * P[m][i] * guess[m][i] + guess[m][i] ** 2) - pi[m] / 2
            for m, i in product(range(2), repeat=2)
        )
        good &= is_zero(duffy_average(sp.cancel(loss), g, h) - stated[name])
    return exactly(good, "equal in QQ[log 2]")


def quadrature_strategies(stated: dict[str, sp.Expr]) -> Finding:
    found = theory.ExpectedCounts(1, loss="squared", nodes=24).infinite_context_losses()
    return Finding(
        relative_error(list(found.values()), [float(stated[name]) for name in found]),
        1e-13,
        "48 x 24 nodes",
    )


# --- which normalisation holds the bigram predictor ------------------------------------------


def determinant_gap(stated: dict[str, bool]) -> Finding:
    """Signs of Gram determinants in QQ[log 2]: is the distance to the bigram predictor zero?"""
    good = True
    for name, holds in stated.items():
        for lags in (2, 3, 4):
            top, bottom = context_limit.bigram_gap_exact(lags, normalization=name)
            good &= theory.sign(bottom) == 1 and (theory.sign(top) == 0) == holds
    # exact for each of these numbers of lags, not for all: no proof of the statement
    return Finding(0.0 if good else 1.0, 0.0, "2, 3 and 4 lags; the features are independent")


def polynomial_gap(stated: dict[str, bool]) -> Finding:
    """Solve f = P as an identity in (pi_1, lambda), for every chain at once."""
    share, lam, x = sp.symbols("share lambda x")
    pi = (share, 1 - share)
    good = True
    for name, holds in stated.items():
        for lags in (2, 4, 7):
            y = sp.symbols(f"y1:{lags + 1}")
            equations = []
            for m, i in product(range(2), repeat=2):
                match = pi[m] if name == "length" else 1
                state = 1 if m == i else 0
                row = x * pi[i] + match * sum(
                    c * (pi[i] + lam**n * (state - pi[i])) for n, c in enumerate(y)
                )
                wanted = pi[i] + lam * (state - pi[i])
                equations += sp.Poly(sp.expand(row - wanted), share, lam).coeffs()
            good &= bool(sp.linsolve(equations, (x, *y))) == holds
    return Finding(0.0 if good else 1.0, 0.0, "2, 4 and 7 lags, identity in both coordinates")


def quadrature_gap(stated: float) -> Finding:
    """The infimum over lags, eliminated lambda by lambda, at two orders."""
    coarse, fine = (context_limit.bigram_gap(order=order) for order in (30, 60))
    return Finding(
        max(abs(fine - stated), abs(coarse - fine)), 1e-9, f"30 and 60 nodes a side: {fine:.12f}"
    )


def descending_gap(stated: float) -> Finding:
    """Least squares with 10, 20, 40 lags in moments: from above, towards the infimum."""
    bigram = float(context_limit.strategy_losses()["bigram"])
    gaps = [
        context_limit.attainable(context_limit.squared_loss(lags))[1] - bigram
        for lags in (10, 20, 40, 80)
    ]
    above = all(gap > stated for gap in gaps)
    return Finding(
        abs(gaps[-1] - stated) if above else np.inf,
        5e-6,
        "10, 20, 40, 80 lags, all above: " + ", ".join(f"{gap:.7f}" for gap in gaps),
    )


# --- dividing by the visits ------------------------------------------------------------------


def divergent_symbolic(coefficient: int) -> Finding:
    """The truncated mean of sum_mi pi_m (pi_i / pi_m)^2 over log(1/epsilon), by SymPy."""
    x, lam = sp.symbols("x lambda", positive=True)
    y = x - sp.Rational(1, 2)
    # |y| = 1/2 - x near x = 0; s = 1 - lambda runs up to 1/(1/2 + |y|)
    density = sp.integrate(lam, (lam, 0, 1 / (sp.Rational(1, 2) - y)))
    size = sp.together((x**2 + (1 - x) ** 2) / (x * (1 - x)))
    found = 2 * sp.limit(x * density * size, x, 0)
    return exactly(found == coefficient, f"density times size tends to {found}/(2x) at either end")


def divergent_quadrature(coefficient: int) -> Finding:
    """The same mean by Gauss-Legendre in log pi, decade by decade."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    growth = []
    for decade in (6, 7, 8):
        logarithm = -np.log(10) * (decade + (1 + nodes) / 2)
        x = np.exp(logarithm)
        reach = 1.0 / np.maximum(x, 1 - x)
        density = reach**2 / 2
        size = (x**2 + (1 - x) ** 2) / (x * (1 - x))
        growth.append(2 * (weights / 2 * np.log(10) * density * size * x).sum() / np.log(10))
    return Finding(
        worst(abs(g - coefficient) for g in growth), 1e-5, "growth a factor e in epsilon, to 1e-9"
    )


# --- losses and gradients at finite T --------------------------------------------------------


def simulated_limit(stated: dict[str, float]) -> Finding:
    """sim's loss and gradient at T = 400 and 800, the 1/T part removed, against the limit."""
    alpha, beta, v = 0.8, 1.5, np.array([0.3, 0.9, -0.2])
    scores = []
    for name, loss in (
        ("squared", sim.Squared(at="last")),
        ("cross_entropy", sim.CrossEntropy(at="last")),
        ("margin", sim.Margin(0.7, at="last")),
    ):
        limit = theory.ExpectedCounts(3, loss=name, delta=0.7, nodes=40)
        value, slope = limit.loss_and_gradient(alpha, beta, v)
        wanted = np.array([value, slope.alpha, slope.beta, *slope.v]) * stated[name]
        found = np.array([
            [_at_length(T, alpha, beta, v, loss, seed) for T in (400, 800)]
            for seed in range(8)
        ])  # fmt: skip
        straight = 2 * found[:, 1] - found[:, 0]
        error = straight.std(axis=0, ddof=1) / np.sqrt(len(straight))
        scores.append(np.max(np.abs(straight.mean(axis=0) - wanted) / error))
    return Finding(
        worst(scores),
        7.0,
        "three losses, value and gradient in alpha, beta, v; standard errors from 8 batches",
    )


def _at_length(T: int, alpha: float, beta: float, v: Array, loss: Any, seed: int) -> Array:
    weights = np.zeros(T)
    weights[: len(v)] = v
    model = sim.MinimalModel(weights, alpha + beta * np.eye(2), normalize="length")
    tokens = sim.sample_sequences(sim.Dirichlet(2), 1000, T + 1, seed).tokens
    value, gradient = sim.loss_and_gradient(model, tokens, loss)
    return np.array([value, gradient.W.sum(), np.trace(gradient.W), *gradient.v[: len(v)]])


def paired_limit(stated: dict[str, float]) -> Finding:
    """Loss minus the loss of the limit logits on the same tokens: T times it must level off."""
    alpha, beta, v = 0.8, 1.5, np.array([0.3, 0.9, -0.2])
    ratios = []
    for T in (50, 100, 200):
        batch = sim.sample_sequences(sim.Dirichlet(2), 40_000, T + 1, 17)
        weights = np.zeros(T)
        weights[:3] = v
        model = sim.MinimalModel(weights, alpha + beta * np.eye(2), normalize="length")
        actual = sim.logits(model, batch.tokens[:, :-1])[:, -1]
        current, following = batch.tokens[:, -2], np.eye(2)[batch.tokens[:, -1]]
        pi, row = theory.stationary_distribution(batch.transition), np.arange(len(current))
        P = batch.transition
        lagged = [np.eye(2)[current], P[row, current], (P @ P)[row, current]]
        matched = sum(c * power for c, power in zip(v, lagged, strict=True))
        limit = alpha * v.sum() * pi + beta * pi[row, current, None] * matched
        losses = [((f - following) ** 2).sum(axis=1).mean() for f in (actual, limit)]
        ratios.append(T * (losses[0] - stated["squared"] * losses[1]))
    return Finding(
        float(np.ptp(ratios) / abs(np.mean(ratios))),
        0.25,
        "T (L_T - L) at T = 50, 100, 200: " + ", ".join(f"{r:.2f}" for r in ratios),
    )
