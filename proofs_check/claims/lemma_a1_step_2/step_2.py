"""(A.38)-(A.46): the gradient of v at W = c' 11^T + (rho - c') I, line by line."""

from __future__ import annotations

from itertools import product

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.lemma_a1_step_2 import step_2_routes as routes
from proofs_check.methods import derivatives_in_v as in_v
from proofs_check.methods.symbols import BETA, CP, GAMMA, GAP, HALF, PI, P, a, b, j, lam, n, p, t

PAIRS = tuple(product(range(2), repeat=2))  # (l, i)
COUNT = p - j + 1
# brackets that several lines print: in v_1, and in v_j
GEOMETRIC = (lam**p - 1) / (lam - 1)
FIRST = [PI[i] / (lam - 1) * (p * GAMMA[i, i] + BETA[i, i] * GEOMETRIC) for i in range(2)]
LATER = {
    (x, i): PI[x] / (lam - 1) ** 2
    * (BETA[i, x] * BETA[x, i] * (lam**p - lam ** (j - 1)) / (lam - 1)
       + BETA[i, x] * GAMMA[x, i] * (lam**COUNT - 1) / (lam - 1)
       + COUNT * (GAMMA[i, x] * BETA[x, i] * lam ** (j - 1) + GAMMA[i, x] * GAMMA[x, i]))
    for x, i in PAIRS
}  # fmt: skip
PRINTED_39 = {i: CP * PI[i] * p + GAP * FIRST[i] for i in range(2)}
PRINTED_40 = {i: CP * PI[i] * COUNT + GAP * (LATER[0, i] + LATER[1, i]) for i in range(2)}
PRINTED_42 = sum(P[i, i] * FIRST[i] for i in range(2))
PRINTED_43 = sum(
    P[x, i] * PI[x] * (BETA[i, x] * lam**n + GAMMA[i, x]) / (lam - 1)
    * (BETA[x, i] * lam ** (j - 1) + GAMMA[x, i]) / (lam - 1)
    for x, i in PAIRS
)  # fmt: skip
PRINTED_44 = sum(P[x, i] * LATER[x, i] for x, i in PAIRS)
PRINTED_45_POSITION = sum((P[i, i] - HALF) * FIRST[i] for i in range(2))


def update_of_v_1(factor: sp.Expr | int) -> dict[str, sp.Expr]:
    """(A.45)'s last line, its first term multiplied by a factor (printed: 1)."""
    short = ((lam - lam ** (t + 1)) / (1 - lam) - t) * (a - 1) * (b - 1) / (lam - 1) ** 2
    long = ((b - 1) ** 2 * (a - HALF) + (a - 1) ** 2 * (b - HALF)) / (lam - 1) ** 2
    return {"update": factor * short + long * t * (t + 1) / 2}


def update_of_v_j(sign: int) -> dict[str, sp.Expr]:
    """(A.46)'s bracket; the sign is that of (lambda - lambda^(t-j+2))/(1 - lambda) in line 2."""
    rest, total = t - j + 1, sp.Integer(0)
    for x, i in PAIRS:
        first = (lam**j - lam ** (t + 1)) / (1 - lam) - rest * lam ** (j - 1)
        second = sign * (lam - lam ** (rest + 1)) / (1 - lam) - rest
        third = GAMMA[i, x] * BETA[x, i] * lam ** (j - 1) + GAMMA[i, x] * GAMMA[x, i]
        total += PI[x] / (lam - 1) ** 2 * (P[x, i] - HALF) * (
            BETA[i, x] * BETA[x, i] / (lam - 1) * first
            + BETA[i, x] * GAMMA[x, i] / (lam - 1) * second
            + rest * (rest + 1) / 2 * third
        )  # fmt: skip
    return {"update": total}


ASSUME = ("k = 2, x_1 stationary, lambda not 0 or 1", "1 <= j <= p", "every hinge active")
SPLIT = {"shift": 1, "sign": 1, "left": "j"}
SLIPS = [SPLIT | {"shift": 0}, SPLIT | {"sign": -1}]
SPLIT_LOGIT = [route.given(targets=(0, 1)) for route in routes.SPLIT_ROUTES]
SPLIT_TRUE_LOGIT = [route.given(targets=("next",)) for route in routes.SPLIT_ROUTES]

CLAIMS = (
    ledger.proved("A.38", 22,
        "a logit's derivative in v_j splits into the c' and the diagonal part",
        r"E[\partial f_{p,i}/\partial v_j]=c'"
        r"\pi_i(p-j+1)1\{j\le p\}+(\rho-c')\sum_{t'=j}^pP[x_{t'}=i,x_{t'-j+1}=x_p]1\{j\le p\}",
        SPLIT, *SPLIT_LOGIT, wrong=SLIPS, assume=ASSUME),
    ledger.proved("A.39", 22, "a logit's derivative in v_1 in closed form",
        r"E[\partial f_{p,i}/\partial v_1]=c'\pi_ip+\frac{(\rho-c')\pi_i}{\lambda-1}"
        r"\Big(p\gamma_{ii}+\beta_{ii}\frac{\lambda^p-1}{\lambda-1}\Big)",
        PRINTED_39, *in_v.logits(in_v.MIXED, in_v.V_1),
        wrong=[{i: line.subs(p, p + 1) for i, line in PRINTED_39.items()}], assume=ASSUME),
    ledger.corrected("A.40-left-side", "(A.40), p. 23",
        "which derivative the general closed form is",
        (r"E[\partial f_{p,i}/\partial v_1]=\ldots\ (j\ge2)", SPLIT | {"left": "1"}),
        (r"E[\partial f_{p,i}/\partial v_j]=\ldots\ (j\ge2)", SPLIT), *SPLIT_LOGIT,
        wrong=[SPLIT | {"left": "j + 1"}], assume=ASSUME,
        note="Printed as the derivative in v_1; the right side depends on j."),
    ledger.proved("A.40", 23, "a logit's derivative in v_j in closed form (right-hand side)",
        r"c'\pi_i(p-j+1)+\frac{\rho-c'}{(\lambda-1)^2}\sum_l\pi_l\Big(\beta_{il}\beta_{li}"
        r"\frac{\lambda^p-\lambda^{j-1}}{\lambda-1}+\beta_{il}\gamma_{li}\frac{\lambda^{p-j+1}-1}{"
        r"\lambda-1}+(p-j+1)(\gamma_{il}\beta_{li}\lambda^{j-1}+\gamma_{il}\gamma_{li})\Big)",
        PRINTED_40, *in_v.logits(in_v.MIXED, in_v.EVERY_V),
        wrong=[{0: PRINTED_40[1], 1: PRINTED_40[0]}], assume=ASSUME),
    ledger.proved("A.41", 23, "the true logit's derivative splits the same way",
        r"E[\partial f_{p,x_{p+1}}/\partial v_j]=c'"
        r"\sum_{t'=j}^pP[x_{t'}=x_{p+1}]+(\rho-c')\sum_{t'=j}^pP[x_{t'}=x_{p+1},x_{t'-j+1}=x_p]",
        SPLIT, *SPLIT_TRUE_LOGIT, wrong=SLIPS, assume=ASSUME),
    ledger.proved("A.42", 23, "diagonal part of the true logit's derivative in v_1",
        r"\sum_{t'=1}^pP[x_{t'}=x_{p+1}=x_p]=\sum_i\frac{\pi_iP_{ii}}{\lambda-1}"
        r"\Big(\beta_{ii}\frac{\lambda^p-1}{\lambda-1}+\gamma_{ii}p\Big)",
        {"next": PRINTED_42}, *in_v.logits(in_v.IDENTITY, in_v.V_1),
        wrong=[{"next": 2 * PRINTED_42}], assume=ASSUME),
    ledger.proved("A.43", 23,
        "diagonal part of the true logit's derivative in v_j by the Markov property",
        r"\sum_{i,l,t'}P_{li}P[x_p=l|x_{t'}=i]P[x_{t'}=i|x_{t'-j+1}=l]P[x_{t'-j+1}=l]",
        {"next summand": PRINTED_43}, *in_v.logits(in_v.IDENTITY, in_v.AFTER_V_1),
        wrong=[{"next summand": PRINTED_43.subs(n, n + 1)}], assume=ASSUME),
    ledger.proved("A.44", 23, "diagonal part of the true logit's derivative in v_j in closed form",
        r"\frac1{(\lambda-1)^2}\sum_{i,l}\pi_lP_{li}(\ldots)1\{j\le p\}",
        {"next": PRINTED_44}, *in_v.logits(in_v.IDENTITY, in_v.AFTER_V_1),
        wrong=[{"next": PRINTED_44.subs(p, p - 1)}], assume=ASSUME),
    ledger.corrected("A.45-L0", "(A.45), p. 24",
        "the c' part in units of the first step's gradient",
        (r"v_j^{(2)}=v_j^{(1)}-\eta c'\,\partial L^0/\partial v_j+\ldots", 0),
        (r"v_j^{(2)}=v_j^{(1)}-\eta\frac{c'}c\,\partial L^0/\partial v_j+\ldots", -1),
        routes.scale, routes.scale_enumerated, wrong=[1, -2], assume=ASSUME,
        note="The gradient of the first step is already proportional to c. As printed L^0 must be "
        "read as the loss at W = 11^T; (A.49) reads it so."),
    ledger.proved("A.45-line-2", "(A.45), p. 24",
        "diagonal contribution to v_1 position by position",
        r"\sum_p\sum_iE\Big[(P_{ii}-\frac12)\frac{\pi_i}{\lambda-1}"
        r"\Big(\beta_{ii}\frac{\lambda^p-1}{\lambda-1}+\gamma_{ii}p\Big)\Big]",
        {"position": PRINTED_45_POSITION}, *in_v.update(in_v.IDENTITY, in_v.V_1),
        wrong=[{"position": -PRINTED_45_POSITION}], assume=ASSUME),
    ledger.corrected("A.45", 24, "diagonal contribution to v_1 in closed form, last line",
        (r"E\Big["
         r"\Big(\frac{\lambda-\lambda^{t+1}}{1-\lambda}-t\Big)\frac{(a-1)(b-1)}{(\lambda-1)^2}+"
         r"\frac{(b-1)^2(a-\frac12)+(a-1)^2(b-\frac12)}{(\lambda-1)^2}\frac{t(t+1)}2\Big]",
         update_of_v_1(1)),
        (r"E\Big[\Big(\frac{\lambda-\lambda^{t+1}}{1-\lambda}-t\Big)"
         r"\frac{\lambda(a-1)(b-1)}{(\lambda-1)^3}+"
         r"\frac{(b-1)^2(a-\frac12)+(a-1)^2(b-\frac12)}{(\lambda-1)^2}\frac{t(t+1)}2\Big]",
         update_of_v_1(lam / (lam - 1))), *in_v.update(in_v.IDENTITY, in_v.V_1),
        wrong=[update_of_v_1(-lam / (lam - 1))], assume=ASSUME,
        note="Line 2 sums to the corrected form: P_11 + P_22 - 1 = lambda, and one factor "
        "1/(lambda - 1) is lost. At t = 100 the printed value is 4.7 percent too small."),
    ledger.corrected("A.46-start", "(A.46), p. 24", "which entry the update of v_j starts from",
        (r"v_j^{(2)}=v_1^{(1)}-\eta\ldots\ (j\ge2)", "1"),
        (r"v_j^{(2)}=v_j^{(1)}-\eta\ldots\ (j\ge2)", "j"),
        routes.start_enumerated, routes.start_by_powers, wrong=["j - 1"], assume=ASSUME,
        note="The second line prints v_1^(1) for every j."),
    ledger.corrected("A.46", 24, "diagonal contribution to v_j in closed form, j >= 2",
        (r"\ldots+\frac{\beta_{il}\gamma_{li}}{\lambda-1}"
         r"\Big(\frac{\lambda-\lambda^{t-j+2}}{\lambda-1}-t+j-1\Big)+\ldots", update_of_v_j(-1)),
        (r"\ldots+\frac{\beta_{il}\gamma_{li}}{\lambda-1}"
         r"\Big(\frac{\lambda-\lambda^{t-j+2}}{1-\lambda}-t+j-1\Big)+\ldots", update_of_v_j(1)),
        *in_v.update(in_v.IDENTITY, in_v.AFTER_V_1),
        wrong=[{"update": -update_of_v_j(1)["update"]}], assume=ASSUME,
        note="Denominator 1 - lambda, not lambda - 1, as in the line above and in (A.36)."),
)  # fmt: skip
