"""Prop. A.3, the moments of lambda in the second update and its limit: (A.63)-(A.67)."""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3_moments_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_moments_routes import HALF, PARITY, X
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import SYMBOLIC, a, eps, h2, j, k, v_init
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps import SETTING
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps_routes import routes
from proofs_check.ledger import Claim, Statement, Verdict

PARTS = (eps * ((2 * eps) ** j * (1 + PARITY)) / (2 * j)
         - (2 * eps) ** (j + 1) * (1 + PARITY) / (4 * j * (j + 1)))  # fmt: skip
MOMENT = r"E_{a\sim U(1/2-\epsilon,1/2+\epsilon)}"
WIDTH = ("0 < epsilon < 1/2",)

CLAIMS = (
    Claim(
        id="A.63",
        source="(A.63), p. 27",
        title="the second update of v singles out lag j by E lambda^j",
        printed=Statement(
            r"v_j=\eta_2\rho A\,O(1)+3A\frac{\eta_2}{t}\frac{(t-j+1)(t-j+2)}{2}\,2"
            + MOMENT
            + r"\left[\frac{a-1/2}4(2a-1)^{j-1}\right]+3A\frac{\eta_2}tO(t)",
            {"integrand": 2 * (a - HALF) / 4 * X ** (j - 1), "kept": sp.Integer(0)},
        ),
        routes=routes(on.weight_symbolic, "enumeration", on.weight_enumerated),
        expected=Verdict.PROVED,
        assumptions=(*SETTING, "weight decay 1 of v too"),
        depends_on=("A.62-line-2",),
        note="3A stands for rho - c' = v_init h_1 (B - A) / 6 and the signs lost in (A.62) are "
        "back; nothing of v^(1) is kept, unlike in (A.67).",
    ),
    Claim(
        id="A.64",
        source="(A.64), p. 27",
        title="at j = 1 the expectation vanishes",
        printed=Statement(
            MOMENT + r"\left[\frac{a-1/2}4(2a-1)^{j-1}\right]=0,\ j=1", sp.Integer(0)
        ),
        routes=routes(on.zero_symbolic, "quadrature", on.zero_quadrature),
        expected=Verdict.PROVED,
        assumptions=WIDTH,
    ),
    Claim(
        id="A.65-density",
        source="(A.65), p. 27, line 1",
        title="the expectation over a has the density 1/(2 epsilon)",
        printed=Statement(
            MOMENT + r"[(a-1/2)(2a-1)^{j-1}]=\int_{1/2-\epsilon}^{1/2+\epsilon}(a-1/2)(2a-1)^{j-1}",
            sp.Integer(1),
        ),
        corrected=Statement(
            MOMENT + r"[(a-1/2)(2a-1)^{j-1}]=\frac1{2\epsilon}\int_{1/2-\epsilon}^{1/2+\epsilon}"
            r"(a-1/2)(2a-1)^{j-1}da",
            1 / (2 * eps),
        ),
        routes=routes(on.density_symbolic, "quadrature", on.density_quadrature),
        expected=Verdict.CORRECTED,
        assumptions=WIDTH,
    ),
    Claim(
        id="A.65-integral",
        source="(A.65), p. 27, lines 2 and 3",
        title="the integral, by parts",
        printed=Statement(
            r"\int_{1/2-\epsilon}^{1/2+\epsilon}(a-\tfrac12)(2a-1)^{j-1}da=\frac1{2j}\epsilon\left("
            r"(2\epsilon)^j+(-2\epsilon)^j\right)-\frac1{4j(j+1)}\left((2\epsilon)^{j+1}-"
            r"(-2\epsilon)^{j+1}\right)",
            PARTS,
        ),
        routes=routes(on.parts_symbolic, "quadrature", on.parts_quadrature),
        expected=Verdict.PROVED,
        assumptions=WIDTH,
    ),
    Claim(
        id="A.65-even",
        source="below (A.65), p. 27",
        title="the expectation at even j is of order epsilon^j",
        printed=Statement(
            MOMENT + r"[(a-1/2)(2a-1)^{j-1}]=\frac{4^k}{2k+1}\epsilon^{2k+1},\ j=2k",
            4**k * eps ** (2 * k + 1) / (2 * k + 1),
        ),
        corrected=Statement(
            MOMENT + r"[(a-1/2)(2a-1)^{j-1}]=\frac{4^k}{2(2k+1)}\epsilon^{2k},\ j=2k",
            4**k * eps ** (2 * k) / (2 * (2 * k + 1)),
        ),
        routes=routes(on.even_symbolic, "quadrature", on.even_quadrature),
        expected=Verdict.CORRECTED,
        assumptions=WIDTH,
        depends_on=("A.65-density",),
        note="The printed value is that of the integral without its density; at odd j both are 0.",
    ),
    Claim(
        id="A.66",
        source="(A.66), p. 27",
        title="W after two steps is of order epsilon^2, and diagonal",
        printed=Statement(r"W_k^{(2)}=O(\epsilon)I+O(1/t)", {"order": 1}),
        corrected=Statement(
            r"W_k^{(2)}=\frac{v_{init}h_2}{8}\left(\frac{\operatorname{artanh}2\epsilon}{2\epsilon}"
            r"-1\right)I+O(1/t)=\left(\frac{v_{init}h_2}{6}\epsilon^2+O(\epsilon^4)\right)I+O(1/t)",
            {"order": 2, "coefficient": v_init * h2 / 6},
        ),
        routes=routes(on.W_symbolic, "spectral", on.W_spectral),
        expected=Verdict.CORRECTED,
        assumptions=(*SETTING, "weight decay 1 of W, not multiplied by the rate"),
        depends_on=("A.61-gradient",),
        note="O(epsilon) is an upper bound, not the order. It does not follow from (A.61) either, "
        "whose entry is of order epsilon^3.",
    ),
    Claim(
        id="A.67-offset",
        source="(A.67), p. 27",
        title="with weight decay 1 of v nothing of v_init is left",
        printed=Statement(
            r"v_j=v_{init}+\dots+O(1/t)\ \text{with}\ (1-\lambda_{wd})v_j^{(1)}\ \text{of (A.62)}",
            v_init,
        ),
        corrected=Statement(r"v_j=\dots+O(1/t),\ v_j\to0\ \text{for odd}\ j", sp.Integer(0)),
        routes=routes(on.offset_symbolic, "spectral", on.offset_spectral),
        expected=Verdict.CORRECTED,
        assumptions=(*SETTING, "weight decay 1 of both layers, as (A.61) and (A.62) print"),
        depends_on=("A.62-line-1",),
        note="(A.67) contradicts (A.62) and (A.63); with v_init kept, (A.68) does not hold.",
    ),
    Claim(
        id="A.67-power",
        source="(A.67), p. 27",
        title="the even entries of v after two steps are of order epsilon^j",
        printed=Statement(
            r"v_j=\dots+O\left(\frac{(t-j+1)(t-j+2)}{t^2}\right)\sum_{s=2k}\delta(s-j)\epsilon^{j+1}",
            {"power": j + 1},
        ),
        corrected=Statement(
            r"v_j=\frac{(t-j+1)(t-j+2)}{t^2}\frac{h_2v_{init}h_1(B-A)}{48}\frac{(2\epsilon)^j}{j+1}"
            r"1\{j\ \text{even}\}+O(1/t)",
            {"power": j, "coefficient": h2 * SYMBOLIC.limit().gap * 2**j / (8 * (j + 1))},
        ),
        routes=routes(on.v_symbolic, "spectral", on.v_spectral),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.65-even",),
        note="One power of epsilon too many, from the missing density; v_2 is (v_init h_1 h_2 "
        "(B-A) / 36) epsilon^2. The O(1/t) is (h_2/t)(c'+rho)/4 S_r/t, of one sign at all t "
        "lags: summed over them it is not small (see prop-A.3). delta is Kronecker's.",
    ),
)
