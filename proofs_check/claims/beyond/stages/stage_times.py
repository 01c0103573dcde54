"""Beyond the paper: when the unigram stage begins, and stage times predicted and measured."""

from __future__ import annotations

from proofs_check.claims.beyond.stages import onset_routes as onset
from proofs_check.claims.beyond.stages import stage_times_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

_SOURCE = "beyond the paper"

# by (T, k): unigram; bigram, nearest to P; bigram, nearest to add-one counts
_RATIOS = {
    (50, 2): (0.98, 1.085, 1.17), (100, 2): (0.985, 1.11, 1.185),
    (25, 3): (0.97, 1.205, 1.03), (50, 3): (0.99, 1.15, 1.085), (100, 3): (1.0, 1.15, 1.125),
    (25, 4): (0.98, 1.335, 0.93), (50, 4): (0.99, 1.185, 1.02), (100, 4): (0.99, 1.14, 1.065),
}  # fmt: skip
# unigram and bigram, at 0.003 and at 0.01 nats
_THRESHOLDS = {
    (50, 2): ((1.021, 1.028), (1.071, 1.09)), (100, 2): ((1.028, 1.029), (1.095, 1.095)),
    (50, 3): ((1.017, 1.012), (1.057, 1.04)),
}  # fmt: skip

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
        note="theory.stages.onset.unigram_time_constant; smaller inits wait log(1/c)/sigma_1",
    ),
    Claim(
        id="x-stage-times",
        source=_SOURCE,
        title="measured over predicted stage times, and where the difference comes from",
        printed=Statement(
            r"t_{1},\ t_{2}\ \text{to}\ (\pi,P),\ t_2\ \text{to counts, over predicted}: "
            + r",\ ".join(rf"({x},{y},{z})_{{{T},{k}}}" for (T, k), (x, y, z) in _RATIOS.items()),
            _RATIOS,
        ),
        routes=(
            Route("quadrature", "gradient flow on 10 samples of sequences", routes.bias_flow),
            Route("simulation", "SGD, 10 seeds, medians and intervals", routes.bias_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = 0.02, W = 0, flat prior",),
        depends_on=("x-context-limit-logits",),
        note="the ratios are rounded between the two routes, which agree to 3%. The second time "
        "is predicted early because counts fluctuate, and by "
        "another 8% for k = 2 because the paper's bigram strategy is an add-one count and not P; "
        "at T = 25 and 50 with more states that count is itself near to unigram, and reached "
        "sooner. The flow shows both; what steps and gradient noise add is too small to be told",
        minutes=14.0,
    ),
    Claim(
        id="x-stage-times-range",
        source=_SOURCE,
        title="from T = 25 to 400, k = 2 to 4, over three decades of init: the first time is "
        "predicted to 5%, the second is up to 35% late",
        printed=Statement(
            r"0.95\le t_1/t_1^{\rm pred}\le1.05,\quad1\le t_2/t_2^{\rm pred}\le1.35,\quad"
            r"T\in\{25,50,100,200,400\},\ k\in\{2,3,4\},\ c\in[2\cdot10^{-4},0.2]",
            {"unigram": (0.95, 1.05), "bigram": (1.0, 1.35)},
        ),
        routes=(
            Route("quadrature", "gradient flow on samples, up to T = 100", routes.range_flow),
            Route("simulation", "SGD, 10 seeds, every cell", routes.range_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = c 1, W = 0, flat prior", "stable learning rates",
                     "c = 0.02 where T or k is varied, T = 100 and k = 2 where c is"),
        depends_on=("x-stage-times", "x-stage-stable-rate"),
        note="t_2 to pi and P, latest at T = 25, k = 4 and nearest at T = 400, k = 2 (1.03)",
        minutes=30.0,
    ),
    Claim(
        id="x-stage-thresholds",
        source=_SOURCE,
        title="thresholds of 0.003 and 0.01 nats move predicted and measured times alike",
        printed=Statement(
            r"(t_1,t_2)(\theta)/(t_1,t_2)(0),\ \theta=0.003;\ 0.01,\ \text{by}\ (T,k): "
            + r",\ ".join(rf"({a},{b};\,{c},{d})_{{{T},{k}}}"
                          for (T, k), ((a, b), (c, d)) in _THRESHOLDS.items()),
            _THRESHOLDS,
        ),
        routes=(
            Route("quadrature", "reduced flow", routes.thresholds_predicted),
            Route("quadrature", "gradient flow on samples", routes.thresholds_flow),
            Route("simulation", "SGD, 10 seeds", routes.thresholds_sgd),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("cross-entropy, v = 0.02, W = 0, flat prior", "distances to pi and P"),
        depends_on=("x-stage-times",),
        note="a strategy takes over when it is nearer by the threshold",
        minutes=10.0,
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
        minutes=2.0,
    ),
)  # fmt: skip
