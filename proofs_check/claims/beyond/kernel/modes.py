"""Beyond the paper: the two modes of the population kernel and the exact flow they carry."""

from __future__ import annotations

import math

import sympy as sp

import theory
from proofs_check.claims.beyond.kernel import mode_laws_routes as law
from proofs_check.claims.beyond.kernel import modes_routes as mode
from proofs_check.ledger import Claim, Route, Statement, Verdict
from theory.kernel.mode_laws import second_singular_constant

ACTIVE = ("margin loss (7) averaged as in (6)", "every hinge active")
LOG2 = sp.log(2)
A, B = (7 - 10 * LOG2) / 6, (8 * LOG2 - 5) / 12

FLAT = {
    "powers": (1.5, 1.0),
    "constants": (sp.sqrt((A**2 + B**2) / 10), math.sqrt(second_singular_constant())),
}
SYMMETRIC = {
    "powers": (1.0, 0.5),
    "constants": (sp.sqrt(sp.pi**2 / 8 - 1) / 8, 1 / sp.sqrt(192)),
    "shift": sp.EulerGamma + LOG2 - 3,
}

CLAIMS = (
    Claim(
        id="x-linear-flow",
        source="beyond the paper",
        title="flow from small weights is cosh and sinh along the singular modes of K",
        printed=Statement(
            r"v(t)=v_0+\sum_r u_r\big[(\cosh\sigma_rt-1)\langle u_r,v_0\rangle+\sinh(\sigma_rt)"
            r"\langle w_r,W_0\rangle\big],\ W(t)\text{ likewise}",
            1.0,
        ),
        routes=(
            Route("quadrature", "Runge-Kutta on the bilinear loss", mode.flow_integrated),
            Route("enumeration", "flow of the loss over all sequences", mode.flow_enumerated),
            Route("simulation", "the mean of SGD runs", mode.flow_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=ACTIVE,
        depends_on=("x-bilinear",),
        note="With rates eta_v, eta_W the growth rate is sigma sqrt(eta_v eta_W). The mean of SGD "
        "follows it exactly because an update is linear in the weights.",
    ),
    Claim(
        id="x-modes-rank",
        source="beyond the paper",
        title="K has rank 2 for every k: a shared and an own part of W",
        printed=Statement(r"\mathrm{rank}(K_{j,(ml)})=2,\quad K_j\in\mathrm{span}\{11^\top,I\}", 2),
        routes=(
            Route("symbolic", "exact minors, k = 2", mode.rank_symbolic),
            Route("enumeration", "gradients over all sequences, k = 3, 4", mode.rank_enumerated),
            Route("spectral", "matrix powers over orbits of chains", mode.rank_spectral),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("prior invariant under relabelling the states", "T >= 2", *ACTIVE),
        depends_on=("x-permutation",),
    ),
    Claim(
        id="x-singular-values-flat",
        source="beyond the paper",
        title="flat prior: sigma_1 grows as T^(3/2), sigma_2 as T",
        printed=Statement(
            r"\sigma_1\sim\sqrt{(A^2+B^2)/10}\,T^{3/2},\quad \sigma_2\sim\frac{A+B}"
            r"{\sqrt{8(A^2+B^2)}}\Big(\sum_j\delta_j^2\Big)^{1/2}T",
            FLAT,
        ),
        routes=(
            Route("spectral", "closed kernel at T = 10^5", lambda x: law.law_spectral(x, "flat")),
            Route("simulation", "sampled gradients", lambda x: law.law_sampled(x, "flat")),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, flat prior", *ACTIVE),
        depends_on=("A.32", "A.33", "x-even-odd"),
        note="0.014814 T^(3/2) and 0.017214 T. Both layers' profile is (1 - j/T)^2 in the first "
        "mode with W = (B, A; A, B); the second lives on short lags, v_2 first. For k states "
        "sigma_1 ~ ((k B^2 + k (k-1) A^2)/20)^(1/2) T^(3/2). Where k is large against T, as at "
        "k = 50, T = 100, the modes are still in the other order, the bigram's first.",
    ),
    Claim(
        id="x-singular-values-symmetric",
        source="beyond the paper",
        title="a = b: sigma_1 grows as T, sigma_2 as T^(1/2) log T",
        printed=Statement(
            r"\sigma_1\sim\frac T8\sqrt{\frac{\pi^2}8-1},\quad\sigma_2\sim\sqrt{\frac T{192}"
            r"\Big(L^2-\frac{2L}3+\frac29\Big)},\ L=\log T+\gamma+\log2-3",
            SYMMETRIC,
        ),
        routes=(
            Route("spectral", "closed kernel at T = 10^5",
                  lambda x: law.law_spectral(x, "doubly_stochastic")),
            Route("simulation", "sampled gradients",
                  lambda x: law.law_sampled(x, "doubly_stochastic")),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, a = b uniform", *ACTIVE),
        note="The order is reversed: the first mode is the bigram's, W = (1, -1; -1, 1) on even "
        "lags only, the second has W = 11'.",
    ),
    Claim(
        id="x-modes-predictors",
        source="beyond the paper",
        title="the first mode predicts as unigram counts do, the second as bigram counts",
        printed=Statement(
            r"\text{flat: }1\mapsto\text{unigram},\ 2\mapsto\text{bigram};\quad"
            r"a=b:\ 1\mapsto\text{bigram},\ 2\mapsto\text{unigram}",
            {"flat": ("unigram", "bigram"), "doubly_stochastic": ("bigram", "unigram")},
        ),
        routes=(
            Route("spectral", "expected logits chain by chain", law.role_spectral),
            Route("simulation", "KL at the best scale", law.role_sampled),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, T = 100",),
        note="Which of the two strategies a mode alone is nearer to. The second flat mode explains "
        "only 0.39 of the bigram strategy: bigrams need the first as well.",
    ),
    Claim(
        id="x-overtaking",
        source="beyond the paper",
        title="linear flow: v_2 overtakes v_1 at C T^-3, and never for T <= 9",
        printed=Statement(
            r"t^*\sim C\,T^{-3},\ C=\frac{24D}{(B-A)(d_2-d_1)};\quad t^*=\infty\ (T\le9);\quad "
            r"t^*_{12}=2.72652",
            {"power": 3, "C": theory.critical_rate_constant(), "first_T": 10, "T12": 2.72652},
        ),
        routes=(
            Route("spectral", "root of the exact flow", law.overtaking_spectral),
            Route("enumeration", "flow of the loss over all sequences", law.overtaking_enumerated),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("k = 2, flat prior", "v = c 1, W = c 11^T, equal rates", *ACTIVE),
        depends_on=("x-linear-flow", "x-critical-learning-rate"),
        note="The same constant as that of the critical learning rate: in both v_1 leads by 2 eta "
        "D or t D, v_2 gains in second order. Entries W = w 11' change it by the factor w/v; from "
        "W = 0 v_2 leads at once (T >= 10).",
    ),
)  # fmt: skip
