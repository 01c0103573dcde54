"""Prop. A.3, the two updates: (A.59)-(A.62) and footnote 2.

The first step is on the flat prior with rate h_1 / t^2, the second on a = b within epsilon of 1/2
with rate h_2 / t. L_const is the loss at W = 11^T, L_diag that at W = I.
"""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import prop_a3_steps_routes as routes
from proofs_check.claims.cor_a2_prop_a3.prop_a3_steps_routes import A, B, D
from proofs_check.claims.cor_a2_prop_a3.two_steps import SETTING, eps, eta2, h1, v_init, w_init
from proofs_check.ledger import corrected, proved

HALF = sp.Rational(1, 2)
FIRST_STEP = (*SETTING[:2], SETTING[3])
UNIT = v_init * h1 / 6  # the O(1) of (A.60)
FIRST_W = {"diagonal": B, "off": A, "power": 2}
FIRST_V = h1 * w_init * D / 2
INTEGRAL = 2 * eps + sp.log((HALF - eps) / (HALF + eps)) / 2
SECOND_W = {"coefficient": -INTEGRAL / (16 * eps), "up_to_constant": False}
SPLIT = {"sign": -1, "const": w_init + A * UNIT, "diag": (B - A) * UNIT}

CLAIMS = (
    proved(
        "A.59", 26, "first step of the curriculum: W grows by order t^2 times the rate",
        r"W_k^{(1)}=w_{init}11^T+v_{init}\eta_1\begin{pmatrix}B&A\\A&B\end{pmatrix}O(t^2)"
        r"+v_{init}\eta_1O(t)",
        FIRST_W, routes.first_W_symbolic, routes.first_W_spectral,
        wrong=[FIRST_W | {"diagonal": -B}, FIRST_W | {"off": B}, FIRST_W | {"power": 1}],
        assume=(SETTING[0], SETTING[3]), needs="lemma-3.1-step-1-W", note="O(t^2) is (t+1)(t+2)/6.",
    ),
    proved(
        "A.60", 26, "with eta_1 = h_1 / t^2 the first step moves W by order 1",
        r"W_k^{(1)}=w_{init}11^T+\begin{pmatrix}B&A\\A&B\end{pmatrix}O(1)+O(1/t)",
        FIRST_W, routes.first_W_symbolic, routes.first_W_spectral,
        wrong=[FIRST_W | {"power": 3}, FIRST_W | {"diagonal": 2 * B}],
        assume=FIRST_STEP, needs="A.59", note="O(1) is v_init h_1 / 6.",
    ),
    corrected(
        "A.60-v", "below (A.60), p. 26", "after the first step v_j is v_init only up to 1/t",
        (r"v_j^{(1)}=v_{init}+\eta_1w_{init}O(t)\ \Rightarrow\ v_j^{(1)}=v_{init}", sp.Integer(0)),
        (r"v_j^{(1)}=v_{init}+\frac{h_1w_{init}D}{2t}\left(1-\tfrac jt\right)^2+O(1/t^2),\ "
         r"D=\tfrac32-2\ln2", FIRST_V),
        routes.first_v_symbolic, routes.first_v_spectral, wrong=[-FIRST_V, 2 * FIRST_V],
        assume=FIRST_STEP, needs="lemma-3.1-step-1-v",
        note="The data are t (v_1 - v_init). The equality is that of the limit; what is left adds "
        "1/t to W^(2), its off-diagonal included, so (A.66) is not affected.",
    ),
    proved(
        "footnote-2", "footnote 2, p. 27", "the gradient in W does not depend on W",
        r"\nabla_{W_k}L(v,W_k)=\nabla_{W_k}L(v,0)", sp.Integer(0),
        routes.linear_symbolic, routes.linear_enumerated, wrong=[sp.Rational(1, 10)],
        assume=SETTING[3:],
        note="What (A.55) gives at W = c 11^T therefore holds at W^(1); its average over a, "
        "divergent for a uniform on (0, 1), is finite for epsilon < 1/2.",
    ),
    corrected(
        "A.61-gradient", "(A.61), p. 27, line 2",
        "second step of W: diagonal, positive, of order epsilon^2",
        (r"W_k^{(2)}=v_{init}\eta_2\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}\,I\;O(t)"
         r"+O(1)", {"coefficient": INTEGRAL, "up_to_constant": True}),
        (r"W_k^{(2)}=v_{init}\eta_2\,\frac{-1}{8}\cdot\frac1{2\epsilon}"
         r"\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}da\;t\,I+\eta_2O(1)="
         r"\frac{v_{init}\eta_2t}{8}\left(\frac{\operatorname{artanh}2\epsilon}{2\epsilon}"
         r"-1\right)I+\eta_2O(1)", SECOND_W),
        routes.diagonal_symbolic, routes.diagonal_spectral,
        wrong=[SECOND_W | {"coefficient": INTEGRAL / (16 * eps)},
               SECOND_W | {"coefficient": -INTEGRAL / (8 * eps)}],
        assume=SETTING, needs=("A.55-coefficient", "footnote-2"),
        note="The sign of (A.55) and the density 1/(2 epsilon) are lost (and the 1/8, which O(t) "
        "may hold): as printed the diagonal is negative and of order epsilon^3.",
    ),
    proved(
        "A.61-integral", "(A.61), p. 27, line 2 to line 3", "value of the printed integral",
        r"\int_{1/2-\epsilon}^{1/2+\epsilon}\frac{a-1/2}{a-1}da=2\epsilon+\tfrac12\ln"
        r"\frac{1/2-\epsilon}{1/2+\epsilon}",
        INTEGRAL, routes.integral_symbolic, routes.integral_quadrature,
        wrong=[-INTEGRAL, INTEGRAL - eps],
        assume="0 < epsilon < 1/2", note="It is negative, -8 epsilon^3 / 3 - ...",
    ),
    corrected(
        "A.62-line-1", "(A.62), p. 27, line 1",
        "the second update of v carries the learning rate",
        (r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\frac{\partial L}{\partial v_j}", sp.Integer(1)),
        (r"v_j^{(2)}=(1-\lambda_{wd})v_j^{(1)}-\eta_2\frac{\partial L}{\partial v_j}", eta2),
        routes.rate_symbolic, routes.rate_spectral, wrong=[2 * eta2, -eta2, eta2**2],
        assume=SETTING,
        note="eta_2 is missing, without which v_2 grows like t. As in (A.61) the decay is not "
        "multiplied by the rate; with 1 - eta_2 lambda_wd, as most optimisers have it, both "
        "layers would keep their values as t -> infinity.",
    ),
    corrected(
        "A.62-line-2", "(A.62), p. 27, line 2",
        "the gradient of v splits into one of a constant and one of a diagonal W",
        (r"v_j^{(2)}=\eta_2A\frac{\partial L_{const}}{\partial v_j}+\eta_2\,3A"
         r"\frac{\partial L_{diag}}{\partial v_j}",
         {"sign": 1, "const": A * UNIT, "diag": 3 * A * UNIT}),
        (r"v_j^{(2)}=-\eta_2\left(w_{init}+\frac{v_{init}h_1A}{6}\right)"
         r"\frac{\partial L_{const}}{\partial v_j}-\eta_2\frac{v_{init}h_1(B-A)}{6}"
         r"\frac{\partial L_{diag}}{\partial v_j}+O(1/t^2)", SPLIT),
        routes.split_symbolic, routes.split_enumerated,
        wrong=[SPLIT | {"sign": 1}, SPLIT | {"diag": SPLIT["const"]},
               SPLIT | {"const": 2 * SPLIT["const"]}],
        assume=SETTING, needs="A.60",
        note="Both signs are wrong and w_init is missing; the common factor v_init h_1 / 6 of "
        "(A.60) is granted to the printed form, and 3A is (B - A) = 2.978 A rounded.",
    ),
    corrected(
        "A.62-line-3", "(A.62), p. 27, line 3",
        "the part of the constant W in the second update of v",
        (r"v_j^{(2)}=A\frac{\eta_2\rho}{t}\left(\frac{(t-j+1)(t-j+2)}2\left(\frac{(a-1)^2+"
         r"(b-1)^2}{(\lambda-1)^2}-\frac12\right)+O(t)\right)+3A\eta_2"
         r"\frac{\partial L_{diag}}{\partial v_j}", {"rho_power": 1, "diag_sign": 1}),
        (r"v_j^{(2)}=c'\frac{\eta_2}{t}\left(\frac{(t-j+1)(t-j+2)}2E\left[\frac{(a-1)^2+"
         r"(b-1)^2}{(\lambda-1)^2}-\frac12\right]+O(t)\right)-(\rho-c')\eta_2"
         r"\frac{\partial L_{diag}}{\partial v_j}", {"rho_power": 0, "diag_sign": -1}),
        routes.third_line_symbolic, routes.third_line_enumerated,
        wrong=[{"rho_power": 1, "diag_sign": -1}, {"rho_power": 0, "diag_sign": 1}],
        assume=SETTING, needs=("A.37", "A.62-line-2"),
        note="A factor rho too many, the expectation and a sign missing; c' and rho are the "
        "entries of W^(1). For a = b the expectation is 0 and O(t) is S_r / 2 >= 0.",
    ),
)  # fmt: skip
