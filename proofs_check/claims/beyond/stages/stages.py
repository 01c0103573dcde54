"""Beyond the paper: the unigram point and its plateau."""

from __future__ import annotations

from proofs_check.claims.beyond.stages import stage_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

_SOURCE = "beyond the paper"

CLAIMS = (
    Claim(
        id="x-unigram-point-force",
        source=_SOURCE,
        title="the unigram point is stationary only for v orthogonal to h",
        printed=Statement(
            r"\alpha\sum_jv_j=1,\ \beta=0:\quad\partial_\alpha L=\partial_{v_j}L=0,\quad"
            r"\partial_\beta L=-2\sum_jv_jh_j,\quad h_j=E[\lambda^j(1-|\pi|^2)]",
            -2,
        ),
        routes=(
            Route("symbolic", "closed form against integrals over (a, b)", routes.force_symbolic),
            Route("quadrature", "gradient of the limit loss", routes.force_quadrature),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(
            "squared loss, normalised scores, infinite context",
            "k = 2, flat prior",
            "decided for lags 1..4",
        ),
    ),
    Claim(
        id="x-unigram-point-saddle",
        source=_SOURCE,
        title="where the unigram point is stationary it is a saddle with one way down",
        printed=Statement(
            r"\alpha\sum_jv_j=1,\ \beta=0,\ v\perp h:\quad\nabla L=0,\ \nabla^2L\text{ has "
            r"exactly one negative eigenvalue}",
            1,
        ),
        routes=(
            Route("spectral", "Hessian of the quartic in closed form", routes.saddle_spectral),
            Route("quadrature", "differences of gradients over chains", routes.saddle_quadrature),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("squared loss, normalised scores, infinite context", "k = 2, flat prior"),
        depends_on=("x-unigram-point-force",),
        note="The way down mixes beta with v along h: their entry -2|h| stands beside a 0. Flow "
        "from small weights does not pass there, see x-unigram-plateau-start.",
    ),
    Claim(
        id="x-unigram-point-plateau",
        source=_SOURCE,
        title="a smaller init delays the first stage and leaves the length of the second alone",
        printed=Statement(
            r"t_1(\epsilon/10)-t_1(\epsilon)\to\frac{\log 10}{\sigma_1},\quad"
            r"(t_2-t_1)(\epsilon/10)-(t_2-t_1)(\epsilon)\to0\quad(\epsilon\to0)",
            {"first": 1.0, "plateau": 0.0},
        ),
        routes=(
            Route("quadrature", "reduced flow with expected counts", routes.plateau_reduced),
            Route("simulation", "SGD from two inits", routes.plateau_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = epsilon 1, W = 0", "k = 2, flat prior"),
        depends_on=("x-unigram-point-force",),
        note="measured at T = 30 and 60, not derived: the plateau is not a logarithm of the init",
    ),
)
