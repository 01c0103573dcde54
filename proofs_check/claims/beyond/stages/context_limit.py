"""Beyond the paper: the minimal model with infinite context."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.beyond.stages import context_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

_HALF, _LOG = sp.Rational(1, 2), sp.log(2)
_SOURCE = "beyond the paper"
_WEIGHTS = r"W=\alpha 11^\top+\beta I"


def _ratio(p: int, q: int) -> sp.Rational:
    return sp.Rational(p, q)


CLAIMS = (
    Claim(
        id="x-context-limit-logits",
        source=_SOURCE,
        title="what the logits of eq. (8), divided by p, tend to",
        printed=Statement(
            r"\frac{f_{p,i}}{p}\Big|_{x_p=m}\to\alpha\Big(\sum_jv_j\Big)\pi_i"
            r"+\beta\,\pi_m\sum_jv_j(P^{j-1})_{mi},\quad " + _WEIGHTS,
            {"direction": "forward", "shift": -1, "visits": 1},
        ),
        routes=(
            Route("spectral", "exact means by matrix powers, p = 200, 400, 800",
                  routes.expected_logits),
            Route("simulation", "eq. (8) on long sequences of one chain", routes.simulated_logits),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("irreducible chain", "finitely many lags"),
        note="powers of P itself, not of the reversed chain: the matched token is the earlier one",
    ),
    Claim(
        id="x-context-limit-quartic-length",
        source=_SOURCE,
        title="squared loss of raw counts over p, two lags, k = 2",
        printed=Statement(
            r"L=1-2b\cdot x+x^\top Gx,\ x=(\alpha\textstyle\sum v,\beta v_1,\beta v_2),\ "
            r"b=(2-2\ell,\tfrac43-\tfrac43\ell,\tfrac{11}3-\tfrac{14}3\ell),\ \ell=\log 2",
            {
                "normalization": "length",
                "b": [2 - 2 * _LOG, _ratio(4, 3) * (1 - _LOG), (11 - 14 * _LOG) / 3],
                "G": [
                    [2 - 2 * _LOG, _ratio(5, 2) - 3 * _LOG, _ratio(1, 6) + _LOG / 3],
                    [_ratio(5, 2) - 3 * _LOG, _ratio(5, 2) - 3 * _LOG, 1 - _LOG],
                    [_ratio(1, 6) + _LOG / 3, 1 - _LOG, 1 - _LOG],
                ],
            },
        ),
        routes=(
            Route("symbolic", "moments of (y, lambda)", routes.derived_form),
            Route("quadrature", "loss averaged over chains", routes.quadrature_form),
        ),
        expected=Verdict.PROVED,
        depends_on=("x-context-limit-logits",),
    ),
    Claim(
        id="x-context-limit-quartic-score",
        source=_SOURCE,
        title="squared loss with normalised scores, two lags, k = 2",
        printed=Statement(
            r"L=1-2b\cdot x+x^\top Gx,\ x=(\alpha\textstyle\sum v,\beta v_1,\beta v_2),\ "
            r"b=(2-2\ell,\tfrac43\ell-\tfrac13,\tfrac83\ell-\tfrac76),\ \ell=\log 2",
            {
                "normalization": "score",
                "b": [2 - 2 * _LOG, (4 * _LOG - 1) / 3, (16 * _LOG - 7) / 6],
                "G": [
                    [2 - 2 * _LOG] * 3,
                    [2 - 2 * _LOG, sp.Integer(1), (4 * _LOG - 1) / 3],
                    [2 - 2 * _LOG, (4 * _LOG - 1) / 3, (16 * _LOG - 7) / 6],
                ],
            },
        ),
        routes=(
            Route("symbolic", "moments of (y, lambda)", routes.derived_form),
            Route("quadrature", "loss averaged over chains", routes.quadrature_form),
        ),
        expected=Verdict.PROVED,
        depends_on=("x-context-limit-logits",),
    ),
    Claim(
        id="x-context-limit-strategies",
        source=_SOURCE,
        title="squared losses of uniform, unigram and bigram with infinite context, k = 2",
        printed=Statement(
            r"\tfrac12,\quad 2\log2-1,\quad\tfrac{13}6-\tfrac83\log2",
            {"uniform": _HALF, "unigram": 2 * _LOG - 1, "bigram": (13 - 16 * _LOG) / 6},
        ),
        routes=(
            Route("symbolic", "integrals over (a, b) on two triangles",
                  routes.integrated_strategies),
            Route("quadrature", "loss averaged over chains", routes.quadrature_strategies),
        ),
        expected=Verdict.PROVED,
    ),
    Claim(
        id="x-context-limit-bigram",
        source=_SOURCE,
        title="normalised scores hold the bigram predictor, raw counts do not",
        printed=Statement(
            r"\min_{\alpha,\beta,v}E|f-P|^2=0\ \text{(scores)},\quad >0\ \text{(length)}",
            {"length": False, "score": True},
        ),
        routes=(
            Route("symbolic", "signs of Gram determinants in QQ[log 2]", routes.determinant_gap),
            Route("enumeration", "f = P as an identity of polynomials, monomial by monomial",
                  routes.polynomial_gap),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("flat prior, k = 2", "decided for 2, 3, 4 and 7 lags"),
        note="why for any number of lags: at lambda fixed, pi_m Y(lambda) = lambda for every pi_m",
    ),
    Claim(
        id="x-context-limit-gap",
        source=_SOURCE,
        title="how near raw counts come to the bigram predictor with any number of lags",
        printed=Statement(
            r"\inf_{J,\alpha,\beta,v}E|f-P|^2=0.006647038\ldots", 0.006647038272324
        ),
        routes=(
            Route("quadrature", "the lag function eliminated lambda by lambda",
                  routes.quadrature_gap),
            Route("spectral", "least squares with 10 to 80 lags in exact moments",
                  routes.descending_gap),
        ),
        expected=Verdict.SUPPORTED,
        depends_on=("x-context-limit-bigram",),
    ),
    Claim(
        id="x-context-limit-visits",
        source=_SOURCE,
        title="dividing the logits by the visits makes the squared loss infinite",
        printed=Statement(
            r"E\Big[\sum_{mi}\pi_m\Big(\frac{\pi_i}{\pi_m}\Big)^2;\ \min\pi>\epsilon\Big]"
            r"=\log\frac1\epsilon+O(1)",
            1,
        ),
        routes=(
            Route("symbolic", "density of pi at its ends", routes.divergent_symbolic),
            Route("quadrature", "growth over decades of epsilon", routes.divergent_quadrature),
        ),
        expected=Verdict.PROVED,
        note="the alpha part becomes pi_i/pi_m: the loss is finite only where alpha sum v = 0; "
        "dividing 11' and I each by what they match (normalised scores) has no such term",
    ),
    Claim(
        id="x-context-limit-loss",
        source=_SOURCE,
        title="losses and gradients tend to those of the limit logits, with error 1/T",
        printed=Statement(
            r"L_T=L+O(1/T),\quad\nabla L_T\to\nabla L",
            {"squared": 1.0, "cross_entropy": 1.0, "margin": 1.0},
        ),
        routes=(
            Route("quadrature", "gradients over chains against sim's at T = 400, 800",
                  routes.simulated_limit),
            Route("simulation", "paired squared losses at T = 50, 100, 200", routes.paired_limit),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("logits divided by the position, loss at the last one", "flat prior, k = 2",
                     "order 1/T measured for the squared loss"),
        depends_on=("x-context-limit-logits",),
    ),
)  # fmt: skip
