"""Prop. 2.2: two attention layers that compute bigram frequencies."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.sec2_task import prop_2_2_count_routes as count
from proofs_check.claims.sec2_task import prop_2_2_routes as on
from proofs_check.claims.sec2_task.prop_2_2_routes import CORRECTED, PRINTED, Counting
from proofs_check.ledger import Claim, Route, Statement, Verdict

BLOCKS = (
    "d = 3k, one-hot embeddings in the first block",
    "printed (k, d) projections read the token and write the block where I stands",
)
REPAIRED = (BLOCKS[0], "layer 2 matches the block of the previous token, as corrected in prop-2.2")

CLAIMS = (
    Claim(
        id="prop-2.2",
        source="Prop. 2.2, pp. 6-7",
        title="two attention layers approach the empirical bigram frequencies",
        printed=Statement(
            r"v^{(1)}=\delta_21^\top,\ W_Q^{(1)}=0,\ W_K^{(1)}=(cI\ 0\ 0),\ W_V^{(1)}=(0\ I\ 0);\ "
            r"v^{(2)}=0,\ W_Q^{(2)}=(cI\ 0\ 0),\ W_K^{(2)}=(0\ I\ 0),\ W_V^{(2)}=(0\ 0\ I);\ "
            r"P=(0\ 0\ I)\ \Rightarrow\ TF(x)_{i,j}\to\frac{\#\{p\le i:x_{p-1}=x_i,x_p=j\}}"
            r"{\#\{p\le i:x_{p-1}=x_i\}}\quad(c\to\infty)",
            PRINTED,
        ),
        corrected=Statement(
            r"W_K^{(2)}=\begin{pmatrix}0&0&0\\I&0&0\\0&0&0\end{pmatrix},\ "
            r"\text{all others }(d\times d)\text{ with zero rows below, and a begin symbol before }"
            r"x_1\text{ (}d=3(k+1)\text{)}",
            CORRECTED,
        ),
        routes=(
            Route("symbolic", "blocks read and written, c -> infinity", on.construction_algebra),
            Route("enumeration", "softmax attention on every sequence", on.run_construction),
        ),
        expected=Verdict.CORRECTED,
        assumptions=(*BLOCKS, "positions i whose token has been left before"),
        depends_on=("eq-5-shapes",),
        note="The proposition is right, its weights are not. As printed the queries of layer 2 "
        "stand in block 1 and the keys in block 2, so that all scores are 0 and the output is the "
        "unigram frequency. (Read as d x k the queries and keys match, but then W_V of either "
        "layer reads an empty block.) Besides, position 1 attends to itself in layer 1 and counts "
        "as a transition x_1 -> x_1: see prop-2.2-count. A begin symbol makes it exact.",
    ),
    Claim(
        id="prop-2.2-layer-1-score",
        source="proof of Prop. 2.2, p. 6",
        title="score of the previous token in layer 1",
        printed=Statement(r"A_{i,i-1}=c,\ A_{i,j}=0\ (j\ne i-1)", sp.Integer(0)),
        corrected=Statement(
            r"A_{i,i-1}=\frac c{\sqrt d},\ A_{i,j}=0\ (j\ne i-1)", -sp.Rational(1, 2)
        ),
        routes=(
            Route("symbolic", "eq. (5) on the printed blocks", on.layer_1_score_symbolic),
            Route("enumeration", "scores of the layer", on.layer_1_score),
        ),
        expected=Verdict.CORRECTED,
        assumptions=BLOCKS,
        note="The data are the power of d. The factor 1/sqrt(d) of (5) is left out; the limit "
        "c -> infinity is not affected.",
    ),
    Claim(
        id="prop-2.2-layer-1",
        source="proof of Prop. 2.2, p. 6",
        title="layer 1 copies the previous token, from position 2 on",
        printed=Statement(
            r"\lim_{c\to\infty}Attn^{(1)}(e_x)_i=(0\ \ e_{x_{i-1}}\ \ 0)",
            1,  # the lag
        ),
        routes=(
            Route("symbolic", "limit of the softmax", on.layer_1_limit),
            Route("enumeration", "the layer on every sequence", on.layer_1_output),
        ),
        expected=Verdict.PROVED,
        assumptions=(*BLOCKS, "i >= 2"),
        note="At i = 1 there is no previous token and the softmax has one entry: the output is "
        "(0 e_{x_1} 0).",
    ),
    Claim(
        id="prop-2.2-count",
        source="proof of Prop. 2.2, p. 7",
        title="what the second layer counts",
        printed=Statement(
            r"Attn^{(2)}_{i,j}\propto\#\{p<i:\ x_p=j,\ x_{p-1}=x_i\}", Counting(last=-1, first=0)
        ),
        corrected=Statement(
            r"Attn^{(2)}_{i,j}\propto\#\{2\le p\le i:\ x_p=j,\ x_{p-1}=x_i\}+1\{x_1=x_i=j\}",
            Counting(last=0, first=1),
        ),
        routes=(
            Route("enumeration", "softmax attention on every sequence", count.run_counting),
            Route("spectral", "hard attention, counted in integers", count.counting_hard),
        ),
        expected=Verdict.CORRECTED,
        assumptions=REPAIRED,
        depends_on=("prop-2.2-layer-1",),
        note="The transition into the current position is counted too (p <= i), as bigram "
        "statistics need it; and x_1, its own previous token in layer 1, adds one transition "
        "x_1 -> x_1. The extra count is one among N, so it fades as 1/N.",
    ),
    Claim(
        id="prop-2.2-footnote",
        source="footnote 1, p. 7",
        title="read-out that makes a x + b of the output x",
        printed=Statement(r"P=(b1^\top1\ \ 0\ \ aI)\ \Rightarrow\ ax+b", "inner"),
        corrected=Statement(r"P=(b11^\top\ \ 0\ \ aI)\ \Rightarrow\ ax+b", "outer"),
        routes=(
            Route("symbolic", "P applied block by block", count.footnote_symbolic),
            Route("enumeration", "the transformer with this read-out", count.footnote_run),
        ),
        expected=Verdict.CORRECTED,
        assumptions=REPAIRED,
        note="With columns 1 as in v^(1) = delta_2 1^T, 1^T 1 is the number k, and b k I would "
        "favour the current token. Under softmax and cross-entropy a constant b has no effect.",
    ),
    Claim(
        id="x-construction-new-token",
        source="beyond the paper",
        title="at a token not left before the construction predicts unigram frequencies",
        printed=Statement(
            r"N_{x_i}=0,\ x_1\ne x_i\ \Rightarrow\ TF(x)_{i,j}\to\frac1i\#\{p\le i:x_p=j\}",
            "unigram",
        ),
        routes=(
            Route("symbolic", "all scores of layer 2 are equal", count.new_token_algebra),
            Route("enumeration", "softmax attention on every sequence", count.run_new_token),
        ),
        expected=Verdict.PROVED,
        assumptions=REPAIRED,
        depends_on=("prop-2.2-count",),
        note="Where the empirical bigram frequencies are 0/0.",
    ),
    Claim(
        id="x-construction-rate",
        source="beyond the paper",
        title="how fast the construction approaches its limit as c grows",
        printed=Statement(
            r"\max_{x,i,j}|TF(x)_{i,j}-\text{limit}|=\Theta(s\,e^{-s}),\quad s=\frac c{\sqrt d}",
            {"power": 1, "rate": 1},
        ),
        routes=(
            Route("symbolic", "one sequence to first order in exp(-s)", count.rate_symbolic),
            Route("enumeration", "softmax attention on every sequence", count.rate_run),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=REPAIRED,
        depends_on=("prop-2.2",),
        note="The order is proved from below by one sequence and measured for the worst one. The "
        "factor s: what leaks past layer 1 is multiplied by s in the scores of layer 2.",
    ),
)
