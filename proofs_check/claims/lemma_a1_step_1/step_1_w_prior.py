"""Lemma A.1, first step of W before and after averaging over chains: (A.25)-(A.31)."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.lemma_a1_step_1 import step_1_w_prior_routes as on
from proofs_check.claims.lemma_a1_step_1.step_1_w import SETTING, TWO
from proofs_check.claims.lemma_a1_step_1.step_1_w_prior_routes import (
    P_m1,
    b1m,
    b2m,
    bl1,
    bl2,
    g1m,
    g2m,
    gl1,
    gl2,
    pi_l,
    pi_m,
)  # fmt: skip
from proofs_check.claims.lemma_a1_step_1.step_1_w_routes import HALF, a, b, c, lam, t
from proofs_check.claims.lemma_a1_step_1.step_1_w_sums import II, III, IV, I
from proofs_check.claims.sec3_training.fig_6 import CLAIMS as FIG_6
from proofs_check.ledger import Claim, Statement, Verdict

FLAT = ("k = 2, a and b uniform on (0, 1)", *SETTING)

BRACKET = {
    "I": ("A", (b1m * bl1 - b2m * bl2) / (lam - 1) * I),
    "II": ("B", (b1m * gl1 - b2m * gl2) / (lam - 1) ** 2 * II),
    "III": ("C", (bl1 * g1m - bl2 * g2m) / (lam - 1) * III),
    "IV": ("D", (g1m * gl1 - g2m * gl2) * IV),
}
PREFACTOR = c * pi_l * (P_m1 - HALF) / (t * (lam - 1) ** 2)
A25 = tuple((PREFACTOR, bracket) for _, bracket in BRACKET.values())
A25_LATEX = {
    "I": r"\frac{\beta_{1m}\beta_{l1}-\beta_{2m}\beta_{l2}}{\lambda-1}(I)",
    "II": r"\frac{\beta_{1m}\gamma_{l1}-\beta_{2m}\gamma_{l2}}{(\lambda-1)^2}(II)",
    "III": r"\frac{\beta_{l1}\gamma_{1m}-\beta_{l2}\gamma_{2m}}{\lambda-1}(III)",
    "IV": r"(\gamma_{1m}\gamma_{l1}-\gamma_{2m}\gamma_{l2})(IV)",
}

# (A.27)-(A.30): what is averaged, in a, b and lambda
TWICE = 2 * (a - 1) * (b - 1)
CASES = {
    (0, 0): (b - 1) * (a - HALF) / (lam - 1) ** 3
    * ((a - 1) * (a - b) / (lam - 1) * I + TWICE / (lam - 1) ** 2 * II
       + TWICE / (lam - 1) * III + (b - 1) * (b - a) * IV),
    (0, 1): (a - 1) * (a - HALF) / (lam - 1) ** 3
    * ((1 - b) * (a - b) / (lam - 1) * I + TWICE / (lam - 1) ** 2 * II
       - 2 * (b - 1) ** 2 / (lam - 1) * III + (b - 1) * (b - a) * IV),
    (1, 0): (b - 1) * (HALF - b) / (lam - 1) ** 3
    * ((1 - a) * (a - b) / (lam - 1) * I - TWICE / (lam - 1) ** 2 * II
       + 2 * (a - 1) ** 2 / (lam - 1) * III + (a - 1) * (b - a) * IV),
    (1, 1): (a - 1) * (HALF - b) / (lam - 1) ** 3
    * ((b - 1) * (a - b) / (lam - 1) * I - TWICE / (lam - 1) ** 2 * II
       - TWICE / (lam - 1) * III + (a - 1) * (b - a) * IV),
}  # fmt: skip
TWICE_LATEX = r"2(a-1)(b-1)"
CASE_LATEX = {
    (0, 0): r"\frac{(b-1)(a-\frac12)}{(\lambda-1)^3}\left[\frac{(a-1)(a-b)}{\lambda-1}(I)"
    rf"+\frac{{{TWICE_LATEX}}}{{(\lambda-1)^2}}(II)+\frac{{{TWICE_LATEX}}}{{\lambda-1}}(III)"
    r"+(b-1)(b-a)(IV)\right]",
    (0, 1): r"\frac{(a-1)(a-\frac12)}{(\lambda-1)^3}\left[\frac{(1-b)(a-b)}{\lambda-1}(I)"
    rf"+\frac{{{TWICE_LATEX}}}{{(\lambda-1)^2}}(II)-\frac{{2(b-1)^2}}{{\lambda-1}}(III)"
    r"+(b-1)(b-a)(IV)\right]",
    (1, 0): r"\frac{(b-1)(\frac12-b)}{(\lambda-1)^3}\left[\frac{(1-a)(a-b)}{\lambda-1}(I)"
    rf"-\frac{{{TWICE_LATEX}}}{{(\lambda-1)^2}}(II)+\frac{{2(a-1)^2}}{{\lambda-1}}(III)"
    r"+(a-1)(b-a)(IV)\right]",
    (1, 1): r"\frac{(a-1)(\frac12-b)}{(\lambda-1)^3}\left[\frac{(b-1)(a-b)}{\lambda-1}(I)"
    rf"-\frac{{{TWICE_LATEX}}}{{(\lambda-1)^2}}(II)-\frac{{{TWICE_LATEX}}}{{\lambda-1}}(III)"
    r"+(a-1)(b-a)(IV)\right]",
}

# (A.31): what is averaged, its factor, and the order in t of the remainder
LEADING = (pi_m * pi_l / (lam - 1) * (b - a) * (P_m1 - HALF), (t + 1) * (t + 2) / 6, 1)


def _case(number: int, index: tuple[int, int]) -> Claim:
    m, l = index[0] + 1, index[1] + 1  # noqa: E741
    return Claim(
        id=f"A.{number}",
        source=f"(A.{number}), p. 19",
        title=f"first step of W, entry {m}, {l}",
        printed=Statement(
            rf"W^{{(1)}}_{{{m},{l}}}=c+\frac{{\eta c}}tE_{{a,b}}\left[{CASE_LATEX[index]}\right]",
            {index: CASES[index]},
        ),
        routes=on.CONDITIONAL,
        expected=Verdict.PROVED,
        assumptions=(*FLAT, TWO[1]),
        depends_on=("A.25", "A.26"),
        note="What is averaged is checked for every chain; the update itself is (A.26).",
    )


CLAIMS = (
    Claim(
        id="A.25",
        source="(A.25), p. 19",
        title="gradient in W for one chain, summed in closed form",
        printed=Statement(
            r"-\nabla_WE[L|P]=\frac{c\pi_l(P_{m1}-\frac12)}{t(\lambda-1)^2}\left["
            + "+".join(A25_LATEX.values())
            + r"\right]",
            A25,
        ),
        routes=on.CONDITIONAL,
        expected=Verdict.PROVED,
        assumptions=(*SETTING, *TWO),
        depends_on=("A.24-line-2", "A.25-I", "A.25-II", "A.25-III", "A.25-IV"),
        note="The sum over i folds because P_m2 - 1/2 = -(P_m1 - 1/2). The inner (A)-(D) carry the "
        "factors beta and gamma, (I)-(IV) do not.",
    ),
    *(
        Claim(
            id=f"A.25-{name}",
            source=f"(A.25), p. 19, term ({name})",
            title=f"term ({name}): triple sum ({term}) weighed and summed over i",
            printed=Statement(
                rf"\sum_i(P_{{mi}}-\tfrac12)({term})_i=(P_{{m1}}-\tfrac12){A25_LATEX[name]}",
                (term, bracket),
            ),
            routes=on.PART_ROUTES,
            expected=Verdict.PROVED,
            assumptions=TWO,
            depends_on=(f"A.24-{term}",),
        )
        for name, (term, bracket) in BRACKET.items()
    ),
    Claim(
        id="A.26",
        source="(A.26), p. 19",
        title="the update is minus eta times the averaged gradient",
        printed=Statement(
            r"W^{(1)}_{m,l}=W^{(0)}_{m,l}-\eta\nabla_WE_{a,b}[E[L|P]]", sp.Integer(-1)
        ),
        routes=on.UPDATE_ROUTES,
        expected=Verdict.SUPPORTED,
        assumptions=FLAT,
    ),
    *(_case(number, index) for number, index in zip(range(27, 31), CASES, strict=True)),
    Claim(
        id="A.30-symmetry",
        source="below (A.30), p. 20",
        title="the averaged gradient is symmetric, with equal diagonal",
        printed=Statement(
            r"W^{(1)}_{2,1}=W^{(1)}_{1,2},\quad W^{(1)}_{1,1}=W^{(1)}_{2,2}",
            (((1, 0), (0, 1)), ((0, 0), (1, 1))),
        ),
        routes=on.SYMMETRY_ROUTES,
        expected=Verdict.PROVED,
        assumptions=FLAT,
        note="The paper observes it in Fig. 6. It holds exactly, and for the average only: for one "
        "chain the gradient is not symmetric. Any exchangeable prior on (a, b) has it.",
    ),
    Claim(
        id="A.31",
        source="(A.31), p. 20",
        title="leading order of the first step of W, remainder of order t",
        printed=Statement(
            r"W^{(1)}_{m,l}=c+c\eta E_{a,b}\left[\frac{\pi_m\pi_l}{\lambda-1}(b-a)"
            r"(P_{m1}-\tfrac12)\right]\frac{(t+1)(t+2)}6+O(t)",
            LEADING,
        ),
        routes=on.LEADING_ROUTES,
        expected=Verdict.PROVED,
        assumptions=FLAT,
        depends_on=("A.25", "A.32", "A.33"),
        note="Per unit c eta the remainder tends to t / 24 on the diagonal and to "
        "t (1/3 - log(2) / 2) = -0.0132 t off it. At t = 100 it is +3.70 beside 78.01, and -1.30 "
        "beside 19.61, so that the ratio of the two steps is 4.46 and not the 3.98 of t to "
        "infinity.",
    ),
    *FIG_6,
)
