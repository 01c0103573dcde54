"""Beyond the paper: squared loss of the minimal model with infinite context, in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from sympy import Rational

import theory
from proofs_check import ledger
from proofs_check.ledger.compare import relative_error
from proofs_check.methods.prior_averages import average_over_exits
from theory.stages import context_limit

Form = dict[str, Any]
_LOG = sp.log(2)


@ledger.symbolic("moments of (y, lambda)", detail="every entry equal in QQ[log 2]")
def derived_form(stated: Form) -> list[bool]:
    lags = len(stated["b"]) - 1
    form = context_limit.squared_loss_exact(lags, normalization=stated["normalization"])
    pairs = [*zip(form.target, stated["b"], strict=True)]
    pairs += zip(form.gram, (entry for row in stated["G"] for entry in row), strict=True)
    return [theory.is_zero(derived - entry) for derived, entry in pairs]


@ledger.quadrature("loss averaged over chains", 1e-12, "random alpha, beta, v; 48 x 24 nodes")
def averaged_form(stated: Form) -> Iterator[float]:
    gram, target = (np.array(stated[name], dtype=float) for name in ("G", "b"))
    lags, how = len(target) - 1, stated["normalization"]
    model = theory.ExpectedCounts(lags, normalization=how, loss="squared", nodes=24)
    rng = np.random.default_rng(2)
    for _ in range(2 * (lags + 1) ** 2):
        alpha, beta, v = rng.normal(), rng.normal(), rng.normal(size=lags)
        x = np.array([alpha * v.sum(), *(beta * v)])
        loss = 1.0 - 2.0 * target @ x + x @ gram @ x
        yield model.loss_and_gradient(alpha, beta, v)[0] / loss - 1.0


@ledger.symbolic("integrals over (a, b) on two triangles", detail="equal in QQ[log 2]")
def integrated_strategies(stated: dict[str, sp.Expr]) -> list[bool]:
    g, h = sp.symbols("g h", positive=True)
    pi, P = (h / (g + h), g / (g + h)), ((1 - g, g), (h, 1 - h))
    guesses = {"uniform": [(Rational(1, 2),) * 2] * 2, "unigram": [pi, pi], "bigram": P}

    def loss(guess: Any) -> sp.Expr:
        return sum(
            pi[m] * (1 - 2 * P[m][i] * guess[m][i] + guess[m][i] ** 2) - pi[m] / 2
            for m, i in product(range(2), repeat=2)
        )

    return [
        theory.is_zero(average_over_exits(sp.cancel(loss(guess)), g, h) - stated[name])
        for name, guess in guesses.items()
    ]


@ledger.quadrature("loss averaged over chains", 1e-13, "48 x 24 nodes")
def averaged_strategies(stated: dict[str, sp.Expr]) -> float:
    found = theory.ExpectedCounts(1, loss="squared", nodes=24).infinite_context_losses()
    return relative_error(list(found.values()), [float(stated[name]) for name in found])


@ledger.symbolic("signs of Gram determinants in QQ[log 2]", scope="2, 3 and 4 lags")
def bigram_gap_sign(stated: dict[str, bool]) -> Iterator[bool]:
    """Whether the features are independent, and the distance to the bigram predictor is zero."""
    for (name, holds), lags in product(stated.items(), (2, 3, 4)):
        top, bottom = context_limit.bigram_gap_exact(lags, normalization=name)
        yield from (theory.sign(bottom) == 1, (theory.sign(top) == 0) == holds)


@ledger.enumeration("f = P as an identity of polynomials, by monomials", 0.0, "2, 4 and 7 lags")
def solvable(stated: dict[str, bool]) -> Iterator[bool]:
    share, lam, x = sp.symbols("share lambda x")
    pi = (share, 1 - share)
    for (name, holds), lags in product(stated.items(), (2, 4, 7)):
        y = sp.symbols(f"y1:{lags + 1}")
        equations = []
        for m, i in product(range(2), repeat=2):
            match = pi[m] if name == "length" else 1
            powers = [pi[i] + lam**n * (int(m == i) - pi[i]) for n in range(lags)]  # (P^n)_mi
            f = x * pi[i] + match * sum(c * power for c, power in zip(y, powers, strict=True))
            equations += sp.Poly(sp.expand(f - powers[1]), share, lam).coeffs()
        yield bool(sp.linsolve(equations, (x, *y))) == holds


@ledger.quadrature("least squares over chains on a grid", 1e-12, "2, 3, 4 and 7 lags",
                   because="squares of rounding")  # fmt: skip
def least_squares(stated: dict[str, bool]) -> Iterator[float]:
    """The distance to the bigram predictor is rounding where it holds; a thousandth is none."""
    weights, P = theory.quadrature((12, 6), prior="flat")
    leave, back = P[:, 0, 1], P[:, 1, 0]
    pi = np.stack([back, leave], axis=1) / (leave + back)[:, None]
    root = np.sqrt(weights[:, None] * pi)[:, :, None]
    for (name, holds), lags in product(stated.items(), (2, 3, 4, 7)):
        match = pi[:, :, None] if name == "length" else 1.0
        columns = [np.broadcast_to(pi[:, None, :], P.shape)]
        columns += [match * np.linalg.matrix_power(P, n) for n in range(lags)]
        rows = np.stack([np.ravel(root * column) for column in columns], axis=1)
        wanted = np.ravel(root * P)
        left = np.sum((wanted - rows @ np.linalg.lstsq(rows, wanted, rcond=None)[0]) ** 2)
        yield float(left) if holds else float(left < 1e-3)


@ledger.quadrature("the lag function eliminated lambda by lambda", 1e-9, "30 and 60 nodes a side",
                   because="digits stated")  # fmt: skip
def bigram_gap_infimum(stated: float) -> list[float]:
    coarse, fine = (context_limit.bigram_gap(order=order) for order in (30, 60))
    return [fine - stated, coarse - fine]


@ledger.spectral("least squares with a free value of the lag function at each lambda", 1e-9,
                 "40 nodes of lambda a side, 24 of pi", because="digits stated")  # fmt: skip
def bigram_gap_by_nodes(stated: float) -> float:
    """Unknown are alpha's part, the value at lambda = 1, and one value at each node."""
    x, w = np.polynomial.legendre.leggauss(40)
    across, share = np.polynomial.legendre.leggauss(24)
    rows, wanted, count = [], [], 2 * len(x)
    for side, n in product((0, 1), range(len(x))):
        s = side + (1 + x[n]) / 2  # 1 - lambda, of density s
        half = 0.5 if side == 0 else 1 / s - 0.5  # of the range of pi_1 - 1/2
        for y, part in zip(half * across, half * share, strict=True):
            pi, lam = np.array([0.5 + y, 0.5 - y]), 1 - s
            for m, i in product(range(2), repeat=2):
                apart = float(m == i) - pi[i]
                row = np.zeros(2 + count)
                row[:2], row[2 + side * len(x) + n] = (pi[i], pi[m] * pi[i]), pi[m] * apart
                root = np.sqrt(w[n] / 2 * part * s * pi[m])
                rows.append(root * row)
                wanted.append(root * (pi[i] + lam * apart))
    matrix, target = np.array(rows), np.array(wanted)
    best = np.linalg.lstsq(matrix, target, rcond=None)[0]
    return float(np.sum((matrix @ best - target) ** 2)) - stated


@ledger.symbolic("density of pi at its ends", detail="density times size is 1/(2x) near x = 0")
def visits_density(coefficient: int) -> bool:
    """The truncated mean over log(1/epsilon)."""
    x, s = sp.symbols("x s", positive=True)
    # s = 1 - lambda has density s and runs up to 1/(1/2 + |y|), where |y| = 1/2 - x
    density = sp.integrate(s, (s, 0, 1 / (1 - x)))
    size = sp.together((x**2 + (1 - x) ** 2) / (x * (1 - x)))
    return 2 * sp.limit(x * density * size, x, 0) == coefficient


@ledger.quadrature("growth over decades of epsilon", 1e-5, "growth a factor e in epsilon, to 1e-9",
                   because="the other end of pi, a part 10 epsilon of the density")  # fmt: skip
def visits_growth(coefficient: int) -> Iterator[float]:
    """The same mean by Gauss-Legendre in log pi, decade by decade."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for decade in (6, 7, 8):
        x = 10.0 ** -(decade + (1 + nodes) / 2)
        density = 1.0 / np.maximum(x, 1 - x) ** 2 / 2
        size = (x**2 + (1 - x) ** 2) / (x * (1 - x))
        yield (weights * density * size * x).sum() - coefficient


_QUARTIC = r"L=1-2b\cdot x+x^\top Gx,\ x=(\alpha\textstyle\sum v,\beta v_1,\beta v_2),\ "
# entries of b and of G, by what is divided
_FIRST, _NEAR, _FAR = 2 - 2 * _LOG, 1 - _LOG, Rational(1, 6) + _LOG / 3
_OFF, _ONE, _TWO = Rational(5, 2) - 3 * _LOG, (4 * _LOG - 1) / 3, (16 * _LOG - 7) / 6
_BY_LENGTH = {
    "normalization": "length",
    "b": [_FIRST, Rational(4, 3) * _NEAR, (11 - 14 * _LOG) / 3],
    "G": [[_FIRST, _OFF, _FAR], [_OFF, _OFF, _NEAR], [_FAR, _NEAR, _NEAR]],
}
_BY_SCORE = {
    "normalization": "score",
    "b": [_FIRST, _ONE, _TWO],
    "G": [[_FIRST] * 3, [_FIRST, sp.Integer(1), _ONE], [_FIRST, _ONE, _TWO]],
}
_STRATEGIES = {"uniform": Rational(1, 2), "unigram": 2 * _LOG - 1, "bigram": (13 - 16 * _LOG) / 6}


def _nudged(form: Form) -> Form:
    first, second, third = form["b"]
    return form | {"b": [first, second + Rational(1, 1000), third]}


CLAIMS = (
    ledger.proved("x-context-limit-quartic-length", "beyond the paper",
        "squared loss of raw counts over p, two lags, k = 2",
        _QUARTIC + r"b=(2-2\ell,\tfrac43-\tfrac43\ell,\tfrac{11}3-\tfrac{14}3\ell),\ \ell=\log 2",
        _BY_LENGTH, derived_form, averaged_form, needs="x-context-limit-logits",
        wrong=[_nudged(_BY_LENGTH), _BY_LENGTH | {"normalization": "score"}]),
    ledger.proved("x-context-limit-quartic-score", "beyond the paper",
        "squared loss with normalised scores, two lags, k = 2",
        _QUARTIC + r"b=(2-2\ell,\tfrac43\ell-\tfrac13,\tfrac83\ell-\tfrac76),\ \ell=\log 2",
        _BY_SCORE, derived_form, averaged_form, needs="x-context-limit-logits",
        wrong=[_nudged(_BY_SCORE), _BY_SCORE | {"normalization": "length"}]),
    ledger.proved("x-context-limit-strategies", "beyond the paper",
        "squared losses of uniform, unigram and bigram with infinite context, k = 2",
        r"\tfrac12,\quad 2\log2-1,\quad\tfrac{13}6-\tfrac83\log2",
        _STRATEGIES, integrated_strategies, averaged_strategies,
        wrong=[_STRATEGIES | {"bigram": Rational(1, 3)}]),
    ledger.supported("x-context-limit-bigram", "beyond the paper",
        "normalised scores hold the bigram predictor, raw counts do not",
        r"\min_{\alpha,\beta,v}E|f-P|^2=0\ \text{(scores)},\quad >0\ \text{(length)}",
        {"length": False, "score": True}, bigram_gap_sign, solvable, least_squares,
        wrong=[{"length": True}, {"score": False}],
        assume=("flat prior, k = 2", "decided for 2, 3, 4 and 7 lags"),
        note="why for any number of lags: at lambda fixed, pi_m Y(lambda) = lambda for every pi_m"),
    ledger.supported("x-context-limit-gap", "beyond the paper",
        "how near raw counts come to the bigram predictor with any number of lags",
        r"\inf_{J,\alpha,\beta,v}E|f-P|^2=0.006647038\ldots",
        0.006647038, bigram_gap_infimum, bigram_gap_by_nodes,
        wrong=[0.00664704, 0.0066470, 2 * 0.006647038],
        needs="x-context-limit-bigram"),
    ledger.proved("x-context-limit-visits", "beyond the paper",
        "dividing the logits by the visits makes the squared loss infinite",
        r"E\Big[\sum_{mi}\pi_m\Big(\frac{\pi_i}{\pi_m}\Big)^2;\ \min\pi>\epsilon\Big]="
        r"\log\frac1\epsilon+O(1)", 1, visits_density, visits_growth, wrong=[2],
        note="the alpha part becomes pi_i/pi_m: the loss is finite only where alpha sum v = 0; "
        "dividing 11' and I each by what they match (normalised scores) has no such term"),
)  # fmt: skip
