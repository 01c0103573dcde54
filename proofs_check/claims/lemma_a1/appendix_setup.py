"""Appendix A, set-up and start of the proof: (A.9)-(A.16), pp. 15-16."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from proofs_check.claims.lemma_a1 import appendix_setup_routes as setup
from proofs_check.claims.lemma_a1 import appendix_start_routes as begin
from proofs_check.claims.lemma_a1.appendix_setup_routes import Loss, Model
from proofs_check.claims.lemma_a1.lemma_3_1 import CLAIMS as LEMMA
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import c, k, p, t, t1
from proofs_check.ledger import Claim, Route, Statement, Verdict

STEP_1 = {claim.id: claim for claim in LEMMA}
START = ("W = c 11^T, v = c 1, c > 0",)
ACTIVE = "Delta above c^2 t (t + 1) / 2, so that every hinge is active"


def _entry(
    id: str,
    source: str,
    title: str,
    latex: str,
    value: object,
    routes: tuple[Route, ...],
    assumptions: tuple[str, ...] = (),
    note: str = "",
    verdict: Verdict = Verdict.PROVED,
    corrected: Statement | None = None,
) -> Claim:
    return Claim(
        id,
        source,
        title,
        Statement(latex, value),
        routes,
        verdict,
        corrected,
        assumptions,
        note=note,
    )


HINGE = r"\Delta+f(e)_{p,i}-f(e)_{p,x_{p+1}}"
D_F = r"(\nabla f(e)_{p,i}-\nabla f(e)_{p,x_{p+1}})"
RANDOM_INDEX = (
    "The sum over i other than x_{p+1} stands outside the expectation in print; x_{p+1} "
    "is random, so it belongs inside, as it is read here."
)
A16 = (
    (rf"\frac1t\sum_p\frac1k\sum_{{i\ne x_{{p+1}}}}E[\mathbb 1\{{{HINGE}\ge0\}}{D_F}]",
     begin.Slope(1 / k, True, True), RANDOM_INDEX),
    (rf"\frac1t\sum_p\frac1k\sum_{{i\ne x_{{p+1}}}}E[{D_F}]", begin.Slope(1 / k, False, True),
     RANDOM_INDEX),
    (rf"\frac1t\sum_p\frac1k\sum_{{i=1}}^kE[{D_F}]", begin.Slope(1 / k, False, False),
     "The term i = x_{p+1} that line 3 adds is 0."),
    (r"\frac1t\sum_p\left[\frac1k\sum_iE[\nabla f(e)_{p,i}]-E[\nabla f(e)_{p,x_{p+1}}]\right]",
     begin.Slope(1 / k, False, False, paired=0, alone=1), ""),
)  # fmt: skip
START_W = r"f^0(e)_{p,i}=c^2\sum_{t'=1}^p\mathbb 1\{x_{t'}=i\}"

CLAIMS = (
    _entry("A.9", "(A.9), p. 15", "two states: P has two free entries, uniform",
           r"P=\begin{pmatrix}a&1-a\\1-b&b\end{pmatrix},\ a,b\sim U(0,1)", setup.PRINTED_P,
           setup.A9_ROUTES, ("rows of P from Dir(1, 1)",)),
    _entry("A.10", "(A.10), p. 15", "the logits as sums",
           r"f(e)_{p,i}=\sum_{t'=1}^p\mathbb 1\{x_{t'}=i\}\sum_{s=1}^{t'}v_{t'-s+1}"
           r"e_{x_p}^\top W_ke_{x_s}", Model(1), setup.MODEL_ROUTES, verdict=Verdict.SUPPORTED),
    _entry("A.10-matrix", "above (A.10), p. 15", "the same in matrix form",
           r"f(e)=\mathrm{mask}(eW_k(Me)^\top)e,\ M_{t's}=v_{t'-s+1}\ (s\le t')", Model(1),
           setup.MATRIX_ROUTES, note="The mask keeps t' <= p.", verdict=Verdict.SUPPORTED),
    _entry("A.11", "(A.11), p. 15", "the loss of a sequence: mean of the margin loss",
           r"L=\frac1t\sum_{p=1}^tl_M(f(e)_{p,:},x_{p+1}),\ l_M=\frac1k\sum_{i\ne x_{p+1}}"
           rf"\max\{{0,{HINGE}\}}", Loss(1 / t, 1 / k), setup.LOSS_ROUTES,
           verdict=Verdict.SUPPORTED),
    _entry("A.11-prose", "above (A.11), p. 15", "the loss is the mean over positions, not the sum",
           r"\text{total loss: sum of the losses across all positions}", Loss(sp.Integer(1), 1 / k),
           setup.LOSS_ROUTES, note="(A.11) itself, (6) and everything after it divide by t.",
           verdict=Verdict.CORRECTED,
           corrected=Statement(r"\text{mean of the losses across all positions}",
                               Loss(1 / t, 1 / k))),
    _entry("A.11-length", "Setup, p. 15", "the loss needs one token more than the context",
           r"x=(x_1,\dots,x_t)", 0, begin.LENGTH_ROUTES,
           note="(A.11) asks for x_{t+1}, the target of the last of t positions.",
           verdict=Verdict.CORRECTED, corrected=Statement(r"x=(x_1,\dots,x_t,x_{t+1})", 1)),
    _entry("A.12", "(A.12), p. 15", "the population loss, Dirichlet parameter 1",
           r"\mathcal L=E_{x\sim P,\ P\sim\mathrm{Dir}(\alpha)^{\otimes k}}L(f(e),e),\ "
           r"\alpha=(1,\dots,1)", 1.0, setup.POPULATION_ROUTES, ("k = 2", "x_1 stationary"),
           note="Where x_1 comes from is said only below (A.21): from the stationary law.",
           verdict=Verdict.SUPPORTED),
    replace(STEP_1["lemma-3.1-step-1-W"], id="A.13-W", source="Lemma A.1, (A.13), p. 15",
            depends_on=("lemma-3.1-step-1-W",)),
    replace(STEP_1["lemma-3.1-step-1-v"], id="A.13-v", source="Lemma A.1, (A.13), p. 15",
            depends_on=("lemma-3.1-step-1-v",)),
    _entry("A.14", "(A.14), p. 16", "the logits at the start: positions of i, added up",
           START_W + r"\sum_{s=1}^{t'}e_{x_p}^\top11^\top e_{x_s}=c^2\sum\mathbb 1\{x_{t'}=i\}t'",
           c**2 * t1, (Route("symbolic", "sum over s", begin.weight_symbolic),
                       Route("enumeration", "every sequence", begin.weight_enumerated)), START),
    _entry("A.14-range", "(A.14), p. 16", "the logits at the start lie in this range",
           r"f^0(e)_{p,i}\in[0,\ c^2p(p+1)/2]", (sp.Integer(0), c**2 * p * (p + 1) / 2),
           (Route("symbolic", "extreme sequences", begin.range_symbolic),
            Route("enumeration", "every sequence", begin.range_enumerated)), START,
           note="Both ends are attained."),
    _entry("A.14-margin", "below (A.14), p. 16", "this margin keeps every hinge from being cut off",
           r"\Delta\ge c^2t(t+1)/2\ \Rightarrow\ \Delta+f^0(e)_{p,i}-f^0(e)_{p,x_{p+1}}\ge0",
           c**2 * t * (t + 1) / 2,
           (Route("symbolic", "least argument over sequences", begin.margin_symbolic),
            Route("enumeration", "every sequence", begin.margin_enumerated)), START,
           note="No smaller margin would do: a constant sequence reaches 0 at p = t."),
    _entry("A.15", "(A.15), p. 16", "the mean over chains of conditional means",
           r"E_{x,P}[L]=E_P[E_x[L|P]]", "conditional means", setup.TOWER_ROUTES, ("k = 2",),
           verdict=Verdict.SUPPORTED),
    *(
        _entry(f"A.16-line-{n}", f"(A.16), line {n}, p. 16", f"gradient of the loss, line {n} of 4",
               rf"\nabla_WE[L|P]={latex}", value, begin.GRADIENT_ROUTES, (*START, ACTIVE), note,
               Verdict.SUPPORTED)
        for n, (latex, value, note) in enumerate(A16, start=1)
    ),
    _entry("A.16-corner", "(A.14)-(A.16), p. 16", "the margin has to be larger, not equal",
           r"\Delta\ge c^2t(t+1)/2\ \Rightarrow\ \mathcal L\text{ has the gradient (A.16)}", 0,
           begin.KINK_ROUTES, START,
           "At equality constant sequences put a hinge exactly at its corner: the loss has "
           "one-sided slopes only, and (A.16) is one of its subgradients.", Verdict.CORRECTED,
           Statement(r"\Delta>c^2t(t+1)/2\ \Rightarrow\ \mathcal L\text{ has the gradient (A.16)}",
                     1)),
)  # fmt: skip
