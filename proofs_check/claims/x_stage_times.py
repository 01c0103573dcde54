"""Beyond the paper: when the unigram stage begins, and stage times predicted and measured."""

from __future__ import annotations

from proofs_check.claim import Claim, Route, Statement, Verdict
from proofs_check.claims import onset_routes as onset
from proofs_check.claims import stage_times_routes as routes

_SOURCE = "beyond the paper"

CLAIMS = (
    Claim(
        id="x-unigram-onset-condition",
        source=_SOURCE,
        title="unigram is nearer than uniform once a linear function of the logits says so",
        printed=Statement(
            r"KL(\pi\|q_f)-KL(\tfrac1k1\|q_f)=\log k-H(\pi)-\langle\pi-\tfrac1k1,f\rangle", 1.0
        ),
        routes=(
            Route("quadrature", "limit logits at random weights", onset.condition_quadrature),
            Route("simulation", "eq. (8) on sampled sequences", onset.condition_simulation),
        ),
        expected=Verdict.SUPPORTED,
        note="log sum exp f drops out since the entries of pi - 1/k sum to 0: so for any model",
    ),
    Claim(
        id="x-unigram-onset",
        source=_SOURCE,
        title="with v = c 1 not yet moved the unigram stage begins at a time C / (c^2 T^4)",
        printed=Statement(
            r"c^2T^4t_1\to363.84\ \text{(gradient at logits 0)},\quad444.49\ "
            r"\text{(cross-entropy)},\quad T\to\infty,\ c^2T^{5/2}\gg1",
            {"linear": 363.84, "cross_entropy": 444.49},
        ),
        routes=(
            Route("quadrature", "closed form; the flow of W with expected counts at T = 400",
                  onset.onset_quadrature),
            Route("simulation", "descent in W alone on sampled sequences, extrapolated in 1/T",
                  onset.onset_simulation),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, flat prior, W = 0 at first",),
        depends_on=("x-unigram-onset-condition", "x-context-limit-logits"),
        note="theory.unigram_onset.frozen_onset; smaller inits wait log(1/c)/sigma_1 instead",
    ),
    Claim(
        id="x-stage-times",
        source=_SOURCE,
        title="measured over predicted stage times, and where the difference comes from",
        printed=Statement(
            r"t_{1},\ t_{2}\ \text{to}\ (\pi,P),\ t_2\ \text{to counts, over predicted: }"
            r"(0.97,1.07,1.15)_{T=50},\ (0.975,1.09,1.17)_{T=100}",
            {50: (0.97, 1.07, 1.15), 100: (0.975, 1.09, 1.17)},
        ),
        routes=(
            Route("quadrature", "gradient flow on 10 samples of sequences", routes.bias_flow),
            Route("simulation", "SGD, 10 seeds, medians and intervals", routes.bias_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = 0.02, W = 0, k = 2, flat prior",),
        depends_on=("x-context-limit-logits",),
        note="the ratios are means of flows on other samples than the route's. At T = 50 and 100 "
        "the second time is predicted early by 7% and 9% because counts fluctuate, and by another "
        "8% because the paper's bigram strategy is an add-one count and not P. The flow shows "
        "both; what steps and gradient noise add is too small to be told (medians differ by 3%)",
        minutes=8.0,
    ),
    Claim(
        id="x-stage-slopes",
        source=_SOURCE,
        title="exponents of the stage times",
        printed=Statement(
            r"t_1\propto T^{-4}c^{-2}\ (c^2T^{5/2}\gg1),\quad"
            r"t_1(\epsilon/10)-t_1(\epsilon)\to\frac{\log10}{\sigma_1}\ (c\to0),\quad"
            r"t_2\propto\eta^0B^0",
            {"length": -4.0, "init": -2.0, "small_init": 1.0,
             "learning_rate": 0.0, "batch_size": 0.0},
        ),
        routes=(
            Route("quadrature", "reduced flow with expected counts", routes.slopes_reduced),
            Route("simulation", "SGD, 10 seeds, T = 100, 200, 400", routes.slopes_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, W = 0, k = 2, flat prior",),
        depends_on=("x-unigram-onset", "x-escape-time"),
        minutes=8.0,
    ),
)  # fmt: skip
