"""Corollary A.2: the first step when a = b, a uniform on (0, 1); (A.52)-(A.57) and Sec. 3.2 on it.

All gradients are per unit of c, from W = c 11^T, v = c 1. The chain has pi = 1/2, lambda = 2a - 1.
"""

from __future__ import annotations

import sympy as sp

from proofs_check.claims.cor_a2_prop_a3 import cor_a2_routes as on
from proofs_check.claims.cor_a2_prop_a3.cor_a2_routes import HALF, II, III, LAM, a, r, t
from proofs_check.ledger import Claim, Route, Statement, Verdict

SETTING = ("k = 2, a = b uniform on (0, 1), x_1 stationary", "W = c 11^T, v = c 1, c > 0",
           "Delta >= c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip
FACTOR = (a - 1) * (a - HALF) / (2 * a - 2) ** 3
FIRST = 2 * (a - 1) ** 2 / (2 * a - 2) ** 2
SECOND = 2 * (a - 1) ** 2 / (2 * a - 2)
SUBSTITUTED = FACTOR * (FIRST * (2 - 2 * a) / 2 - SECOND / 2)
PRINTED_V = -2 * (2 * a - 2) * (a - 1) ** 2 / (2 * a - 2) ** 3 * r
TRUE_INTEGRAND = (2 * LAM * (a - 1) ** 2 / (2 * a - 2) ** 3
                  * ((LAM - LAM ** (r + 1)) / (1 - LAM) - r))  # fmt: skip
W_LAW = (r"W_k^{(1)}=c11^\top+c\eta\left[\frac{t}{16}\left(\ln 2t+\gamma-\tfrac72\right)"
         r"+O(\log t)\right]I")  # fmt: skip

CLAIMS = (
    Claim(
        id="A.52",
        source="(A.52), p. 25",
        title="with a = b the chain is symmetric and the unigram solution uniform",
        printed=Statement(
            r"P=\begin{pmatrix}a&1-a\\1-a&a\end{pmatrix},\ a\sim U(0,1),\ \pi=(\tfrac12,\tfrac12)",
            sp.Matrix([[a, 1 - a], [1 - a, a]]),
        ),
        routes=(
            Route("symbolic", "P at b = a, and pi P = pi", on.matrix_symbolic),
            Route("quadrature", "the prior of sim, node by node", on.matrix_quadrature),
        ),
        expected=Verdict.PROVED,
        note="That unigrams are as good as uniform holds for the strategy pi, not for counts: at "
        "finite t the margin loss still falls along v_1, W = 11^T (see cor-A.2-v).",
    ),
    Claim(
        id="cor-A.2-W",
        source="Corollary A.2, (A.53), p. 25",
        title="with a = b step 1 grows only the diagonal of W, like t log t / 16",
        printed=Statement(
            r"W_k^{(1)}=c11^\top+c\eta\left[O(t)\begin{pmatrix}\infty&0\\0&\infty\end{pmatrix}+O(1)\right]",
            {"diagonal": sp.oo * t, "off": sp.Integer(0)},
        ),
        corrected=Statement(W_LAW, on.TRUE_W),
        routes=on.GROWTH_ROUTES,
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        note="The infinite entry comes from taking t to infinity before averaging over a near 1. "
        "At every t the step is finite, sum_n m_n (t-n+1)(t-n+2) / (8t) with m_n = 1/(n+1) for "
        "even n; off the diagonal it is exactly 0.",
    ),
    Claim(
        id="cor-A.2-v",
        source="Corollary A.2, (A.53), p. 25; (A.57), p. 26",
        title="with a = b step 1 raises every v_j by order (r log r) / t, r = t-j+1",
        printed=Statement(
            r"v_j^{(1)}=c-\frac{c\eta}{2t}(t-j+1)+O(1/t)", {"law": -r / 2, "remainder": 1}
        ),
        corrected=Statement(
            r"v_j^{(1)}=c+\frac{c\eta}{2t}\sum_{k=1}^{\lfloor r/2\rfloor}\frac{r+1-2k}{2k+1}"
            r"=c+\frac{c\eta}{4t}\left[r(\ln 2r+\gamma-3)+O(\log r)\right],\ r=t-j+1",
            on.TRUE_V,
        ),
        routes=on.V_ROUTES,
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.57-line-1",),
        note="Wrong sign, and the logarithm is missing: no entry falls, and v_1 grows most, by "
        "c eta (log t) / 4 to leading order.",
    ),
    Claim(
        id="A.54",
        source="(A.54), p. 25",
        title="step 1 of W_11 at a = b from the sums (II) and (III)",
        printed=Statement(
            r"(W_k^{(1)})_{1,1}=c+\frac{\eta c}{t}E_a\left[\frac{(a-1)(a-\frac12)}{(2a-2)^3}"
            r"\left[\frac{2(a-1)^2}{(2a-2)^2}(II)+\frac{2(a-1)^2}{2a-2}(III)\right]\right]",
            FACTOR * (FIRST * II + SECOND * III),
        ),
        routes=(on.entry_symbolic(1), on.entry_enumerated((0, 0))),
        expected=Verdict.PROVED,
        assumptions=SETTING,
        note="(II) and (III) are defined in (A.25), not in (A.31) as the next page says.",
    ),
    Claim(
        id="A.55-coefficient",
        source="(A.55), p. 26, line 1 to line 2",
        title="for one symmetric chain the step of W_11 grows by this times t",
        printed=Statement(
            r"\frac{(a-1)(a-\frac12)}{(2a-2)^3}\left[\frac{2(a-1)^2}{(2a-2)^2}\frac{2-2a}{2}-"
            r"\frac{2(a-1)^2}{2a-2}\frac12\right]=-\frac{a-\frac12}{8(a-1)}",
            {"line 1": SUBSTITUTED, "line 2": -(a - HALF) / (8 * (a - 1))},
        ),
        routes=(
            Route("symbolic", "limit of the closed form per chain", on.leading_symbolic),
            Route("spectral", "matrix powers of single chains", on.leading_spectral),
        ),
        expected=Verdict.PROVED,
        assumptions=("0 < a < 1 fixed as t grows", *SETTING[1:]),
    ),
    Claim(
        id="A.55",
        source="(A.55), p. 26",
        title="averaged over a the step of W_11 is of order t log t, not t",
        printed=Statement(
            r"(W_k^{(1)})_{1,1}=c+\eta c\,E_a\left[-\frac{a-\frac12}{8(a-1)}\right]O(t)\to\infty",
            {"diagonal": sp.oo * t, "off": sp.Integer(0)},
        ),
        corrected=Statement(W_LAW, on.TRUE_W),
        routes=on.GROWTH_ROUTES,
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.55-coefficient", "cor-A.2-W"),
        note="The expectation diverges logarithmically at a = 1: limit and average do not commute. "
        "The step does tend to infinity with t, but as (t log t) / 16.",
    ),
    Claim(
        id="A.56",
        source="(A.56), p. 26",
        title="with a = b the off-diagonal of W does not move, at any t",
        printed=Statement(
            r"(W_k^{(1)})_{1,2}=c+\frac{\eta c}{t}E_a\left[\frac{(a-1)(a-\frac12)}{(2a-2)^3}"
            r"\left[\frac{2(a-1)^2}{(2a-2)^2}(II)-\frac{2(a-1)^2}{2a-2}(III)\right]\right]=c",
            FACTOR * (FIRST * II - SECOND * III),
        ),
        routes=(on.entry_symbolic(-1), on.entry_enumerated((0, 1))),
        expected=Verdict.PROVED,
        assumptions=SETTING,
        note="Exact although printed for leading terms: (II) = (lambda - 1)(III) for every chain.",
    ),
    Claim(
        id="A.57-line-1",
        source="(A.57), p. 26, line 1",
        title="what remains of (A.36) at a = b",
        printed=Statement(
            r"v_j^{(1)}=c-\frac{c\eta}{t}E_a\left[2(2a-2)\frac{(a-1)^2}{(2a-2)^3}(t-j+1)\right]+O(1/t)",
            PRINTED_V,
        ),
        corrected=Statement(
            r"v_j^{(1)}=c+\frac{c\eta}{t}E_a\left[2(2a-1)\frac{(a-1)^2}{(2a-2)^3}\left("
            r"\frac{\lambda-\lambda^{t-j+2}}{1-\lambda}-(t-j+1)\right)\right],\ \lambda=2a-1",
            TRUE_INTEGRAND,
        ),
        routes=(
            Route("symbolic", "growth per chain", on.integrand_v_symbolic),
            Route("enumeration", "all 2^(T+1) sequences", on.integrand_v_enumerated),
        ),
        expected=Verdict.CORRECTED,
        assumptions=SETTING,
        depends_on=("A.36",),
        note="lambda = 2a - 1 was taken for 2a - 2, which cancels the pole at a = 1 and turns the "
        "sign; with lambda the dropped term (lambda - lambda^(t-j+2))/(1-lambda) is needed.",
    ),
    Claim(
        id="A.57-line-2",
        source="(A.57), p. 26, line 1 to line 2",
        title="the printed expectation is (t-j+1)/2, as printed",
        printed=Statement(
            r"E_a\left[2(2a-2)\frac{(a-1)^2}{(2a-2)^3}(t-j+1)\right]=\tfrac12(t-j+1)",
            (-PRINTED_V, r / 2),
        ),
        routes=(
            Route("symbolic", "integral of a rational function", on.linear_symbolic),
            Route("quadrature", "Gauss-Legendre in a", on.linear_quadrature),
        ),
        expected=Verdict.PROVED,
        note="The slip is in line 1, not here.",
    ),
    Claim(
        id="text-3.2-no-heavy-preference",
        source="Sec. 3.2, pp. 10-11",
        title="with a = b step 1 has no heavy preference for v_1, unlike the default",
        printed=Statement(
            r"\frac{(v_1^{(1)}-c)_{a=b}}{(v_1^{(1)}-c)_{\rm flat}}\to0", {"ratio": sp.Integer(0)}
        ),
        routes=on.RATIO_ROUTES,
        expected=Verdict.PROVED,
        assumptions=SETTING[1:],
        depends_on=("cor-A.2-v", "A.37"),
        note="The prose holds although Cor. A.2, on which it rests, has the sign wrong: as printed "
        "v_1 would fall most. A light preference stays: v_1 still grows most, by (log t) / 4 "
        "against D t / 2.",
    ),
    Claim(
        id="text-A-less-signal",
        source="App. A, p. 26, after (A.57)",
        title="with a = b there is less signal towards the unigram solution",
        printed=Statement(
            r"\frac{\langle-\nabla_v L,e_1\rangle_{a=b}}{\langle-\nabla_v L,e_1\rangle_{\rm flat}}"
            r"\to0\ \text{at}\ W=11^\top",
            {"ratio": sp.Integer(0)},
        ),
        routes=on.RATIO_ROUTES,
        expected=Verdict.PROVED,
        assumptions=SETTING[1:],
        depends_on=("cor-A.2-v", "A.37"),
    ),
)
