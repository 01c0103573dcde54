"""Beyond the paper: a minimal model with several heads, whose scores are multiplied, for n-grams.

Head n = 1..H asks with the token x_{p-n+1}; with one head the model is eq. (8).
"""

from __future__ import annotations

from proofs_check.claims.beyond.ngrams import ngram_escape_routes as escape
from proofs_check.claims.beyond.ngrams import ngrams_routes as routes
from proofs_check.ledger import Claim, Route, Statement, Verdict

FOUR = ("uniform", "unigram", "bigram", "trigram")

CLAIMS = (
    Claim(
        id="x-ngram-representability",
        source="beyond the paper",
        title="H heads that are multiplied count (H+1)-grams",
        printed=Statement(
            r"v^n=e_{n+1},\ W^n=I:\quad f_{p,i}=\#\{t\le p:\ x_t=i,\ x_{t-n}=x_{p-n+1},\ "
            r"n=1..H\}",
            1,
        ),
        routes=(
            Route("symbolic", "products of scores of symbolic one-hot vectors",
                  routes.counts_symbolic),
            Route("enumeration", "logits on all sequences against recounted n-grams",
                  routes.counts_enumerated),
        ),
        expected=Verdict.PROVED,
        note="Heads with v = e_1 and W = 1 1^T say 1: the model has the counts of all shorter "
        "histories too, down to unigrams.",
    ),
    Claim(
        id="x-ngram-sum-of-heads",
        source="beyond the paper",
        title="no sum of heads counts trigrams",
        printed=Statement(
            r"\mathrm{rank}[\Phi\,|\,c]=\mathrm{rank}\,\Phi+1,\quad \Phi:\ "
            r"f_1-f_0\ \text{of all single heads},\ c:\ \text{trigram counts}",
            1,
        ),
        routes=(
            Route("symbolic", "rank over the rationals, k = 2", routes.sums_symbolic),
            Route("enumeration", "rank of logits of models, k = 3", routes.sums_enumerated),
        ),
        expected=Verdict.PROVED,
        assumptions=("linear attention", "heads ask with x_p or x_{p-1}, any lags, any W"),
        note="A context that is too short for a sum is so for every longer one: v may be cut off.",
    ),
    Claim(
        id="x-ngram-balance",
        source="beyond the paper",
        title="flow conserves the differences of all 2H squared norms, for every loss and batch",
        printed=Statement(
            r"\langle v^n,\partial_{v^n}L\rangle=\langle W^m,\partial_{W^m}L\rangle"
            r"\ \text{for all}\ n,m",
            1,
        ),
        routes=(
            Route("symbolic", "scaling symmetry of the logits", routes.balance_symbolic),
            Route("simulation", "Euler's identities on batches", routes.balance_measured),
        ),
        expected=Verdict.PROVED,
        assumptions=("equal learning rates", "no weight decay"),
        depends_on=("x-balance",),
    ),
    Claim(
        id="x-ngram-kernel",
        source="beyond the paper",
        title="near the origin both losses descend the same form B of degree 2H",
        printed=Statement(
            r"-\nabla L=\nabla B\,(1+O(f)),\quad B=\langle K,\textstyle\bigotimes_n v^n\otimes "
            r"W^n\rangle;\ \text{doubling times are those of}\ B",
            1.0,
        ),
        routes=(
            Route("enumeration", "gradients at small weights", escape.velocity_enumerated),
            Route("simulation", "times in which flows double the weights",
                  escape.doubling_measured),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, chains of order two", "the margin loss with hinges active"),
        depends_on=("x-escape-gradient",),
    ),
    Claim(
        id="x-ngram-escape",
        source="beyond the paper",
        title="the wait at the origin grows as the (2H-2)-th power of 1 / the size of the start",
        printed=Statement(
            r"t(c\theta_0\to2c\theta_0)=c^{-(2H-2)}\,t(\theta_0\to2\theta_0),\ c\to0,\ H=1,2,3",
            {heads: 2 * heads - 2 for heads in escape.HEADS},
        ),
        routes=(
            Route("symbolic", "degree of B", escape.exponents_symbolic),
            Route("simulation", "doubling times of flows at two sizes", escape.exponents_measured),
        ),
        expected=Verdict.PROVED,
        assumptions=("the flow of B, which losses follow as logits vanish",),
        depends_on=("x-ngram-kernel",),
        note="For one head all sizes double in the same time, hence the logarithm of "
        "x-escape-time. The exact part is the degree; that the losses follow B is x-ngram-kernel.",
    ),
    Claim(
        id="x-ngram-ray",
        source="beyond the paper",
        title="weights that treat all states alike leave along a ray, at the rate computed from K",
        printed=Statement(
            r"\dot r=\lambda r^{2H-1},\ \lambda=2H\,B(u),\ \nabla B(u)=\lambda u", 1.0
        ),
        routes=(
            Route("simulation", "cross-entropy flow from a point of the ray", escape.ray_measured),
            Route("quadrature", "flow of B, integrated in the clock of its direction",
                  escape.ray_integrated),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, chains of order two", "equal learning rates"),
        depends_on=("x-ngram-kernel", "x-ngram-balance"),
    ),
    Claim(
        id="x-ngram-symmetry",
        source="beyond the paper",
        title="a preference for a state fades with one head, stays with two, wins with three",
        printed=Statement(
            r"\frac{|W-W_{sym}|}{r}\sim r^{\kappa},\quad \kappa\approx H-2",
            {heads: heads - 2 for heads in escape.HEADS},
        ),
        routes=(
            Route("spectral", "Hessian of B on the ray", escape.asymmetry_spectral),
            Route("simulation", "cross-entropy flow with a small preference",
                  escape.asymmetry_measured),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("small start", "a prior that is invariant under relabelling the states"),
        depends_on=("x-ngram-ray",),
        note="Exactly -1 for one head and near H - 2 for more: H - 2 would be exact for diagonal "
        "W and states without effect on each other. The symmetric subspace of x-symmetry is still "
        "invariant, but from three heads on flow leaves it on the way out of the origin.",
    ),
    Claim(
        id="x-ngram-stages",
        source="beyond the paper",
        title="two heads pass all four stages to trigrams, one head stops at bigrams",
        printed=Statement(
            r"H=2:\ \text{uniform, unigram, bigram, trigram};\quad "
            r"H=1:\ \text{uniform, unigram, bigram}",
            {2: FOUR, 1: FOUR[:3]},
        ),
        routes=(
            Route("enumeration", "descent on the exact population loss, T = 8",
                  routes.stages_enumerated),
            Route("simulation", "SGD over seeds, T = 30", routes.stages_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, chains of order two, flat prior", "v = 0.2, W = 0.2, logits over p"),
        depends_on=("x-ngram-representability",),
        note="As Fig. 5 has it for the transformer. The bigram stage is passed through: the model "
        "comes within 0.04 nats of the rule and goes on.",
    ),
)  # fmt: skip
