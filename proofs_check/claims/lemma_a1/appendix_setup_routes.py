"""Routes for the set-up of Appendix A: chain, model and loss, (A.9)-(A.12) and (A.15)."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

import sim
import theory
from proofs_check.ledger import Finding, Route, exactly
from proofs_check.ledger.compare import worst
from sim.learning.objectives import all_sequences
from theory import notation as s
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.normal_form import is_zero

a, b = s.a, s.b
k = sp.Symbol("k", positive=True)
t, p = sp.symbols("t p", integer=True, positive=True)
PRINTED_P = sp.Matrix([[a, 1 - a], [1 - b, b]])


def finite(holds: bool, detail: str) -> Finding:
    """The finding of exact arithmetic that covers some lengths only, and so decides no theorem."""
    return Finding(0.0 if holds else 1.0, 0.0, detail)


# (A.9): the chain


def _matrix_symbolic(value: sp.Matrix) -> Finding:
    """Rows sum to 1; the diagonal is the free pair; Dir(1, 1) has constant density on (0, 1)."""
    x, alpha = sp.symbols("x alpha", positive=True)
    density = sp.gamma(2 * alpha) / sp.gamma(alpha) ** 2 * (x * (1 - x)) ** (alpha - 1)
    rows = all(sp.expand(sum(value[r, q] for q in range(2)) - 1) == 0 for r in range(2))
    good = rows and list(value.diagonal()) == [a, b] and density.subs(alpha, 1) == 1
    return exactly(bool(good), "rows sum to 1, diagonal a, b; the density of Dir(1, 1) is 1")


def _matrix_quadrature(value: sp.Matrix) -> Finding:
    """The prior of sim: P is the printed matrix, and (a, b) has the moments of the square."""
    rule = sim.prior_quadrature(sim.Dirichlet(2))
    x, y = rule.transition[:, 0, 0], rule.transition[:, 1, 1]
    printed = [np.broadcast_to(sp.lambdify((a, b), e)(x, y), x.shape) for e in value]
    residuals = [np.abs(np.stack(printed, 1).reshape(-1, 2, 2) - rule.transition).max()]
    for r, q in product(range(4), repeat=2):
        residuals.append(abs(rule.weights @ (x**r * y**q) - 1 / ((r + 1) * (q + 1))))
    return Finding(worst(residuals), 1e-14, "every node, and moments up to a^3 b^3")


A9_ROUTES = (
    Route("symbolic", "row sums, free entries, Dirichlet density", _matrix_symbolic),
    Route("quadrature", "the prior of sim, node by node", _matrix_quadrature),
)


# (A.10): the model


class Model(NamedTuple):
    """sum_{t'=1}^{p-late} 1{x_t'=i} sum_{s=1}^{t'-early} v_{t'-s+offset} W[first, second].

    In matrix form `late` is what the mask cuts and M[t', s] = v_{t'-s+offset}, s <= t' - early.
    """

    offset: int
    late: int = 0
    early: int = 0
    transposed: bool = False


def _literal(value: Model, tokens: Any, v: Any, W: Any) -> Any:
    """The printed sum for one sequence, entries [p, i]; any kind of numbers."""
    T, size = len(tokens), len(W)
    out = [[0 * v[0]] * size for _ in range(T)]
    for last in range(1, T + 1):
        here = range(1, last + 1 - value.late)
        for u in here:
            for e in range(1, u + 1 - value.early):
                pair = (tokens[last - 1], tokens[e - 1])
                q, r = pair[::-1] if value.transposed else pair
                out[last - 1][tokens[u - 1]] += v[u - e + value.offset - 1] * W[q][r]
    return out


def _matrices(value: Model, tokens: Any, v: Any, W: Any) -> Any:
    """mask(e W (M e)^T) e as matrix products."""
    T, size = len(tokens), len(W)
    e = sp.Matrix(T, size, lambda r, q: int(tokens[r] == q))
    inside = [
        [v[r - q + value.offset - 1] if q <= r - value.early else 0 for q in range(T)]
        for r in range(T)
    ]
    weights = sp.Matrix(W).T if value.transposed else sp.Matrix(W)
    scores = e * weights * (sp.Matrix(inside) * e).T
    mask = sp.Matrix(T, T, lambda r, q: int(bool(q <= r - value.late)))
    return (scores.multiply_elementwise(mask) * e).tolist()


TRUE_MODEL = Model(offset=1)


def _model_enumerated(evaluate: Any) -> Any:
    def find(value: Model) -> Finding:
        rng = np.random.default_rng(5)
        wrong = checked = 0
        for size, T in ((2, 4), (3, 3)):
            v, W = rng.integers(-5, 6, T), rng.integers(-5, 6, (size, size))
            tokens = all_sequences(size, T)
            known = sim.logits(sim.MinimalModel(v.astype(np.float64), W.astype(np.float64)), tokens)
            # an index past either end of v reads a weight no statement may use
            padded = [*map(int, v), 10**6, -(10**6)]
            for row, f in zip(tokens, known, strict=True):
                found = evaluate(value, row.tolist(), padded, W.tolist())
                wrong += not np.array_equal(np.array(found, dtype=float), f)
                checked += 1
        return Finding(wrong, 0.0, f"{checked} sequences, every position and state; integers")

    return find


def _model_symbolic(evaluate: Any, other: Any) -> Any:
    def find(value: Model) -> Finding:
        v = sp.symbols("v1:7")
        good = True
        for size, T in ((2, 4), (3, 3)):
            W = [[sp.Symbol(f"W{r}{q}") for q in range(size)] for r in range(size)]
            for tokens in product(range(size), repeat=T):
                found = sp.Matrix(evaluate(value, tokens, v, W))
                good &= sp.expand(found - sp.Matrix(other(TRUE_MODEL, tokens, v, W))).is_zero_matrix
        return finite(good, "symbolic v and W; every sequence, k = 2 (t = 4) and 3 (t = 3)")

    return find


def _model_routes(evaluate: Any, other: Any) -> tuple[Route, ...]:
    return (
        Route("symbolic", "matrix form against sums", _model_symbolic(evaluate, other)),
        Route("enumeration", "every sequence against sim.logits", _model_enumerated(evaluate)),
    )


# (A.11), (A.12), (A.15): the loss


class Loss(NamedTuple):
    """positions * sum_p states * sum_{i != x_{p+1}} max{0, sign * Delta + f_i - f_{x_{p+1}}}."""

    positions: sp.Expr
    states: sp.Expr
    sign: int = 1


def _loss_of(value: Loss, f: Any, tokens: Any, margin: Any) -> Any:
    T, size = len(f), len(f[0])
    total = 0
    for last, row in enumerate(f):
        here = tokens[last + 1]
        total += sum(
            max(0, value.sign * margin + x - row[here]) for i, x in enumerate(row) if i != here
        )
    return value.positions.subs(t, T) * value.states.subs(k, size) * total


def _loss_enumerated(value: Loss) -> Finding:
    rng = np.random.default_rng(8)
    residuals, count = [], 0
    for size, T in ((2, 4), (3, 3)):
        v, W = rng.integers(-3, 4, T), rng.integers(-3, 4, (size, size))
        model = sim.MinimalModel(v.astype(np.float64), W.astype(np.float64))
        tokens = all_sequences(size, T + 1)
        f = sim.logits(model, tokens[:, :-1])
        for row, logit in zip(tokens, f, strict=True):
            known = sim.loss_and_gradient(model, row[None], sim.Margin(2.0))[0]
            residuals.append(abs(float(_loss_of(value, logit.tolist(), row, 2.0)) - known))
            count += 1
    return Finding(worst(residuals), 1e-12, f"{count} sequences, some hinges active and some not")


def prior_mean(polynomial: sp.Expr) -> sp.Expr:
    """Flat average of a polynomial in y and lambda; odd powers of y average to 0."""
    poly = sp.Poly(sp.expand(polynomial), s.y, s.lam)
    return sum(
        (coefficient * theory.exact_moment(q // 2, n)
         for (q, n), coefficient in poly.terms() if q % 2 == 0),
        sp.Integer(0),
    )  # fmt: skip


def chance_in_y(tokens: Any) -> sp.Expr:
    """Probability of a sequence as a polynomial in y and lambda."""
    step = power_in_y_lambda(1)
    out = stationary_in_y()[tokens[0]]
    for here, following in pairwise(tokens):
        out *= step[here, following]
    return out


def population(value: Loss, T: int, order: str = "conditional means") -> sp.Expr:
    """The population loss at W = 11^T, v = 1, Delta = 7, over all sequences; exact.

    `order` says what is averaged over the prior: the conditional means (A.15), the probability of
    each sequence, or the chain itself.
    """
    ones = [1] * T
    every = list(product(range(2), repeat=T + 1))
    loss = [_loss_of(value, _literal(TRUE_MODEL, e[:-1], ones, [[1, 1]] * 2), e, 7) for e in every]
    if order == "sequences":
        means = (prior_mean(chance_in_y(e)) for e in every)
        return sp.expand(sum(x * y for x, y in zip(loss, means, strict=True)))
    inner = sum(x * chance_in_y(e) for x, e in zip(loss, every, strict=True))
    if order == "conditional means":
        return sp.expand(prior_mean(inner))
    return sp.expand(inner).subs({s.y: 0, s.lam: 0})  # E a = E b = 1/2


def _bilinear(T: int) -> sp.Expr:
    """The same from the exact kernel: Delta (k - 1) / k less the sum of its entries."""
    return sp.Rational(7, 2) - sum(theory.first_step_v(T))


def _loss_symbolic(value: Loss) -> Finding:
    good = all(is_zero(population(value, T) - _bilinear(T)) for T in (1, 2, 3))
    return finite(bool(good), "exact population loss over QQ[log 2] at W = 11^T, v = 1, t <= 3")


LOSS_ROUTES = (
    Route("symbolic", "population loss against the exact kernel", _loss_symbolic),
    Route("enumeration", "every sequence against sim's hinge loss", _loss_enumerated),
)
PRINTED_LOSS = Loss(1 / t, 1 / k)


def _tower_symbolic(value: str) -> Finding:
    good = all(
        is_zero(population(PRINTED_LOSS, T, value) - population(PRINTED_LOSS, T, "sequences"))
        for T in (2, 3)
    )
    return finite(bool(good), "both orders of averaging, over QQ[log 2], t = 2, 3")


def _tower_enumerated(value: str) -> Finding:
    residuals = []
    for T in (2, 3):  # Delta = 7 keeps every hinge active up to t = 3
        model = sim.MinimalModel.constant(T, 2, v=1.0, W=1.0)
        joint = sim.Population(sim.Dirichlet(2), T, sim.Margin(7.0 + T * T))
        known = joint.bind(model)(model.v, model.W)[0] - (7.0 + T * T) / 2
        residuals.append(abs(float(population(PRINTED_LOSS, T, value)) - 3.5 - known))
    return Finding(worst(residuals), 1e-13, "sim's population loss less Delta / 2, t = 2, 3")


def _sampled_loss(alpha: float) -> Finding:
    """Fresh chains from Dir(alpha), fresh sequences: the mean loss against the exact one."""
    T, n = 6, 100_000
    tokens = sim.sample_sequences(sim.Dirichlet(2, alpha), n, T + 1, 3).tokens
    model = sim.MinimalModel.constant(T, 2, v=1.0, W=1.0)
    f = sim.logits(model, tokens[:, :-1])
    right = np.take_along_axis(f, tokens[:, 1:, None], 2)[..., 0]
    gains = (f.sum(2) - 2 * right).mean(1) / 2
    exact = -float(theory.first_step(T)[1].sum())
    error = float(gains.std(ddof=1) / np.sqrt(n))
    return Finding(abs(gains.mean() - exact), 4 * error, "t = 6, 100,000 chains; 4 std errors")


def _population_loss(alpha: float) -> Finding:
    residuals = []
    for T in (2, 4, 6):
        model = sim.MinimalModel.constant(T, 2, v=1.0, W=1.0)
        loss = sim.Margin(float(2 * T * T))
        value = sim.Population(sim.Dirichlet(2, alpha), T, loss).bind(model)(model.v, model.W)[0]
        residuals.append(abs(value - T * T + theory.first_step(T)[1].sum()))
    return Finding(worst(residuals), 1e-12, "t = 2, 4, 6 against the exact kernel")


MODEL_ROUTES = _model_routes(_literal, _matrices)
MATRIX_ROUTES = _model_routes(_matrices, _literal)
TOWER_ROUTES = (
    Route("symbolic", "exact averages over the prior in two orders", _tower_symbolic),
    Route("enumeration", "sim's population loss", _tower_enumerated),
)
POPULATION_ROUTES = (
    Route("quadrature", "sim's population loss against the exact kernel", _population_loss),
    Route("simulation", "fresh chains and sequences", _sampled_loss),
)
