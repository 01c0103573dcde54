"""The task of Sec. 2: posterior of a row, (1)-(3), Remark 2.1, and the losses (6), (7)."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.sec2_task import loss_routes as loss
from proofs_check.claims.sec2_task import posterior_routes as rows
from proofs_check.claims.sec2_task import remark_2_1_routes as remark
from proofs_check.claims.sec2_task.posterior_routes import A, N_all, N_row, alpha, c
from proofs_check.ledger import Claim, Route, Statement, Verdict

INDEPENDENT = (
    "rows of P independent Dirichlet(alpha)",
    "x_1 independent of P (with x_1 ~ pi it is not exact: Remark 2.1)",
)
FLAT = ("k = 2, rows of P uniform",)

CLAIMS = (
    Claim(
        id="eq-1",
        source="(1), p. 5",
        title="posterior of a row of P: Dirichlet with counts added",
        printed=Statement(
            r"(P_{i1},\dots,P_{ik})\,|\,x\sim\mathrm{Dir}(k,c_{i1}+\alpha_1,\dots,c_{ik}+\alpha_k)",
            c + alpha,
        ),
        routes=(
            Route(
                "symbolic",
                "prior times likelihood over the density",
                rows.posterior_symbolic,
            ),
            Route(
                "enumeration",
                "moments by exact integrals over P",
                rows.posterior_enumerated,
            ),
        ),
        expected=Verdict.PROVED,
        assumptions=INDEPENDENT,
        note="The first argument k is read as the number of states, not as a parameter; the prior "
        "on the same page, Dir(alpha), is written without it.",
    ),
    Claim(
        id="eq-2",
        source="(2), p. 5",
        title="posterior of one transition probability is Beta",
        printed=Statement(
            r"P_{ij}\,|\,x\sim\mathrm{Beta}\Big(c_{ij}+\alpha_j,\ \sum_j\alpha_j+N_i-\alpha_j"
            r"-c_{ij}\Big)",
            (c + alpha, A + N_row - alpha - c),
        ),
        routes=(
            Route("symbolic", "the other coordinates integrated out", rows.beta_symbolic),
            Route("enumeration", "moments by exact integrals over P", rows.beta_enumerated),
        ),
        expected=Verdict.PROVED,
        assumptions=INDEPENDENT,
        depends_on=("eq-1",),
        note="j is both the free index and the one summed over; the sum is over alpha alone.",
    ),
    Claim(
        id="eq-3-denominator",
        source="(3), p. 6",
        title="posterior mean of P_ij: which count is in the denominator",
        printed=Statement(
            r"E[P_{ij}\,|\,x]=\frac{c_{ij}+\alpha_j}{N+\sum_i\alpha_i}", (c + alpha) / (N_all + A)
        ),
        corrected=Statement(
            r"E[P_{ij}\,|\,x]=\frac{c_{ij}+\alpha_j}{N_i+\sum_m\alpha_m}", (c + alpha) / (N_row + A)
        ),
        routes=(
            Route("symbolic", "ratio of Beta functions", rows.mean_symbolic),
            Route("enumeration", "exact integrals over P", rows.mean_enumerated),
        ),
        expected=Verdict.CORRECTED,
        assumptions=INDEPENDENT,
        depends_on=("eq-2",),
        note="N is not defined; read as the number of all transitions the estimates of a row do "
        "not add up to 1. N_i, the transitions from state i, is meant, as the next line has it.",
    ),
    Claim(
        id="eq-3-flat",
        source="below (3), p. 6",
        title="flat prior: the add-one estimate",
        printed=Statement(r"E[P_{ij}\,|\,x]=\frac{c_{ij}+1}{N_i+k}", (c + 1) / (N_row + A)),
        routes=(
            Route("symbolic", "ratio of Gamma functions", rows.flat_mean_symbolic),
            Route("enumeration", "exact integrals over P", rows.flat_mean_enumerated),
        ),
        expected=Verdict.PROVED,
        assumptions=("alpha = (1, ..., 1), so that sum alpha = k", INDEPENDENT[1]),
        depends_on=("eq-3-denominator",),
    ),
    Claim(
        id="remark-2.1-uniform",
        source="Remark 2.1, p. 6",
        title="the bigram rule is Bayes optimal when x_1 is uniform",
        printed=Statement(
            r"x_1\sim\mathrm{Unif}\ \Rightarrow\ P[x_{t+1}=j\,|\,x]=\frac{c_{x_tj}+1}{N_{x_t}+k}",
            "uniform",
        ),
        routes=(
            Route(
                "symbolic",
                "the start's factor in the likelihood",
                remark.optimality_symbolic,
            ),
            Route("enumeration", "exact conditional probabilities", remark.optimality_exact),
            Route(
                "quadrature",
                "posterior over chains, numerically",
                remark.optimality_quadrature,
            ),
        ),
        expected=Verdict.PROVED,
        assumptions=FLAT,
        depends_on=("eq-3-flat",),
        note="Uniform is sufficient, not necessary: any law of x_1 that does not depend on the "
        "chain will do. With x_1 ~ pi the rule is not exact from T = 1 on.",
    ),
    Claim(
        id="remark-2.1-negligible",
        source="Remark 2.1, p. 6",
        title="with x_1 ~ pi the bigram rule becomes optimal as the context grows",
        printed=Statement(
            r"x_1\sim\pi\ \Rightarrow\ \lim_{t\to\infty}E\,\mathrm{KL}"
            r"(\mathrm{Bayes}_t\,\|\,\mathrm{bigram}_t)=0",
            0.0,
        ),
        routes=(
            Route(
                "symbolic",
                "chain rule of KL, summed over positions",
                remark.negligible_symbolic,
            ),
            Route(
                "enumeration",
                "every sequence by its counts",
                remark.negligible_enumerated,
            ),
        ),
        expected=Verdict.PROVED,
        assumptions=FLAT,
        depends_on=("remark-2.1-uniform", "text-2.2-no-closed-form"),
        note="The excesses of all positions have a finite sum, so they tend to 0; in the average "
        "over positions, eq. (6), the difference is at most 0.1293 / t. At the last position the "
        "decay is measured: it approaches t^-2.",
    ),
    Claim(
        id="x-remark-2.1-total",
        source="beyond the paper",
        title="what ignoring the law of x_1 costs, summed over all positions",
        printed=Statement(
            r"\sum_{t\ge1}E\,\mathrm{KL}(\mathrm{Bayes}_t\,\|\,\mathrm{bigram}_t)=\log2-E\,H(\pi)"
            r"=\frac{\pi^2}{12}-\log2",
            sp.pi**2 / 12 - sp.log(2),
        ),
        routes=(
            Route(
                "symbolic",
                "chain rule of KL and the density of pi_1",
                remark.total_symbolic,
            ),
            Route(
                "enumeration",
                "every sequence by its counts, t <= 64",
                remark.total_enumerated,
            ),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=(*FLAT, "x_1 ~ pi"),
        depends_on=("remark-2.1-negligible", "text-2.2-no-closed-form"),
        note="In nats; the numerator pi of pi^2 / 12 is the number 3.14...",
    ),
    Claim(
        id="eq-6",
        source="(6), p. 6",
        title="the loss is the average over positions 1..t of predicting the next token",
        printed=Statement(
            r"L(\theta)=E_{x\sim P,\,P\sim\mathrm{Dir}(\alpha)^{\otimes k}}\Big[\frac1t\sum_{p=1}^t"
            r"l(TF(x;\theta)_p,x_{p+1})\Big]",
            {"first": 1, "ahead": 1, "power": 1},
        ),
        routes=(
            Route(
                "enumeration",
                "all sequences, exact probabilities",
                loss.loss_average_enumerated,
            ),
            Route("simulation", "sampled batches, as in training", loss.loss_average_sampled),
        ),
        expected=Verdict.SUPPORTED,
        note="A definition: what is checked is that the software implements it.",
    ),
    Claim(
        id="eq-7",
        source="(7), p. 6",
        title="the margin loss, with 1/k and without the target's own term",
        printed=Statement(
            r"l_M(f_p,x_{p+1})=\frac1k\sum_{i\ne x_{p+1}}\max\{0,\Delta+f_{p,i}-f_{p,x_{p+1}}\}",
            {"power": 1, "skip_target": True, "sign": 1},
        ),
        routes=(
            Route("enumeration", "a grid of logits", loss.margin_enumerated),
            Route("simulation", "random models through the kernel", loss.margin_sampled),
        ),
        expected=Verdict.SUPPORTED,
        note="A definition: what is checked is that the software implements it. For k = 2 it is "
        "half the hinge loss with margin Delta.",
    ),
)
