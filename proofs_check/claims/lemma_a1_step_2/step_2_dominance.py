"""(A.47)-(A.51) and when v_2 is the largest entry after the second step (Lemma 3.1, Fig. 7)."""

from __future__ import annotations

from typing import Any

import sympy as sp

from proofs_check.claims.lemma_a1_step_1.step_1_v import HALF, j
from proofs_check.claims.lemma_a1_step_2 import step_2_dominance_routes as lead
from proofs_check.ledger import Claim, Route, Statement, Verdict

LOG2 = sp.log(2)
PRINTED_51 = ((7 - 10 * LOG2) / 2, (5 - 8 * LOG2) / 6)
BASE = ("k = 2, rows of P uniform, x_1 stationary",)
STEPS = (*BASE, "W = c 11^T, v = c 1, c > 0, one learning rate", "every hinge active")
MEAN = "exact moments over QQ[log 2]"
GAUSS = "Gauss-Legendre after Duffy's map, printed integrand"
SPECTRAL = "exact kernel at finite T"


def _claim(
    id: str, source: str, title: str, printed: Statement, routes: tuple[Any, ...], **more: Any
) -> Claim:
    """An entry under the flat prior unless it says otherwise."""
    kinds = tuple(Route(*route) for route in routes)
    more.setdefault("assumptions", BASE)
    return Claim(id=id, source=source, title=title, printed=printed, routes=kinds, **more)


CLAIMS = (
    _claim(
        "A.47", "(A.47), p. 24", "diagonal contribution to v_1, leading order",
        Statement(r"\frac{\eta(\rho-c')}tE\Big[\frac{(b-1)^2(a-\frac12)+(a-1)^2(b-\frac12)}"
                  r"{(\lambda-1)^2}\Big]\frac{t(t+1)}2+O(1)", lead.FORM_47),
        (("symbolic", "limit of P^n", lambda x: lead.leading_symbolic(x, sp.Integer(1))),
         ("spectral", SPECTRAL, lambda x: lead.leading_spectral(x, (1,)))),
        expected=Verdict.PROVED,
        note="O(1) per unit of eta (rho - c'); after step 1 rho - c' is itself of order t^2.",
    ),
    _claim(
        "A.48", "(A.48), p. 25", "diagonal contribution to v_j, leading order",
        Statement(r"\frac{\eta(\rho-c')}t\frac{(t-j+1)(t-j+2)}2E[\ldots\lambda^{j-1}+\ldots]+O(1)",
                  lead.FORM_48),
        (("symbolic", "limit of P^n", lambda x: lead.leading_symbolic(x, j)),
         ("spectral", SPECTRAL, lambda x: lead.leading_spectral(x, (2, 3, 4, 7)))),
        expected=Verdict.PROVED, note="O(1) per unit of eta (rho - c').",
    ),
    _claim(
        "A.49", "(A.49), p. 25", "the part common to all j, leading order",
        Statement(r"c+\frac{(c+c')\eta}t\frac{(t-j+1)(t-j+2)}2E\Big[\frac{(a-1)^2+(b-1)^2}"
                  r"{(\lambda-1)^2}-\frac12\Big]+O(1)",
                  {"c": sp.Integer(1), "c_prime": sp.Integer(1), "D": 2 - sp.log(4) - HALF}),
        (("symbolic", MEAN, lead.a49_symbolic), ("spectral", SPECTRAL, lead.a49_spectral)),
        expected=Verdict.PROVED, depends_on=("A.37", "A.45-L0"),
        note="Reads dL^0/dv per unit of c. The text calls it the same for j = 1, 2: only to "
        "leading order. v_1 stays ahead there by (c + c') eta D, which sets "
        "the critical learning rate.",
    ),
    _claim(
        "A.50", "(A.50), p. 25", "leading constant of v_1",
        Statement(r"E[\ldots]=\frac{1-\ln2}3", (1 - LOG2) / 3),
        (("symbolic", MEAN, lead.a50), ("quadrature", GAUSS, lead.a50_quadrature)),
        expected=Verdict.PROVED,
    ),
    _claim(
        "A.51", "(A.51), p. 25", "leading constant of v_2, its two terms",
        Statement(r"4E[\ldots]+2E[\ldots]=\frac{7-10\ln2}2+\frac{5-8\ln2}6", PRINTED_51),
        (("symbolic", MEAN, lead.a51), ("quadrature", GAUSS, lead.a51_quadrature)),
        expected=Verdict.CORRECTED,
        corrected=Statement(r"\frac{7-10\ln2}2+\frac{8\ln2-5}6=\frac{8-11\ln2}3",
                            (PRINTED_51[0], (8 * LOG2 - 5) / 6)),
        note="The second term has the wrong sign: it is +0.0909, not -0.0909. As printed the sum "
        "is -0.0566, below (A.50) = 0.1023; corrected it is 0.1251.",
    ),
    _claim(
        "text-A.51-larger", "text after (A.51), p. 25", "the latter term is larger: v_2 over v_1",
        Statement(r"\text{(A.51)}>\text{(A.50)}", 1),
        (("symbolic", MEAN, lead.larger), ("quadrature", GAUSS, lead.larger_quadrature)),
        expected=Verdict.PROVED, depends_on=("A.50", "A.51"),
        note="True of the expectations, (7 - 10 ln 2)/3 apart; false of the value printed in "
        "(A.51).",
    ),
    _claim(
        "text-A.51-parity", "text after (A.51), p. 25", "sign and decay of the expectation in j",
        Statement(r"E[\ldots\lambda^{j-1}]<0\ (j\text{ odd},j>2),\ \text{decreasing for even }j",
                  {"odd": -1, "even_slope": -1, "from": 2}),
        (("symbolic", MEAN, lead.pattern_exact), ("quadrature", GAUSS, lead.pattern_quadrature)),
        expected=Verdict.SUPPORTED,
        note="Odd j means j = 3, 5, ...: at j = 1 it is (7-10 ln 2)/24 = +0.0029.",
    ),
    _claim(
        "text-A.51-others", "text after (A.51), p. 25", "v_2 has the largest leading constant",
        Statement(r"d_2>d_j,\ j\ne2", 2),
        (("symbolic", MEAN, lead.largest_constant), ("spectral", SPECTRAL, lead.largest_kernel)),
        expected=Verdict.SUPPORTED,
    ),
    _claim(
        "lemma-3.1-step-2", "Lemma 3.1, p. 9; Lemma A.1, p. 16", "v_2 dominates after step 2",
        Statement(r"v_2^{(2)}>v_j^{(2)},\ j=1,3,\ldots,t", {"first_T": 3, "factor": 0.0}),
        (("symbolic", "exact signs over QQ[log 2]", lead.dominance_exact),
         ("enumeration", "two steps with the hinge",
          lambda x: lead.dominance(x, range(3, 12), False)),
         ("spectral", SPECTRAL, lambda x: lead.dominance(x, range(3, 203, 40), True))),
        expected=Verdict.CORRECTED,
        corrected=Statement(r"v_2^{(2)}>v_j^{(2)}\ \forall j\ne2\iff t\ge10,\ "
                            r"\eta>\eta_{crit}(t)\sim3512.67\,t^{-3}",
                            {"first_T": 10, "factor": 1.0}),
        assumptions=STEPS, depends_on=("A.50", "A.51"),
        note="For t <= 9 no learning rate does it; eta_crit(10) = 114.896, (30) = 0.1506, (100) = "
        "0.003560. The rival is v_1. c drops out, but Delta >= c^2 (1 + eta G_11) sum_j (t-j+1)"
        "(1 + eta S_j) is needed. For fixed eta and t -> infinity the printed conclusion holds.",
    ),
    _claim(
        "x-critical-learning-rate", "beyond the paper", "law of the critical learning rate",
        Statement(r"t^3\eta_{crit}(t)\to\frac{24D}{(B-A)(d_2-d_1)}",
                  {"C": 24 * (sp.Rational(3, 2) - 2 * LOG2)
                   / (((8 * LOG2 - 5) / 12 - (7 - 10 * LOG2) / 6) * (7 - 10 * LOG2) / 3),
                   "power": sp.Integer(3)}),
        (("symbolic", "constants over QQ[log 2]", lead.law_symbolic),
         ("spectral", SPECTRAL, lambda x: lead.law(x, (1000, 10_000, 100_000)))),
        expected=Verdict.SUPPORTED, assumptions=STEPS, depends_on=("lemma-3.1-step-2",),
    ),
    _claim(
        "fig-7", "Fig. 7, p. 24", "first four bars of the diagonal contribution",
        Statement(r"(v_1,\ldots,v_4)=(0.00467,0.00567,0.00397,0.00458)",
                  (0.00467, 0.00567, 0.00397, 0.00458)),
        (("spectral", SPECTRAL, lead.fig7),
         ("simulation", "both steps sampled", lead.fig7_sampled)),
        expected=Verdict.CORRECTED,
        corrected=Statement(r"(v_1,\ldots,v_4)=(0.00595,0.00715,0.00501,0.00577)",
                            (0.00595, 0.00715, 0.00501, 0.00577)),
        assumptions=("t = 100, c = 0.02, eta = 0.03",),
        note="All bars are 0.79 of what the caption's hyperparameters give: rho - c' would be "
        "0.0302, while (A.26) and Fig. 6 give 0.0380. The shape is right.",
    ),
    _claim(
        "fig-7-shape", "Fig. 7, p. 24", "the second bar is the tallest",
        Statement(r"\arg\max_jv_j=2", 2),
        (("spectral", SPECTRAL, lambda x: lead.fig7_shape(x, False)),
         ("simulation", "both steps sampled", lambda x: lead.fig7_shape(x, True))),
        expected=Verdict.SUPPORTED, assumptions=("t = 100, c = 0.02, eta = 0.03",),
        note="v^(2) as a whole is largest at 2 too: (0.03489, 0.03591, 0.03359, ...), since 0.03 "
        "is 8.4 times the critical rate at t = 100.",
    ),
)  # fmt: skip
