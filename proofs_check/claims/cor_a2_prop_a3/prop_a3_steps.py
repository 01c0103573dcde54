"""Prop. A.3, the two updates: (A.59)-(A.62) and footnote 2.

The first step is on the flat prior with rate h_1 / t^2, the second on a = b within epsilon of 1/2
with rate h_2 / t. L_const is the loss at W = 11^T, L_diag that at W = I.
"""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3_steps_routes as on
from proofs_check.claims.cor_a2_prop_a3.prop_a3_routes import eps, eta2, h1, v_init, w_init
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps_routes import INTEGRAL, A, B
from proofs_check.ledger import Claim, Statement, Verdict

UNIT = v_init * h1 / 6  # the O(1) of (A.60)
SETTING = (
    "k = 2, x_1 stationary",
    "eta_1 = h_1 / t^2 on the flat prior",
    "eta_2 = h_2 / t on a = b uniform within epsilon of 1/2, epsilon < 1/2",
    "Delta so large that every hinge is active",
)
FIRST_W = on.routes(on.first_W_symbolic, "spectral", on.first_W_spectral)
MINUS_EIGHTH = -INTEGRAL / (16 * eps)

CLAIMS = (
    Claim(
        id="A.59",
        source="(A.59), p. 26",
        title="first step of the curriculum: W grows by order t^2 times the rate",
        printed=Statement(
            r"W_k^{(1)}=w_{init}11^T+v_{init}\eta_1\begin{pmatrix}B&A\\A&B\end{pmatrix}O(t^2)"
            r"+v_{init}\eta_1O(t)",
            {"diagonal": B, "off": A, "power": 2},
        ),
        routes=FIRST_W,
        expected=Verdict.PROVED,
        assumptions=SETTING[:1] + SETTING[3:],
        depends_on=("lemma-3.1-step-1-W",),
        note="O(t^2) is (t+1)(t+2)/6.",
    ),
    Claim(
        id="A.60",
        source="(A.60), p. 26",
        title="with eta_1 = h_1 / t^2 the first step moves W by order 1",
        printed=Statement(
            r"W_k^{(1)}=w_{init}11^T+\begin{pmatrix}B&A\\A&B\end{pmatrix}O(1)+O(1/t)",
            {"diagonal": B, "off": A, "power": 2},
        ),
        routes=FIRST_W,
        expected=Verdict.PROVED,
        assumptions=SETTING[:2] + SETTING[3:],
        depends_on=("A.59",),
        note="O(1) is v_init h_1 / 6.",
    ),
    Claim(
        id="A.60-v",
        source="below (A.60), p. 26",
        title="after the first step v_j is v_init only up to 1/t",
        printed=Statement(
            r"v_j^{(1)}=v_{init}+\eta_1w_{init}O(t)\ \Rightarrow\ v_j^{(1)}=v_{init}",
            sp.Integer(0),
        ),
        corrected=Statement(
            r"v_j^{(1)}=v_{init}+\frac{h_1w_{init}D}{2t}\left(1-\tfrac jt\right)^2+O(1/t^2),\ "
            r"D=\tfrac32-2\ln2",
            h1 * w_init * on.LEADING.D / 2,
        ),
        routes=on.routes(on.first_v_symbolic, "spectral", on.first_v_spectral),
        expected=Verdict.CORRECTED,
        assumptions=SETTING[:2] + SETTING[3:],
        depends_on=("lemma-3.1-step-1-v",),
        note="The data are t (v_1 - v_init). The equality is that of the limit; what is left adds "
        "1/t to W^(2), its off-diagonal included, so (A.66) is not affected.",
    ),
    Claim(
        id="footnote-2",
        source="footnote 2, p. 27",
        title="the gradient in W does not depend on W",
        printed=Statement(
            r"\nabla_{W_k}L(v,W_k)=\nabla_{W_k}L(v,0)", {"dependence": sp.Integer(0)}
        ),
        routes=on.routes(on.linear_symbolic, "enumeration", on.linear_enumerated),
        expected=Verdict.PROVED,
        assumptions=SETTING[3:],
        note="What (A.55) gives at W = c 11^T therefore holds at W^(1); its average over a, "
        "divergent for a uniform on (0, 1), is finite for epsilon < 1/2.",
    ),
    Claim(
        id="A.61-gradient",
        source="(A.61), p. 27, line 2",
        title="second step of W: diagonal, positive, of order epsilon^2",
        printed=Statement(
            r"W_k^{(2)}=v_{init}\eta_2\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}\,I\;O(t)+O(1)",
            {"coefficient": INTEGRAL, "up_to_constant": True},
        ),
        corrected=Statement(
            r"W_k^{(2)}=v_{init}\eta_2\,\frac{-1}{8}\cdot\frac1{2\epsilon}"
            r"\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}da\;t\,I+\eta_2O(1)="
            r"\frac{v_{init}\eta_2t}{8}\left(\frac{\operatorname{artanh}2\epsilon}{2\epsilon}"
            r"-1\right)I+\eta_2O(1)",
            {"coefficient": MINUS_EIGHTH, "up_to_constant": False},
        ),
        routes=on.routes(on.diagonal_symbolic, "spectral", on.diagonal_spectral),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.55-coefficient", "footnote-2"),
        note="The sign of (A.55) and the density 1/(2 epsilon) are lost (and the 1/8, which O(t) "
        "may hold): as printed the diagonal is negative and of order epsilon^3.",
    ),
    Claim(
        id="A.61-integral",
        source="(A.61), p. 27, line 2 to line 3",
        title="value of the printed integral",
        printed=Statement(
            r"\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}da=2\epsilon+\tfrac12\ln"
            r"\frac{1/2-\epsilon}{1/2+\epsilon}",
            INTEGRAL,
        ),
        routes=on.routes(on.integral_symbolic, "quadrature", on.integral_quadrature),
        expected=Verdict.PROVED,
        assumptions=("0 < epsilon < 1/2",),
        note="It is negative, -8 epsilon^3 / 3 - ...",
    ),
    Claim(
        id="A.62-line-1",
        source="(A.62), p. 27, line 1",
        title="the second update of v carries the learning rate",
        printed=Statement(
            r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\frac{\partial L}{\partial v_j}", sp.Integer(1)
        ),
        corrected=Statement(
            r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\eta_2\frac{\partial L}{\partial v_j}", eta2
        ),
        routes=on.routes(on.rate_symbolic, "spectral", on.rate_spectral),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        note="eta_2 is missing, without which v_2 grows like t. As in (A.61) the decay is not "
        "multiplied by the rate; with 1 - eta_2 lambda_wd, as most optimisers have it, both "
        "layers would keep their values as t -> infinity.",
    ),
    Claim(
        id="A.62-line-2",
        source="(A.62), p. 27, line 2",
        title="the gradient of v splits into one of a constant and one of a diagonal W",
        printed=Statement(
            r"v_j^{(2)}=\eta_2A\frac{\partial L_{const}}{\partial v_j}+\eta_2\,3A"
            r"\frac{\partial L_{diag}}{\partial v_j}",
            {"sign": 1, "const": A * UNIT, "diag": 3 * A * UNIT},
        ),
        corrected=Statement(
            r"v_j^{(2)}=-\eta_2\left(w_{init}+\frac{v_{init}h_1A}{6}\right)"
            r"\frac{\partial L_{const}}{\partial v_j}-\eta_2\frac{v_{init}h_1(B-A)}{6}"
            r"\frac{\partial L_{diag}}{\partial v_j}+O(1/t^2)",
            {"sign": -1, "const": w_init + A * UNIT, "diag": (B - A) * UNIT},
        ),
        routes=on.routes(on.split_symbolic, "enumeration", on.split_enumerated),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.60",),
        note="Both signs are wrong and w_init is missing; the common factor v_init h_1 / 6 of "
        "(A.60) is granted to the printed form, and 3A is (B - A) = 2.978 A rounded.",
    ),
    Claim(
        id="A.62-line-3",
        source="(A.62), p. 27, line 3",
        title="the part of the constant W in the second update of v",
        printed=Statement(
            r"v_j^{(2)}=A\frac{\eta_2\rho}{t}\left(\frac{(t-j+1)(t-j+2)}2\left(\frac{(a-1)^2+"
            r"(b-1)^2}{(\lambda-1)^2}-\frac12\right)+O(t)\right)+3A\eta_2"
            r"\frac{\partial L_{diag}}{\partial v_j}",
            {"rho_power": 1, "diag_sign": 1},
        ),
        corrected=Statement(
            r"v_j^{(2)}=c'\frac{\eta_2}{t}\left(\frac{(t-j+1)(t-j+2)}2E\left[\frac{(a-1)^2+"
            r"(b-1)^2}{(\lambda-1)^2}-\frac12\right]+O(t)\right)-(\rho-c')\eta_2"
            r"\frac{\partial L_{diag}}{\partial v_j}",
            {"rho_power": 0, "diag_sign": -1},
        ),
        routes=on.routes(on.third_line_symbolic, "enumeration", on.third_line_enumerated),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.37", "A.62-line-2"),
        note="A factor rho too many, the expectation and a sign missing; c' and rho are the "
        "entries of W^(1). For a = b the expectation is 0 and O(t) is S_r / 2 >= 0.",
    ),
)
