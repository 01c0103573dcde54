"""Prose and captions that can be checked: Secs. 2.2, 3.2 and Figs. 3, 4a, 11."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.sec3_training import caption_routes as caption
from proofs_check.claims.sec3_training import prose_routes as on
from proofs_check.claims.sec3_training.prose_routes import x
from proofs_check.ledger import Claim, Route, Statement, Verdict

FLAT = ("k = 2, rows of P uniform",)

CLAIMS = (
    Claim(
        id="text-2.2-no-closed-form",
        source="Sec. 2.2, p. 5",
        title="the stationary distribution has no simple characterisation at finite k",
        printed=Statement(
            r"\text{the law of }\pi\text{ has no simple analytical form for any finite }k", None
        ),
        corrected=Statement(
            r"k=2:\ \pi_1\text{ has the density }\frac1{2\max(x,1-x)^2}\text{ on }(0,1)",
            1 / (2 * sp.Max(x, 1 - x) ** 2),
        ),
        routes=(
            Route("symbolic", "change of variables to (pi_1, 1 - lambda)", on.density_symbolic),
            Route("quadrature", "moments of pi_1 over the prior", on.density_quadrature),
        ),
        expected=Verdict.CORRECTED,
        assumptions=FLAT,
        note="False for k = 2, the case of the theory; nothing is said here about k >= 3.",
    ),
    Claim(
        id="text-2.2-large-k",
        source="Sec. 2.2, p. 5",
        title="the stationary distribution tends to uniform as k grows",
        printed=Statement(r"\lim_{k\to\infty}E\,\mathrm{TV}(\pi,\mathrm{Unif}_k)=0", 0.0),
        routes=(
            Route("simulation", "sampled chains, k = 2..64", on.uniform_limit_sampled),
            Route("spectral", "contraction of P towards uniform", on.uniform_limit_bound),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("rows of P uniform on the simplex",),
        note="In total variation, as (2 pi k)^(-1/2) = 0.40 k^(-1/2) within sampling error. For "
        "k = 2, 3 the distribution is far from uniform.",
    ),
    Claim(
        id="text-3.2-second-layer-first",
        source="Sec. 3.2, p. 9",
        title="the first step aligns W; v favours v_1 and falls with the lag",
        printed=Statement(
            r"W^{(1)}_{11}>W^{(1)}_{12},\quad v^{(1)}_1>v^{(1)}_2>\dots>v^{(1)}_t",
            {"diagonal": 1, "favoured": 1},
        ),
        routes=(
            Route("spectral", "exact gradient for long contexts", on.first_step_spectral),
            Route("enumeration", "all sequences with the hinge", on.first_step_enumerated),
            Route("simulation", "flow of cross-entropy", on.first_step_flow),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(*FLAT, "W = c 11^T, v = c 1, c > 0"),
        depends_on=("lemma-3.1-step-1-W", "lemma-3.1-step-1-v"),
        note="'Mostly favours the first position' is to be read with care: v_1 is ahead of v_2 by "
        "the factor (t+1)/(t-1) only, and holds a share 3/t of the whole step.",
    ),
    Claim(
        id="text-3.2-geometric-series",
        source="Sec. 3.2, p. 9 (even/odd pattern)",
        title="how the even/odd pattern of v decays with the lag",
        printed=Statement(
            r"h_j=E[\pi_1\pi_2(2\textstyle\sum_m\pi_mP_{mm}-1)\lambda^{j-1}]"
            r"\text{ follows a geometric series}",
            {"law": "geometric"},
        ),
        corrected=Statement(
            r"j^2h_j\to\tfrac5{12}\ (j\text{ even}),\quad-\tfrac1{12}\ (j\text{ odd})",
            {
                "law": "power",
                "exponent": 2,
                "even": sp.Rational(5, 12),
                "odd": -sp.Rational(1, 12),
            },
        ),
        routes=(
            Route("symbolic", "ends of the spectrum, by Watson's lemma", on.pattern_symbolic),
            Route("quadrature", "matrix powers over the prior", on.pattern_quadrature),
        ),
        expected=Verdict.CORRECTED,
        assumptions=(
            *FLAT,
            "t -> infinity at fixed j; the part of the gradient at W = I that depends on lambda",
        ),
        note="Geometric in j for each chain, with ratio lambda; the gradient averages over the "
        "prior, and moments of lambda fall as j^-2 because lambda comes close to 1 and -1. Even "
        "lags are the stronger ones by a factor 5 in size, and odd ones are pushed down.",
    ),
    Claim(
        id="text-3.2-learning-rates",
        source="Sec. 3.2, p. 11",
        title="which of the two learning rates is the larger",
        printed=Statement(r"\eta_1\gg\eta_2:\ \eta_1/\eta_2\sim t^{+1}", 1),
        corrected=Statement(r"\eta_1=O(1/t^2),\ \eta_2=O(1/t):\ \eta_1/\eta_2\sim t^{-1}", -1),
        routes=(
            Route("symbolic", "leading powers of both gradients", on.rates_symbolic),
            Route("spectral", "both gradients at t = 400 and 800", on.rates_spectral),
        ),
        expected=Verdict.CORRECTED,
        assumptions=("the two steps of Prop. A.3, updates of order 1",),
        note="The sentence says the first rate is an order of magnitude larger; Prop. A.3 and "
        "p. 28 have it the other way round, and so do the gradients. Nor does it then explain why "
        "the second phase takes longer.",
    ),
    Claim(
        id="prop-2.2-footnote-loss",
        source="footnote 1, p. 7",
        title="softmax of a x + b is close to Bayes optimal",
        printed=Statement(
            r"\mathrm{softmax}(ax+b)\text{ is nearer to the loss of the bigram rule than to "
            r"that of the unigram rule}",
            0.5,
        ),
        routes=(
            Route("simulation", "best a at T = 100, k = 2 and 3", caption.softmax_sampled),
            Route("quadrature", "best a at T = infinity, k = 2", caption.softmax_quadrature),
        ),
        expected=Verdict.SUPPORTED,
        depends_on=("prop-2.2-footnote",),
        note="'Close to Bayes optimal' is read as: more than half of the gap from unigrams to "
        "bigrams is closed. Measured are 94% (k = 2) and 90% (k = 3) at T = 100, 93% at T = "
        "infinity; the KL that remains at T = 100 is half again that of the bigram rule.",
    ),
    Claim(
        id="fig-3-caption",
        source="Fig. 3, p. 8",
        title="colours of the horizontal lines",
        printed=Statement(
            r"\text{green: unigram, orange: bigram}", {"green": "unigram", "orange": "bigram"}
        ),
        corrected=Statement(
            r"\text{orange: unigram, green: bigram}", {"orange": "unigram", "green": "bigram"}
        ),
        routes=(
            Route("simulation", "losses of both strategies", caption.lines_sampled),
            Route("quadrature", "their limits", caption.lines_quadrature),
        ),
        expected=Verdict.CORRECTED,
        assumptions=("heights read off the figure; the orange lines of both rows differ by 0.017",),
        note="As in the legend of the right-hand panels.",
    ),
    Claim(
        id="fig-4a-caption",
        source="Fig. 4a, p. 10, and App. B, pp. 28-29",
        title="which end of the family has informative unigrams",
        printed=Statement(
            r"0\text{ (purple): uninformative unigrams},\ 1\text{ (yellow): Bayes optimal}",
            {"uninformative": 0.0, "optimal": 1.0},
        ),
        corrected=Statement(
            r"p=0:\text{ nearly Bayes optimal unigrams},\ p=1:\text{ little informative ones}",
            {"uninformative": 1.0, "optimal": 0.0},
        ),
        routes=(
            Route("quadrature", "exact averages over App. B's family", caption.ends_quadrature),
            Route("simulation", "unigram rule at both ends", caption.ends_sampled),
        ),
        expected=Verdict.CORRECTED,
        assumptions=("the colour is App. B's p", "rows (a, 1-a) and (b, 1-b) as in App. B"),
        note="At p = 0 the rows nearly agree, at p = 1 the matrix is nearly doubly stochastic. "
        "Exchanged, the caption fits its own last sentence: purple has the long plateaus, yellow "
        "learns fast. Neither end is exact, since the rows differ by up to 0.2.",
    ),
    Claim(
        id="fig-11-caption",
        source="Fig. 11, p. 30",
        title="stationary distribution of doubly stochastic chains",
        printed=Statement(r"\text{the stationary distribution is identity}", "identity"),
        corrected=Statement(r"\text{the stationary distribution is uniform}", "uniform"),
        routes=(
            Route("symbolic", "pi P = pi for a generic P", caption.doubly_stochastic_symbolic),
            Route("simulation", "powers of sampled chains", caption.doubly_stochastic_sampled),
        ),
        expected=Verdict.CORRECTED,
        note="The figure's own legend says uniform. The panels stand left and right, not top and "
        "bottom.",
    ),
)
