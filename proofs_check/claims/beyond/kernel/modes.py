"""Beyond the paper: the two modes of the population kernel and the exact flow they carry."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from proofs_check import ledger
from proofs_check.claims.beyond.kernel import mode_laws_routes, modes_routes

ACTIVE = ("margin loss (7) averaged as in (6)", "every hinge active")
LOG2 = sp.log(2)
A, B = (7 - 10 * LOG2) / 6, (8 * LOG2 - 5) / 12
SYMMETRIC_FIRST = sp.sqrt(sp.pi**2 / 8 - 1) / 8
FIRST, SECOND = sp.sqrt((A**2 + B**2) / 10), 0.0172168347
D, SLOPE = sp.Rational(3, 2) - 2 * LOG2, (B - A) * (7 - 10 * LOG2) / 3
ROLES = {"flat": ("unigram", "bigram"), "doubly_stochastic": ("bigram", "unigram")}
OVERTAKING = {"power": 3, "C": 24 * D / SLOPE, "first_T": 10, "T12": 2.72652}


def flat_law(
    T: float, *, first: Any = FIRST, second: float = SECOND, powers: tuple[float, float] = (1.5, 1)
) -> list[Any]:
    """sigma_1 and sigma_2 under the flat prior, to leading order."""
    return [float(first) * T ** powers[0], second * T ** powers[1]]


def symmetric_law(
    T: float, *, first: Any = SYMMETRIC_FIRST, shift: float = -3.0,
    linear: float = 2 / 3,
) -> list[Any]:  # fmt: skip
    """sigma_1 and sigma_2 with a = b, to leading order."""
    L = np.log(T) + np.euler_gamma + np.log(2) + shift
    return [float(first) * T, np.sqrt(T / 192 * (L**2 - linear * L + 2 / 9))]


CLAIMS = (
    ledger.proved("x-linear-flow", "beyond the paper",
        "flow from small weights is cosh and sinh along the singular modes of K",
        r"v(t)=v_0+\sum_r u_r\big[(\cosh\sigma_rt-1)\langle "
        r"u_r,v_0\rangle+\sinh(\sigma_rt)\langle w_r,W_0\rangle\big],\ W(t)\text{ likewise}",
        lambda x, m: (m.cosh(x) - 1, m.sinh(x)),
        modes_routes.flow_solves, modes_routes.flow_exponential, modes_routes.flow_enumerated,
        modes_routes.flow_sampled, assume=ACTIVE,
        wrong=(lambda x, m: (m.cosh(x) - 1, -m.sinh(x)), lambda x, m: (m.cosh(x), m.sinh(x)),
               lambda x, m: (m.cos(x) - 1, m.sin(x)),
               lambda x, m: (m.cosh(x) - 1, 2 * m.sinh(x / 2))),
        needs="x-bilinear",
        note="With rates eta_v, eta_W the growth rate is sigma sqrt(eta_v eta_W). The mean of SGD "
        "follows it exactly because an update is linear in the weights."),
    ledger.supported("x-modes-rank", "beyond the paper",
        "K has rank 2 for every k: a shared and an own part of W",
        r"\mathrm{rank}(K_{j,(ml)})=2,\quad K_j\in\mathrm{span}\{11^\top,I\}",
        2, modes_routes.rank_symbolic, modes_routes.rank_enumerated, modes_routes.rank_spectral,
        wrong=(1, 3),
        assume=("prior invariant under relabelling the states", "T >= 2", *ACTIVE),
        needs="x-permutation"),
    ledger.supported("x-singular-values-flat", "beyond the paper",
        "flat prior: sigma_1 grows as T^(3/2), sigma_2 as T",
        r"\sigma_1\sim\sqrt{(A^2+B^2)/10}\,T^{3/2},"
        r"\quad \sigma_2\sim\frac{A+B}{\sqrt{8(A^2+B^2)}}\Big(\sum_j\delta_j^2\Big)^{1/2}T",
        flat_law, mode_laws_routes.law_spectral.given(prior="flat"),
        mode_laws_routes.law_by_sums.given(prior="flat"),
        mode_laws_routes.law_sampled.given(prior="flat"),
        wrong=[partial(flat_law, **slip) for slip in (
            {"powers": (1.0, 1.0)}, {"powers": (1.5, 1.5)}, {"second": 0.02},
            {"second": 0.0172168347 / np.sqrt(2)}, {"first": FIRST * sp.sqrt(2)},
            {"first": sp.sqrt((A**2 + B**2) / 20)})],
        assume=("k = 2, flat prior", *ACTIVE), needs=("A.32", "A.33", "x-even-odd"),
        note="0.014814 T^(3/2) and 0.017217 T. Both layers' profile is (1 - j/T)^2 in the "
        "first mode with W = (B, A; A, B); the second lives on short lags, v_2 first. For k states "
        "sigma_1 ~ ((k B^2 + k (k-1) A^2)/20)^(1/2) T^(3/2). Where k is large against T, as at k = "
        "50, T = 100, the modes are still in the other order, the bigram's first."),
    ledger.supported("x-singular-values-symmetric", "beyond the paper",
        "a = b: sigma_1 grows as T, sigma_2 as T^(1/2) log T",
        r"\sigma_1\sim\frac T8\sqrt{\frac{\pi^2}8-1},\quad\sigma_2"
        r"\sim\sqrt{\frac T{192}\Big(L^2-\frac{2L}3+\frac29\Big)},\ L=\log T+\gamma+\log2-3",
        symmetric_law, mode_laws_routes.law_spectral.given(prior="doubly_stochastic"),
        mode_laws_routes.law_by_sums.given(prior="doubly_stochastic"),
        mode_laws_routes.law_sampled.given(prior="doubly_stochastic"),
        wrong=[partial(symmetric_law, **slip) for slip in (
            {"shift": 0.0}, {"shift": -2.0}, {"first": 0.5},
            {"first": sp.sqrt(sp.pi**2 / 8) / 8})],
        assume=("k = 2, a = b uniform", *ACTIVE),
        note="The order is reversed: the first mode is the bigram's, W = (1, -1; -1, 1) on even "
        "lags only, the second has W = 11'."),
    ledger.supported("x-modes-predictors", "beyond the paper",
        "the first mode predicts as unigram counts do, the second as bigram counts",
        r"\text{flat: }1\mapsto\text{unigram},\ "
        r"2\mapsto\text{bigram};\quad a=b:\ 1\mapsto\text{bigram},\ 2\mapsto\text{unigram}",
        ROLES, mode_laws_routes.role_spectral, mode_laws_routes.role_sampled,
        wrong=(ROLES | {"flat": ("bigram", "unigram")},
               ROLES | {"doubly_stochastic": ("unigram", "bigram")}), assume="k = 2, T = 100",
        note="Which of the two strategies a mode alone is nearer to. The second flat mode explains "
        "only 0.39 of the bigram strategy: bigrams need the first as well."),
    ledger.supported("x-overtaking", "beyond the paper",
        "linear flow: v_2 overtakes v_1 at C T^-3, and never for T <= 9",
        r"t^*\sim C\,T^{-3},\ "
        r"C=\frac{24D}{(B-A)(d_2-d_1)};\quad t^*=\infty\ (T\le9);\quad t^*_{12}=2.72652",
        OVERTAKING, mode_laws_routes.overtaking_spectral, mode_laws_routes.overtaking_enumerated,
        wrong=[OVERTAKING | slip for slip in (
            {"first_T": 9}, {"first_T": 11}, {"T12": 2.7266}, {"power": 2},
            {"C": 12 * D / SLOPE}, {"C": -24 * D / SLOPE})],
        assume=("k = 2, flat prior", "v = c 1, W = c 11^T, equal rates", *ACTIVE),
        needs=("x-linear-flow", "x-critical-learning-rate"),
        note="The same constant as that of the critical learning rate: in both v_1 leads by 2 eta "
        "D or t D, v_2 gains in second order. Entries W = w 11' change it by the factor w/v; from "
        "W = 0 v_2 leads at once (T >= 10)."),
)  # fmt: skip
