"""Prop. 3.2 = A.3, what its proof concludes (A.58) = (A.68), and the prose on it.

After two steps f_{p,i} = sum_j W v_j N_j(i), where N_j(i) counts the t' <= p with x_t' = i and
x_{t'-j+1} = x_p; N_2 are the bigram counts.
"""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3_conclusion_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import SYMBOLIC, h1, h2, v_init
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps import SETTING
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps_routes import LEADING
from proofs_check.ledger import Claim, Statement, Verdict

LIMIT = SYMBOLIC.limit()
SHARE = sp.Rational(2, 3) * (1 + 2 * LIMIT.off / LIMIT.gap)
BOTH = (*SETTING, "weight decay 1, not multiplied by the rate, of W and of v", "v_init != 0")
KAPPA = r"\frac{h_1h_2^2v_{init}^2(B-A)}{216}"
FORMULA = r"f(e)_{p,i}=O(\epsilon^4)\sum_{t'=1}^p1\{x_{t'}=i\}1\{x_p=x_{t'-1}\}+O(\epsilon^6)"
RATES = on.pair(on.rates_symbolic, "spectral", on.rates_spectral)
TRUE_RATES = {"first": 2, "second": 1, "larger": "second"}

CLAIMS = (
    Claim(
        id="prop-A.3-fixed-position",
        source="Proposition A.3, (A.58), p. 26",
        title="at a fixed position two steps give bigram counts up to epsilon^2",
        printed=Statement(FORMULA, {"leading": 4, "next": 6}),
        routes=on.pair(on.orders_symbolic, "simulation", on.orders_simulated),
        expected=Verdict.PROVED,
        assumptions=(*BOTH, "p fixed, t -> infinity; O(.) is the exact order"),
        depends_on=("A.66", "A.67-power", "A.67-offset"),
        note="The orders are right although those of W (epsilon) and v_2 (epsilon^3) are not: both "
        "are 2. f = K epsilon^4 (1 + 12/5 epsilon^2) (N_2 + 12/5 epsilon^2 N_4) + O(epsilon^8) "
        "with K = h_1 h_2^2 v_init^2 (B - A) / 216.",
    ),
    Claim(
        id="prop-A.3",
        source="Proposition A.3, (A.58), p. 26",
        title="at positions p of order t the logits hold unigram counts as well",
        printed=Statement(FORMULA + r",\ p\le t\to\infty", {"share": sp.Integer(0)}),
        corrected=Statement(
            r"\frac{f(e)_{t,i}}t\to"
            + KAPPA
            + r"\epsilon^4\pi_m\left[P_{mi}+\frac23\left(1+\frac{2c'}"
            r"{\rho-c'}\right)\pi_i\right]+O(\epsilon^6),\ m=x_t,"
            r"\ c'=w_{init}+\frac{v_{init}h_1A}6,\ \rho-c'=\frac{v_{init}h_1(B-A)}6",
            {"share": SHARE, "lead": h1 * h2**2 * v_init**2 * (LEADING.B - LEADING.A) / 216},
        ),
        routes=on.pair(on.share_symbolic, "spectral", on.share_spectral),
        expected=Verdict.CORRECTED,
        assumptions=BOTH,
        depends_on=("A.67-power", "prop-A.3-fixed-position"),
        note="Data: weight of unigram against bigram counts. The O(1/t) of (A.67) has one sign at "
        "all t lags and adds up to the order of v_2; for w_init >= 0 the share is at least 1.114. "
        "It vanishes for p = o(t), and for w_init = -v_init h_1 (A + B) / 12. On symmetric chains "
        "it is the same for both states; on others it can turn the prediction.",
    ),
    Claim(
        id="prop-3.2",
        source="Proposition 3.2, p. 11",
        title="two steps reach the bigram solution if both layers decay",
        printed=Statement(
            r"\text{weight decay in the 2nd layer: } f\propto N_2(1+O(\epsilon^2))",
            {"W": 1, "v": 0},
        ),
        corrected=Statement(
            r"\text{weight decay 1 in both layers, fixed } p,\ "
            r"t\to\infty: f\propto N_2+O(\epsilon^2)",
            {"W": 1, "v": 1},
        ),
        routes=on.pair(on.decay_symbolic, "simulation", on.decay_simulated),
        expected=Verdict.CORRECTED,
        assumptions=(*SETTING, "decay not multiplied by the rate"),
        depends_on=("prop-A.3-fixed-position", "A.67-offset"),
        note="With decay of the 2nd layer alone v_j -> v_init (1 + O(epsilon^2)) at all lags: f is "
        "a cumulative count over all earlier tokens, not bigrams. (A.62) decays v as well.",
    ),
    Claim(
        id="A.68",
        source="(A.68), p. 28",
        title="the orders in epsilon from which the conclusion is drawn",
        printed=Statement(
            r"W_k^{(2)}=O(\epsilon)I,\ v_j=v_{init}+O(\epsilon^{j+1})1\{j\ \text{even}\}"
            r"\ \Rightarrow\ " + FORMULA,
            {"W": 1, "v_2": 3, "f": 4, "kept": v_init},
        ),
        corrected=Statement(
            r"W_k^{(2)}=O(\epsilon^2)I,\ v_j=O(\epsilon^j)1\{j\ \text{even}\}\ \Rightarrow\ "
            + FORMULA
            + r"\ \text{at fixed }p",
            {"W": 2, "v_2": 2, "f": 4, "kept": sp.Integer(0)},
        ),
        routes=on.pair(on.inference_symbolic, "spectral", on.inference_spectral),
        expected=Verdict.CORRECTED,
        assumptions=BOTH,
        depends_on=("A.66", "A.67-power", "A.67-offset"),
        note="From (A.66) and (A.67) as printed the term v_init O(epsilon) of all lags would lead; "
        "the errors in the two orders cancel in their product.",
    ),
    Claim(
        id="text-A-learning-rates",
        source="p. 28, after (A.68)",
        title="eta_1 = O(1/t^2) and eta_2 = O(1/t), the second much larger",
        printed=Statement(r"\eta_1=O(1/t^2),\ \eta_2=O(1/t)\gg\eta_1", TRUE_RATES),
        routes=RATES,
        expected=Verdict.PROVED,
        assumptions=SETTING[:1] + SETTING[3:],
        depends_on=("A.60", "A.66"),
        note="These are the rates at which both steps stay finite as t grows. Sec. 3.2 says the "
        "opposite (text-3.2-learning-rates).",
    ),
    Claim(
        id="text-A-second-layer-first",
        source="p. 28, after (A.68)",
        title="the first step learns the second layer, not the first",
        printed=Statement(r"W_k^{(1)}-W_k^{(0)}=O(1),\ v^{(1)}-v^{(0)}=O(1/t)", {"W": 0, "v": -1}),
        routes=on.pair(on.phases_symbolic, "spectral", on.phases_spectral),
        expected=Verdict.PROVED,
        assumptions=SETTING,
        depends_on=("A.60", "A.60-v"),
        note="About the two-step proof; that the two drops in the loss of trained models belong to "
        "the layers in this order is a matter of simulation, not of this entry.",
    ),
)
