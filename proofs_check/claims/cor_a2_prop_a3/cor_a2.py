"""Corollary A.2: the first step when a = b, a uniform on (0, 1); (A.52)-(A.57) and Sec. 3.2 on it.

All gradients are per unit of c, from W = c 11^T, v = c 1. The chain has pi = 1/2, lambda = 2a - 1.
"""

from __future__ import annotations

import sympy as sp

from proofs_check import ledger
from proofs_check.claims.cor_a2_prop_a3 import cor_a2_routes
from proofs_check.claims.cor_a2_prop_a3.cor_a2_routes import LAM, SUM_II, SUM_III, a, r, t
from proofs_check.methods.two_steps import HALF

SETTING = ("k = 2, a = b uniform on (0, 1), x_1 stationary", "W = c 11^T, v = c 1, c > 0",
           "Delta >= c^2 T (T + 1) / 2, so that every hinge is active")  # fmt: skip
W_LAW = (r"W_k^{(1)}=c11^\top+c\eta\left[\frac{t}{16}\left(\ln 2t+\gamma-\tfrac72\right)"
         r"+O(\log t)\right]I")  # fmt: skip
INFINITE = {"diagonal": sp.oo * t, "off": 0}
TRUE_W = {"diagonal": t / 16 * (sp.log(2 * t) + sp.EulerGamma - sp.Rational(7, 2)), "off": 0}
_k = sp.Symbol("k", integer=True, positive=True)
_law = sp.Sum((r + 1 - 2 * _k) / (2 * _k + 1), (_k, 1, sp.floor(r / 2))) / 2
GROWTH_V = r / 4 * (sp.log(2 * r) + sp.EulerGamma - 3)
TRUE_V = {"law": _law, "growth": GROWTH_V}

FACTOR = (a - 1) * (a - HALF) / (2 * a - 2) ** 3
FIRST = 2 * (a - 1) ** 2 / (2 * a - 2) ** 2
SECOND = 2 * (a - 1) ** 2 / (2 * a - 2)
ENTRY_11 = FACTOR * (FIRST * SUM_II + SECOND * SUM_III)
ENTRY_12 = FACTOR * (FIRST * SUM_II - SECOND * SUM_III)
SUBSTITUTED = FACTOR * (FIRST * (2 - 2 * a) / 2 - SECOND / 2)
SETTLED = -(a - HALF) / (8 * (a - 1))
PRINTED_V = -2 * (2 * a - 2) * (a - 1) ** 2 / (2 * a - 2) ** 3 * r
INTEGRAND_V = (2 * LAM * (a - 1) ** 2 / (2 * a - 2) ** 3
               * ((LAM - LAM ** (r + 1)) / (1 - LAM) - r))  # fmt: skip

CLAIMS = (
    ledger.proved("A.52", 25, "with a = b the chain is symmetric and the unigram solution uniform",
        r"P=\begin{pmatrix}a&1-a\\1-a&a\end{pmatrix},\ a\sim U(0,1),\ \pi=(\tfrac12,\tfrac12)",
        sp.Matrix([[a, 1 - a], [1 - a, a]]), cor_a2_routes.matrix_symbolic,
        cor_a2_routes.matrix_quadrature,
        wrong=[sp.Matrix([[a, 1 - a], [a, 1 - a]]),
               sp.Matrix([[a / 2, 1 - a / 2], [1 - a / 2, a / 2]])],
        note="That unigrams are as good as uniform holds for the strategy pi, not for counts: at "
        "finite t the margin loss still falls along v_1, W = 11^T (see cor-A.2-v)."),
    ledger.corrected("cor-A.2-W", "Corollary A.2, (A.53), p. 25",
        "with a = b step 1 grows only the diagonal of W, like t log t / 16",
        (r"W_k^{(1)}=c11^"
         r"\top+c\eta\left[O(t)\begin{pmatrix}\infty&0\\0&\infty\end{pmatrix}+O(1)\right]",
         INFINITE),
        (W_LAW, TRUE_W), cor_a2_routes.growth_W_symbolic, cor_a2_routes.growth_W_by_blocks,
        wrong=[TRUE_W | {"diagonal": -TRUE_W["diagonal"]},
               TRUE_W | {"diagonal": TRUE_W["diagonal"] + t / 100},
               TRUE_W | {"diagonal": t * sp.log(t) / 8},
               TRUE_W | {"off": sp.Rational(1, 100)}], also={"A.53-W": 25, "A.55": 26},
        assume=SETTING, needs="A.55-coefficient",
        note="The infinite entry comes from taking t to infinity before averaging over a near 1. "
        "At every t the step is finite, sum_n m_n (t-n+1)(t-n+2) / (8t) with m_n = 1/(n+1) for "
        "even n; off the diagonal it is exactly 0. (A.55) prints the same as c eta "
        "E_a[-(a - 1/2) / (8 (a - 1))] O(t) -> infinity: the expectation diverges logarithmically "
        "at a = 1."),
    ledger.corrected("cor-A.2-v", "Corollary A.2, (A.53), p. 25; (A.57), p. 26",
        "with a = b step 1 raises every v_j by order (r log r) / t, r = t-j+1",
        (r"v_j^{(1)}=c-\frac{c\eta}{2t}(t-j+1)+O(1/t)", {"law": -r / 2, "growth": -r / 2}),
        (r"v_j^{(1)}=c+\frac{c\eta}{2t}\sum_{k=1}^{\lfloor r/2\rfloor}\frac{r+1-2k}{2k+1}=c+"
         r"\frac{c\eta}{4t}\left[r(\ln 2r+\gamma-3)+O(\log r)\right],\ r=t-j+1", TRUE_V),
        cor_a2_routes.step_v_symbolic, cor_a2_routes.step_v_enumerated,
        cor_a2_routes.step_v_by_blocks,
        wrong=[TRUE_V | {"law": -_law, "growth": -GROWTH_V}, {"law": r / 2, "growth": r / 2},
               {"law": _law.subs(r, r + 1), "growth": 2 * GROWTH_V}],
        assume=SETTING, also={"A.53-v": 25}, needs="A.57-line-1",
        note="Wrong sign, and the logarithm is missing: no entry falls, and v_1 grows most, by c "
        "eta (log t) / 4 to leading order."),
    ledger.proved("A.54", 25, "step 1 of W_11 at a = b from the sums (II) and (III)",
        r"(W_k^{(1)})_{1,1}=c+\frac{\eta c}{t}E_a\left[\frac{(a-1)(a-\frac12)}{(2a-2)^3}"
        r"\left[\frac{2(a-1)^2}{(2a-2)^2}(II)+\frac{2(a-1)^2}{2a-2}(III)\right]\right]",
        ENTRY_11, cor_a2_routes.entry_symbolic.given(entry=(0, 0)),
        cor_a2_routes.entry_enumerated.given(entry=(0, 0)), wrong=[ENTRY_12, 2 * ENTRY_11],
        assume=SETTING,
        note="(II) and (III) are defined in (A.25), not in (A.31) as the next page says."),
    ledger.proved("A.55-coefficient", "(A.55), p. 26, line 1 to line 2",
        "for one symmetric chain the step of W_11 grows by this times t",
        r"\frac{(a-1)(a-\frac12)}{(2a-2)^3}\left[\frac{2(a-1)^2}{(2a-2)^2}"
        r"\frac{2-2a}{2}-\frac{2(a-1)^2}{2a-2}\frac12\right]=-\frac{a-\frac12}{8(a-1)}",
        (SUBSTITUTED, SETTLED), cor_a2_routes.leading_symbolic, cor_a2_routes.leading_spectral,
        wrong=[(-SETTLED,), (2 * SETTLED,)], assume=("0 < a < 1 fixed as t grows", *SETTING[1:])),
    ledger.proved("A.56", 26, "with a = b the off-diagonal of W does not move, at any t",
        r"(W_k^{(1)})_{1,2}=c+\frac{\eta c}{t}E_a\left[\frac{(a-1)(a-\frac12)}{(2a-2)^3}"
        r"\left[\frac{2(a-1)^2}{(2a-2)^2}(II)-\frac{2(a-1)^2}{2a-2}(III)\right]\right]=c",
        ENTRY_12, cor_a2_routes.entry_symbolic.given(entry=(0, 1)),
        cor_a2_routes.entry_enumerated.given(entry=(0, 1)), wrong=[ENTRY_11, ENTRY_12 + t / 10],
        assume=SETTING,
        note="Exact although printed for leading terms: (II) = (lambda - 1)(III) for every chain."),
    ledger.corrected("A.57-line-1", "(A.57), p. 26, line 1", "what remains of (A.36) at a = b",
        (r"v_j^{(1)}=c-"
         r"\frac{c\eta}{t}E_a\left[2(2a-2)\frac{(a-1)^2}{(2a-2)^3}(t-j+1)\right]+O(1/t)",
         PRINTED_V),
        (r"v_j^{(1)}=c+\frac{c\eta}{t}E_a\left[2(2a-1)\frac{(a-1)^2}{(2a-2)^3}"
         r"\left(\frac{\lambda-\lambda^{t-j+2}}{1-\lambda}-(t-j+1)\right)\right],\ \lambda=2a-1",
         INTEGRAND_V), cor_a2_routes.integrand_v_symbolic, cor_a2_routes.integrand_v_enumerated,
        wrong=[-INTEGRAND_V, LAM * INTEGRAND_V], assume=SETTING, needs="A.36",
        note="lambda = 2a - 1 was taken for 2a - 2, which cancels the pole at a = 1 and turns the "
        "sign; with lambda the dropped term (lambda - lambda^(t-j+2))/(1-lambda) is needed."),
    ledger.proved("A.57-line-2", "(A.57), p. 26, line 1 to line 2",
        "the printed expectation is (t-j+1)/2, as printed",
        r"E_a\left[2(2a-2)\frac{(a-1)^2}{(2a-2)^3}(t-j+1)\right]=\tfrac12(t-j+1)",
        (-PRINTED_V, r / 2), cor_a2_routes.linear_symbolic, cor_a2_routes.linear_quadrature,
        wrong=[(2 * a * r, r / 2), (-PRINTED_V, -r / 2)],
        note="The slip is in line 1, not here."),
    ledger.proved("text-3.2-no-heavy-preference", "Sec. 3.2, pp. 10-11",
        "with a = b step 1 has no heavy preference for v_1, unlike the default",
        r"\frac{(v_1^{(1)}-c)_{a=b}}{(v_1^{(1)}-c)_{\rm flat}}\to0",
        sp.Integer(0), cor_a2_routes.ratio_symbolic, cor_a2_routes.ratio_by_blocks,
        wrong=[HALF, sp.Integer(1)], also={"text-A-less-signal": "App. A, p. 26, after (A.57)"},
        assume=SETTING[1:], needs=("cor-A.2-v", "A.37"),
        note="The prose holds although Cor. A.2, on which it rests, has the sign wrong: as printed "
        "v_1 would fall most. A light preference stays: v_1 still grows most, by (log t) / 4 "
        "against D t / 2."),
)  # fmt: skip
