"""(A.38)-(A.46): the gradient of v at W = c' 11^T + (rho - c') I, line by line."""

from __future__ import annotations

from typing import Any

import sympy as sp

from proofs_check.claims.lemma_a1_step_1 import step_1_v as one
from proofs_check.claims.lemma_a1_step_1.step_1_v import lam
from proofs_check.claims.lemma_a1_step_2 import step_2_routes as lines
from proofs_check.ledger import Claim, Route, Statement, Verdict

ALL, LATER, FIRST = range(1, 6), range(2, 6), range(1, 2)
ASSUME = ("k = 2, x_1 stationary, lambda not 0 or 1", "1 <= j <= p", "every hinge active")
HINGE = "all 2^(T+1) sequences with the hinge"


def _claim(
    id: str, title: str, latex: str, value: Any, symbolic: Any, enumerated: Any, **more: Any
) -> Claim:
    """An entry decided by induction and by enumeration; proved unless it says otherwise."""
    page = {"A.38": 22, "A.39": 22, "A.45": 24, "A.46": 24}.get(id[:4], 23)
    how = one.MODEL if id < "A.45" else HINGE
    routes = (Route("symbolic", one.INDUCTION, symbolic), Route("enumeration", how, enumerated))
    more.setdefault("expected", Verdict.PROVED)
    more.setdefault("routes", routes)
    return Claim(
        id=id, source=f"({id[:4]}), p. {page}", title=title, printed=Statement(latex, value),
        assumptions=ASSUME, **more,
    )  # fmt: skip


CLAIMS = (
    _claim(
        "A.38", "a logit's derivative in v_j splits into the c' and the diagonal part",
        r"E[\partial f_{p,i}/\partial v_j]=c'\pi_i(p-j+1)1\{j\le p\}+(\rho-c')\sum_{t'=j}^p"
        r"P[x_{t'}=i,x_{t'-j+1}=x_p]1\{j\le p\}", {"shift": 1, "sign": 1}, None, None,
        routes=lines.split_routes((0, 1)), expected=Verdict.SUPPORTED,
    ),
    _claim(
        "A.39", "a logit's derivative in v_1 in closed form",
        r"E[\partial f_{p,i}/\partial v_1]=c'\pi_ip+\frac{(\rho-c')\pi_i}{\lambda-1}"
        r"\Big(p\gamma_{ii}+\beta_{ii}\frac{\lambda^p-1}{\lambda-1}\Big)", lines.PRINTED_39,
        lambda value: lines.logit(value, True), lambda value: lines.logit_enumerated(value, FIRST),
    ),
    _claim(
        "A.40-left-side", "which derivative the general closed form is",
        r"E[\partial f_{p,i}/\partial v_1]=\ldots\ (j\ge2)", 1, None, None,
        routes=(Route("enumeration", "joint events counted", lambda x: lines.left_side(x, False)),
                Route("spectral", "joint events by powers", lambda x: lines.left_side(x, True))),
        expected=Verdict.CORRECTED,
        corrected=Statement(r"E[\partial f_{p,i}/\partial v_j]=\ldots\ (j\ge2)", "j"),
        note="Printed as the derivative in v_1; the right side depends on j.",
    ),
    _claim(
        "A.40", "a logit's derivative in v_j in closed form (right-hand side)",
        r"c'\pi_i(p-j+1)+\frac{\rho-c'}{(\lambda-1)^2}\sum_l\pi_l\Big(\beta_{il}\beta_{li}"
        r"\frac{\lambda^p-\lambda^{j-1}}{\lambda-1}+\beta_{il}\gamma_{li}\frac{\lambda^{p-j+1}-1}"
        r"{\lambda-1}+(p-j+1)(\gamma_{il}\beta_{li}\lambda^{j-1}+\gamma_{il}\gamma_{li})\Big)",
        lines.PRINTED_40,
        lambda value: lines.logit(value, False), lambda value: lines.logit_enumerated(value, ALL),
    ),
    _claim(
        "A.41", "the true logit's derivative splits the same way",
        r"E[\partial f_{p,x_{p+1}}/\partial v_j]=c'\sum_{t'=j}^pP[x_{t'}=x_{p+1}]+(\rho-c')"
        r"\sum_{t'=j}^pP[x_{t'}=x_{p+1},x_{t'-j+1}=x_p]", {"shift": 1, "sign": 1}, None, None,
        routes=lines.split_routes(("next",)), expected=Verdict.SUPPORTED,
    ),
    _claim(
        "A.42", "diagonal part of the true logit's derivative in v_1",
        r"\sum_{t'=1}^pP[x_{t'}=x_{p+1}=x_p]=\sum_i\frac{\pi_iP_{ii}}{\lambda-1}\Big(\beta_{ii}"
        r"\frac{\lambda^p-1}{\lambda-1}+\gamma_{ii}p\Big)", lines.PRINTED_42,
        lambda value: lines.true(value, True), lambda value: lines.true_enumerated(value, FIRST),
    ),
    _claim(
        "A.43", "diagonal part of the true logit's derivative in v_j by the Markov property",
        r"\sum_{i,l,t'}P_{li}P[x_p=l|x_{t'}=i]P[x_{t'}=i|x_{t'-j+1}=l]P[x_{t'-j+1}=l]",
        lines.PRINTED_43, lines.a43, lines.a43_enumerated,
    ),
    _claim(
        "A.44", "diagonal part of the true logit's derivative in v_j in closed form",
        r"\frac1{(\lambda-1)^2}\sum_{i,l}\pi_lP_{li}(\ldots)1\{j\le p\}", lines.PRINTED_44,
        lambda value: lines.true(value, False), lambda value: lines.true_enumerated(value, LATER),
    ),
    _claim(
        "A.45-L0", "the c' part in units of the first step's gradient",
        r"v_j^{(2)}=v_j^{(1)}-\eta c'\,\partial L^0/\partial v_j+\ldots", 0,
        lines.scale_symbolic, lines.scale_enumerated, expected=Verdict.CORRECTED,
        corrected=Statement(
            r"v_j^{(2)}=v_j^{(1)}-\eta\frac{c'}c\,\partial L^0/\partial v_j+\ldots", -1),
        note="The gradient of the first step is already proportional to c. As printed L^0 must be "
        "read as the loss at W = 11^T; (A.49) reads it so.",
    ),
    _claim(
        "A.45-line-2", "diagonal contribution to v_1 position by position",
        r"\sum_p\sum_iE\Big[(P_{ii}-\frac12)\frac{\pi_i}{\lambda-1}\Big(\beta_{ii}"
        r"\frac{\lambda^p-1}{\lambda-1}+\gamma_{ii}p\Big)\Big]", lines.PRINTED_45_POSITION,
        lines.position, lines.position_enumerated,
    ),
    _claim(
        "A.45", "diagonal contribution to v_1 in closed form, last line",
        r"E\Big[\Big(\frac{\lambda-\lambda^{t+1}}{1-\lambda}-t\Big)\frac{(a-1)(b-1)}"
        r"{(\lambda-1)^2}+\frac{(b-1)^2(a-\frac12)+(a-1)^2(b-\frac12)}{(\lambda-1)^2}"
        r"\frac{t(t+1)}2\Big]", lines.a45(sp.Integer(1)),
        lambda value: lines.update(value, True), lambda value: lines.update_enumerated(value, True),
        expected=Verdict.CORRECTED,
        corrected=Statement(
            r"E\Big[\Big(\frac{\lambda-\lambda^{t+1}}{1-\lambda}-t\Big)\frac{\lambda(a-1)(b-1)}"
            r"{(\lambda-1)^3}+\frac{(b-1)^2(a-\frac12)+(a-1)^2(b-\frac12)}{(\lambda-1)^2}"
            r"\frac{t(t+1)}2\Big]", lines.a45(lam / (lam - 1))),
        note="Line 2 sums to the corrected form: P_11 + P_22 - 1 = lambda, and one factor "
        "1/(lambda - 1) is lost. At t = 100 the printed value is 4.7 percent too small.",
    ),
    _claim(
        "A.46-start", "which entry the update of v_j starts from",
        r"v_j^{(2)}=v_1^{(1)}-\eta\ldots\ (j\ge2)", 1, None, None,
        routes=(Route("enumeration", HINGE, lambda x: lines.start(x, False)),
                Route("spectral", "kernel by matrix powers", lambda x: lines.start(x, True))),
        expected=Verdict.CORRECTED,
        corrected=Statement(r"v_j^{(2)}=v_j^{(1)}-\eta\ldots\ (j\ge2)", "j"),
        note="The second line prints v_1^(1) for every j.",
    ),
    _claim(
        "A.46", "diagonal contribution to v_j in closed form, j >= 2",
        r"\ldots+\frac{\beta_{il}\gamma_{li}}{\lambda-1}\Big(\frac{\lambda-\lambda^{t-j+2}}"
        r"{\lambda-1}-t+j-1\Big)+\ldots", lines.a46(-1),
        lambda value: lines.update(value, False),
        lambda value: lines.update_enumerated(value, False),
        expected=Verdict.CORRECTED,
        corrected=Statement(
            r"\ldots+\frac{\beta_{il}\gamma_{li}}{\lambda-1}\Big(\frac{\lambda-\lambda^{t-j+2}}"
            r"{1-\lambda}-t+j-1\Big)+\ldots", lines.a46(1)),
        note="Denominator 1 - lambda, not lambda - 1, as in the line above and in (A.36).",
    ),
)  # fmt: skip
