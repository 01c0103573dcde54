"""Beyond the paper: up to which learning rate SGD follows the flow of the stages."""

from __future__ import annotations

from proofs_check.claims.beyond.stages import stable_rate_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

_SOURCE = "beyond the paper"

CLAIMS = (
    Claim(
        id="x-stage-stable-rate",
        source=_SOURCE,
        title="the largest stable learning rate at the start is 4.69 times the unigram time",
        printed=Statement(
            r"\eta_{\max}=2/\lambda_{\max},\quad\eta_{\max}c^2T^4\to2084.8\ "
            r"(v=c1,\ W=0,\ c^2T^{5/2}\gg1)",
            2084.8,
        ),
        routes=(
            Route("quadrature", "expected counts at finite T", routes.start_quadrature),
            Route("simulation", "Lanczos on sampled sequences", routes.start_simulation),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, k = 2, flat prior",),
        depends_on=("x-unigram-onset",),
        note="theory.start_sharpness, a closed form in log 2; C of the unigram time is "
        "444.49, so at the largest stable learning rate the first step passes the uniform stage",
    ),
    Claim(
        id="x-stage-large-steps",
        source=_SOURCE,
        title="steps above the stable learning rate reach bigrams earlier than the flow",
        printed=Statement(
            r"T=400,\ \eta_{\max}=2.0\cdot10^{-4}:\quad t_2(\eta=10^{-4})/t_2\to1\ (5\%),\quad"
            r"t_2(\eta=10^{-3})/t_2<0.75",
            {"largest": 2.0e-4, "stable": 1.0, "unstable": 0.75},
        ),
        routes=(
            Route("quadrature", "descent with expected counts", routes.steps_quadrature),
            Route("simulation", "SGD, 10 seeds", routes.steps_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = 0.02, W = 0, k = 2, flat prior",),
        depends_on=("x-stage-stable-rate", "x-stage-times"),
        note="large steps throw the weights off the plateau, to where |v| is small and W large, "
        "and less time is lost there; seen, not derived",
        minutes=8.0,
    ),
)  # fmt: skip
