r"""Squared loss with infinite context, in closed form for two states.

In the limit (see `theory.stages.expected_counts`) the logits are linear in
``x = (alpha sum_j v_j, beta v_1, ..., beta v_J)``: with features ``F_0 = pi_i`` and
``F_j = c_m (P^{j-1})_{mi}``, where ``c_m = pi_m`` when f is divided by the length and 1 when the
scores are normalised,

    L = 1 - 2 b . x + x . G x,    G = E sum_mi pi_m F F',    b = E sum_mi pi_m P_mi F,

a quartic in (alpha, beta, v). All entries are moments of y = pi_1 - 1/2 and lambda: ``P^n = 1 pi +
lambda^n (I - 1 pi)`` makes each a polynomial in y and at most two powers of lambda, so they lie in
QQ + QQ log 2.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.polys.matrices import DomainMatrix

from theory import checks
from theory import notation as s
from theory.chains.chain import power_in_y_lambda, stationary_in_y
from theory.chains.nodes import quadrature
from theory.chains.prior_moments import exact_moment, moments
from theory.chains.stationary import stationary_distribution
from theory.exact import normal_form

Array = NDArray[np.float64]
Table = dict[tuple[int, int, int], sp.Rational]

NORMALIZATIONS = ("length", "score")


class Quadratic(NamedTuple):
    """``L = 1 - 2 b . x + x . G x``.

    Attributes
    ----------
    gram : matrix (J+1, J+1)
        G, SymPy or float.
    target : vector (J+1,)
        b, SymPy or float.
    """

    gram: Any
    target: Any


def squared_loss(lags: int, *, normalization: str = "length", prior: str = "flat") -> Quadratic:
    """G and b of the squared loss with infinite context, k = 2, in floating point.

    Parameters
    ----------
    lags : int
        J, at least 1.
    normalization : str
        "length" or "score".
    prior : str
        "flat" or "doubly_stochastic".

    Returns
    -------
    Quadratic
        Of arrays, with a relative error of about 1e-14.
    """
    n = np.arange(checks.integer("lags", lags, 1))
    pair, alone, target = _tables(checks.one_of("normalization", normalization, NORMALIZATIONS))
    one, zero = np.ones(1, int), np.zeros(1, int)

    def average(table: Table, first: Any, second: Any) -> Any:
        return sum(
            float(c) * moments(q, i * first + j * second, prior)
            for (q, i, j), c in table.items()
        )  # fmt: skip

    gram, b = np.empty((lags + 1, lags + 1)), np.empty(lags + 1)
    gram[1:, 1:] = average(pair, n[:, None], n[None, :])
    gram[0, 1:] = gram[1:, 0] = average(alone, n, zero)
    gram[0, 0] = b[0] = average(_unigram_table(), zero, zero)[0]
    b[1:] = average(target, n, one)
    return Quadratic(gram, b)


def squared_loss_exact(
    lags: int, *, normalization: str = "length", prior: str = "flat"
) -> Quadratic:
    """`squared_loss` as SymPy matrices over QQ + QQ log 2."""
    lags = checks.integer("lags", lags, 1)
    pair, alone, target = _tables(checks.one_of("normalization", normalization, NORMALIZATIONS))
    checks.prior_name(prior)

    def average(table: Table, first: int, second: int) -> sp.Expr:
        terms = (c * exact_moment(q, i * first + j * second, prior)
                 for (q, i, j), c in table.items())  # fmt: skip
        return sp.expand(sp.Add(*terms))

    concentration = average(_unigram_table(), 0, 0)
    gram = sp.zeros(lags + 1, lags + 1)
    b = sp.zeros(lags + 1, 1)
    gram[0, 0] = b[0] = concentration
    for j in range(1, lags + 1):
        gram[0, j] = gram[j, 0] = average(alone, j - 1, 0)
        b[j] = average(target, j - 1, 1)
        for i in range(1, lags + 1):
            gram[i, j] = average(pair, i - 1, j - 1)
    return Quadratic(gram, b)


@cache
def _tables(normalization: str) -> tuple[Table, Table, Table]:
    """Coefficients of y^(2q) (lambda^n)^i (lambda^r)^j in F_j F_l, F_0 F_j and F_j P."""
    pi = stationary_in_y()
    first, second = (
        power_in_y_lambda().subs(s.lam**s.n, symbol) for symbol in (s.lam_gap, s.lam_lag)
    )
    pair, alone, target = (sp.Integer(0),) * 3
    for m in range(2):
        match = pi[m] if normalization == "length" else 1
        for i in range(2):
            pair += pi[m] * match**2 * first[m, i] * second[m, i]
            alone += pi[m] * match * first[m, i] * pi[i]
            target += pi[m] * match * first[m, i] * second[m, i]
    return _table(pair), _table(alone), _table(target)


@cache
def _unigram_table() -> Table:
    return _table(sum(p**2 for p in stationary_in_y()))


def _table(expression: sp.Expr) -> Table:
    # odd powers of y vanish: relabelling the states is y -> -y
    poly = sp.Poly(expression, s.y, s.lam_gap, s.lam_lag)
    return {
        (q // 2, i, j): c for (q, i, j), c in poly.terms() if q % 2 == 0
    }  # fmt: skip


def quartic(alpha: Any, beta: Any, v: Any, form: Quadratic) -> Any:
    """Squared loss of (alpha, beta, v): floats from `squared_loss`, SymPy from the exact form."""
    weights = [alpha * sum(v), *(beta * value for value in v)]
    if isinstance(form.gram, sp.MatrixBase):
        x = sp.Matrix(weights)
        return sp.expand(1 - 2 * (form.target.T * x)[0] + (x.T * form.gram * x)[0])
    point = checks.real_array("weights", weights)
    return 1.0 - 2.0 * form.target @ point + point @ form.gram @ point


def attainable(form: Quadratic) -> tuple[Array, float]:
    """The best x and its loss ``1 - b . x``, in floating point.

    With beta = 1 every x belongs to some (alpha, beta, v) unless ``sum_j v_j = 0``, and those are
    limits of others, so this is the infimum over the weights.
    """
    # the powers of lambda are nearly dependent, as in any Hankel matrix: least norm of the best
    x = np.linalg.lstsq(form.gram, form.target, rcond=1e-14)[0]
    return x, float(1.0 - form.target @ x)


def bigram_gap_exact(
    lags: int, *, normalization: str = "length", prior: str = "flat"
) -> tuple[sp.Expr, sp.Expr]:
    """Least squared distance to the bigram predictor with `lags` lags, as a fraction.

    It is the ratio of two Gram determinants, of all features with the target and of the features
    alone; both are returned, in QQ[log 2], so that `theory.sign` decides whether the distance is
    zero. The quotient itself would leave the ring.

    Returns
    -------
    numerator, denominator : SymPy numbers
        Both are 0 if the features are dependent.
    """
    form = squared_loss_exact(lags, normalization=normalization, prior=prior)
    size = 1 - squared_strategy_losses(prior)["bigram"]
    bordered = form.gram.row_join(form.target).col_join(form.target.T.row_join(sp.Matrix([size])))
    return _determinant(bordered), _determinant(form.gram)


def _determinant(matrix: sp.Matrix) -> sp.Expr:
    """Determinant over the polynomial ring QQ[log 2], where no expression has to be expanded."""
    ring = sp.QQ[s.log_two]
    entries = matrix.applyfunc(lambda entry: normal_form(entry).as_expr())
    value = DomainMatrix.from_Matrix(entries).convert_to(ring).charpoly()[-1]
    sign = (-1) ** matrix.rows
    return sign * ring.to_sympy(value).subs(s.log_two, sp.log(2))


def squared_strategy_losses(prior: str = "flat") -> dict[str, sp.Expr]:
    """Squared loss, exactly, of predicting 1/2, pi and P_m (two states, infinite context)."""
    exact = squared_loss_exact(2, normalization="score", prior=prior)
    return {
        "uniform": sp.Rational(1, 2),
        "unigram": sp.expand(1 - exact.gram[0, 0]),
        "bigram": sp.expand(1 - exact.gram[2, 2]),
    }


def bigram_gap(prior: str = "flat", *, order: int = 40) -> float:
    r"""Infimum over weights and lags of the squared distance from raw counts to the bigram rule.

    With raw counts row m of the logits is ``(x_0 + pi_m Y(1)) pi + pi_m Y(lambda) (e_m - pi)``,
    ``Y(z) = sum_j beta v_j z^{j-1}``; the bigram predictor is ``pi + lambda (e_m - pi)``. Over any
    number of lags Y ranges over all polynomials, which are dense in the square-integrable
    functions whatever their value at 1, so Y(1) and Y(lambda) may be chosen freely: first
    Y(lambda) for each lambda, then the two constants.

    Parameters
    ----------
    prior : str
        "flat" (the gap is positive) or "doubly_stochastic" (it is 0: pi_m is constant).
    order : int
        At least 1.
        Quadrature nodes in lambda, on either side of 0, and in y.
    """
    weights, transition = quadrature(order, prior)
    pi = stationary_distribution(transition)
    unigram = np.broadcast_to(pi[:, None, :], transition.shape)
    visits = pi[:, :, None]
    features = np.stack([unigram, visits * unigram, visits * (np.eye(2) - unigram), transition])
    # nodes of one lambda stand together: (lambda, y, current token, next token)
    across = 1 if prior == "doubly_stochastic" else order
    mass = np.broadcast_to((weights[:, None] * pi)[..., None], transition.shape)
    rows = (features * np.sqrt(mass)).reshape(4, -1, across * 4)
    gram = np.einsum("ang,bng->nab", rows, rows)
    free = gram[:, 2, :]  # eliminate Y(lambda), the third feature
    left = (gram - free[:, :, None] * free[:, None, :] / gram[:, 2, 2, None, None]).sum(axis=0)
    constants = np.linalg.lstsq(left[:2, :2], left[:2, 3], rcond=1e-14)[0]
    return float(left[3, 3] - left[:2, 3] @ constants)
