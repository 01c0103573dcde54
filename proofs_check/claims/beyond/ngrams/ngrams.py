"""Beyond the paper: a minimal model with several heads, whose scores are multiplied, for n-grams.

Head n = 1..H asks with the token x_{p-n+1}; with one head the model is eq. (8).
"""

from __future__ import annotations

from functools import partial

from proofs_check import ledger
from proofs_check.claims.beyond.ngrams import ngram_escape_routes, ngrams_routes

FOUR = ("uniform", "unigram", "bigram", "trigram")

CLAIMS = (
    ledger.supported("x-ngram-representability", "beyond the paper",
        "H heads that are multiplied count (H+1)-grams",
        r"v^n=e_{n+1},\ W^n=I:\quad f_{p,i}=\#\{t\le p:\ x_t=i,\ x_{t-n}=x_{p-n+1},\ n=1..H\}",
        ngrams_routes.comparing, ngrams_routes.counts_symbolic, ngrams_routes.counts_enumerated,
        wrong=[partial(ngrams_routes.comparing, lag=lag) for lag in (0, 2)],
        note="Heads with v = e_1 and W = 1 1^T say 1: the model has the counts of all shorter "
        "histories too, down to unigrams."),
    ledger.proved("x-ngram-sum-of-heads", "beyond the paper", "no sum of heads counts trigrams",
        r"\mathrm{rank}[\Phi\,|\,c]=\mathrm{rank}\,\Phi+1,\quad \Phi:\ "
        r"f_1-f_0\ \text{of all single heads},\ c:\ \text{trigram counts}",
        1, ngrams_routes.sums_symbolic, ngrams_routes.sums_enumerated, wrong=[0],
        assume=("linear attention", "heads ask with x_p or x_{p-1}, any lags, any W"),
        note="A context that is too short for a sum is so for every longer one: v may be cut off."),
    ledger.proved("x-ngram-balance", "beyond the paper",
        "flow conserves the differences of all 2H squared norms, for every loss and batch",
        r"\langle "
        r"v^n,\partial_{v^n}L\rangle=\langle W^m,\partial_{W^m}L\rangle\ \text{for all}\ n,m",
        1, ngrams_routes.balance_symbolic, ngrams_routes.balance_measured, wrong=(-1, 2),
        assume=("equal learning rates", "no weight decay"), needs="x-balance"),
    ledger.supported("x-ngram-kernel", "beyond the paper",
        "near the origin both losses descend the same form B of degree 2H",
        r"-\nabla L=\nabla B\,(1+O(f)),\quad B=\langle "
        r"K,\textstyle\bigotimes_n v^n\otimes W^n\rangle;\ \text{doubling times are those of}\ B",
        1.0, ngram_escape_routes.velocity_enumerated, ngram_escape_routes.doubling_measured,
        wrong=(1.01, -1.0), needs="x-escape-gradient",
        assume=("k = 2, chains of order two", "the margin loss with hinges active")),
    ledger.supported("x-ngram-escape", "beyond the paper",
        "the wait at the origin grows as the (2H-2)-th power of 1 / the size of the start",
        r"t(c\theta_0\to2c\theta_0)=c^{-(2H-2)}\,t(\theta_0\to2\theta_0),\ c\to0,\ H=1,2,3",
        {1: 0, 2: 2, 3: 4}, ngram_escape_routes.exponents_symbolic,
        ngram_escape_routes.exponents_measured,
        wrong=({1: 0, 2: 2, 3: 3}, {1: 1, 2: 2, 3: 4}, {1: 2, 2: 4, 3: 6}),
        assume="the flow of B, which losses follow as logits vanish", needs="x-ngram-kernel",
        note="For one head all sizes double in the same time, hence the logarithm of "
        "x-escape-time. The degree is exact; that the losses follow B is x-ngram-kernel."),
    ledger.supported("x-ngram-ray", "beyond the paper",
        "weights that treat all states alike leave along a ray, at the rate computed from K",
        r"\dot r=\lambda r^{2H-1},\ \lambda=2H\,B(u),\ \nabla B(u)=\lambda u",
        1.0, ngram_escape_routes.ray_measured, ngram_escape_routes.ray_integrated,
        wrong=(1.01, 0.99), assume=("k = 2, chains of order two", "equal learning rates"),
        needs=("x-ngram-kernel", "x-ngram-balance")),
    ledger.supported("x-ngram-symmetry", "beyond the paper",
        "a preference for a state fades with one head, stays with two, wins with three",
        r"\frac{|W-W_{sym}|}{r}\sim r^{\kappa},\quad \kappa\approx H-2",
        {1: -1, 2: 0, 3: 1}, ngram_escape_routes.asymmetry_spectral,
        ngram_escape_routes.asymmetry_measured, wrong=({1: 0, 2: 0, 3: 1}, {1: -1, 2: 0, 3: 0}),
        assume=("small start", "a prior that is invariant under relabelling the states"),
        needs="x-ngram-ray",
        note="Exactly -1 for one head and near H - 2 for more: H - 2 would be exact for diagonal "
        "W and states without effect on each other. The symmetric subspace of x-symmetry is still "
        "invariant, but from three heads on flow leaves it on the way out of the origin."),
    ledger.supported("x-ngram-stages", "beyond the paper",
        "two heads pass all four stages to trigrams, one head stops at bigrams",
        r"H=2:\ \text{uniform, unigram, bigram, trigram};\quad "
        r"H=1:\ \text{uniform, unigram, bigram}",
        {2: FOUR, 1: FOUR[:3]}, ngrams_routes.stages_enumerated, ngrams_routes.stages_sampled,
        wrong=({2: FOUR[:3], 1: FOUR[:3]}, {2: FOUR, 1: FOUR}),
        assume=("k = 2, chains of order two, flat prior", "v = 0.2, W = 0.2, logits over p"),
        needs="x-ngram-representability",
        note="As Fig. 5 has it for the transformer. The bigram stage is passed through: the model "
        "comes within 0.04 nats of the rule and goes on."),
)  # fmt: skip
