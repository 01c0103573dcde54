"""Beyond the paper: how the unigram stage begins and grows with the number of lags."""

from __future__ import annotations

from proofs_check.claims.beyond.stages import plateau_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

_ASSUMED = (
    "squared loss, normalised scores, infinite context",
    "k = 2, flat prior",
    "v = epsilon 1, W = 0, epsilon small",
)

CLAIMS = (
    Claim(
        id="x-unigram-plateau-start",
        source="beyond the paper",
        title="the first stage ends with W = d I, d = (2J)^(-1/4), and not with 1 1^T",
        printed=Statement(
            r"W\to dI,\quad d\,(2J)^{1/4}\to1\quad(J\to\infty)",
            {"diagonal": 1.0, "off": 0.0},
        ),
        routes=(
            Route("quadrature", "flow over chains by quadrature", routes.start_by_chains),
            Route("spectral", "flow of the quartic in closed form", routes.start_by_quartic),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=_ASSUMED,
        depends_on=("x-context-limit-quartic-score",),
        note="With v spread over many lags W = I counts unigrams too. What is off the diagonal is "
        "pushed by the difference of two nearly equal forces, 1/J of either.",
    ),
    Claim(
        id="x-unigram-plateau-flow",
        source="beyond the paper",
        title="on the plateau beta follows a flow of three numbers",
        printed=Statement(
            r"o'=-p,\ d'=p-\mu S/2,\ p'=2(d-o)|h|^2-\mu d\textstyle\sum_jh_j:\quad"
            r"\beta(t_1+\tau)/\beta_{slow}(\tau)\to1",
            1.0,
        ),
        routes=(
            Route("quadrature", "flow over chains by quadrature", routes.growth_by_chains),
            Route("spectral", "flow of the quartic in closed form", routes.growth_by_quartic),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=_ASSUMED,
        depends_on=("x-unigram-point-force", "x-unigram-plateau-start"),
    ),
    Claim(
        id="x-unigram-plateau-lags",
        source="beyond the paper",
        title="the unigram stage grows with the logarithm of the lags, by 1 / (8 |h|)",
        printed=Statement(
            r"(t_2-t_1)(J)=\frac{\log J}{8|h|}+O(1),\quad h_j=E[\lambda^j(1-|\pi|^2)]",
            1 / 8,
        ),
        routes=(
            Route("spectral", "the flow of three numbers, up to 4e20 lags", routes.slope_slow),
            Route("quadrature", "stage lengths in the flow of the quartic, 256 to 1024 lags",
                  routes.slope_by_quartic),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=_ASSUMED,
        depends_on=("x-unigram-plateau-flow",),
        note="1/(8|h|) = 1.563 for each factor e in the lags. The init scale does not enter: "
        "x-unigram-point-plateau.",
    ),
)  # fmt: skip
